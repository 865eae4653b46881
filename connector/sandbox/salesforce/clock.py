"""The org's clock and the text forms of its instants."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Starts at `now` and runs with real time, or reads `source`; can be put forward."""

    def __init__(self, now: datetime, source: Callable[[], datetime] | None = None) -> None:
        self._start = now.astimezone(UTC)
        self._began = time.monotonic()
        self._source = source
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The org's present moment in UTC."""
        if self._source is not None:
            return self._source().astimezone(UTC) + self._ahead
        return self._start + timedelta(seconds=time.monotonic() - self._began) + self._ahead

    def stamp(self) -> str:
        """The present moment as a record keeps it: to the second."""
        return stamp(self.now())

    def advance(self, seconds: float) -> datetime:
        """Put the clock forward; the moment it then shows."""
        self._ahead += timedelta(seconds=seconds)
        return self.now()


def stamp(moment: datetime) -> str:
    """A moment in the form of a date-time field; the text order is the time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment_of(text: str) -> datetime:
    """The moment of a date-time field's text; raises ValueError for any other text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        message = "a date-time needs a time and an offset"
        raise ValueError(message)
    return moment.astimezone(UTC)


def end_of_quarter(day: date) -> date:
    """The last day of the calendar quarter, which is the org's fiscal quarter."""
    month = (day.month - 1) // 3 * 3 + 4
    first_of_next = date(day.year + (month > 12), (month - 1) % 12 + 1, 1)  # noqa: PLR2004 — months
    return first_of_next - timedelta(days=1)
