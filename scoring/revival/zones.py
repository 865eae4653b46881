"""Where leads live, as time zones: from what they say, their state, their telephone, their country.

A lead of whom only the country is known may live in any of its zones, so all of them count.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from zoneinfo import available_timezones

import phonenumbers
import polars as pl
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

SOURCES = ("time_zone", "country", "region", "phone", "mobile")
"""The facts that say where a lead lives; any of them may be missing."""

_STATES = {
    "America/New_York": "US-CT US-DC US-DE US-GA US-MA US-MD US-ME US-NC US-NH US-NJ US-NY US-OH US-PA US-RI US-SC "
    "US-VA US-VT US-WV US-FL US-KY US-MI US-IN US-TN",
    "America/Chicago": "US-AL US-AR US-IA US-IL US-LA US-MN US-MO US-MS US-OK US-WI US-FL US-KY US-MI US-IN "
    "US-TN US-KS US-ND US-NE US-SD US-TX",
    "America/Denver": "US-CO US-MT US-NM US-UT US-WY US-KS US-ND US-NE US-SD US-TX US-ID US-OR",
    "America/Phoenix": "US-AZ",
    "America/Los_Angeles": "US-CA US-NV US-WA US-OR US-ID",
    "America/Anchorage": "US-AK",
    "America/Adak": "US-AK",
    "Pacific/Honolulu": "US-HI",
    "America/St_Johns": "CA-NL",
    "America/Halifax": "CA-NS CA-NB CA-PE CA-NL CA-QC",
    "America/Toronto": "CA-ON CA-QC CA-NU",
    "America/Winnipeg": "CA-MB CA-ON CA-NU",
    "America/Regina": "CA-SK",
    "America/Edmonton": "CA-AB CA-NT CA-SK CA-NU CA-BC",
    "America/Vancouver": "CA-BC",
    "America/Whitehorse": "CA-YT",
    "Australia/Sydney": "AU-NSW AU-ACT",
    "Australia/Melbourne": "AU-VIC",
    "Australia/Hobart": "AU-TAS",
    "Australia/Brisbane": "AU-QLD",
    "Australia/Adelaide": "AU-SA AU-NSW",
    "Australia/Darwin": "AU-NT",
    "Australia/Perth": "AU-WA",
}
"""States of the large countries by the zones that their people live in; several where it is split."""


def time_zones(leads: pl.DataFrame) -> pl.Series:
    """The zones that each lead may live in, as names joined by blanks; null where nothing says.

    Distinct combinations are looked up once.
    """
    given = leads.select(
        pl.col(name).cast(pl.String)
        if name in leads.columns
        else pl.lit(None, pl.String).alias(name)
        for name in SOURCES
    )
    distinct = given.unique(maintain_order=True)
    found = [" ".join(_zones(*row)) or None for row in distinct.iter_rows()]
    known = distinct.with_columns(pl.Series("zones", found, dtype=pl.String))
    return given.join(known, on=list(SOURCES), how="left", nulls_equal=True, maintain_order="left")[
        "zones"
    ]


def _zones(
    named: str | None,
    country: str | None,
    region: str | None,
    phone: str | None,
    mobile: str | None,
) -> tuple[str, ...]:
    if named and named.strip() in _known():
        return (named.strip(),)
    everywhere = zones_of_country((country or "").strip().upper())
    if len(everywhere) == 1:
        return everywhere
    state = zones_of_state(country or "", region or "")
    if state:
        return state
    called = _called(phone) or _called(mobile)
    if not everywhere:
        return called
    near = tuple(zone for zone in called if zone in everywhere)
    return near or everywhere


@cache
def _known() -> frozenset[str]:
    """The names of all zones; the system's files are read but once."""
    return frozenset(available_timezones())


@cache
def zones_of_country(code: str) -> tuple[str, ...]:
    """The zones of a country (ISO 3166-1 alpha-2), by the tz database; none for an unknown code."""
    text = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(sorted(row[2] for row in rows if row[0] == code))


@cache
def zones_of_state(country: str, region: str) -> tuple[str, ...]:
    """The zones of a state, by its name or its code; none where we do not know."""
    import pycountry  # noqa: PLC0415 — reading its tables is slow, and few commands need it

    name, country = region.strip().casefold(), country.strip().upper()
    code = f"{country}-{name.upper()}".removeprefix(f"{country}-{country}-")
    states = pycountry.subdivisions.get(country_code=country) if name else ()  # type: ignore[no-untyped-call]
    for state in states or ():
        if state.name.casefold() == name:
            code = f"{country}-{state.code.partition('-')[2]}"
    return tuple(zone for zone, states in _STATES.items() if code in states.split())


def _called(number: str | None) -> tuple[str, ...]:
    """The zones of a telephone number (E.164); none where it tells nothing."""
    try:
        zones = time_zones_for_number(phonenumbers.parse(number or "", None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != UNKNOWN_TIMEZONE)
