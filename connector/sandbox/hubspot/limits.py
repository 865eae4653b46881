"""How many calls a portal takes: rolling ten seconds, searches a second, a day. And the tally."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.sandbox.hubspot.failures import ApiFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.hubspot.config import PortalConfig

_SECOND, _TEN_SECONDS = 1000, 10_000
_ZONE = ZoneInfo("US/Eastern")  # the portal's own: its day begins at midnight there


class Window:
    """Moments within a rolling window, and the most there have been at once."""

    def __init__(self) -> None:
        self._moments: deque[int] = deque()
        self.most = 0

    def count(self, now: int, width: int) -> int:
        """Count the moments that are younger than `width` milliseconds."""
        while self._moments and self._moments[0] <= now - width:
            self._moments.popleft()
        return len(self._moments)

    def add(self, now: int, width: int) -> None:
        """Add a moment."""
        self._moments.append(now)
        self.most = max(self.most, self.count(now, width))


class Limits:
    """Lets calls through or refuses them, and keeps the tally of what was asked."""

    def __init__(self, now: Callable[[], int], config: PortalConfig) -> None:
        self._now = now
        self._config = config
        self.clear()

    def clear(self) -> None:
        """Forget all calls so far."""
        self._calls: dict[bool, Window] = {False: Window(), True: Window()}
        self._searches = Window()
        self._today, self._day = 0, 0
        self._asked, self._asked_searches = Window(), Window()
        self._endpoints: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def admit(self, *, search: bool, oauth: bool) -> dict[str, str]:
        """Take one call and return the limit headers; raises `ApiFailure` 429."""
        now = self._now()
        self._count_day(now)
        (self._asked_searches if search else self._asked).add(
            now, _SECOND if search else _TEN_SECONDS
        )
        if self._config.daily and self._today >= self._config.daily:
            raise self.refusal("DAILY")
        if search:
            return self._admit_search(now)
        width = int(self._config.burst_window_seconds * 1000)
        limit = self._config.oauth_burst if oauth else self._config.burst
        used = self._calls[oauth].count(now, width)
        if limit and used >= limit:
            raise self.refusal("TEN_SECONDLY_ROLLING")
        self._calls[oauth].add(now, width)
        self._today += 1
        return self._headers(limit, used + 1, oauth=oauth)

    def refusal(self, policy: str) -> ApiFailure:
        """Make the refusal for TEN_SECONDLY_ROLLING, SECONDLY (the search's) or DAILY."""
        if policy == "SECONDLY":
            failure = ApiFailure(429, "You have reached your secondly limit.", "RATE_LIMITS")
        else:
            failure = ApiFailure(429, f"You have reached your {policy.lower()} limit.")
            failure.adding(
                errorType="RATE_LIMIT",
                policyName=policy,
                groupName="publicapi:private-apps:api-calls",
            )
        if self._config.retry_after_seconds is not None:
            failure.headers["Retry-After"] = f"{self._config.retry_after_seconds:g}"
        return failure

    def note(self, endpoint: str, status: int) -> None:
        """Count an answered call."""
        self._endpoints[endpoint] += 1
        self._statuses[str(status)] += 1

    def stats(self) -> dict[str, Any]:
        """Tell what was asked so far; refused calls count, too."""
        return {
            "calls": sum(self._endpoints.values()),
            "endpoints": dict(self._endpoints),
            "statuses": dict(self._statuses),
            "max_in_10_seconds": self._asked.most,
            "max_searches_in_1_second": self._asked_searches.most,
            "today": self._today,
        }

    def _admit_search(self, now: int) -> dict[str, str]:
        limit = self._config.search_per_second
        if limit and self._searches.count(now, _SECOND) >= limit:
            raise self.refusal("SECONDLY")
        self._searches.add(now, _SECOND)
        self._today += 1
        return {}

    def _count_day(self, now: int) -> None:
        day = datetime.fromtimestamp(now / 1000, _ZONE).toordinal()
        if day != self._day:
            self._day, self._today = day, 0

    def _headers(self, limit: int, used: int, *, oauth: bool) -> dict[str, str]:
        width = int(self._config.burst_window_seconds * 1000)
        headers = {
            "X-HubSpot-RateLimit-Max": str(limit),
            "X-HubSpot-RateLimit-Remaining": str(max(0, limit - used)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(width),
            "X-HubSpot-RateLimit-Secondly": str(limit // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, limit // 10 - 1)),
        }
        if not oauth:
            left = max(0, self._config.daily - self._today)
            headers["X-HubSpot-RateLimit-Daily"] = str(self._config.daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
        return headers
