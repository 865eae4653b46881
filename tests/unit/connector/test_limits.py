"""Never more calls in a window than allowed, whoever asks and whenever."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.limits import LATENCY_SECONDS, WindowLimiter


@dataclass
class Time:
    """Passes only when somebody sleeps or the test says so."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Wait, at once."""
        self.slept.append(seconds)
        self.now += seconds

    def limiter(self, calls: int, seconds: float) -> WindowLimiter:
        """A limiter that lives in this time."""
        return WindowLimiter(calls, seconds, clock=lambda: self.now, sleep=self.sleep)


def test_calls_within_the_limit_do_not_wait() -> None:
    """As many as allowed pass at once, the next one waits for the window to move on."""
    time = Time()
    limiter = time.limiter(3, 10)
    assert [limiter.acquire() for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limiter.acquire() == pytest.approx(10 + LATENCY_SECONDS)
    assert time.now == pytest.approx(10 + LATENCY_SECONDS)


@given(
    calls=st.integers(1, 5),
    gaps=st.lists(st.floats(0, 4, allow_nan=False), min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_than_allowed(calls: int, gaps: list[float]) -> None:
    """Whatever the rhythm of the callers: any window of the length holds at most so many calls."""
    time, length = Time(), 3.0
    limiter = time.limiter(calls, length)
    passed = []
    for gap in gaps:
        time.now += gap
        limiter.acquire()
        passed.append(time.now)
    for position in range(len(passed) - calls):
        assert passed[position + calls] - passed[position] >= length - 1e-6


@given(gaps=st.lists(st.floats(1.01 + LATENCY_SECONDS, 5), min_size=1, max_size=20))
def test_slow_callers_never_wait(gaps: list[float]) -> None:
    """Callers that stay below the rate are not held up."""
    time = Time()
    limiter = time.limiter(1, 1.0)
    for gap in gaps:
        time.now += gap
        assert limiter.acquire() == 0.0


def test_pause_holds_everybody() -> None:
    """A named pause is kept even where the window has room; a shorter one does not shorten it."""
    time = Time()
    limiter = time.limiter(100, 10)
    limiter.pause(5)
    limiter.pause(1)
    assert limiter.acquire() == pytest.approx(5)
    assert limiter.acquire() == 0.0


def test_many_threads_share_one_limit() -> None:
    """Calls of several threads are counted together."""
    time, lock = Time(), threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            time.now += seconds

    limiter = WindowLimiter(10, 1.0, clock=lambda: time.now, sleep=sleep)
    threads = [
        threading.Thread(target=lambda: [limiter.acquire() for _ in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.now >= 3.0
