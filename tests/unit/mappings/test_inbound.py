"""From raw pages to lead frames."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from mappings.inbound import compile_inbound
from scoring.lead import empty_leads
from scoring.problem import ProblemsError
from tests.unit.mappings.builders import MOMENT, field, mapping, page, schema


def leads(text, columns, fields=None):
    """The lead frame of a page with these columns."""
    fields = fields or list(columns)
    return compile_inbound(mapping(text), schema(fields))(page(columns))


def test_the_lead_frame_has_every_canonical_column():
    """What is not fed is null, and ids, times and the converted flag come from the record."""
    frame = leads("read: {email: Email}\n", {"Email": ["ann@acme.com", None]})

    assert frame.drop("problems").schema == empty_leads().schema
    assert frame["id"].to_list() == ["1", "2"]
    assert frame["email"].to_list() == ["ann@acme.com", None]
    assert frame["modified_at"].to_list() == [MOMENT] * 2
    assert frame["converted"].to_list() == [False] * 2
    assert frame["budget"].is_null().all()


def test_a_page_of_no_leads_is_a_frame_of_no_rows():
    """The frame has its columns even when nobody is there."""
    frame = leads("read: {email: Email, phone: P, employees: E}\n", {"Email": [], "P": [], "E": []})

    assert frame.height == 0
    assert frame.drop("problems").schema == empty_leads().schema


def test_what_cannot_be_read_is_null_and_told_without_the_value():
    """A data problem names fact, field and what was expected, and keeps people's data to itself."""
    frame = leads(
        "read: {email: Email, budget: Budget, timeline: {field: T, values: {Soon: 30}}}\n",
        {"Email": ["ann@acme.com", "secret"], "Budget": ["12", "lots"], "T": ["soon ", "Whenever"]},
    )

    assert frame["problems"].to_list() == [
        [],
        [
            {"fact": "email", "field": "Email", "what": "is not an e-mail address"},
            {"fact": "budget", "field": "Budget", "what": "is not an amount in this currency"},
            {"fact": "timeline", "field": "T", "what": "unknown value"},
        ],
    ]
    assert frame.row(1, named=True)["budget"] is None
    assert frame["timeline"].to_list() == [30.0, None]


def test_blanks_are_no_problems():
    """Empty and blank text is an answer that nobody gave."""
    frame = leads(
        "read: {email: Email, phone: P, need: {field: N, values: {Yes: true}}}\n",
        {"Email": ["", " "], "P": [None, "\t"], "N": ["", None]},
    )

    assert frame["problems"].to_list() == [[], []]


def test_the_first_field_that_is_not_blank_wins():
    """A list of fields is tried in order, and an unreadable one is told and passed over."""
    frame = leads(
        "region: US\nread: {phone: [A, {field: B, region: GB}]}\n",
        {"A": ["(415) 555-0100", None, "x"], "B": ["020 7946 0000", "020 7946 0000", None]},
    )

    assert frame["phone"].to_list() == ["+14155550100", "+442079460000", None]
    assert [len(found) for found in frame["problems"]] == [0, 0, 1]


def test_a_default_is_for_blanks_only():
    """A value that cannot be read does not become the default."""
    frame = leads(
        "read: {visits: {field: V, default: 0}, email_bounced: {field: B, transform: filled, default: false}}\n",
        {"V": ["3", None, "many"], "B": ["2026-01-01", None, None]},
    )

    assert frame["visits"].to_list() == [3.0, 0.0, None]
    assert frame["email_bounced"].to_list() == [True, False, False]


def test_telephone_numbers_follow_the_lead_country():
    """The country fact, whatever field it is read from, tells how a number is dialled."""
    frame = leads(
        "region: US\nread: {phone: P, country: C}\n",
        {"P": ["030 1234567", "(415) 555-0100"], "C": ["Germany", None]},
    )

    assert frame["phone"].to_list() == ["+49301234567", "+14155550100"]


def test_value_maps_are_typed_by_the_fact():
    """Numbers, booleans and texts come out of a map as the fact holds them."""
    frame = leads(
        "read:\n"
        "  need: {field: N, values: {Yes: true, No: false, Unknown: null}}\n"
        "  timeline: {field: T, values: {1: 90, 2.0: '180'}}\n"
        "  country: {field: C, values: {Bundesrepublik: Germany}, otherwise: keep}\n"
        "  accepted: {field: S, values: {Working: true}, otherwise: false}\n"
        "  employees: {field: E, values: {Small: 1-50, Big: 1000+}}\n"
        "  created_at: {field: D, values: {Founding: 2026-01-31}}\n"
        "  extra: {tags: {field: G, type: list, values: {a: Alpha}, otherwise: keep}}\n",
        {
            "N": ["YES", "Unknown", "no"], "T": ["1.0", "2", None], "C": ["bundesrepublik", "FR", None],
            "S": ["Working", "Open", None], "E": ["Small", "Big", None], "D": ["founding", None, None],
            "G": ["a;b", "b", None],
        },
        [field("N"), field("T", "integer"), field("C"), field("S"), field("E"), field("D"), field("G")],
    )  # fmt: skip

    assert frame["need"].to_list() == [True, None, False]
    assert frame["timeline"].to_list() == [90.0, 180.0, None]
    assert frame["country"].to_list() == ["DE", "FR", None]
    assert frame["accepted"].to_list() == [True, False, None]
    assert frame["employees"].to_list() == [
        {"low": 1.0, "high": 50.0},
        {"low": 1000.0, "high": None},
        None,
    ]
    assert frame["created_at"].to_list()[0] == datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    assert frame["tags"].to_list() == [["Alpha", "b"], ["b"], None]
    assert frame["problems"].to_list() == [[], [], []]


def test_a_number_is_a_range_and_a_date_an_instant():
    """Stock number and date fields feed the facts that are wider than they."""
    frame = leads(
        "time_zone: Europe/Berlin\nread:\n  employees: {field: N, transform: integer}\n"
        "  last_activity_at: {field: D, transform: date}\n",
        {"N": ["25.0", "-1"], "D": ["2026-01-31", None]},
        [field("N", "integer"), field("D", "date")],
    )

    assert frame["employees"].to_list() == [{"low": 25.0, "high": 25.0}, None]
    assert frame["last_activity_at"][0] == datetime.datetime(2026, 1, 30, 23, tzinfo=datetime.UTC)
    assert len(frame["problems"][1]) == 1


def test_number_fields_are_read_as_machines_write_them():
    """A decimal comma in the mapping is about text, not about the CRM's own numbers."""
    frame = leads(
        "read: {budget: {field: M, transform: money, decimal: ','}, visits: {field: T, decimal: ','}}\n",
        {"M": ["1.200"], "T": ["1.200"]},
        [field("M", "money"), field("T", "text")],
    )

    assert frame["budget"].to_list() == [1.2]
    assert frame["visits"].to_list() == [1200.0]


def test_the_team_own_facts_ride_along():
    """Extra facts have the kinds that the mapping gives them."""
    inbound = compile_inbound(
        mapping(
            "read: {extra: {minutes: {field: M, type: number, default: 0}, day: {field: D, type: date}}}\n"
        ),
        schema(["M", "D"]),
    )
    frame = inbound(page({"M": ["7.5", None], "D": ["2026-01-31", None]}))

    assert inbound.facts == {"minutes": "number", "day": "date"}
    assert frame["minutes"].to_list() == [7.5, 0.0]
    assert frame["day"].to_list() == [datetime.date(2026, 1, 31), None]


def test_optional_fields_that_are_not_there_are_not_asked_for():
    """A field that an org lacks feeds nothing, and is no longer in the request."""
    inbound = compile_inbound(
        mapping(
            "read: {email: Email, phone: {field: P, optional: true}, owner: Owner.Name,"
            " mobile: [{field: M, optional: true}, Email2]}\n"
        ),
        schema(["Email", "Email2"]),
    )

    assert inbound.fields == ("Email", "Owner.Name", "Email2")
    assert inbound.fed == {"email", "owner", "mobile", "modified_at", "converted"}


def test_a_field_that_must_be_there_is_not_left_out_quietly():
    """Without a check, a missing field stops the compiling."""
    with pytest.raises(
        ProblemsError, match=r'"Emial" is not a field of Lead.*Did you mean "Email"'
    ):
        compile_inbound(mapping("read: {email: Emial}\n"), schema(["Email"]))


def test_a_reps_move_of_the_stage_is_read():
    """The written stage field feeds the lead's stage; other words in it say nothing."""
    inbound = compile_inbound(
        mapping("write: {stage: {field: S, rule: unless_edited, values: {mql: MQL, sql: SQL}}}\n"),
        schema(["S"]),
    )
    frame = inbound(page({"S": ["SQL", "Nurture", None]}))

    assert inbound.fields == ("S",)
    assert "stage" in inbound.fed
    assert frame["stage"].to_list() == ["sql", None, None]
    assert frame["problems"].to_list() == [[], [], []]


def test_columns_named_like_facts_are_not_confused():
    """A CSV column may bear any name, a fact's own or another's."""
    frame = leads(
        "read: {email: phone, phone: email, first_name: id}\n",
        {"phone": ["ann@acme.com"], "email": ["+14155550100"], "id": ["Ann"]},
    )

    assert frame.select("id", "email", "phone", "first_name").row(0) == (
        "1",
        "ann@acme.com",
        "+14155550100",
        "Ann",
    )


def test_many_distinct_problems_keep_their_rows():
    """Each row has its own problems, however they are spread."""
    texts = [None if number % 3 else "bad" for number in range(1000)]
    frame = leads("read: {email: Email}\n", {"Email": texts})
    counts = frame.select(pl.col("problems").list.len()).to_series().to_list()

    assert counts == [0 if number % 3 else 1 for number in range(1000)]


def test_a_list_with_an_unknown_word_keeps_the_known_ones_and_tells():
    """What is known of a list counts, and what is not is a data problem."""
    frame = leads(
        "read: {extra: {tags: {field: T, type: list, values: {a: Alpha, b: Beta, none: null}}}}\n",
        {"T": ["A; b", "a;z", "z", "none", None]},
    )

    assert frame["tags"].to_list() == [["Alpha", "Beta"], ["Alpha"], None, None, None]
    assert [len(found) for found in frame["problems"]] == [0, 1, 1, 0, 0]
