"""Quiet hours and days: what opens is not quiet anywhere, and opens as soon as it can."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.revival.hours import is_quiet, next_open, openings
from scoring.revival.section import WEEKDAYS, Quiet
from scoring.revival.zones import time_zones

ZONES = (
    "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland",
    "Pacific/Honolulu", "Australia/Lord_Howe", "UTC",
)  # fmt: skip

clocks = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
quiets = st.builds(
    lambda begin, end, days, dates: Quiet(
        **{"from": begin, "to": end, "days": days, "dates": dates}
    ),
    clocks,
    clocks,
    st.lists(st.sampled_from(WEEKDAYS), max_size=5, unique=True),
    st.lists(st.dates(date(2026, 3, 1), date(2026, 4, 10)), max_size=3),
)
SPRING = datetime(2026, 3, 20, tzinfo=UTC)
moments = st.integers(0, 21 * 24 * 60).map(lambda minutes: SPRING + timedelta(minutes=minutes))
"""Moments of the weeks in which clocks change."""


@given(quiets, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True), moments)
def test_what_opens_is_quiet_nowhere(quiet, zones, after):
    """The moment found lies ahead and is not quiet in any of the zones; none before it would do."""
    found = next_open(quiet, zones, after)

    until = found or after + timedelta(days=2)
    steps = int((until - after) / timedelta(minutes=37))
    before = (after + number * timedelta(minutes=37) for number in range(min(steps, 60)))
    assert found is None or found >= after
    assert found is None or not any(is_quiet(quiet, found, zone) for zone in zones)
    assert all(
        any(is_quiet(quiet, each, zone) for zone in zones) for each in before if each < until
    )


@pytest.mark.parametrize(
    ("facts", "zones"),
    [
        ({"time_zone": "Asia/Tokyo", "country": "DE"}, {"Asia/Tokyo"}),
        ({"time_zone": "not a zone", "country": "AT"}, {"Europe/Vienna"}),
        ({"country": "US", "region": "CA"}, {"America/Los_Angeles"}),
        ({"country": "us", "region": "texas"}, {"America/Chicago", "America/Denver"}),
        ({"country": "AU", "region": "Queensland"}, {"Australia/Brisbane"}),
        ({"country": "US", "phone": "+12125550100"}, {"America/New_York"}),
        ({"country": "CA", "phone": "+493012345678", "region": "BC"}, {"America/Vancouver", "America/Edmonton"}),
        ({"phone": "+81312345678"}, {"Asia/Tokyo"}),
        ({}, set()),
    ],
)  # fmt: skip
def test_the_zone_is_where_the_lead_lives(facts, zones):
    """What it says itself, else its state, its telephone, its country."""
    names = dict.fromkeys(("time_zone", "country", "region", "phone"))
    (found,) = time_zones(pl.DataFrame([names | facts], schema=dict.fromkeys(names, pl.String)))

    assert set((found or "").split()) == zones


def test_of_a_country_with_many_zones_all_count():
    """Somebody in the United States may live in Honolulu or in New York."""
    (found,) = time_zones(pl.DataFrame({"country": ["US"]}))

    assert {"America/New_York", "Pacific/Honolulu", "America/Adak"} <= set(found.split())


def test_where_no_hour_suits_all_zones_the_connection_s_own_counts():
    """Nobody sleeps nowhere between Kaliningrad and Kamchatka."""
    monday = datetime(2026, 11, 16, 3, tzinfo=UTC)
    zones = pl.Series(["Europe/Kaliningrad Asia/Kamchatka", None])
    earliest = pl.Series([monday, monday], dtype=pl.Datetime("us", "UTC"))

    found = openings(zones, earliest, Quiet(), "Europe/Berlin")

    assert found["zones"].to_list() == ["Europe/Berlin", "Europe/Berlin"]
    assert found["opens_at"][0].astimezone(ZoneInfo("Europe/Berlin")).hour == 9


@pytest.mark.parametrize(
    ("zone", "after"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 6, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(
    ("begin", "end"), [("22:00", "02:30"), ("02:30", "02:15"), ("01:30", "02:30")]
)
def test_an_hour_that_is_missing_or_comes_twice_is_quiet(zone, after, begin, end):
    """Quiet hours that begin or end in the hour in which the clocks change."""
    quiet = Quiet.model_validate({"from": begin, "to": end, "days": []})

    opens = next_open(quiet, [zone], after)

    assert opens is not None
    assert opens >= after
    assert not is_quiet(quiet, opens, zone)


def test_zones_are_known_without_reading_the_disk_for_every_lead():
    """A thousand leads that name a zone: the names of all zones have been read once before."""
    phones = [f"+4930{number:07}" for number in range(1_000)]
    leads = pl.DataFrame({"time_zone": ["Europe/Berlin"] * 1_000, "phone": phones})
    time_zones(leads.head(1))

    with patch("scoring.revival.zones.available_timezones", side_effect=AssertionError):
        assert time_zones(leads).unique().to_list() == ["Europe/Berlin"]
