"""When a connection is due: a cron expression in a time zone, with jitter and a catch-up policy.

    schedule: "*/15 * * * *"              # in UTC
    schedule:
      cron: "*/15 7-19 * * mon-fri"
      time_zone: Europe/Berlin            # the wall clock that the expression is about
      jitter_seconds: 120                 # spread connections that are due at the same moment
      catch_up: once                      # or skip: what becomes of times that nobody was there for

A time that the clocks skip in spring is due right after the gap; an hour that is named and that they
repeat in autumn is due once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from scoring.document import Schema
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

LATE_SECONDS = 120
"""From when on a time counts as missed, not merely as late."""

_FIELDS = 5


def _cron(text: str) -> str:
    form = "minute hour day-of-month month day-of-week"
    if len(text.split()) != _FIELDS:
        raise ValueError(f'"{text}" does not have the five fields of cron: {form}')
    try:
        CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        raise ValueError(f'"{text}" is not a cron expression: {form}') from None
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, a folder of zones
        near = did_you_mean(name, sorted(available_timezones()))
        raise ValueError(f'"{name}" is not a time zone. {near}'.strip()) from None
    return name


class ScheduleKeys(Schema):
    """The key `schedule` of a connection: a cron expression, or its parts."""

    cron: Annotated[str, AfterValidator(_cron)]
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    jitter_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    catch_up: Literal["once", "skip"] = "once"

    @model_validator(mode="before")
    @classmethod
    def _text_is_cron(cls, given: Any) -> Any:
        return {"cron": given} if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class Due:
    """A time at which a connection was to run, and whether nobody was there for it."""

    at: datetime
    missed: bool


def next_times(keys: ScheduleKeys, connection: str, after: datetime) -> Iterator[datetime]:
    """The coming times, jitter included, in UTC; without end, unless no day is such a day."""
    for wall in CronSim(keys.cron, after.astimezone(ZoneInfo(keys.time_zone))):
        at = wall.astimezone(UTC)
        yield at + jitter(keys, connection, at)


def due(
    keys: ScheduleKeys, connection: str, last: datetime, now: datetime
) -> tuple[datetime, Due | None]:
    """The latest time up to now, and what is to be run for it; None if nothing is, or not yet.

    `last` is the latest time that was taken care of. However many were missed, one run makes good
    for all of them, or none with `catch_up: skip`: a run brings everything up to date.
    """
    wall = (now + timedelta(seconds=1)).astimezone(ZoneInfo(keys.time_zone))
    latest = next(CronSim(keys.cron, wall, reverse=True), last).astimezone(UTC)
    if latest <= last:
        return last, None
    begins = latest + jitter(keys, connection, latest)
    if now < begins:
        return last, None
    missed = now - begins > timedelta(seconds=LATE_SECONDS)
    if missed and keys.catch_up == "skip":
        return latest, None
    return latest, Due(latest, missed)


def next_look(
    keys: ScheduleKeys, connection: str, last: datetime, now: datetime
) -> datetime | None:
    """The next moment at which `due` can say something else than it says now; None: it never will.

    That is the next time of the schedule, or before it the end of the latest one's jitter.
    """
    zone = ZoneInfo(keys.time_zone)
    coming = next(CronSim(keys.cron, now.astimezone(zone)), None)
    moments = [] if coming is None else [coming.astimezone(UTC)]
    wall = (now + timedelta(seconds=1)).astimezone(zone)
    latest = next(CronSim(keys.cron, wall, reverse=True), last).astimezone(UTC)
    if latest > last:
        moments.append(max(now, latest + jitter(keys, connection, latest)))
    return min(moments, default=None)


def jitter(keys: ScheduleKeys, connection: str, at: datetime) -> timedelta:
    """How much later than `at` this connection begins: any share of the jitter, always the same."""
    if not keys.jitter_seconds:
        return timedelta(0)
    digest = hashlib.sha256(f"{connection} {at.timestamp():.0f}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4]) % (keys.jitter_seconds + 1))
