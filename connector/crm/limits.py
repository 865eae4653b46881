"""A limiter for one family of limits: at most so many calls in any window of so many seconds."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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
