"""From a lead to the fields of its opportunity."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.conversion import compile_conversion
from mappings.templates import fill
from scoring.lead import empty_leads
from scoring.problem import ProblemsError
from tests.unit.mappings.builders import field, mapping, schema

AS_OF = datetime.date(2026, 1, 31)
DEAL = [
    field("Name", length=20), field("StageName", "picklist"), field("Amount", "money", scale=2),
    field("CloseDate", "date"), field("Closes", "datetime"), field("Note", "long_text"),
    field("Private", "boolean"), field("Seats", "integer"),
]  # fmt: skip


def converted(opportunity, rows, facts=None, read=""):
    """What moves for these leads by these lines under `opportunity`."""
    text = f"{read}convert:\n  opportunity:\n" + "".join(f"    {line}\n" for line in opportunity)
    leads = empty_leads(facts)
    frame = pl.DataFrame(
        [{"id": str(number + 1)} | row for number, row in enumerate(rows)],
        schema={name: leads.schema[name] for name in ("id", *rows[0])},
    )
    frame = pl.concat([leads, frame], how="diagonal")
    converter = compile_conversion(mapping(text), schema([], DEAL), facts or {})
    return converter(frame, AS_OF)


def test_only_mapped_fields_move():
    """Each source gives its value, in the form of its field; blanks leave the CRM's default."""
    found = converted(
        ['Name: "{company} – {source}"', "StageName: Prospecting", "Amount: budget",
         "CloseDate: {days_from_now: 90}", "Closes: {days_from_now: 1}", "Private: false"],
        [{"company": "Acme", "source": "Web", "budget": 1200.555}, {"company": "Beta", "source": None, "budget": None}],
    )  # fmt: skip

    assert found.to_dicts() == [
        {
            "@id": "1", "to:Name": "Acme – Web", "to:StageName": "Prospecting",
            "to:Amount": "1200.56", "to:CloseDate": "2026-05-01",
            "to:Closes": "2026-02-01T00:00:00Z", "to:Private": "false",
        },
        {
            "@id": "2", "to:Name": "Beta", "to:StageName": "Prospecting", "to:Amount": None,
            "to:CloseDate": "2026-05-01", "to:Closes": "2026-02-01T00:00:00Z", "to:Private": "false",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "company", "source", "text"),
    [
        ("{company} – {source}", "Acme", "Web", "Acme – Web"),
        ("{company} – {source}", "Acme", None, "Acme"),
        ("{company} – {source}", None, "Web", "Web"),
        ("{company} – {source}", None, None, None),
        ("{company} ({source})", "Acme", None, "Acme"),
        ("New: {company}", "Acme-", None, "New: Acme-"),
        ("{company} / {source} / inbound", "Acme", None, "Acme / inbound"),
        ("{company}, {source}, inbound", None, None, None),
        ("Inbound", None, None, "Inbound"),
        ("{{{company}}}", "Acme", None, "{Acme}"),
        ("{company} – {source}", "A\x00cme", None, "Acme"),
        ("{ company }", "Acme", None, "Acme"),
    ],
)
def test_templates_tidy_up_after_blanks(template, company, source, text):
    """A separator without its neighbour goes; text between filled facts stays as it is."""
    frame = pl.DataFrame(
        {"company": [company], "source": [source]},
        schema={"company": pl.String, "source": pl.String},
    )
    facts = {name: pl.col(name) for name in frame.columns}

    assert frame.select(fill(template, facts)).to_series().to_list() == [text]


@given(st.text(min_size=1), st.text(min_size=1))
def test_filled_templates_keep_every_character(company, source):
    """Where every fact is there, nothing is tidied."""
    frame = pl.DataFrame({"company": [company], "source": [source]})
    facts = {name: pl.col(name) for name in frame.columns}
    (text,) = frame.select(fill("{company} – {source}", facts)).to_series()

    assert text == f"{company} – {source}".replace("\x00", "")


def test_long_names_are_cut_to_the_field():
    """A name that the CRM would refuse for its length ends in an ellipsis."""
    found = converted(['Name: "{company}"'], [{"company": "The Very Long Company Name"}])

    assert found["to:Name"].to_list() == ["The Very Long Compa…"]


def test_every_kind_of_fact_can_be_named_in_a_template():
    """Numbers, ranges, answers and the team's own facts have a plain text."""
    found = converted(
        ['Note: "{budget}|{employees}|{authority}|{created_at}|{tags}"', "Seats: seats"],
        [{
            "budget": 1e6, "employees": {"low": 10.0, "high": None}, "authority": True,
            "created_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "tags": ["a", "b"], "seats": 12.4,
        }],
        {"tags": "list", "seats": "number"},
        "read: {extra: {tags: {field: T, type: list}, seats: {field: S, type: number}}}\n",
    )  # fmt: skip

    assert found["to:Note"].to_list() == ["1000000|10+|true|2026-01-01T00:00:00Z|a;b"]
    assert found["to:Seats"].to_list() == ["12"]


def test_a_field_may_have_a_value_map_and_a_default():
    """The map translates, and the default stands in for a blank or an unknown word."""
    found = converted(
        ["StageName: {field: source, values: {Web: Inbound}, default: Prospecting}",
         "Note: {field: source, values: {Web: Inbound}, otherwise: keep}"],
        [{"source": "Web"}, {"source": "Fair"}, {"source": None}],
    )  # fmt: skip

    assert found["to:StageName"].to_list() == ["Inbound", "Prospecting", "Prospecting"]
    assert found["to:Note"].to_list() == ["Inbound", "Fair", None]


def test_no_leads_make_no_opportunities():
    """A frame of no rows goes through."""
    converter = compile_conversion(
        mapping("convert: {opportunity: {StageName: Prospecting}}\n"), schema([], DEAL), {}
    )

    assert converter(empty_leads(), AS_OF).shape == (0, 2)
    assert converter.fields == ("StageName",)


def test_fields_and_facts_that_are_not_there_stop_the_compiling():
    """An unknown opportunity field, and a fact that the leads do not carry, are both told."""
    found = mapping(
        "read: {extra: {seats: {field: S, type: number}}}\n"
        "convert: {opportunity: {Nmae: '{company}', Seats: seats}}\n"
    )
    with pytest.raises(ProblemsError) as caught:
        compile_conversion(found, schema([], DEAL), {})

    assert [problem.where for problem in caught.value.problems] == [
        "convert.opportunity.Nmae",
        "convert.opportunity.Seats",
    ]


def test_a_mapping_without_conversion_moves_nothing():
    """The converter is there and has no fields."""
    assert compile_conversion(mapping("read:\n"), schema([], None), {}).fields == ()
