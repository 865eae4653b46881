"""The portal's clock: it starts at a given moment, runs with real time and can be put forward."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Tells the time in milliseconds since 1970."""

    def __init__(self, now: datetime, source: Callable[[], datetime] | None = None) -> None:
        self._source = source
        self._start = milliseconds(now)
        self._began = time.monotonic()
        self._ahead = 0
        self._held: int | None = None

    def __call__(self) -> int:
        """Tell the present moment."""
        if self._held is not None:
            return self._held
        if self._source is not None:
            return milliseconds(self._source()) + self._ahead
        return self._start + int((time.monotonic() - self._began) * 1000) + self._ahead

    def moment(self) -> datetime:
        """Tell the present moment as a datetime in UTC."""
        return _EPOCH + self() * _MILLISECOND

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += int(seconds * 1000)

    @contextmanager
    def held(self, at: int | None = None) -> Iterator[None]:
        """Make everything inside happen in one millisecond: `at`, or the present one."""
        before, self._held = self._held, self() if at is None else at
        try:
            yield
        finally:
            self._held = before


def milliseconds(moment: datetime) -> int:
    """Count the milliseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // _MILLISECOND


def iso(ms: int) -> str:
    """Write a moment as HubSpot does: UTC, and no fraction when the milliseconds are zero."""
    seconds, rest = divmod(ms, 1000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"
