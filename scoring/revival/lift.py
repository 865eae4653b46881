"""What revival is worth: how many came back of those who were touched and of those held out."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from scoring.revival.persons import HELD_OUT, TREATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

ENOUGH = 30
"""So many leads at least must be in each arm before anything is said."""

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: intervals of 95 %."""

ALL = "all cadences"


@dataclass(frozen=True, slots=True)
class Lift:
    """Both arms of a cadence: leads, those who came back, and the difference of the two rates.

    Rates are shares of one. `low` and `high` bound the difference with 95 % confidence.
    """

    cadence: str
    treated: int
    treated_back: int
    held_out: int
    held_out_back: int
    difference: float | None
    low: float | None
    high: float | None
    words: str


def measure_lift(enrolled: pl.DataFrame) -> list[Lift]:
    """The lift of every cadence, and of all together first.

    `enrolled` has cadence, arm and `back` Boolean, a row per lead that began a cadence.
    """
    return [_lift(name, part) for name, part in _parts(enrolled)]


def _parts(enrolled: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    names = enrolled["cadence"].unique().sort().to_list()
    if len(names) != 1:
        yield ALL, enrolled
    for name in names:
        yield name, enrolled.filter(cadence=name)


def _lift(name: str, part: pl.DataFrame) -> Lift:
    counts = []
    for arm in (TREATED, HELD_OUT):
        mine = part.filter(arm=arm)
        counts += [mine.height, int(mine["back"].sum())]
    treated, back, held, held_back = counts
    bounds = interval((back, treated), (held_back, held)) if treated and held else None
    difference = back / treated - held_back / held if treated and held else None
    low, high = bounds or (None, None)
    words = _words(min(treated, held), low, high)
    return Lift(name, treated, back, held, held_back, difference, low, high, words)


def interval(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of the difference of two shares, each given as (count, of how many).

    Newcombe's hybrid score interval: R. G. Newcombe, Statistics in Medicine 17 (1998), method 10.
    """
    one, two = first[0] / first[1], second[0] / second[1]
    low_one, high_one = _wilson(*first)
    low_two, high_two = _wilson(*second)
    below = sqrt((one - low_one) ** 2 + (high_two - two) ** 2)
    above = sqrt((high_one - one) ** 2 + (two - low_two) ** 2)
    return one - two - below, one - two + above


def _wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's score interval of a share."""
    share, spread = count / of, _Z**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return middle - half, middle + half


def _words(fewest: int, low: float | None, high: float | None) -> str:
    if fewest < ENOUGH or low is None or high is None:
        return f"too few to tell: each arm needs {ENOUGH} leads at least"
    if low > 0:
        return "touched leads come back more often than those held out"
    if high < 0:
        return "touched leads come back less often than those held out"
    return "no difference can be told from chance yet"
