"""The `quota` key of a connection, and the day's calls that it leaves us.

The day's calls of an account are counted over all commands, so that the quota holds for the day
and not for one run. What the CRM itself says of its day goes first: what others have used is gone
for us as well, and a count of ours that is far above the CRM's own is not believed.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import AfterValidator, BeforeValidator, Field

from connector.crm.windows import Block, MemoryCalls
from connector.engine.calls import Allowance
from connector.engine.ports import instant
from connector.errors import QuotaSpentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.engine.calls import CallStore, Span

_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")

FEWEST = 100
"""The smallest number of calls a day that is taken for a number: below, a share was meant."""

RESERVE = 0.05
"""The last part of the account's day that is left to its other apps, whatever our quota is."""

BLOCK = 25
"""Calls of the day that are taken at once; a command that is killed loses at most so many."""

_TOLERANCE = 8 * BLOCK
"""How far our count may be above the CRM's: blocks that other commands have taken and not used."""


def _share(value: object) -> object:
    """A share of one, from "40%" or 0.4."""
    found = _PERCENT.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    if float(found.group(1)) > 100:  # noqa: PLR2004 — percent
        raise ValueError("must not be above 100%")
    return float(found.group(1)) / 100


def _number(value: float) -> float:
    if value > 1 and (value < FEWEST or value % 1):
        raise ValueError(f'must be a share such as "40%", or calls a day from {FEWEST} on')
    return value


Quota = Annotated[float, BeforeValidator(_share), AfterValidator(_number), Field(gt=0)]
"""A share of one ("40%" or 0.4), or a number of calls a day (from 100 on)."""


class Day(Protocol):
    """How a CRM cuts its days."""

    def __call__(self, now: datetime) -> Span:
        """Where a moment lies in its day."""
        ...

    def back(self, now: datetime, oldest: datetime | None) -> datetime | None:
        """When calls come back, if the oldest of the day were made in this slot."""
        ...


class DailyBudget:
    """What may be used of the account's day. Safe for many threads.

    `who` names the CRM in messages. `size` is the number of calls that the CRM takes a day, until it
    says so itself; None where only it knows. Before `share_with` calls are counted for this process.
    """

    def __init__(
        self,
        who: str,
        quota: float,
        day: Day,
        clock: Callable[[], datetime],
        *,
        size: int | None = None,
    ) -> None:
        self._who = who
        self._quota = quota
        self._day = day
        self._clock = clock
        self._size = size
        self._left_of_all: int | None = None
        self._block = Block(MemoryCalls(clock), who, "daily", day, clock)
        self._lock = threading.Lock()

    def share_with(self, store: CallStore, account: str, day: Day) -> int:
        """Count with all commands that use this account; how many calls so far are handed on."""
        with self._lock:
            before, _ = self._block.taken()
            self._day = day
            self._block = Block(store, account, "daily", day, self._clock)
            self._block.add(before)
            return before

    def note(self, size: int | None, left: int | None) -> None:
        """Believe the CRM: its calls a day, and how many of them nobody has used yet."""
        with self._lock:
            if size and size != self._size:
                self._size = size
                self._block.give_back()  # it was taken of another day's share
            self._left_of_all = self._left_of_all if left is None else left

    def spend(self) -> None:
        """Count a call that is about to be made; raises `QuotaSpentError` where there is none."""
        with self._lock:
            self._leave_reserve()
            if not self._block.ready:
                self._take()
            if not self._block.use():
                raise self._spent(
                    f"{self._who}: the {self._share():,} calls a day of this connection "
                    f"(quota: {self._words()}) are used up."
                )

    def allowance(self) -> Allowance | None:
        """What the day still has for us; None while its size is not known."""
        with self._lock:
            if self._size is None:
                return None
            taken, oldest = self._block.taken()
            back = self._day.back(self._clock(), oldest)
            left = self._share() - self._believed(taken)
            if self._left_of_all is not None:
                left = min(left, self._left_of_all - self._reserve())
            return Allowance(max(0, left), self._share(), self._size, back)

    def refused(self, error: QuotaSpentError) -> QuotaSpentError:
        """The CRM's own refusal, with the time at which calls come back where we know it."""
        with self._lock:
            return error if error.back_at else self._spent(error.message)

    def close(self) -> None:
        """Give back what was not used."""
        with self._lock:
            self._block.give_back()

    def _take(self) -> None:
        """A new block: small where the share is small or not known yet."""
        if self._size is None and self._quota <= 1:
            self._block.take(1)
            return
        share = self._share()
        want = max(1, min(BLOCK, share // 40))
        self._block.take(want, share)
        if not self._block.ready:
            taken, _ = self._block.taken()
            self._block.take(want, share + taken - self._believed(taken))

    def _believed(self, taken: int) -> int:
        """How many calls are ours: what was counted, unless the CRM knows of far fewer in all."""
        if self._size is None or self._left_of_all is None:
            return taken
        of_all = max(0, self._size - self._left_of_all)
        return of_all if taken > of_all + _TOLERANCE else taken

    def _leave_reserve(self) -> None:
        left = self._left_of_all
        if left is not None and self._size is not None and left < self._reserve():
            raise self._spent(
                f"{self._who}: {left:,} of the {self._size:,} calls of the day are left, "
                "and are kept for other apps."
            )

    def _share(self) -> int:
        """Calls a day that are ours."""
        if self._quota > 1:
            return min(int(self._quota), self._size or int(self._quota))
        return int((self._size or 0) * self._quota)

    def _reserve(self) -> int:
        return int((self._size or 0) * RESERVE)

    def _words(self) -> str:
        if self._quota > 1:
            return f"{self._quota:,.0f}"
        return f"{self._quota * 100:.4g}% of {self._size:,}"

    def _spent(self, why: str) -> QuotaSpentError:
        _, oldest = self._block.taken()
        back = self._day.back(self._clock(), oldest)
        when = f" More come from {instant(back)} on." if back else ""
        return QuotaSpentError(f"{why}{when}", back_at=back)
