"""How limits cut time, and what blocks of shared calls come to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crm.limits import LATENCY_SECONDS
from connector.crm.windows import MemoryCalls, Midnight, Rolling
from tests.unit.connector.quota.clocks import START, Time


@given(
    slot=st.floats(0.1, 5), length=st.floats(0.1, 30), at=st.floats(0, 1e6), later=st.floats(0, 30)
)
@settings(max_examples=50)
def test_rolling_window_holds_every_call_that_could_be_in_it(
    slot: float, length: float, at: float, later: float
) -> None:
    """Whatever is less than the window's length ago lies in a slot that still counts."""
    calendar = Rolling(timedelta(seconds=slot), timedelta(seconds=length))
    first = START + timedelta(seconds=at)
    made_at = calendar(first)
    assert made_at.window <= first < made_at.until
    second = first + timedelta(seconds=min(later, length))
    assert calendar(second).since <= made_at.window


def test_rolling_day_comes_back_hour_by_hour() -> None:
    """Calls of 08:xx count until 09:00 of the next day, and no longer."""
    calendar = Rolling(timedelta(hours=1), timedelta(hours=24))
    eight = START.replace(minute=0)
    assert calendar.back(START, eight) == eight + timedelta(hours=25)
    assert calendar(eight + timedelta(hours=24, minutes=59)).since == eight
    assert calendar(eight + timedelta(hours=25)).since > eight
    assert calendar.back(START, None) is None


@pytest.mark.parametrize(
    ("zone", "moment", "begun", "ends"),
    [
        ("UTC", "2026-11-22T08:30", "2026-11-22T00:00", "2026-11-23T00:00"),
        ("US/Eastern", "2026-11-22T04:59", "2026-11-21T05:00", "2026-11-22T05:00"),
        ("US/Eastern", "2026-11-22T05:00", "2026-11-22T05:00", "2026-11-23T05:00"),
        ("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("Moon/Crater", "2026-11-22T08:30", "2026-11-22T00:00", "2026-11-23T00:00"),
    ],
)
def test_day_begins_at_the_portals_midnight(zone: str, moment: str, begun: str, ends: str) -> None:
    """Also where the day has 25 hours; a zone that is not known counts as UTC."""
    at, first, last = (datetime.fromisoformat(f"{text}+00:00") for text in (moment, begun, ends))
    span = Midnight(zone)(at)
    assert (span.window, span.since, span.until) == (first, first, last)
    assert Midnight(zone).back(at, None) == last


@given(
    calls=st.integers(1, 30),
    gaps=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), min_size=1, max_size=60),
)
@settings(max_examples=50)
def test_processes_together_never_exceed_the_window(
    calls: int, gaps: list[tuple[int, float]]
) -> None:
    """Three processes in whatever rhythm: no window of the length holds more calls than allowed."""
    time, length = Time(), 2.0
    store = MemoryCalls(time.now)
    limiters = [time.limiter(store, calls, length) for _ in range(3)]
    passed = []
    for process, gap in gaps:
        time.seconds += gap
        limiters[process].acquire()
        passed.append(time.seconds)
    for position in range(len(passed) - calls):
        assert passed[position + calls] - passed[position] >= length - 1e-6


def test_what_is_not_used_goes_back() -> None:
    """A block that a process did not use up is there for the next one."""
    time = Time()
    store = MemoryCalls(time.now)
    first, second = (time.limiter(store, 20, 10) for _ in range(2))
    first.acquire()
    first.close()
    for _ in range(19):
        assert second.acquire() == 0.0
    assert second.acquire() >= 10


def test_calls_of_others_take_their_place() -> None:
    """What the CRM has counted and we have not was made by others: everybody waits for it."""
    time = Time()
    store = MemoryCalls(time.now)
    told, other = (time.limiter(store, 20, 10) for _ in range(2))
    told.note(most=20, remaining=3)
    assert [told.acquire() for _ in range(2)] == [0.0, 0.0]
    assert other.acquire() == 0.0
    assert other.acquire() > 9


def test_smaller_limit_of_the_crm_is_believed() -> None:
    """A portal that takes fewer calls than configured is asked no more than it takes."""
    time = Time()
    limiter = time.limiter(MemoryCalls(time.now), 190, 10)
    limiter.note(most=5, remaining=5)
    assert [limiter.acquire() for _ in range(5)] == [0.0] * 5
    assert limiter.acquire() >= 10


def test_pause_of_a_whole_window_holds_all_processes() -> None:
    """The CRM says its window is full: nobody finds room in it; a short pause holds one process."""
    time = Time()
    store = MemoryCalls(time.now)
    told, other = (time.limiter(store, 20, 10) for _ in range(2))
    told.pause(1)
    assert other.acquire() == 0.0
    told.pause(10)
    assert other.acquire() == 0.0  # the rest of the block that it has already
    assert other.acquire() >= 10 - LATENCY_SECONDS
