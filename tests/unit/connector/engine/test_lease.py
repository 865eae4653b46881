"""One run per connection, for as long as it shows signs of life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from connector.engine.lease import LEASE_SECONDS, LeasedProgress, leased
from connector.errors import RunAbortedError


@dataclass
class Leases:
    """The ledger's leases alone, in a time of the test's own."""

    now: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    holder: str | None = None
    until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    taken: int = 0
    told: list[tuple[str, object]] = field(default_factory=list)

    def clock(self) -> datetime:
        """The time."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)

    def take_lease(self, _connection: str, holder: str, now: datetime, seconds: int) -> bool:
        """As the ledger does it."""
        if self.holder not in (None, holder) and self.until > now:
            return False
        self.holder, self.until = holder, now + timedelta(seconds=seconds)
        self.taken += 1
        return True

    def release_lease(self, _connection: str, holder: str) -> None:
        """As the ledger does it."""
        if self.holder == holder:
            self.holder = None

    def begin(self, step: str, total: int | None) -> None:
        """A progress that keeps what it is told."""
        self.told.append((step, total))

    def advance(self, rows: int) -> None:
        """A progress that keeps what it is told."""
        self.told.append(("rows", rows))


@pytest.fixture
def leases() -> Leases:
    """Nobody holds anything."""
    return Leases()


def test_progress_is_passed_on(leases: Leases) -> None:
    """Whoever watches hears of every step and row."""
    with leased(leases, "acme", "r1", leases, leases.clock) as progress:
        progress.begin("pull", 10)
        progress.advance(4)
    assert leases.told == [("pull", 10), ("rows", 4)]


def test_lease_is_given_back_whatever_happens(leases: Leases) -> None:
    """After success, an error and Ctrl-C the next run may begin."""
    for error in (None, ValueError, KeyboardInterrupt):
        try:
            with leased(leases, "acme", "r1", leases, leases.clock):
                assert leases.holder == "r1"
                if error is not None:
                    raise error
        except (ValueError, KeyboardInterrupt):
            pass
        assert leases.holder is None


def test_second_run_is_refused(leases: Leases) -> None:
    """While one run holds the connection another one is told so, and the first keeps it."""
    with leased(leases, "acme", "r1", leases, leases.clock):
        with (
            pytest.raises(RunAbortedError, match='Another run of "acme" is under way'),
            leased(leases, "acme", "r2", leases, leases.clock),
        ):
            pytest.fail("two runs at once")
        assert leases.holder == "r1"


def test_dead_runs_lease_runs_out(leases: Leases) -> None:
    """A run that died without a word holds the connection no longer than its lease."""
    leases.take_lease("acme", "dead", leases.now, LEASE_SECONDS)
    leases.pass_time(LEASE_SECONDS - 1)
    with pytest.raises(RunAbortedError), leased(leases, "acme", "r2", leases, leases.clock):
        pytest.fail("the lease has not run out")
    leases.pass_time(1)
    with leased(leases, "acme", "r2", leases, leases.clock):
        assert leases.holder == "r2"


def test_working_run_keeps_its_lease(leases: Leases) -> None:
    """A run that makes progress now and then holds the connection for hours."""
    with leased(leases, "acme", "r1", leases, leases.clock) as progress:
        for _ in range(40):
            leases.pass_time(LEASE_SECONDS / 3)
            progress.advance(1)
            assert leases.until > leases.now
        assert leases.holder == "r1"


def test_lease_is_not_prolonged_with_every_row(leases: Leases) -> None:
    """Progress in quick succession costs the ledger nothing."""
    with leased(leases, "acme", "r1", leases, leases.clock) as progress:
        for _ in range(1000):
            progress.advance(1)
    assert leases.taken == 1


def test_run_that_was_overtaken_stops(leases: Leases) -> None:
    """A run that slept past its lease, which another took, does not go on working."""
    progress = LeasedProgress(
        leases, lambda: leases.take_lease("acme", "r1", leases.now, LEASE_SECONDS), leases.clock
    )
    leases.pass_time(2 * LEASE_SECONDS)
    leases.take_lease("acme", "r2", leases.now, LEASE_SECONDS)
    for told in (lambda: progress.advance(1), lambda: progress.begin("apply", None)):
        with pytest.raises(RunAbortedError, match="taken this connection over"):
            told()
    assert leases.holder == "r2"
