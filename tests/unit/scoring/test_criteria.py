"""Criteria: what holds, what does not, what is unknown, and how it is said."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from scoring.criteria import Scope, compile_criterion, prepare
from scoring.criteria.operators import KINDS, OPERATORS
from scoring.criteria.tree import parse
from scoring.document import Document
from scoring.lead import FIELDS

AS_OF = date(2026, 11, 20)
FACTS = {name: field.kind for name, field in FIELDS.items()} | {"tags": "list"}


def compiled(data, problems=None):
    """The compiled criterion; problems go to the list, or fail the test."""
    scope = Scope(Document("model.yaml", data, {}), FACTS)
    result = compile_criterion(parse(data), (), scope)
    if problems is None:
        assert scope.problems == []
    else:
        problems += scope.problems
    return result


def held(data, frame):
    """True, False or None for every row."""
    criterion = compiled(data)
    ready = prepare(frame, criterion.forms, AS_OF)
    return ready.with_columns(criterion.expression.alias("held"))["held"].to_list()


SENIORITY = [" VP ", "director", None, ""]
VISITS = [3.0, 0.0, None, float("nan")]
AUTHORITY = [True, False, None]
EMPLOYEES = [{"low": 50.0, "high": 199.0}, {"low": 1000.0, "high": None}, None]
SEEN = [
    datetime(2026, 11, 20, 23, tzinfo=UTC),
    datetime(2026, 11, 6, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
    None,
]
TAGS = [["Hot ", "new"], [], None]


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("vp", SENIORITY, [True, False, None, None]),
        ({"is_not": "VP"}, SENIORITY, [False, True, None, None]),
        (["Vp", "c_level"], SENIORITY, [True, False, None, None]),
        ({"not_in": ["vp"]}, SENIORITY, [False, True, None, None]),
        ({"contains": ["REC", "x"]}, SENIORITY, [False, True, None, None]),
        ({"starts_with": "v"}, SENIORITY, [True, False, None, None]),
        ({"ends_with": "tor"}, SENIORITY, [False, True, None, None]),
        ({"matches": r"^V\w$"}, SENIORITY, [True, False, None, None]),
        ({"known": True}, SENIORITY, [True, True, False, False]),
        ({"known": False}, SENIORITY, [False, False, True, True]),
    ],
)
def test_texts(condition, values, expected):
    """Texts are compared without case and blanks; a blank text is unknown."""
    frame = pl.DataFrame({"seniority": values}, schema={"seniority": pl.String})

    assert expected == held({"seniority": condition}, frame)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (3, [True, False, None, None]),
        ([0, 3], [True, True, None, None]),
        ({"at_least": 3}, [True, False, None, None]),
        ({"above": 3}, [False, False, None, None]),
        ({"at_most": 0}, [False, True, None, None]),
        ({"below": 0}, [False, False, None, None]),
        ({"between": [0, 2]}, [False, True, None, None]),
        ({"at_least": 1, "below": 4}, [True, False, None, None]),
        ({"known": True}, [True, True, False, False]),
    ],
)
def test_numbers(condition, expected):
    """Numbers compare with both ends included where so named; NaN is unknown, not large."""
    frame = pl.DataFrame({"visits": VISITS}, schema={"visits": pl.Float64})

    assert expected == held({"visits": condition}, frame)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"at_least": 50}, [True, True, None]),
        ({"at_most": 199}, [True, None, None]),
        ({"below": 199}, [False, None, None]),
        ({"above": 50}, [False, True, None]),
        ({"between": [50, 500]}, [True, None, None]),
        ({"known": False}, [False, False, True]),
    ],
)
def test_ranges(condition, expected):
    """At least looks at the low end, at most at the high end; an open end is unknown."""
    frame = pl.DataFrame(
        {"employees": EMPLOYEES},
        schema={"employees": pl.Struct({"low": pl.Float64, "high": pl.Float64})},
    )

    assert expected == held({"employees": condition}, frame)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"within_days": 0}, [True, False, True, None]),
        ({"within_days": 14}, [True, True, True, None]),
        ({"older_than_days": 13}, [False, True, False, None]),
        ({"at_least": date(2026, 11, 7)}, [True, False, True, None]),
        ({"between": [date(2026, 11, 6), date(2026, 11, 20)]}, [True, True, False, None]),
        ({"known": True}, [True, True, True, False]),
    ],
)
def test_dates(condition, expected):
    """Days are whole days before the day of judging; a moment after it is no days old."""
    frame = pl.DataFrame(
        {"last_visit_at": SEEN}, schema={"last_visit_at": pl.Datetime("us", "UTC")}
    )

    assert expected == held({"last_visit_at": condition}, frame)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("hot", [True, False, None]),
        (["cold", "NEW"], [True, False, None]),
        ({"not_in": ["cold"]}, [True, True, None]),
        ({"contains": "hot"}, [True, False, None]),
        ({"known": True}, [True, False, False]),
    ],
)
def test_lists(condition, expected):
    """A list holds a text if one of its parts is that text."""
    frame = pl.DataFrame({"tags": TAGS}, schema={"tags": pl.List(pl.String)})

    assert expected == held({"tags": condition}, frame)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"authority": True}, [True, False, None]),
        ({"not": {"authority": True}}, [False, True, None]),
        ({"any": [{"authority": True}, {"need": True}]}, [True, True, True]),
        ({"authority": True, "need": True}, [True, False, None]),
        ({"all": [{"authority": False}, {"need": True}]}, [False, True, None]),
        (
            {"at_least": {"of": 2, "criteria": [{"authority": True}, {"need": True}]}},
            [True, False, None],
        ),
        ({"not": {"at_least": {"of": 1, "criteria": [{"authority": True}]}}}, [False, True, None]),
        ({}, [True, True, True]),
    ],
)
def test_combinations_do_not_turn_the_unknown_into_an_answer(data, expected):
    """What is unknown satisfies neither a condition nor its negation, however they are nested."""
    frame = pl.DataFrame({"authority": AUTHORITY, "need": [True] * 3})

    assert expected == held(data, frame)


def test_facts_that_the_frame_lacks_are_unknown():
    """A field that nobody maps is unknown, not an error."""
    frame = pl.DataFrame({"id": ["1"]})

    assert held({"visits": {"at_least": 1}}, frame) == [None]
    assert held({"employees": {"known": False}, "tags": {"known": False}}, frame) == [True]


EXAMPLES = {
    "text": {"one": "x", "several": ["x", "y"], "one or several": "x"},
    "list": {"one": "x", "several": ["x", "y"], "one or several": ["x", "y"]},
    "number": {"one": 2, "several": [1, 2], "span": [1, 2]},
    "boolean": {"one": True},
    "range": {"one": 2, "span": [1, 2]},
    "date": {"one": date(2026, 1, 1), "span": [date(2026, 1, 1)] * 2, "days": 3},
    "datetime": {"one": date(2026, 1, 1), "span": [date(2026, 1, 1)] * 2, "days": 3},
}
FACT_OF = {
    "text": "seniority", "list": "tags", "number": "visits", "boolean": "need",
    "range": "employees", "datetime": "last_visit_at",
}  # fmt: skip
ALLOWED = [
    (name, kind)
    for name, operator in OPERATORS.items()
    for kind in operator.kinds
    if kind in FACT_OF
]


def example(name, kind):
    """A value that the operator takes."""
    takes = OPERATORS[name].takes
    return True if takes == "flag" else EXAMPLES[kind][takes]


@pytest.mark.parametrize(("name", "kind"), ALLOWED)
def test_every_operator_runs_and_speaks(name, kind):
    """Each operator compiles for every kind that it allows, and has words that name the fact."""
    criterion = compiled({FACT_OF[kind]: {name: example(name, kind)}})
    frame = prepare(pl.DataFrame({"id": ["1"]}), criterion.forms, AS_OF)

    assert [pl.Boolean] == frame.select(criterion.expression).dtypes
    assert "{" not in criterion.words
    assert len(criterion.words) > 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [(n, k) for n, o in OPERATORS.items() for k in FACT_OF if k not in o.kinds],
)
def test_operators_refuse_other_kinds(name, kind):
    """An operator that cannot compare a kind of facts is refused, and the usable ones are named."""
    if name == "is" and kind == "list":
        return  # the short form of contains
    problems = []
    compiled({FACT_OF[kind]: {name: "x"}}, problems)

    assert len(problems) == 1
    assert f"{FACT_OF[kind]}.{name}" in problems[0].where
    assert "known" in problems[0].fix


def test_every_kind_has_operators():
    """No kind of facts is left without a comparison of its own beside `known`."""
    assert set(KINDS) == {kind for operator in OPERATORS.values() for kind in operator.kinds}
    for kind in KINDS:
        assert any(kind in o.kinds for n, o in OPERATORS.items() if n != "known")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"seniority": ["c_level", "vp"]}, "seniority is c level or vp"),
        ({"annual_revenue": {"at_least": 5_000_000}}, "annual revenue at least 5,000,000"),
        ({"last_visit_at": {"within_days": 14}}, "last visit in the last 14 days"),
        ({"authority": True}, "the lead decides"),
        ({"authority": {"is_not": True}}, "the lead does not decide"),
        (
            {"need": True, "budget": {"known": True}},
            "the needs fit the product and budget is known",
        ),
        ({"visits": {"at_least": 2}, "words": "came back"}, "came back"),
        (
            {"at_least": {"of": 1, "criteria": [{"need": True}, {"visits": 2}]}},
            "at least 1 of: the needs fit the product, visits is 2",
        ),
    ],
)
def test_words(data, words):
    """Conditions are said as people would say them, or in the words that the file gives."""
    assert words == compiled(data).words
