"""One run per connection, for as long as its process gives signs of life."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connector.engine.lease import LEASE_SECONDS, leased
from connector.engine.process import is_gone, this_process
from connector.errors import LeaseLostError, RunAbortedError
from connector.ledger import SqlLedger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = 0.01
"""Seconds between two beats."""


class Clock:
    """A time of the test's own."""

    now = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The time, which stands still by itself."""
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[SqlLedger]:
    """An empty ledger."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock)
    yield opened
    opened.close()


def holder(ledger: SqlLedger) -> str | None:
    """Who holds the connection's lease."""
    lease = ledger.lease("acme")
    return lease.holder if lease else None


def test_lease_is_given_back_whatever_happens(ledger: SqlLedger, clock: Clock) -> None:
    """After success, an error and Ctrl-C the next run may begin."""
    for number, error in enumerate((None, ValueError, KeyboardInterrupt)):
        try:
            with leased(ledger, "acme", f"r{number}", clock):
                assert holder(ledger) == f"r{number}"
                if error is not None:
                    raise error
        except (ValueError, KeyboardInterrupt):
            pass
        assert holder(ledger) is None


def test_second_run_is_refused(ledger: SqlLedger, clock: Clock) -> None:
    """While one run holds the connection another one is told so, and the first keeps it."""
    with leased(ledger, "acme", "r1", clock):
        with (
            pytest.raises(RunAbortedError, match='Another run of "acme" is under way'),
            leased(ledger, "acme", "r2", clock),
        ):
            pytest.fail("two runs at once")
        assert holder(ledger) == "r1"


def test_lease_of_an_unknown_machine_runs_out(ledger: SqlLedger, clock: Clock) -> None:
    """Nobody here can say that a process elsewhere is gone, so its lease is waited for."""
    ledger.take_lease("acme", "dead", clock(), LEASE_SECONDS, process="elsewhere/pid:[1]:7:7")
    clock.pass_time(LEASE_SECONDS - 1)
    with pytest.raises(RunAbortedError), leased(ledger, "acme", "r2", clock):
        pytest.fail("the lease has not run out")
    clock.pass_time(1)
    with leased(ledger, "acme", "r2", clock):
        assert holder(ledger) == "r2"


def test_lease_of_a_process_that_is_gone_is_free_at_once(ledger: SqlLedger, clock: Clock) -> None:
    """A process of this machine that has ended holds nothing; the fence moves on."""
    code = "from connector.engine.process import this_process; print(this_process())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ledger.take_lease("acme", "dead", clock(), LEASE_SECONDS, process=told.stdout.strip())
    with leased(ledger, "acme", "r2", clock):
        lease = ledger.lease("acme")
        assert lease is not None
        assert (lease.holder, lease.fence, lease.process) == ("r2", 2, this_process())


def test_only_what_has_ended_for_certain_is_gone() -> None:
    """One that lives is not; its number in another life is; whatever cannot be seen is not."""
    mine = this_process()
    assert mine is not None
    here, number, started = mine.rsplit(":", 2)
    assert not is_gone(mine)
    assert is_gone(f"{here}:{number}:{int(started) - 1}")
    assert not is_gone(f"another{here}:{number}:{int(started) - 1}")
    assert not is_gone(None)


def test_dead_process_that_nobody_has_reaped_is_gone() -> None:
    """A zombie works no more."""
    code = "from connector.engine.process import this_process; print(this_process(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        deadline = time.monotonic() + 20
        while not is_gone(name) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_gone(name)


def test_heartbeat_keeps_the_lease(ledger: SqlLedger, clock: Clock) -> None:
    """A run that says nothing by itself holds the connection for hours."""
    with leased(ledger, "acme", "r1", clock, every=QUICK):
        for _ in range(5):
            clock.pass_time(LEASE_SECONDS - 1)
            until = clock() + timedelta(seconds=LEASE_SECONDS)
            deadline = time.monotonic() + 20
            while ledger.lease("acme").until < until and time.monotonic() < deadline:
                time.sleep(QUICK)
            assert ledger.lease("acme").until == until


def test_run_that_was_overtaken_writes_nothing_more(
    ledger: SqlLedger, clock: Clock, tmp_path: Path
) -> None:
    """A run that slept past its lease, which another took, can neither write nor go on to the CRM."""
    other = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=clock)
    with leased(ledger, "acme", "r1", clock):
        ledger.set_watermark("acme", clock(), "r1", "k1")
        clock.pass_time(2 * LEASE_SECONDS)
        assert other.take_lease("acme", "r2", clock(), LEASE_SECONDS)
        with pytest.raises(LeaseLostError, match='taken the connection "acme" over'):
            ledger.set_watermark("acme", clock(), "r1", "k2")
        with pytest.raises(LeaseLostError):
            ledger.check_fence()
        with pytest.raises(LeaseLostError), ledger.together():
            pytest.fail("a transaction of a run that was overtaken")
    assert other.verdict_key("acme") == "k1"
    assert holder(other) == "r2"
    ledger.set_watermark("acme", clock(), "r3", "k3")  # outside of any lease nothing is asked
    other.close()


def test_heartbeat_takes_no_lease_back(ledger: SqlLedger, clock: Clock) -> None:
    """A lease that is another's, or that another has given free, is not prolonged."""
    with leased(ledger, "acme", "r1", clock, every=QUICK):
        ledger.release_lease("acme", "r1")  # as if another had taken it and given it back
        time.sleep(10 * QUICK)
        assert holder(ledger) is None
        assert not ledger.prolong_lease("acme", "r1", clock())
