"""What people ask the ledger, and each lead's history."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from mappings.inbound import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.engine.runs import RunStart
    from connector.ledger import SqlLedger


def _facts(**facts: object) -> str:
    return json.dumps(facts)


def _judge(ledger: SqlLedger, run: str, judged: pl.DataFrame) -> None:
    day = {"r1": date(2026, 11, 22), "r2": date(2026, 11, 23), "r3": date(2026, 11, 24)}[run]
    ledger.record_verdicts("acme", run, judged, day, "m1")


@pytest.fixture
def known(ledger: SqlLedger, begun: Callable[..., RunStart], clock) -> SqlLedger:
    """Four leads: hot, cold, converted and disqualified; the hot one was judged twice."""
    ledger.begin_run(begun("r1"))
    ledger.begin_run(begun("r2", as_of="2026-11-23"))
    start = clock()
    ledger.remember(
        "acme",
        "r1",
        pl.DataFrame(
            {
                "id": ["1", "2", "3", "4"],
                "facts": [
                    _facts(email="Ann@Example.com", source="Web", visits=3),
                    _facts(email="bob@example.com", source="Fair"),
                    _facts(email="cy@example.com", source="Web"),
                    _facts(email="di@example.com", source=None),
                ],
                "stage": ["mql", "lead", "opportunity", "disqualified"],
                "stage_since": [start + timedelta(days=1), start, start, None],
                "score": [80.0, 20.0, 95.0, 90.0],
                "converted": [False, False, True, False],
            }
        ),
    )
    first = pl.DataFrame({"id": ["1", "2"], "score": [10.0, 20.0], "stage": ["lead", "lead"]})
    _judge(ledger, "r1", first.with_columns(priority=pl.lit("cold")))
    clock.forward(86_400)
    second = pl.DataFrame({"id": ["1"], "score": [80.0], "stage": ["mql"], "priority": ["hot"]})
    _judge(ledger, "r2", second.with_columns(grade=pl.lit("A"), cycle=pl.lit("b2b")))
    return ledger


def test_verdict_history_of_one_lead(known: SqlLedger, clock) -> None:
    """Every verdict is kept with the day it holds for, oldest first."""
    found = known.verdicts("acme", "1")

    assert found.select("as_of", "score", "stage", "cycle").rows() == [
        ("2026-11-22", 10.0, "lead", None),
        ("2026-11-23", 80.0, "mql", "b2b"),
    ]
    assert [clock() - timedelta(days=1), clock()] == found["judged_at"].to_list()


def test_repeated_page_does_not_double_history(known: SqlLedger) -> None:
    """A run has one verdict on a lead, however often its page is judged."""
    _judge(known, "r2", pl.DataFrame({"id": ["1"], "score": [81.0]}))

    assert known.verdicts("acme", "1")["score"].to_list() == [10.0, 81.0]


def test_verdict_that_says_the_same_is_not_kept_again(known: SqlLedger, clock) -> None:
    """The history grows only by leads whose verdict moved, and by those judged first."""
    clock.forward(86_400)
    verdicts = {
        "id": ["1", "2", "5"],
        "score": [80.0, 21.0, 1.0],
        "priority": ["hot", "cold", None],
    }
    _judge(known, "r3", pl.DataFrame(verdicts))
    kept = {lead: known.verdicts("acme", lead)["score"].to_list() for lead in ("1", "2", "5")}

    assert kept == {"1": [10.0, 80.0], "2": [20.0, 21.0], "5": [1.0]}


def test_verdict_knows_who_said_so_last(known: SqlLedger) -> None:
    """The same verdict under a new model, on a later day, is the newest word on the lead."""
    same = pl.DataFrame({"id": ["1"], "score": [80.0], "priority": ["hot"]})
    known.record_verdicts("acme", "r3", same, date(2026, 11, 30), "m2")
    about = known.lead("acme", "1")

    assert about is not None
    assert (about["verdict"]["as_of"], about["verdict"]["model"]) == ("2026-11-30", "m2")
    assert known.verdicts("acme", "1")["as_of"].to_list() == ["2026-11-22", "2026-11-23"]


def test_value_that_becomes_blank_is_a_new_verdict(known: SqlLedger) -> None:
    """Blank differs from every value, and from blank it does not."""
    blank = pl.DataFrame(
        {"id": ["1"], "priority": [None]}, schema_overrides={"priority": pl.String}
    )
    _judge(known, "r3", blank)
    _judge(known, "r1", blank)

    assert known.verdicts("acme", "1")["priority"].to_list() == ["cold", "hot", None]


def test_columns_that_the_history_does_not_keep_are_ignored(known: SqlLedger) -> None:
    """A judged frame may be passed whole."""
    frame = pl.DataFrame({"id": ["2"], "score": [30.0], "scored_at": ["x"], "visits": [3.0]})
    _judge(known, "r2", frame)

    assert known.verdicts("acme", "2")["score"].to_list() == [20.0, 30.0]


def test_stage_counts_leave_out_the_gone(known: SqlLedger) -> None:
    """Only living leads are counted."""
    gone = pl.DataFrame(
        {"@id": ["2"], "@merged_into": [None]}, schema_overrides={"@merged_into": pl.String}
    )
    known.forget_gone("acme", "r2", gone)

    assert known.stage_counts("acme") == {"mql": 1, "opportunity": 1, "disqualified": 1}


def test_hottest_are_those_to_call(known: SqlLedger) -> None:
    """Best first, with the last verdict's words; neither converted nor disqualified leads."""
    found = known.hottest("acme", 5)

    assert found.select("id", "score", "priority", "grade").rows() == [
        ("1", 80.0, "hot", "A"),
        ("2", 20.0, "cold", None),
    ]
    assert known.hottest("acme", 1).height == 1


@pytest.mark.parametrize("stage", ["recycled", "customer", "opportunity"])
def test_who_is_off_the_ladder_is_not_hot(known: SqlLedger, stage: str) -> None:
    """However high the score: put aside, or past being a lead; one never judged yet may be called."""
    left = pl.DataFrame({"id": ["1"], "stage": [stage], "score": [99.0], "converted": [False]})
    known.remember("acme", "r2", left.with_columns(facts=pl.lit("{}")))

    assert known.hottest("acme", 5)["id"].to_list() == ["2"]


def test_all_about_one_lead(known: SqlLedger) -> None:
    """Facts, last verdict, lines, problems, disagreements and conversion come together."""
    known.save_lines(
        "r1", pl.DataFrame({"line": [0], "id": ["1"], "kind": ["change"], "body": ["{}"]})
    )
    problem = {"fact": "budget", "field": "Budget__c", "what": "is not a number"}
    known.record_problems("acme", "r1", pl.DataFrame({"id": ["1"], "problems": [[problem]]}))
    edit = {"id": ["1"], "field": ["Stage__c"], "ours": ["mql"], "theirs": ["sal"]}
    known.record_disagreements("acme", "r1", pl.DataFrame(edit))
    known.intend_conversions("acme", "r1", pl.DataFrame({"id": ["1"], "key": ["k"]}))

    about = known.lead("acme", "1")
    assert about is not None
    assert about["facts"] == {"email": "Ann@Example.com", "source": "Web", "visits": 3}
    assert (about["verdict"]["score"], about["verdict"]["priority"]) == (80.0, "hot")
    assert [line["kind"] for line in about["lines"]] == ["change"]
    assert [problem["what"] for problem in about["problems"]] == ["is not a number"]
    assert [edit["theirs"] for edit in about["disagreements"]] == ["sal"]
    assert about["conversion"]["state"] == "intended"
    assert known.lead("acme", "nobody") is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("1", ["1"]),
        ("ann@example.COM", ["1"]),
        ("ann@example.co", []),
        ("%@example.com", []),
        ("9", []),
    ],
)
def test_find_lead_by_id_or_address(known: SqlLedger, text: str, ids: list[str]) -> None:
    """An id or a whole e-mail address finds the lead; a part of one finds nothing."""
    assert ids == known.find_lead("acme", text)


def test_problems_are_replaced_lead_by_lead(known: SqlLedger) -> None:
    """A mended lead loses its problems; others keep theirs."""
    wrong = [{"fact": "budget", "field": "B", "what": "is not a number"}]
    schema = {"id": pl.String, "problems": pl.List(PROBLEM)}
    known.record_problems(
        "acme", "r1", pl.DataFrame({"id": ["1", "2", "3"], "problems": [wrong, wrong, []]}, schema)
    )
    counts = known.problem_counts("acme").rows()
    known.record_problems("acme", "r2", pl.DataFrame({"id": ["1"], "problems": [[]]}, schema))

    assert counts == [("budget", "B", "is not a number", 2)]
    assert known.problems("acme").select("id", "run").rows() == [("2", "r1")]


def test_disagreements_are_newest_first(known: SqlLedger, clock) -> None:
    """Edits of people are listed by time, and by run when asked."""
    edit = {"field": ["Stage__c"], "ours": ["mql"], "theirs": ["sal"]}
    known.record_disagreements("acme", "r1", pl.DataFrame({"id": ["1"]} | edit))
    clock.forward(60)
    known.record_disagreements("acme", "r2", pl.DataFrame({"id": ["2"]} | edit))

    assert known.disagreements("acme")["id"].to_list() == ["2", "1"]
    assert known.disagreements("acme", "r1")["id"].to_list() == ["1"]
