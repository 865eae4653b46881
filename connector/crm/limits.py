"""A limiter for one family of limits: at most so many calls in any window of so many seconds.

`WindowLimiter` keeps it for one process, `SharedLimiter` for all that share a ledger.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.crm.windows import Rolling

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.windows import Block
    from connector.engine.calls import Calendar


LATENCY_SECONDS = 0.1
"""How much later than another a call may arrive: added to every window, or a limit of so many a
second would be broken by calls that left in time and travelled at different speeds."""


class WindowLimiter:
    """Lets at most `calls` pass in any `seconds`; further callers wait their turn.

    `pause` blocks everybody for a time that the server has named. Safe for many threads.
    """

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = calls
        self._seconds = seconds + LATENCY_SECONDS
        self._clock = clock
        self._sleep = sleep
        self._passed: deque[float] = deque()
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Wait until a call may be made, and count it; the seconds waited."""
        waited = 0.0
        while True:
            with self._lock:
                delay = self._delay(self._clock())
                if delay <= 0:
                    self._passed.append(self._clock())
                    return waited
            self._sleep(delay)
            waited += delay

    def pause(self, seconds: float) -> None:
        """Let nobody pass for this long from now on."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _delay(self, now: float) -> float:
        while self._passed and self._passed[0] + self._seconds <= now:
            self._passed.popleft()
        full = self._passed[0] + self._seconds - now if len(self._passed) >= self._calls else 0.0
        return max(full, self._blocked_until - now)


SLOTS = 20
"""Parts of a window in which shared calls are counted, unless they were shorter than `SHORTEST`."""

SHORTEST = 0.1
"""Seconds of the shortest slot: a block of calls must be of use after the ledger was waited for."""


class SharedLimiter:
    """A `WindowLimiter` for all processes that share a store of calls.

    Calls are taken in blocks, each good until its slot of the window ends; what is not used goes
    back. `note` believes the CRM's own count: calls that we do not know of were made by others, and
    take their place in the window. Until the CRM has told its limit `untold` counts, where that is
    smaller. Safe for many threads; clocks of several machines must agree.
    """

    def __init__(  # noqa: PLR0913 — the limit, who counts, and how time passes
        self,
        calls: int,
        seconds: float,
        block: Callable[[Calendar], Block],
        *,
        untold: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = calls
        self._calls = calls if untold is None else min(calls, untold)
        self._seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._slot = max(SHORTEST, seconds / SLOTS)
        length = timedelta(seconds=seconds + LATENCY_SECONDS)
        self._block = block(Rolling(timedelta(seconds=self._slot), length))
        self._counted = (0, 0.0)
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Wait until a call may be made, and count it; the seconds waited."""
        waited = 0.0
        while True:
            with self._lock:
                delay = self._delay()
            if delay <= 0:
                return waited
            self._sleep(delay)
            waited += delay

    def pause(self, seconds: float) -> None:
        """Let nobody of this process pass for so long; a whole window's wait holds all of them."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock() + seconds)
            if seconds >= self._seconds:
                self._block.fill(self._calls)

    def note(self, most: int, remaining: int) -> None:
        """Believe the CRM: so many calls fit into its window, and so many are left there now."""
        with self._lock:
            if most > 0:
                self._calls = min(self._most, most)
                self._counted = (most - remaining, self._clock() + self._slot)

    def count(self, calls: int) -> None:
        """Count calls that were made before they could be asked for."""
        with self._lock:
            self._block.add(calls)

    def close(self) -> None:
        """Give back what was not used."""
        with self._lock:
            self._block.give_back()

    def _delay(self) -> float:
        """Use a call: no delay; or how long to wait before the next try."""
        now = self._clock()
        if now < self._blocked_until:
            return self._blocked_until - now
        if not self._block.ready:
            counted, fresh_until = self._counted
            at_least = min(counted, self._calls) if now < fresh_until else 0
            self._block.take(max(1, self._calls // 10), self._calls, at_least)
        if self._block.use():
            return 0.0
        return self._block.seconds_to_next_slot() + LATENCY_SECONDS / 10
