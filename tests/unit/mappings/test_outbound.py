"""What is there against what we want, and who wins."""

from __future__ import annotations

import datetime

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.inbound import compile_inbound
from mappings.outbound import compile_outbound
from scoring import verdict
from scoring.lead import DTYPES
from scoring.problem import ProblemsError
from tests.unit.mappings.builders import MOMENT, field, mapping, page, schema

DAY = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)


def verdicts(**columns):
    """Judged leads with these verdict columns, the rest blank."""
    height = len(next(iter(columns.values())))
    kinds = {name: each.kind for name, each in verdict.FIELDS.items()}
    return pl.DataFrame(
        {
            name: pl.Series(columns.get(name, [None] * height), dtype=DTYPES[kind])
            for name, kind in kinds.items()
        }
    )


def memories(*objects):
    """What we last wrote, per row; None where there is no memory at all."""
    texts = [None if each is None else orjson.dumps(each).decode() for each in objects]
    return pl.Series(texts, dtype=pl.String)


def compare(text, there, judged, written=None, fields=None):
    """The comparison of a page with what these verdicts want."""
    outbound = compile_outbound(mapping(text), schema(fields or list(there)))
    raw = page(there)
    return outbound.compare(
        raw, judged, written if written is not None else memories(*[None] * raw.height)
    )


RULES = [
    # rule, there, wanted, what we last wrote ("?": unknown), changed, edited
    ("always", None, "hot", "?", True, False),
    ("always", "cold", "hot", "?", True, False),
    ("always", "cold", "hot", "warm", True, False),
    ("always", "hot", "hot", "?", False, False),
    ("always", "cold", None, "cold", True, False),
    ("always", None, None, "cold", False, False),
    ("fill_blank", None, "hot", "?", True, False),
    ("fill_blank", None, "hot", "hot", True, False),
    ("fill_blank", "cold", "hot", "cold", False, False),
    ("fill_blank", "cold", None, "cold", False, False),
    ("fill_blank", "hot", "hot", "?", False, False),
    ("unless_edited", None, "hot", "?", True, False),
    ("unless_edited", "cold", "hot", "?", False, True),
    ("unless_edited", "hot", "hot", "?", False, False),
    ("unless_edited", "cold", "hot", "cold", True, False),
    ("unless_edited", "cold", "hot", "warm", False, True),
    ("unless_edited", "cold", "hot", None, False, True),
    ("unless_edited", None, "hot", "warm", False, True),
    ("unless_edited", None, "hot", None, True, False),
    ("unless_edited", "hot", "hot", "warm", False, False),
    ("unless_edited", "cold", None, "cold", True, False),
    ("unless_edited", "cold", None, "?", False, True),
    ("never", None, "hot", "?", False, False),
    ("never", "cold", "hot", "cold", False, False),
]


@pytest.mark.parametrize("case", RULES, ids=str)
def test_each_rule_decides_as_its_name_says(case):
    """What is there, what we want and what we last wrote settle every case."""
    rule, there, wanted, base, changed, edited = case
    plan = compare(
        f"write: {{priority: {{field: P, rule: {rule}}}}}\n",
        {"P": [there]},
        verdicts(priority=[wanted]),
        memories({} if base == "?" else {"P": base}),
    )

    assert plan["from:P"].item() == there
    assert plan["to:P"].item() == wanted
    assert (plan["change:P"].item(), plan["edited:P"].item()) == (changed, edited)


WORDS = st.sampled_from([None, "", " ", "hot", "cold", "warm", 'say "so"\n\\ {"P":null}', "ä–😀"])
CASES = st.lists(st.tuples(WORDS, WORDS, WORDS | st.just("?")), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["always", "fill_blank", "unless_edited", "never"]), CASES)
def test_nothing_is_left_to_change_once_the_changes_are_applied(rule, cases):
    """A second look at a CRM that holds what was planned plans nothing, and keeps every edit."""
    text = f"write: {{priority: {{field: P, rule: {rule}}}}}\n"
    judged = verdicts(priority=[wanted for _, wanted, _ in cases])
    written = memories(*({} if base == "?" else {"P": base} for _, _, base in cases))
    plan = compare(text, {"P": [there for there, _, _ in cases]}, judged, written)
    applied = plan.select(
        pl.when(pl.col("change:P")).then(pl.col("to:P")).otherwise(pl.col("from:P"))
    ).to_series()
    again = compare(text, {"P": applied.to_list()}, judged, plan["written"])

    assert not again["change:P"].any()
    assert again["edited:P"].to_list() == plan["edited:P"].to_list()
    assert again["written"].to_list() == plan["written"].to_list()


def test_what_was_written_is_remembered_with_what_is_agreed():
    """Changes and agreements are remembered; a kept edit leaves the memory as it was."""
    plan = compare(
        "write: {priority: {field: P, rule: unless_edited}, grade: G}\n",
        {"P": ["hot", "cold", None, "cold"], "G": ["A", "B", None, None]},
        verdicts(priority=["hot", "hot", "hot", "hot"], grade=["A", "A", "A", None]),
        memories(None, None, {"P": None, "Gone": "x"}, {"P": "warm"}),
    )

    assert [orjson.loads(text) for text in plan["written"]] == [
        {"P": "hot", "G": "A"},
        {"G": "A"},
        {"P": "hot", "G": "A"},
        {"P": "warm", "G": None},
    ]


def test_nothing_known_is_remembered_as_nothing():
    """Where we never wrote and do not agree, the memory stays null."""
    plan = compare("write: {grade: {field: G, rule: never}}\n", {"G": ["B"]}, verdicts(grade=["A"]))

    assert plan["written"].to_list() == [None]


def test_the_written_memory_may_be_a_column_of_the_judged_leads():
    """A name does as well as a Series."""
    outbound = compile_outbound(
        mapping("write: {grade: {field: G, rule: unless_edited}}\n"), schema(["G"])
    )
    judged = verdicts(grade=["A"]).with_columns(memory=pl.lit('{"G":"B"}'))

    assert outbound.compare(page({"G": ["B"]}), judged, "memory")["change:G"].item()


def test_scores_are_compared_as_numbers_of_the_field():
    """87 and 87.0 agree, and a score is rounded to what the field can hold."""
    plan = compare(
        "write: {score: S}\n",
        {"S": ["87.0", "87.5", None, "1.0E2"]},
        verdicts(score=[87.0, 87.544, 12.345, 100.0]),
        fields=[field("S", "number", precision=4, scale=1)],
    )

    assert plan["to:S"].to_list() == ["87", "87.5", "12.3", "100"]
    assert plan["change:S"].to_list() == [False, False, True, False]


def test_the_day_of_the_verdict_rides_along():
    """A new day alone is no change; with another change it is written too."""
    plan = compare(
        "write: {grade: G, scored_at: D}\n",
        {"G": ["A", "B"], "D": ["2026-01-31T00:00:00.000+0000"] * 2},
        verdicts(grade=["A", "A"], scored_at=[DAY, DAY]),
        fields=["G", field("D", "datetime")],
    )

    assert plan["change:D"].to_list() == [False, True]
    assert plan["to:D"].to_list() == ["2026-02-01T00:00:00Z"] * 2


def test_a_day_is_written_to_a_date_field_in_the_mapping_zone():
    """An instant becomes a date where the mapping says that it is."""
    plan = compare(
        "time_zone: America/New_York\nwrite: {grade: G, scored_at: D}\n",
        {"G": [None], "D": [None]},
        verdicts(grade=["A"], scored_at=[DAY]),
        fields=["G", field("D", "date")],
    )

    assert plan["to:D"].to_list() == ["2026-01-31"]


def test_blanks_clear_or_leave_as_the_mapping_says():
    """A verdict without a next question clears the old one, unless it shall be left."""
    text = "write: {{next_question: {{field: Q{}}}}}\n"
    judged = verdicts(next_question=[None])
    clear = compare(text.format(""), {"Q": ["Budget?"]}, judged)
    leave = compare(text.format(", blank: leave"), {"Q": ["Budget?"]}, judged)

    assert (clear["change:Q"].item(), clear["to:Q"].item()) == (True, None)
    assert (leave["change:Q"].item(), leave["to:Q"].item()) == (False, "Budget?")
    assert leave["written"].to_list() == [None]


def test_values_are_written_in_the_words_of_the_crm():
    """A map translates, null clears, and what is not in the map is left as it is."""
    plan = compare(
        "write: {stage: {field: S, values: {mql: MQL, lead: null}}, priority: {field: P, values: {hot: H}, otherwise: keep}}\n",
        {"S": ["x", "x", "x"], "P": [None, None, None]},
        verdicts(stage=["mql", "lead", "sql"], priority=["hot", "cold", None]),
    )

    assert plan["to:S"].to_list() == ["MQL", None, "x"]
    assert plan["change:S"].to_list() == [True, True, False]
    assert plan["to:P"].to_list() == ["H", "cold", None]


TWO_WAY = (
    "read:\n  authority: {field: D, values: {Yes: true, Yep: true, No: false}}\n  budget: {field: B}\n"
    "  country: {field: C}\n  extra: {seats: {field: N, type: number}}\n"
    "write: {authority: D, budget: B, country: C, seats: N}\n"
)


def test_answers_go_back_in_the_words_that_they_are_read_by():
    """What a person wrote in their own way stays; a new answer is written; a blank one is no answer."""
    there = {
        "D": ["Yep", "No", None, "Perhaps"], "B": ["$1,200", "10k", None, "lots"],
        "C": ["Germany", "USA", None, "?"], "N": ["5.0", "5", None, "?"],
    }  # fmt: skip
    found = mapping(TWO_WAY)
    crm = schema([field(name) for name in there])
    raw = page(there)
    leads = compile_inbound(found, crm)(raw).with_columns(
        authority=pl.Series([True, True, False, None]),
        budget=pl.Series([1200.0, 9000.0, 500.5, None]),
        country=pl.Series(["DE", "DE", "FR", None]),
        seats=pl.Series([5.0, 6.0, 7.0, None]),
    )
    plan = compile_outbound(found, crm).compare(raw, leads, memories(*[None] * 4))

    assert plan["to:D"].to_list() == ["Yep", "Yes", "No", "Perhaps"]
    assert plan["to:B"].to_list() == ["$1,200", "9000", "500.5", "lots"]
    assert plan["to:C"].to_list() == ["Germany", "DE", "FR", "?"]
    assert plan["to:N"].to_list() == ["5.0", "6", "7", "?"]
    for name in there:
        assert plan[f"change:{name}"].to_list() == [False, True, True, False]


def test_a_checked_plan_names_its_fields_and_rows():
    """The frame has the record's columns, four per field in the mapping's order, and the memory."""
    plan = compare(
        "write: {score: S, grade: G}\n", {"S": [None], "G": [None]}, verdicts(score=[1.0])
    )

    assert plan.columns == [
        "@id", "@modified_at",
        "from:S", "to:S", "change:S", "edited:S", "from:G", "to:G", "change:G", "edited:G",
        "written",
    ]  # fmt: skip
    assert plan["@modified_at"].to_list() == [MOMENT]
    assert plan.schema["change:S"] == pl.Boolean


def test_a_mapping_that_writes_nothing_changes_nothing():
    """Without write entries there is a row per lead and no field."""
    plan = compare("read: {email: E}\n", {"E": ["a@b.com"]}, verdicts(score=[1.0]))

    assert plan.columns == ["@id", "@modified_at", "written"]
    assert plan["written"].to_list() == [None]


def test_no_leads_make_an_empty_plan():
    """A page of no rows goes through."""
    plan = compare("write: {score: S, scored_at: D}\n", {"S": [], "D": []}, verdicts(score=[]))

    assert plan.height == 0


def test_fields_with_odd_names_keep_their_memory():
    """Column names with dots, quotes and blanks are names like any other."""
    text = "write: {grade: {field: 'a.b \"c\" $[0]', rule: unless_edited}}\n"
    there = {'a.b "c" $[0]': ["A"]}
    first = compare(text, there, verdicts(grade=["A"]))
    second = compare(text, there, verdicts(grade=["B"]), first["written"])

    assert second['change:a.b "c" $[0]'].to_list() == [True]


def test_a_field_that_is_not_there_is_not_left_out_quietly():
    """Without a check, a missing field stops the compiling."""
    with pytest.raises(
        ProblemsError, match=r'"Scroe" is not a field of Lead.*Did you mean "Score"'
    ):
        compile_outbound(mapping("write: {score: Scroe}\n"), schema(["Score"]))


def test_the_words_of_the_stage_field_are_known_to_the_engine():
    """The inverse of the stage's value map is at hand."""
    found = mapping("write: {stage: {field: S, rule: unless_edited, values: {mql: MQL}}}\n")

    assert compile_outbound(found, schema(["S"])).stage_from_crm == {"MQL": "mql"}
