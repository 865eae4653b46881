"""Answers as facts: what counts when, through the ledger and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.answering import given_answers
from connector.engine.answers import with_answers
from connector.errors import ConfigurationError
from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, empty_leads
from scoring.model import load_model

if TYPE_CHECKING:
    from connector.ledger import SqlLedger

MODEL = """
name: test
version: 1
groups: {g: {side: fit}}
rules: [{id: a, group: g, when: {authority: true}, points: 1}]
questions:
  - {fact: authority, text: Who?, answers: {decides: true, someone else: false}}
  - {fact: employees, text: How many?}
"""
JUDGE = compile_judge(load_model(parse_yaml(MODEL, "model.yaml")), {"webinars": "list"})


def leads(**facts: Any) -> pl.DataFrame:
    """One lead of the CRM, `1`, in every canonical column."""
    frame = empty_leads({"webinars": "list"})
    row = dict.fromkeys(frame.columns) | {"id": "1"} | facts
    return pl.DataFrame([row], schema=frame.schema)


def record(ledger: SqlLedger, run: str, fact: str, value: str | None, was: str | None) -> None:
    """One answer of lead `1`, as JSON."""
    row = {
        "id": "1", "fact": fact, "value": value, "was": was,
        "label": value or "", "person": "Eve", "source": "test",
    }  # fmt: skip
    ledger.record_answers("acme", run, pl.DataFrame([row], schema=dict.fromkeys(row, pl.String)))


def known(ledger: SqlLedger, lead: str = "1") -> None:
    """Let the ledger know a lead."""
    ledger.remember("acme", "r0", pl.DataFrame({"id": [lead]}))


@pytest.mark.parametrize(
    ("said", "was", "expected"),
    [
        (None, "null", True),
        (False, "false", True),
        (True, "false", True),
        (False, None, False),
        (None, "false", True),
    ],
)
def test_the_newest_word_counts(
    ledger: SqlLedger, said: bool | None, was: str | None, expected: bool
) -> None:
    """An answer counts where the CRM is blank or says what it said before; else the CRM does."""
    known(ledger)
    record(ledger, "r1", "authority", "true", was)

    found = with_answers(leads(authority=said), ledger.seen("acme", ["1"]))

    assert found["authority"].item() is expected


@pytest.mark.parametrize(
    ("fact", "value", "expected"),
    [
        ("budget", "20000.0", 20_000.0),
        ("replacing", '"a \\"quoted\\" {thing}"', 'a "quoted" {thing}'),
        ("employees", '{"low":5.0,"high":9.0}', {"low": 5.0, "high": 9.0}),
        ("webinars", '["a","b"]', ["a", "b"]),
        ("created_at", '"2026-01-31 00:00:00+00:00"', datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_every_kind_of_fact_comes_back(
    ledger: SqlLedger, fact: str, value: str, expected: Any
) -> None:
    """Numbers, texts, ranges, lists and moments survive the ledger, other facts stay as they are."""
    known(ledger)
    record(ledger, "r1", fact, value, None)
    frame = leads(title="Chief")

    found = with_answers(frame, ledger.seen("acme", ["1"]))

    assert found.schema == frame.schema
    assert found[fact].to_list() == [expected]
    assert found.drop(fact).equals(frame.drop(fact))


def test_a_later_answer_replaces_and_a_blank_one_takes_back(ledger: SqlLedger) -> None:
    """The newest answer counts; taken back, the CRM speaks alone; all of them stay on record."""
    known(ledger)
    record(ledger, "r1", "authority", "true", None)
    record(ledger, "r2", "authority", "false", None)
    assert with_answers(leads(), ledger.seen("acme", ["1"]))["authority"].item() is False
    record(ledger, "r3", "authority", None, None)
    assert with_answers(leads(), ledger.seen("acme", ["1"]))["authority"].item() is None

    history = ledger.answers("acme", "1")

    assert [row["value"] for row in history] == ["true", "false", None]
    assert {row["person"] for row in history} == {"Eve"}


def test_leads_without_answers_are_left_alone(ledger: SqlLedger) -> None:
    """Answers of one lead change no other, nor one of another connection."""
    known(ledger)
    known(ledger, "2")
    record(ledger, "r1", "authority", "true", None)
    frame = leads().with_columns(id=pl.lit("2"))

    assert with_answers(frame, ledger.seen("acme", ["2"])).equals(frame)
    assert with_answers(leads(), ledger.seen("other", ["1"])).equals(leads())


def test_a_merged_lead_hands_its_answers_on(ledger: SqlLedger) -> None:
    """The record that is left gets what it has no answer of its own to; deleted ones leave none."""
    for lead in ("1", "2"):
        known(ledger, lead)
    record(ledger, "r1", "authority", "true", None)
    record(ledger, "r1", "need", "true", None)
    own = pl.DataFrame(
        [{"id": "2", "fact": "need", "value": "false", "label": "no", "source": "test"}]
    )
    ledger.record_answers("acme", "r1b", own)
    merged = {"@id": ["1"], "@merged_into": ["2"]}
    ledger.forget_gone("acme", "r2", pl.DataFrame(merged))
    frame = leads().with_columns(id=pl.lit("2"))

    found = with_answers(frame, ledger.seen("acme", ["2"]))
    assert (found["authority"].item(), found["need"].item()) == (True, False)
    assert ledger.answers("acme", "1") == []
    gone = pl.DataFrame(
        {"@id": ["2"], "@merged_into": [None]}, schema_overrides={"@merged_into": pl.String}
    )
    ledger.forget_gone("acme", "r3", gone)
    assert ledger.answers("acme", "2") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("authority=decides", True),
        ("authority=Someone Else", False),
        ("authority=no", False),
        ("budget=20,000", 20_000.0),
        ("employees=50-200", {"low": 50.0, "high": 200.0}),
        ("employees=50", {"low": 50.0, "high": 50.0}),
        ("replacing=a=b", "a=b"),
        ("webinars=one; two", ["one", "two"]),
        ("need=", None),
    ],
)
def test_answers_are_read_as_people_write_them(text: str, value: Any) -> None:
    """Labels of the question, raw values of every kind, and a blank that takes back."""
    (given,) = given_answers([text], JUDGE, "Eve")

    assert (given.value, given.person) == (value, "Eve")
    if value is not None:
        pl.Series([given.value]).cast(DTYPES[given.kind])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("autority=yes", 'Did you mean "authority"'),
        ("authority=perhaps", "decides, someone else or yes, no"),
        ("authority", "FACT=VALUE"),
        ("budget=-1", "a number, 0 or more"),
        ("budget=nan", "a number, 0 or more"),
        ("employees=9-5", "two as 50-200"),
        ("email=a@b.example", "not something that a lead answers"),
    ],
)
def test_wrong_answers_say_what_is_allowed(text: str, words: str) -> None:
    """Each with the fact, and what may be said; never with what was typed."""
    with pytest.raises(ConfigurationError) as error:
        given_answers([text, "need=yes"], JUDGE, None)

    assert words in str(error.value)
    assert "a@b.example" not in str(error.value)


def test_a_date_is_a_day() -> None:
    """Model-relative answers know only the day; commands give the very date."""
    assert JUDGE.questions.bank[1].answers[0].on(date(2026, 1, 1)) == {"low": 0.0, "high": 0.0}
