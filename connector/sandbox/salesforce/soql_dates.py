"""Date literals such as LAST_N_DAYS:30: each is a period from one day up to, not including, another."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUARTER, YEAR = 3, 12
DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
COUNTED = re.compile(r"(LAST_N|NEXT_N|N)_(DAY|WEEK|MONTH|QUARTER|YEAR)S(_AGO)?:(\d+)")
NAMED = re.compile(r"(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)")
NINETY = re.compile(r"(LAST|NEXT)_90_DAYS")


def period(name: str, today: date) -> tuple[date, date] | None:
    """The first day of a literal and the day after its last; None when there is no such literal."""
    if name in DAYS:
        first = today + timedelta(days=DAYS[name])
        return first, first + timedelta(days=1)
    if match := NAMED.fullmatch(name):
        return _whole(match[2], {"LAST": -1, "THIS": 0, "NEXT": 1}[match[1]], today)
    if match := NINETY.fullmatch(name):
        return _counted(f"{match[1]}_N", "DAY", 90, today)
    match = COUNTED.fullmatch(name)
    if match is None or (match[1] == "N") != (match[3] is not None):
        return None
    return _counted(match[1], match[2], int(match[4]), today)


def _counted(kind: str, unit: str, count: int, today: date) -> tuple[date, date]:
    start_of, move = UNITS[unit]
    this = start_of(today)
    if kind == "N":
        return _whole(unit, -count, today)
    if kind == "NEXT_N":
        return move(this, 1), move(this, count + 1)
    if unit == "DAY":
        return move(this, -count), today + timedelta(days=1)
    return move(this, -count), this


def _whole(unit: str, steps: int, today: date) -> tuple[date, date]:
    start_of, move = UNITS[unit]
    first = move(start_of(today), steps)
    return first, move(first, 1)


def _month(day: date, months: int) -> date:
    index = day.year * YEAR + day.month - 1 + months
    return date(index // YEAR, index % YEAR + 1, 1)


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _quarter(day: date) -> date:
    return date(day.year, (day.month - 1) // QUARTER * QUARTER + 1, 1)


UNITS: dict[str, tuple[Callable[[date], date], Callable[[date, int], date]]] = {
    "DAY": (lambda day: day, lambda day, steps: day + timedelta(days=steps)),
    "WEEK": (_sunday, lambda day, steps: day + timedelta(weeks=steps)),
    "MONTH": (lambda day: day.replace(day=1), _month),
    "QUARTER": (_quarter, lambda day, steps: _month(day, steps * QUARTER)),
    "YEAR": (lambda day: date(day.year, 1, 1), lambda day, steps: date(day.year + steps, 1, 1)),
}
