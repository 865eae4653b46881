"""The share of the portal's calls per day that one command may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.errors import QuotaSpentError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESERVE = 0.05
"""The last part of the portal's day that is left to its other apps."""

_SMALLEST_DAY = 250_000  # Free and Starter; OAuth answers do not name the portal's own number


class DailyBudget:
    """Counts one command's calls against its share of the day."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._daily = _SMALLEST_DAY
        self._remaining: int | None = None

    def note(self, headers: Mapping[str, str]) -> None:
        """Learn the portal's number from an answer, where it says so."""
        daily = headers.get("X-HubSpot-RateLimit-Daily", "")
        if daily.isdecimal() and int(daily) > 0:
            self._daily = int(daily)
        remaining = headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if remaining.isdecimal():
            self._remaining = int(remaining)

    def check(self, calls: int) -> None:
        """Raise `QuotaSpentError` once the share is used up, or the portal's day nearly is."""
        if self._remaining is not None and self._remaining < self._daily * _RESERVE:
            raise QuotaSpentError(
                f"the portal has {self._remaining} of its {self._daily} calls a day left, which are"
                " kept for its other apps. Go on tomorrow."
            )
        allowed = int(self._daily * self._share)
        if calls >= allowed:
            raise QuotaSpentError(
                f"{calls} calls were made, the quota of {self._share:.0%} of {self._daily} a day."
                " Raise quota in the connection, or go on tomorrow."
            )
