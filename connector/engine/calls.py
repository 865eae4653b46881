"""The calls that a CRM counts: how windows are cut, who keeps the count, and what is left of a day.

A limit belongs to an account of the CRM (a portal, an org; for some limits also the app), not to a
connection: two connections to one portal share it, and so do all processes that use either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """Where a moment lies in a limit's count of calls.

    Calls are written down under `window`, its slot, which ends at `until`; those written under
    slots from `since` on count together.
    """

    window: datetime
    until: datetime
    since: datetime


Calendar = Callable[[datetime], Span]
"""How a family of limits cuts time."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A block of calls that may be made until its span's slot ends; none if the window is full."""

    calls: int
    span: Span


class CallStore(Protocol):
    """Counts calls for all processes that share it. Every step is atomic."""

    def take_calls(  # noqa: PLR0913 — whose calls, when, how many, of how many
        self,
        account: str,
        family: str,
        calendar: Calendar,
        *,
        want: int,
        most: int | None = None,
        at_least: int = 0,
    ) -> Taken:
        """Take up to `want` calls, so that no more than `most` are taken in the window.

        `at_least` is how many the CRM itself has counted there: what is missing in our count was
        made by others, and counts from now on.
        """
        ...

    def return_calls(self, account: str, family: str, window: datetime, calls: int) -> None:
        """Give back calls that were taken in this slot and not made."""
        ...

    def calls_taken(
        self, account: str, family: str, calendar: Calendar
    ) -> tuple[int, datetime | None]:
        """How many calls the window holds now, and its oldest slot that has any."""
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the CRM's day still has for us.

    `left` calls of our `share`, in a day of `day` calls for everybody; `back_at` is when more of
    them come, where that is known.
    """

    left: int
    share: int
    day: int
    back_at: datetime | None = None
