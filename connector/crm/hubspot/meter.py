"""The portal's three families of limits: calls in ten seconds, searches in a second, calls in a day.

The first belongs to the app in that portal, the others to the portal. With a ledger they are kept
together by all processes that use the same portal; the portal is known once its account has been
read. A fixed token names app and portal at once, so its calls are kept together from the first on.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connector.crm.limits import SharedLimiter, WindowLimiter
from connector.crm.quota import DailyBudget
from connector.crm.windows import Block, Midnight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.crm.hubspot import Runtime
    from connector.crm.hubspot.settings import HubSpotSettings
    from connector.engine.calls import Allowance, CallStore

_BURST_SECONDS = 10
_SMALLEST_BURST = 100
_SMALLEST_DAY = 250_000  # Free and Starter; OAuth answers do not name the portal's own number


@dataclass(frozen=True, slots=True)
class Pace:
    """The passing of time as limits and retries feel it; tests bring their own."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Meter:
    """Lets calls pass, and counts them. Safe for many threads."""

    def __init__(self, settings: HubSpotSettings, runtime: Runtime, pace: Pace) -> None:
        self._settings = settings
        self._runtime = runtime
        self._pace = pace
        self._burst_calls = settings.burst
        self._host = urlsplit(settings.base_url).netloc
        self.burst: WindowLimiter | SharedLimiter = self._window(settings.burst, _BURST_SECONDS)
        if runtime.calls is not None and settings.token is not None:
            self.burst = self._shared_burst(runtime.calls, f"hubspot {self._host}")
        self.search: WindowLimiter | SharedLimiter = self._window(settings.search_per_second, 1)
        self.budget = DailyBudget(
            "HubSpot", settings.quota, Midnight(), runtime.clock, size=_SMALLEST_DAY
        )

    def share_with(self, store: CallStore, account: Mapping[str, Any]) -> None:
        """Keep the limits with all processes from now on; `account` is what the portal tells of it."""
        portal = f"hubspot {self._host} {account.get('portalId') or _fingerprint(self._settings)}"
        before = self.budget.share_with(
            store, portal, Midnight(str(account.get("timeZone") or "UTC"))
        )
        if isinstance(self.burst, WindowLimiter):
            self.burst = self._shared_burst(store, portal)
            self.burst.count(before)
        self.search = self._shared(
            self._settings.search_per_second,
            1,
            lambda calendar: Block(store, portal, "search", calendar, self._runtime.clock),
        )

    def note(self, headers: Mapping[str, str]) -> None:
        """Believe what an answer says of the limits."""
        daily = _number(headers, "X-HubSpot-RateLimit-Daily")
        self.budget.note(daily, _number(headers, "X-HubSpot-RateLimit-Daily-Remaining"))
        most = _number(headers, "X-HubSpot-RateLimit-Max")
        remaining = _number(headers, "X-HubSpot-RateLimit-Remaining")
        if not most:
            return
        if isinstance(self.burst, SharedLimiter):
            self.burst.note(most, most if remaining is None else remaining)
        elif most < self._burst_calls:  # a smaller edition than assumed
            self._burst_calls = most
            self.burst = self._window(most, _BURST_SECONDS)

    def allowance(self) -> Allowance | None:
        """What the portal's day still has for us."""
        return self.budget.allowance()

    def close(self) -> None:
        """Give back what was taken and not used."""
        self.budget.close()
        for limiter in (self.burst, self.search):
            if isinstance(limiter, SharedLimiter):
                limiter.close()

    def _shared_burst(self, store: CallStore, portal: str) -> SharedLimiter:
        account = f"{portal} {_fingerprint(self._settings)}"
        return self._shared(
            self._burst_calls,
            _BURST_SECONDS,
            lambda calendar: Block(store, account, "burst", calendar, self._runtime.clock),
            untold=_SMALLEST_BURST,
        )

    @property
    def _window(self) -> Callable[[int, float], WindowLimiter]:
        return partial(WindowLimiter, clock=self._pace.clock, sleep=self._pace.sleep)

    @property
    def _shared(self) -> Callable[..., SharedLimiter]:
        return partial(SharedLimiter, clock=self._pace.clock, sleep=self._pace.sleep)


def _fingerprint(settings: HubSpotSettings) -> str:
    """The app that we are, without its secret: its client id, or a part of its token's hash."""
    token = settings.token.get_secret_value().strip() if settings.token else ""
    named = token or (settings.client_id or "")
    return hashlib.sha256(f"leadgate app {named}".encode()).hexdigest()[:12]


def _number(headers: Mapping[str, str], name: str) -> int | None:
    """A header's number; None where it is not told, or is no number of calls at all."""
    text = headers.get(name, "")
    return int(text) if text.isdecimal() else None
