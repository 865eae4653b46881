"""Retention: what is older than the ledger is to keep goes, and what anything rests on stays."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from connector.engine.runs import RunReport
from connector.ledger import history_pruning, open_ledger, retention
from connector.ledger.retention import Pruned
from connector.ledger.tables import verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from connector.engine.runs import RunStart
    from connector.ledger import SqlLedger
    from tests.unit.connector.ledger.conftest import Clock

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
KEEP = timedelta(days=100)
DAY = 24 * 3600


def _lived(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart], days: int, every: int = 10
) -> list[str]:
    """A connection that ran every ten days for so long: each run moved one lead's score; their ids."""
    runs = []
    for day in range(0, days + 1, every):
        runs.append(f"r{day:03}")
        _run(ledger, clock, begun, runs[-1], score=float(day), stage="mql" if day else "lead")
        clock.forward(every * DAY)
    return runs


def _run(
    ledger: SqlLedger,
    clock: Clock,
    begun: Callable[..., RunStart],
    run: str,
    *,
    score: float,
    stage: str,
    fact: str = "x",
) -> None:
    start = begun(run, started_at=clock())
    ledger.begin_run(start)
    judged = pl.DataFrame(
        {"id": ["L1"], "score": [score], "stage": [stage], "fact": [f'{{"title":"{fact}"}}']}
    )
    ledger.remember("acme", run, pl.DataFrame({"id": ["L1"], "stage": [stage]}))
    ledger.record_verdicts("acme", run, judged, clock().date(), "m1", facts=pl.col("fact"))
    line = {
        "line": [0], "id": ["L1"], "kind": ["change"], "body": ["{}"], "reason": [""],
        "base": [clock()],
    }  # fmt: skip
    ledger.save_lines(run, pl.DataFrame(line))
    done = pl.DataFrame({"@id": ["L1"], "outcome": ["applied"]})
    ledger.record_outcomes(run, "change", done)
    edit = pl.DataFrame({"id": ["L1"], "field": ["Stage"], "ours": ["a"], "theirs": ["b"]})
    ledger.record_disagreements("acme", run, edit)
    ledger.end_run(
        RunReport(
            run=run, connection="acme", crm="csv", kind="sync", state="done",
            started_at=start.started_at.isoformat(), as_of=start.as_of, planned=1,
        )
    )  # fmt: skip


def _with_lines(ledger: SqlLedger, runs: list[str]) -> list[str]:
    return [run for run in runs if any(page.height for page in ledger.lines(run))]


def test_older_runs_lose_their_lines_and_stay_in_the_list(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """What runs of before the limit wrote is gone; the later ones are whole, and all are listed."""
    runs = _lived(ledger, clock, begun, 150)
    looked = ledger.look("acme", KEEP)
    done = ledger.prune("acme", KEEP)

    assert looked == done
    assert (done.runs, done.lines, done.disagreements, done.ended) == (6, 6, 6, True)
    assert _with_lines(ledger, runs) == runs[6:]
    assert [report.run for report in ledger.runs("acme", 100)] == runs[::-1]
    assert [run for run in runs if ledger.pruned(run)] == runs[:6]
    assert ledger.disagreements("acme").height == 10
    assert ledger.prune("acme", KEEP) == Pruned("acme", clock() - KEEP)


def test_of_older_verdicts_those_stay_that_something_rests_on(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """The first, where the stay in force at the limit began, the one in force, and all since then."""
    _lived(ledger, clock, begun, 150)
    ledger.prune("acme", KEEP)

    left = ledger.verdicts("acme", "L1")["score"].to_list()
    assert left == [0.0, 10.0, 50.0, *(float(day) for day in range(60, 151, 10))]
    assert all(row["facts"] for row in ledger.verdict_history("acme", "L1"))


def test_latest_verdict_of_a_living_lead_stays(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """However old it is; of a lead that is gone every older verdict goes."""
    _lived(ledger, clock, begun, 40)
    clock.forward(1000 * DAY)
    ledger.prune("acme", KEEP)
    living = ledger.verdicts("acme", "L1")
    ledger.forget_gone("acme", "r1", pl.DataFrame({"@id": ["L1"], "@merged_into": [None]}))
    ledger.prune("acme", KEEP)

    assert living.row(-1, named=True)["score"] == 40.0
    assert ledger.verdicts("acme", "L1").is_empty()


def test_undo_after_pruning_finds_the_stage_of_before(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """The oldest run that can be undone finds the stage and its beginning as if nothing were pruned."""
    runs = _lived(ledger, clock, begun, 150)
    seen = []
    for prune in (False, True):
        if prune:
            ledger.prune("acme", KEEP)
        ledger.settle_undone("acme", runs[6], ["L1"])
        lead = ledger.lead("acme", "L1") or {}
        seen.append((lead["stage"], lead["stage_since"], lead["score"]))

    assert seen[0] == seen[1] == ("mql", START + timedelta(days=10), 50.0)


def test_what_a_run_needs_is_not_pruned(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """The newest run, one with an open conversion, one to go on with and one that works stay whole."""
    runs = _lived(ledger, clock, begun, 50)
    ledger.intend_conversions("acme", runs[0], pl.DataFrame({"id": ["L1"], "key": ["k1"]}))
    ledger.keep_position(runs[1], "{}")
    clock.forward(1000 * DAY)
    ledger.take_lease("acme", runs[2], clock(), 60)
    done = ledger.prune("acme", KEEP)

    assert done.runs == 2
    assert _with_lines(ledger, runs) == [*runs[:3], runs[-1]]


def test_nothing_of_a_run_goes_while_an_undo_is_under_way(
    ledger: SqlLedger, clock: Clock, begun: Callable[..., RunStart]
) -> None:
    """An undo reads the lines of an older run: they go the next time."""
    runs = _lived(ledger, clock, begun, 150)
    ledger.begin_run(begun("u1", kind="undo", started_at=clock()))
    ledger.take_lease("acme", "u1", clock(), 60)
    during = ledger.prune("acme", KEEP)
    ledger.release_lease("acme", "u1")
    after = ledger.prune("acme", KEEP)

    assert (during.undo, during.runs, during.lines) == (True, 0, 0)
    assert (after.undo, after.runs, after.lines) == (False, 6, 6)
    assert _with_lines(ledger, runs) == runs[6:]


def test_pruning_in_pieces_is_pruning_at_once(
    ledger: SqlLedger,
    clock: Clock,
    begun: Callable[..., RunStart],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With tiny transactions, stopped and begun again, the same is left; another may write between."""
    runs = _lived(ledger, clock, begun, 150)
    for module, name in (
        (retention, "BATCH"),
        (history_pruning, "LEADS"),
        (history_pruning, "ROWS"),
    ):
        monkeypatch.setattr(module, name, 1)
    turns = iter([True, True, False, True, True, True, False])
    parts = [
        ledger.prune("acme", KEEP, more=lambda: next(turns, True)),
        ledger.prune("acme", KEEP, more=lambda: next(turns, True)),
        ledger.prune("acme", KEEP),
    ]

    assert [part.ended for part in parts] == [False, False, True]
    assert sum(part.lines for part in parts) == sum(part.disagreements for part in parts) == 6
    assert _with_lines(ledger, runs) == runs[6:]
    assert ledger.verdicts("acme", "L1").height == 13


def test_sync_prunes_once_a_day(url: str, clock: Clock, begun: Callable[..., RunStart]) -> None:
    """At its end, when a day has passed since the last time; without `keep` never."""
    ledger = open_ledger(url, clock=clock)
    runs = _lived(ledger, clock, begun, 150)
    ledger.prune_when_due("acme")
    without = _with_lines(ledger, runs)
    ledger.keep = KEEP
    left = []
    for seconds in (0, 10 * DAY - 1, 0):
        clock.forward(seconds)
        ledger.prune_when_due("acme")
        left.append(len(_with_lines(ledger, runs)))
        ledger.keep -= timedelta(days=10)
    ledger.close()

    assert without == runs
    assert left == [10, 8, 8]


def test_run_list_keeps_the_figures_that_the_brake_needs(
    ledger: SqlLedger,
    clock: Clock,
    begun: Callable[..., RunStart],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest runs keep what they reported; of older ones, pruned, the day and the end is left."""
    monkeypatch.setattr(retention, "FIGURES", 3)
    runs = _lived(ledger, clock, begun, 50)
    clock.forward(1000 * DAY)
    ledger.prune("acme", KEEP)
    reports = {report.run: report for report in ledger.runs("acme")}

    assert [run for run in runs if reports[run].planned] == runs[-3:]
    assert {report.state for report in reports.values()} >= {"done"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["lead", "mql"])), min_size=1, max_size=9
    ),
    limit=st.integers(0, 9),
)
def test_every_later_day_replays_as_before(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str]], limit: int
) -> None:
    """Whatever the history, the verdict in force on any day since the limit keeps its facts."""
    with _history(tmp_path_factory.mktemp("ledger"), history) as (ledger, now):
        before = ledger.verdict_history("acme", "L1")
        cut = START + timedelta(days=limit)
        ledger.prune("acme", now - cut)
        after = ledger.verdict_history("acme", "L1")
        with ledger.reading() as transaction:
            kept = select(verdicts.c.facts_key, verdicts.c.facts).order_by(verdicts.c.judged_at)
            keys = [(key, facts is None) for key, facts in transaction.execute(kept)]

    in_force = [row for row in before if row["judged_at"] < cut][-1:]
    needed = in_force + [row for row in before if row["judged_at"] >= cut]
    assert _facts(needed).items() <= _facts(after).items()
    assert _facts(after).items() <= _facts(before).items()
    assert all(key == keys[n - 1][0] for n, (key, left_out) in enumerate(keys) if left_out)


def _facts(rows: list[dict[str, object]]) -> dict[object, object]:
    return {row["run"]: orjson.loads(str(row["facts"])) for row in rows}


@contextmanager
def _history(folder: Path, history: list[tuple[str, str]]) -> Iterator[tuple[SqlLedger, datetime]]:
    moment = START
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}", clock=lambda: moment)
    for number, (fact, stage) in enumerate(history):
        judged = pl.DataFrame(
            {
                "id": ["L1"],
                "score": [float(number)],
                "stage": [stage],
                "fact": [f'{{"t":"{fact}"}}'],
            }
        )
        ledger.remember("acme", f"r{number}", pl.DataFrame({"id": ["L1"], "stage": [stage]}))
        ledger.record_verdicts(
            "acme", f"r{number}", judged, moment.date(), "m1", facts=pl.col("fact")
        )
        moment += timedelta(days=1)
    try:
        yield ledger, moment
    finally:
        ledger.close()
