"""Schedulers and workers: every due time is queued once, whoever lives and whoever dies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest

from connector.engine.process import this_process
from connector.engine.runs import RunReport
from connector.engine.schedule import ScheduleKeys
from connector.errors import ConfigurationError
from connector.jobs.running import UntilStopped, Work
from connector.jobs.service import DEAD_SECONDS, Service
from connector.ledger import SqlLedger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.engine.ports import Progress

START = datetime(2026, 5, 1, 8, 59, 30, tzinfo=UTC)
HOURLY = {"acme": ScheduleKeys.model_validate("0 * * * *")}


class Clock:
    """Stands still until it is moved."""

    moment = START

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.moment

    def forward(self, **by: float) -> None:
        """Move on."""
        self.moment += timedelta(**by)


class Waiting:
    """A queue in memory: what was submitted, and who still is at work."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, str]] = []
        self.busy: set[str] = set()
        self.work_of: dict[str, list[str]] = {}

    def submit(self, connection: str, due: str) -> bool:
        """As the real one: not while the connection is at work, and one id only once."""
        if connection in self.busy:
            return False
        if (connection, due) not in self.submitted:
            self.submitted.append((connection, due))
        return True

    def take_over(self, dead: list[str]) -> list[str]:
        """Hand on the work of the dead."""
        return [name for worker in dead for name in self.work_of.pop(worker, [])]


@pytest.fixture
def clock() -> Clock:
    """A clock half a minute before nine."""
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[SqlLedger]:
    """A fresh ledger."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock)
    yield opened
    opened.close()


def service(
    ledger: SqlLedger, clock: Clock, queue: Waiting, *, worker: str = "one", process: str = ""
) -> Service:
    """A process that schedules and works."""
    return Service(worker, process, ledger, queue, lambda: HOURLY, clock)


def test_a_due_time_is_queued_once_by_any_number_of_schedulers(ledger, clock) -> None:
    """Three schedulers look again and again, and the hour is queued once."""
    queue = Waiting()
    all_of_them = [service(ledger, clock, queue, worker=name) for name in "abc"]
    for _ in range(120):
        for each in all_of_them:
            each.tick()
        clock.forward(seconds=1)
    assert queue.submitted == [("acme", "2026-05-01T09:00:00Z")]


def test_a_paused_connection_waits_and_goes_on_from_then(ledger, clock) -> None:
    """What came due during a pause is not made good: resuming begins with the next time."""
    queue = Waiting()
    one = service(ledger, clock, queue)
    one.tick()
    ledger.pause("acme", "holiday")
    clock.forward(hours=5)
    one.tick()
    assert queue.submitted == []
    assert ledger.resume("acme")
    one.tick()
    assert queue.submitted == []
    clock.forward(hours=1)
    one.tick()
    assert len(queue.submitted) == 1


def test_a_time_at_which_the_connection_is_at_work_is_left_out(ledger, clock) -> None:
    """Runs of one connection never pile up."""
    queue = Waiting()
    one = service(ledger, clock, queue)
    one.tick()
    queue.busy.add("acme")
    clock.forward(hours=3)
    one.tick()
    queue.busy.clear()
    one.tick()
    assert queue.submitted == []


@pytest.mark.parametrize("how", ["silent", "gone"])
def test_work_of_a_dead_worker_is_handed_on(ledger, clock, how) -> None:
    """A worker dies: without a sign of life for long, or at once where its process is gone."""
    queue = Waiting()
    here = this_process()
    assert here is not None
    place, _, started = here.rsplit(":", 2)
    gone = f"{place}:4194304:{started}"
    service(ledger, clock, queue, worker="dead", process=gone if how == "gone" else "").tick()
    queue.work_of["dead"] = ["acme"]
    if how == "silent":
        clock.forward(seconds=DEAD_SECONDS - 1)
        service(ledger, clock, queue).tick()
        assert queue.work_of == {"dead": ["acme"]}
        clock.forward(seconds=2)
    service(ledger, clock, queue, worker="two").tick()
    assert queue.work_of == {}
    assert "dead" not in {each.id for each in ledger.workers()}


def run_with(ledger: SqlLedger, act, stopping: Event | None = None) -> None:
    """Do one piece of work."""
    Work(act, ledger, stopping or Event())("acme")


def test_a_stopped_run_is_due_again_at_once(ledger, clock) -> None:
    """A process that is told to stop ends its run between two pages; a live one goes on with it."""
    queue, stopping = Waiting(), Event()
    one = service(ledger, clock, queue)
    one.tick()

    def act(_: str, progress: Progress) -> RunReport:
        progress.begin("pull", 10)
        stopping.set()
        progress.advance(5)
        raise AssertionError("the run went on")

    run_with(ledger, act, stopping)
    one.tick()
    assert [name for name, _ in queue.submitted] == ["acme"]
    clock.forward(seconds=1)
    one.tick()
    assert len(queue.submitted) == 1


def test_what_kept_a_run_from_beginning_is_kept_until_one_begins(ledger) -> None:
    """A wrong file is told with its words, a defect of ours by its kind; a good run clears both."""

    def wrong(_: str, __: Progress) -> RunReport:
        raise ConfigurationError("mappings/acme.yaml:3: no such field.")

    def defect(_: str, __: Progress) -> RunReport:
        raise KeyError("ada@example.com")

    def good(name: str, _: Progress) -> RunReport:
        return RunReport("r", name, "csv", "sync", "done", "2026-05-01T09:00:00Z", "2026-05-01")

    run_with(ledger, wrong)
    assert ledger.schedule_states()["acme"].message == "mappings/acme.yaml:3: no such field."
    run_with(ledger, defect)
    assert ledger.schedule_states()["acme"].message == "unexpected KeyError"
    run_with(ledger, good)
    assert ledger.schedule_states()["acme"].message is None


def test_progress_lets_a_run_go_on_until_it_is_to_stop() -> None:
    """Nobody is stopped who need not be."""
    progress = UntilStopped(Event())
    progress.begin("pull", 3)
    progress.advance(3)
