"""How limits cut time, and blocks of calls taken from a count that processes share."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.engine.calls import Span, Taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.engine.calls import Calendar, CallStore

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rolling:
    """Any window of `length`, counted in slots.

    So many slots count together that every window of that length lies within them wherever in its
    slot a call was made: the limit is never exceeded, at the cost of about one slot's share of it.
    """

    slot: timedelta
    length: timedelta

    def __call__(self, now: datetime) -> Span:
        """The slot of a moment, and since when slots count."""
        window = now - (now - _EPOCH) % self.slot
        slots = -(-self.length // self.slot)
        return Span(window, window + self.slot, window - slots * self.slot)

    def back(self, now: datetime, oldest: datetime | None) -> datetime | None:
        """When the oldest calls no longer count; None where nothing is counted."""
        span = self(now)
        return oldest and oldest + (now - span.since) - (now - span.window) + self.slot


@dataclass(frozen=True, slots=True)
class Midnight:
    """A day from midnight to midnight of a time zone."""

    zone: str = "UTC"

    def __call__(self, now: datetime) -> Span:
        """The day of a moment."""
        local = now.astimezone(_zone(self.zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        begun = midnight.astimezone(UTC)
        return Span(begun, (midnight + timedelta(days=1)).astimezone(UTC), begun)

    def back(self, now: datetime, _oldest: datetime | None) -> datetime | None:
        """The next midnight."""
        return self(now).until


class MemoryCalls:
    """Counts calls for this process alone, where there is no ledger to share."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._taken: dict[tuple[str, str], dict[datetime, int]] = {}
        self._lock = threading.Lock()

    def take_calls(  # noqa: PLR0913 — the protocol's signature
        self,
        account: str,
        family: str,
        calendar: Calendar,
        *,
        want: int,
        most: int | None = None,
        at_least: int = 0,
    ) -> Taken:
        """Take up to `want` calls, so that no more than `most` are taken in the window."""
        with self._lock:
            span = calendar(self._clock())
            slots = self._slots(account, family, span)
            used = sum(slots.values())
            others = max(0, at_least - used)
            room = want if most is None else most - used - others
            calls = max(0, min(want, room))
            slots[span.window] = slots.get(span.window, 0) + calls + others
            return Taken(calls, span)

    def return_calls(self, account: str, family: str, window: datetime, calls: int) -> None:
        """Give back calls that were taken in this slot and not made."""
        with self._lock:
            slots = self._taken.get((account, family), {})
            if window in slots:
                slots[window] -= calls

    def calls_taken(
        self, account: str, family: str, calendar: Calendar
    ) -> tuple[int, datetime | None]:
        """How many calls the window holds now, and its oldest slot that has any."""
        with self._lock:
            slots = self._slots(account, family, calendar(self._clock()))
            return sum(slots.values()), min((at for at, n in slots.items() if n), default=None)

    def _slots(self, account: str, family: str, span: Span) -> dict[datetime, int]:
        """The slots that count, the older ones dropped."""
        known = self._taken.get((account, family), {})
        found = {at: calls for at, calls in known.items() if at >= span.since}
        self._taken[account, family] = found
        return found


class Block:
    """Calls of one family, taken from the store a block at a time. Not for several threads."""

    def __init__(
        self,
        store: CallStore,
        account: str,
        family: str,
        calendar: Calendar,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._account = account
        self._family = family
        self._calendar = calendar
        self._clock = clock
        self._left = 0
        self._span: Span | None = None

    @property
    def ready(self) -> bool:
        """Whether a call can be used without taking a new block."""
        return self._left > 0 and self._span is not None and self._clock() < self._span.until

    def take(self, want: int, most: int | None = None, at_least: int = 0) -> None:
        """Take a new block; what is left of the old one goes back."""
        self.give_back()
        taken = self._store.take_calls(
            self._account, self._family, self._calendar, want=want, most=most, at_least=at_least
        )
        self._left, self._span = taken.calls, taken.span

    def use(self) -> bool:
        """Use one call of the block; False if it has none, or was waited for too long."""
        if not self.ready:
            return False
        self._left -= 1
        return True

    def fill(self, calls: int) -> None:
        """Count the window as full: the CRM has said so."""
        self._store.take_calls(self._account, self._family, self._calendar, want=0, at_least=calls)

    def add(self, calls: int) -> None:
        """Count calls that were made before they could be asked for."""
        if calls:
            self._store.take_calls(self._account, self._family, self._calendar, want=calls)

    def seconds_to_next_slot(self) -> float:
        """How long the present slot lasts."""
        now = self._clock()
        return max(0.0, (self._calendar(now).until - now).total_seconds())

    def taken(self) -> tuple[int, datetime | None]:
        """How many calls everybody has made in the window, and its oldest slot."""
        calls, oldest = self._store.calls_taken(self._account, self._family, self._calendar)
        return max(0, calls - self._left), oldest

    def give_back(self) -> None:
        """Return what was taken and not used."""
        if self._left and self._span is not None:
            self._store.return_calls(self._account, self._family, self._span.window, self._left)
        self._left = 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a zone that this machine does not know
        return ZoneInfo("UTC")
