"""Runs, leases and watermarks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.engine.runs import RunReport
from connector.errors import RunAbortedError
from connector.ledger import SqlLedger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.engine.runs import RunStart

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def _report(start: RunStart, **figures: object) -> RunReport:
    return RunReport(
        run=start.run, connection=start.connection, crm="salesforce", kind=start.kind,
        state="done", started_at="2026-11-22T08:30:00Z", as_of=start.as_of, **figures,
    )  # fmt: skip  # type: ignore[arg-type]


def test_report_comes_back_whole(ledger: SqlLedger, begun: Callable[..., RunStart]) -> None:
    """A run's figures are read as they were written."""
    start = begun("r1")
    report = _report(start, read=7, stages={"mql": 3}, complete_to="2026-11-22T08:30:00Z")
    ledger.begin_run(start)
    ledger.end_run(report)

    assert report == ledger.run("r1")
    assert [report] == ledger.runs("acme")


def test_run_that_has_not_ended_is_running(
    ledger: SqlLedger, begun: Callable[..., RunStart]
) -> None:
    """A run that died is on record from its beginning, with all it began with."""
    start = begun("r1", started_at=START - timedelta(days=1))
    ledger.begin_run(start)

    assert [(report.state, report.model) for report in ledger.runs()] == [("running", "m1")]
    assert start == ledger.run_start("r1")


def test_runs_are_newest_first_and_by_connection(
    ledger: SqlLedger, begun: Callable[..., RunStart]
) -> None:
    """The latest runs of one connection or of all, at most so many."""
    for number in range(4):
        moment = START + timedelta(minutes=number)
        connection = "acme" if number % 2 else "globex"
        ledger.begin_run(begun(f"r{number}", connection, started_at=moment))

    assert [report.run for report in ledger.runs(limit=3)] == ["r3", "r2", "r1"]
    assert [report.run for report in ledger.runs("acme")] == ["r3", "r1"]


def test_beginning_a_run_twice_keeps_the_first(
    ledger: SqlLedger, begun: Callable[..., RunStart]
) -> None:
    """A repeated step neither fails nor moves the run's beginning."""
    ledger.begin_run(begun("r1"))
    ledger.begin_run(begun("r1", started_at=START + timedelta(hours=1)))

    assert begun("r1") == ledger.run_start("r1")


def test_unknown_run_is_none(ledger: SqlLedger) -> None:
    """An unknown id is not an error."""
    assert ledger.run("r9") is None
    assert ledger.run_start("r9") is None


def test_report_with_a_figure_from_a_newer_version_is_read(
    ledger: SqlLedger, begun: Callable[..., RunStart]
) -> None:
    """Figures that this version does not know are left out instead of failing."""
    ledger.begin_run(begun("r1"))
    ledger.end_run(_report(begun("r1"), read=3))
    with ledger.writing() as transaction:
        transaction.exec_driver_sql(
            'UPDATE runs SET report = replace(report, \'"read":3\', \'"read":3,"novel":1\')'
        )

    found = ledger.run("r1")
    assert found is not None
    assert replace(_report(begun("r1"), read=3)) == found


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(minutes=st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=8))
def test_watermark_never_moves_back(
    minutes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is set in whatever order, the watermark is the latest of all."""
    path = tmp_path_factory.mktemp("watermark") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}", clock=lambda: START)
    moments = [START + timedelta(minutes=minute) for minute in minutes]
    for number, moment in enumerate(moments):
        ledger.set_watermark("acme", moment, f"r{number}", f"k{number}")
        latest = max(moments[: number + 1])
        newest = max(n for n, each in enumerate(moments[: number + 1]) if each == latest)
        assert latest == ledger.watermark("acme")
        assert f"k{newest}" == ledger.verdict_key("acme")
    ledger.close()


def test_watermarks_are_apart(ledger: SqlLedger) -> None:
    """One connection's watermark says nothing of another's."""
    ledger.set_watermark("acme", START, "r1", "k1")

    assert ledger.watermark("globex") is None
    assert ledger.verdict_key("globex") is None


def test_stale_holder_is_stopped(ledger: SqlLedger, opened: Callable[[], SqlLedger]) -> None:
    """A worker that slept through another's lease learns it from the fence, even after its release."""
    other = opened()
    assert ledger.take_lease("acme", "a", START, 60)
    mine = ledger.lease("acme")
    later = START + timedelta(seconds=61)
    assert other.take_lease("acme", "b", later, 60)
    other.release_lease("acme", "b")
    assert ledger.take_lease("acme", "a", later, 60)

    assert mine is not None
    with pytest.raises(RunAbortedError, match='taken the connection "acme" over'):
        ledger.check_lease("acme", "a", mine.fence)


def test_fence_holds_while_the_lease_is_prolonged(ledger: SqlLedger) -> None:
    """A heartbeat changes the end of the lease and nothing else."""
    ledger.take_lease("acme", "a", START, 60)
    ledger.take_lease("acme", "a", START + timedelta(seconds=90), 60)
    lease = ledger.lease("acme")

    assert lease is not None
    ledger.check_lease("acme", "a", lease.fence)
    assert (1, START + timedelta(seconds=150)) == (lease.fence, lease.until)


class Leasing(RuleBasedStateMachine):
    """Two connections to the ledger and three workers who come and go."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        Leasing.count += 1
        address = f"sqlite:///{self.folder / f'{Leasing.count}.db'}"
        self.ledgers = [open_ledger(address, clock=lambda: START) for _ in range(2)]
        self.now = START
        self.holder: str | None = None
        self.until = START
        self.fences = [0]

    count = 0

    @rule(
        worker=st.sampled_from("abc"),
        which=st.integers(0, 1),
        seconds=st.sampled_from([10, 60, 600]),
    )
    def take(self, worker: str, which: int, seconds: int) -> None:
        """Only the holder, or anybody when nobody holds it, gets the lease."""
        free = self.holder in (None, worker) or self.until <= self.now
        assert free == self.ledgers[which].take_lease("acme", worker, self.now, seconds)
        if free:
            self.holder, self.until = worker, self.now + timedelta(seconds=seconds)

    @rule(worker=st.sampled_from("abc"), which=st.integers(0, 1))
    def release(self, worker: str, which: int) -> None:
        """Only the holder's release counts."""
        self.ledgers[which].release_lease("acme", worker)
        self.holder = None if worker == self.holder else self.holder

    @rule(seconds=st.integers(1, 700))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.ledgers[0].lease("acme") is not None)
    @invariant()
    def fence_only_grows(self) -> None:
        """The fence grows exactly when somebody else than the last holder takes the lease."""
        lease = self.ledgers[0].lease("acme")
        assert lease is not None
        assert lease.holder == self.holder
        assert lease.fence >= self.fences[-1]
        self.fences.append(lease.fence)

    def teardown(self) -> None:
        """Close both."""
        for ledger in self.ledgers:
            ledger.close()


def test_lease_is_exclusive(tmp_path: Path) -> None:
    """However workers take, prolong, release and wait, never do two hold the lease."""
    Leasing.folder = tmp_path
    run_state_machine_as_test(
        Leasing, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )
