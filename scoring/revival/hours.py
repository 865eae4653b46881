"""Quiet hours: whether a moment is fine in every zone that a lead may live in, and when one will be."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from scoring.lead import DTYPES
from scoring.revival.section import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from scoring.revival.section import Quiet

AHEAD = 21
"""So many days ahead an open hour is looked for."""

Span = tuple[datetime, datetime]


def is_quiet(quiet: Quiet, moment: datetime, zone: str) -> bool:
    """Whether nobody in this zone is touched at this moment."""
    there = moment.astimezone(ZoneInfo(zone))
    if WEEKDAYS[there.weekday()] in quiet.days or there.date() in quiet.dates:
        return True
    clock = there.time().replace(tzinfo=None)
    if quiet.from_ <= quiet.to:
        return quiet.from_ <= clock < quiet.to
    return clock >= quiet.from_ or clock < quiet.to


def next_open(quiet: Quiet, zones: Sequence[str], after: datetime) -> datetime | None:
    """The first moment from `after` on that is not quiet in any of the zones; None in three weeks."""
    spans = list(_open(quiet, zones[0], after))
    for zone in zones[1:]:
        spans = list(_both(spans, list(_open(quiet, zone, after))))
    moments = (
        moment
        for begin, end in spans
        if end > after
        for moment in _minutes(max(begin, after), end)
        if not any(is_quiet(quiet, moment, zone) for zone in zones)
    )
    return next(moments, None)


def _minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    """A moment and the whole minutes after it: where clocks change, an hour may come twice."""
    moment = begin
    while moment < end:
        yield moment
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def openings(zones: pl.Series, earliest: pl.Series, quiet: Quiet, fallback: str) -> pl.DataFrame:
    """Per lead the moment from `earliest` on at which it may be touched, and the zones meant.

    `zones` are names joined by blanks (see `time_zones`). Where there are none, or no hour suits
    all of them, the zone `fallback` counts. Columns: opens_at Datetime, zones String.
    """
    asked = pl.DataFrame({"given": zones.fill_null(fallback), "earliest": earliest})
    distinct = asked.unique(maintain_order=True)
    rows = [_opening(given, at, quiet, fallback) for given, at in distinct.iter_rows()]
    schema = {"opens_at": DTYPES["datetime"], "zones": pl.String()}
    found = distinct.hstack(pl.DataFrame(rows, schema=schema, orient="row"))
    joined = asked.join(found, on=["given", "earliest"], how="left", maintain_order="left")
    return joined.select("opens_at", "zones")


def _opening(
    zones: str, earliest: datetime, quiet: Quiet, fallback: str
) -> tuple[datetime | None, str]:
    found = next_open(quiet, zones.split(), earliest)
    if found is None:
        return next_open(quiet, [fallback], earliest), fallback
    return found, zones


def _open(quiet: Quiet, zone: str, after: datetime) -> Iterator[Span]:
    """The open spans of a zone in UTC, from the day before `after` on, in order."""
    there = ZoneInfo(zone)
    first = after.astimezone(there).date() - timedelta(days=1)
    for number in range(AHEAD + 1):
        day = first + timedelta(days=number)
        if WEEKDAYS[day.weekday()] not in quiet.days and day not in quiet.dates:
            for begin, end in _hours(quiet, day):
                span = (begin.replace(tzinfo=there), end.replace(tzinfo=there))
                yield span[0].astimezone(UTC), span[1].astimezone(UTC)


def _hours(quiet: Quiet, day: date) -> Iterator[Span]:
    """The open spans of one day by its own clock."""
    midnight = datetime.combine(day, time())
    tomorrow = midnight + timedelta(days=1)
    opens, closes = (datetime.combine(day, clock) for clock in (quiet.to, quiet.from_))
    if quiet.from_ > quiet.to:
        yield opens, closes
    else:
        yield from (span for span in ((midnight, closes), (opens, tomorrow)) if span[0] < span[1])


def _both(first: list[Span], second: list[Span]) -> Iterator[Span]:
    """Where two ordered lists of spans overlap."""
    one = two = 0
    while one < len(first) and two < len(second):
        begin = max(first[one][0], second[two][0])
        end = min(first[one][1], second[two][1])
        if begin < end:
            yield begin, end
        if first[one][1] <= second[two][1]:
            one += 1
        else:
            two += 1
