"""Plan lines, their outcomes, and conversions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.engine.runs import RunStart
    from connector.ledger import SqlLedger

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def _planned(count: int) -> pl.DataFrame:
    return pl.DataFrame({"line": range(count)}).select(
        "line",
        id=pl.format("L{}", pl.col("line") // 2),
        kind=pl.when(pl.col("line") % 2 == 0).then(pl.lit("change")).otherwise(pl.lit("convert")),
        body=pl.lit('{"Score__c": ["1", "2"]}'),
        reason=pl.lit("+1 a visit"),
        base=pl.lit(START),
    )


@pytest.fixture
def planned(ledger: SqlLedger, begun: Callable[..., RunStart]) -> SqlLedger:
    """A ledger with a run of ten lines on five leads: a change and a conversion each."""
    ledger.begin_run(begun("r1"))
    ledger.save_lines("r1", _planned(10))
    return ledger


def test_lines_come_back_in_order_and_bounded(planned: SqlLedger) -> None:
    """The plan streams as it was saved, in frames of a bounded size."""
    pages = list(planned.lines("r1", size=4))

    assert [page.height for page in pages] == [4, 4, 2]
    assert _planned(10).rows() == pl.concat(pages).select(_planned(10).columns).rows()


def _outcomes(outcome: str, *ids: str) -> pl.DataFrame:
    return pl.DataFrame({"@id": ids}).with_columns(outcome=pl.lit(outcome))


def test_decided_lines_are_not_handed_out_again(planned: SqlLedger) -> None:
    """An interrupted apply goes on with exactly the lines that nobody has answered."""
    planned.record_outcomes("r1", "change", _outcomes("applied", "L0"))
    planned.record_outcomes("r1", "convert", _outcomes("skipped", "L1"))

    left = pl.concat(planned.lines("r1", undecided_only=True, size=3))
    assert left["line"].to_list() == [1, 2, 4, 5, 6, 7, 8, 9]
    changes = pl.concat(planned.lines("r1", kind="change", undecided_only=True, size=3))
    assert changes["line"].to_list() == [2, 4, 6, 8]
    assert planned.outcome_counts("r1") == {"applied": 1, "skipped": 1, "undecided": 8}


def test_lines_stream_while_they_are_decided(planned: SqlLedger) -> None:
    """Every undecided line comes once although the lines before it get their outcomes meanwhile."""
    found = []
    for page in planned.lines("r1", kind="change", undecided_only=True, size=2):
        found += page["id"].to_list()
        planned.record_outcomes("r1", "change", _outcomes("applied", *page["id"]))

    assert found == ["L0", "L1", "L2", "L3", "L4"]


def test_outcomes_are_kept_with_the_words_of_the_crm(planned: SqlLedger) -> None:
    """The frame that a CRM answers is recorded as it is, and only on lines of its kind."""
    outcomes = pl.DataFrame(
        {
            "@id": ["L0", "L1"], "outcome": ["rejected", "applied"], "code": ["TOO_LONG", None],
            "field": ["Name", None], "message": ["too long", None], "remedy": ["cut it", None],
            "@opportunity_id": [None, "006"],
        }
    )  # fmt: skip
    planned.record_outcomes("r1", "convert", outcomes)

    decided = pl.concat(planned.lines("r1")).drop_nulls("outcome")
    assert decided.select("line", "outcome", "opportunity_id", "at").rows() == [
        (1, "rejected", None, START),
        (3, "applied", "006", START),
    ]
    rejects = planned.rejects("acme")
    assert rejects.select("run", "id", "code", "field", "message", "remedy").rows() == [
        ("r1", "L0", "TOO_LONG", "Name", "too long", "cut it")
    ]


def test_rejects_of_one_run_or_of_all(
    planned: SqlLedger, begun: Callable[..., RunStart], clock
) -> None:
    """Rejects are found by run, and over all runs the newest come first."""
    planned.record_outcomes("r1", "change", _outcomes("rejected", "L0"))
    clock.forward(60)
    planned.begin_run(begun("r2"))
    planned.save_lines("r2", _planned(2))
    planned.record_outcomes("r2", "convert", _outcomes("rejected", "L0"))

    assert planned.rejects("acme")["run"].to_list() == ["r2", "r1"]
    assert planned.rejects("acme", "r1")["line"].to_list() == [0]
    assert planned.rejects("globex").is_empty()


def test_saving_lines_again_keeps_outcomes(planned: SqlLedger) -> None:
    """A repeated page neither doubles lines nor forgets what was done."""
    planned.record_outcomes("r1", "change", _outcomes("applied", "L0"))
    planned.save_lines("r1", _planned(10))

    assert planned.outcome_counts("r1") == {"applied": 1, "undecided": 9}


def test_lines_of_an_unknown_run_are_refused(ledger: SqlLedger) -> None:
    """Nothing is planned outside of a run."""
    with pytest.raises(RunAbortedError, match='no run "r9"'):
        ledger.save_lines("r9", _planned(1))


def _intents(**keys: str) -> pl.DataFrame:
    return pl.DataFrame({"id": list(keys), "key": list(keys.values())})


def _settled(lead: str, outcome: str, opportunity: str | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"@id": [lead], "outcome": [outcome], "@opportunity_id": [opportunity]},
        schema_overrides={"@opportunity_id": pl.String},
    )


def test_intent_outlives_its_run_with_its_key(ledger: SqlLedger, clock) -> None:
    """A conversion whose answer was lost is found unfinished, and keeps the key it was sent with."""
    ledger.intend_conversions("acme", "r1", _intents(a="k1"))
    clock.forward(60)
    ledger.intend_conversions("acme", "r2", _intents(a="another", b="k2"))
    now = ledger.conversions("acme", ["a", "b"])

    assert now.sort("id").select("id", "key", "state", "run").rows() == [
        ("a", "k1", "intended", "r2"),
        ("b", "k2", "intended", "r2"),
    ]
    assert ledger.unfinished_conversions("acme")["id"].sort().to_list() == ["a", "b"]


def test_done_conversion_is_never_intended_again(ledger: SqlLedger) -> None:
    """A lead that is converted comes back as done, so that it is not sent a second time."""
    ledger.intend_conversions("acme", "r1", _intents(a="k1"))
    ledger.settle_conversions("acme", "r1", _settled("a", "applied", "006"))
    ledger.intend_conversions("acme", "r2", _intents(a="k1"))
    now = ledger.conversions("acme", ["a"])

    assert now.select("state", "opportunity_id", "run").rows() == [("done", "006", "r1")]
    assert ledger.unfinished_conversions("acme").is_empty()
    assert ledger.seen("acme", ["a"]).select("converted", "opportunity_id").rows() == [
        (True, "006")
    ]


def test_half_done_conversion_stays_unfinished(ledger: SqlLedger) -> None:
    """A made opportunity with something left to do is marked on the lead and stays on the list."""
    ledger.intend_conversions("acme", "r1", _intents(a="k1"))
    ledger.settle_conversions("acme", "r1", _settled("a", "applied", "006"), state="converted")

    assert ledger.unfinished_conversions("acme").select("id", "state").rows() == [
        ("a", "converted")
    ]
    assert ledger.seen("acme", ["a"])["converted"].all()


@pytest.mark.parametrize("outcome", ["rejected", "skipped"])
def test_refused_conversion_may_be_intended_again(ledger: SqlLedger, outcome: str) -> None:
    """What the CRM refused made nothing: the lead is not converted and may try again."""
    ledger.intend_conversions("acme", "r1", _intents(a="k1"))
    ledger.settle_conversions("acme", "r1", _settled("a", outcome))

    assert ledger.conversions("acme", ["a"])["state"].to_list() == ["refused"]
    assert ledger.seen("acme", ["a"]).is_empty()
    ledger.intend_conversions("acme", "r2", _intents(a="k1"))
    assert ledger.conversions("acme", ["a"])["state"].to_list() == ["intended"]


def test_one_key_for_two_leads_is_refused(ledger: SqlLedger) -> None:
    """A key stands for one lead; nothing is put on record when it would stand for two."""
    ledger.intend_conversions("acme", "r1", _intents(a="k1"))

    for intents in (_intents(b="k1"), _intents(b="k2", c="k2")):
        with pytest.raises(RunAbortedError, match="other leads"):
            ledger.intend_conversions("acme", "r1", intents)
    ledger.intend_conversions("globex", "r1", _intents(b="k1"))
    assert ledger.conversions("acme", ["b", "c"]).is_empty()
