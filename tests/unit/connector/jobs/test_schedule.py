"""When connections are due: cron in a time zone, clock changes, jitter, catching up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.engine.schedule import ScheduleKeys, due, next_times

ANY = st.sampled_from(
    ["*/15 * * * *", "7 3 * * *", "0 9-17 * * mon-fri", "30 2 * * *", "0 0 1 * *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001 — made aware here
    lambda moment: moment.replace(tzinfo=UTC)
)


def keys(cron: str, **parts: object) -> ScheduleKeys:
    """A schedule as a file has it."""
    return ScheduleKeys.model_validate({"cron": cron, **parts})


def some(schedule: ScheduleKeys, after: datetime, count: int) -> list[str]:
    """The next times as users read them."""
    return [f"{at:%d %H:%M}" for at in islice(next_times(schedule, "acme", after), count)]


def test_a_text_alone_is_a_cron_expression_in_utc() -> None:
    """The short form of a schedule is the cron expression."""
    schedule = ScheduleKeys.model_validate("*/20 * * * *")
    assert some(schedule, datetime(2026, 5, 1, 9, 1, tzinfo=UTC), 3) == [
        "01 09:20", "01 09:40", "01 10:00",
    ]  # fmt: skip


def test_times_follow_the_wall_clock_of_the_zone() -> None:
    """Three in the morning in Berlin is one o'clock UTC in summer and two in winter."""
    schedule = keys("0 3 * * *", time_zone="Europe/Berlin")
    assert some(schedule, datetime(2026, 10, 24, tzinfo=UTC), 2) == ["24 01:00", "25 02:00"]


def test_an_hour_that_the_clocks_skip_is_due_after_the_gap() -> None:
    """There is no 2:30 on the day on which summer time begins."""
    schedule = keys("30 2 * * *", time_zone="Europe/Berlin")
    assert some(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC), 2) == ["29 01:00", "30 00:30"]


def test_an_hour_that_the_clocks_repeat_is_due_once() -> None:
    """2:30 comes twice on the day on which summer time ends, and the run comes once."""
    schedule = keys("30 2 * * *", time_zone="Europe/Berlin")
    assert some(schedule, datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == ["25 00:30", "26 01:30"]
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due(schedule, "acme", first, first + timedelta(hours=2)) == (first, None)


def test_every_half_hour_goes_on_through_the_repeated_hour() -> None:
    """What names no hour runs by the clock that never goes back."""
    schedule = keys("*/30 * * * *", time_zone="Europe/Berlin")
    assert some(schedule, datetime(2026, 10, 25, 0, 10, tzinfo=UTC), 3) == [
        "25 00:30", "25 01:00", "25 01:30",
    ]  # fmt: skip


@given(cron=ANY, zone=ZONES, now=MOMENTS, jitter=st.integers(0, 600))
def test_what_is_announced_is_what_becomes_due(
    cron: str, zone: str, now: datetime, jitter: int
) -> None:
    """At the announced moment, and not a second earlier, one run is due; afterwards none."""
    schedule = keys(cron, time_zone=zone, jitter_seconds=jitter)
    begins = next(next_times(schedule, "acme", now))
    last = begins - timedelta(seconds=jitter + 1)
    last = max(now, last) if jitter else now
    assert due(schedule, "acme", now, begins - timedelta(seconds=1))[1] is None
    until, what = due(schedule, "acme", now, begins)
    assert what is not None
    assert not what.missed
    assert due(schedule, "acme", until, begins) == (until, None)


@pytest.mark.parametrize(("catch_up", "runs"), [("once", True), ("skip", False)])
def test_many_missed_times_make_one_run_or_none(catch_up: str, runs: bool) -> None:
    """After a night in which nobody was there one run makes good, or the next time does."""
    schedule = keys("*/15 * * * *", catch_up=catch_up)
    evening, morning = (
        datetime(2026, 5, 1, 20, tzinfo=UTC),
        datetime(2026, 5, 2, 7, 5, tzinfo=UTC),
    )
    until, what = due(schedule, "acme", evening, morning)
    assert until == datetime(2026, 5, 2, 7, 0, tzinfo=UTC)
    assert (what is not None and what.missed) is runs
    assert due(schedule, "acme", until, morning)[1] is None


def test_jitter_spreads_connections_and_stays_what_it_is() -> None:
    """Connections with one schedule begin at different moments, each always at the same."""
    schedule = keys("0 * * * *", jitter_seconds=600)
    hour = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    names = [f"org{number}" for number in range(50)]
    moments = [next(next_times(schedule, name, hour)) for name in names]
    assert moments == [next(next_times(schedule, name, hour)) for name in names]
    assert len(set(moments)) > 30
    full = datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert all(full <= moment <= full + timedelta(seconds=600) for moment in moments)


@pytest.mark.parametrize(
    ("given_keys", "word"),
    [
        ("* * *", "five fields"),
        ("61 * * * *", "not a cron expression"),
        ({"cron": "* * * * *", "time_zone": "Europe/Berln"}, "Europe/Berlin"),
        ({"cron": "* * * * *", "jitter_seconds": 9999}, "3600"),
        ({"cron": "* * * * *", "catch_up": "all"}, "once"),
    ],
)
def test_mistakes_are_refused_with_what_is_allowed(given_keys: object, word: str) -> None:
    """A schedule that cannot be followed says what is wrong, and the nearest name."""
    with pytest.raises(ValidationError, match=word):
        ScheduleKeys.model_validate(given_keys)


def test_zones_are_the_ones_of_the_system() -> None:
    """Every zone that a schedule may name has a clock."""
    assert ZoneInfo(keys("* * * * *", time_zone="Asia/Kolkata").time_zone).key == "Asia/Kolkata"
