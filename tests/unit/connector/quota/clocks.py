"""Time that passes only when somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.crm.limits import SharedLimiter
from connector.crm.windows import Block, MemoryCalls

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Time:
    """Passes only when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The moment."""
        return START + timedelta(seconds=self.seconds)

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Wait, at once."""
        self.seconds += seconds

    def limiter(self, store: MemoryCalls, calls: int, seconds: float) -> SharedLimiter:
        """A process's limiter on a shared count."""
        return SharedLimiter(
            calls,
            seconds,
            lambda calendar: Block(store, "portal", "burst", calendar, self.now),
            clock=self.clock,
            sleep=self.sleep,
        )
