"""The parts into which criteria divide the numbers, each with a number that stands for it.

The thresholds of the criteria cut the line into points and gaps; neighbours that every criterion
treats alike are one part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scoring.words import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`; `from_low` and `to_high` say whether the ends belong to it."""

    low: float = -math.inf
    high: float = math.inf
    from_low: bool = False
    to_high: bool = False

    @property
    def value(self) -> float:
        """A number of the span, an end if it has one, else one near its ends."""
        if self.low == -math.inf:
            return self._lowest
        if self.from_low:
            return self.low
        if self.to_high:
            return self.high
        if self.high == math.inf:
            return self.low + max(abs(self.low), 1.0)
        return (self.low + self.high) / 2

    @property
    def _lowest(self) -> float:
        """Of the numbers that reach down without end: 0 if it is one of them, else near the end."""
        if self.high > 0 or (self.high == 0 and self.to_high):
            return 0.0
        return self.high if self.to_high else self.high - max(abs(self.high), 1.0)

    @property
    def label(self) -> str:
        """The span as people say it: "below 50", "50 to 1,000", "more than 1,000"."""
        if self.low == self.high:
            return spoken(self.low)
        if self.low == -math.inf:
            if self.high == math.inf:
                return "any number"
            return f"{spoken(self.high)} or less" if self.to_high else f"below {spoken(self.high)}"
        if self.high == math.inf:
            return (
                f"{spoken(self.low)} or more" if self.from_low else f"more than {spoken(self.low)}"
            )
        low = spoken(self.low) if self.from_low else f"more than {spoken(self.low)}"
        return f"{low} {'to' if self.to_high else 'to below'} {spoken(self.high)}"


def spans(
    thresholds: Sequence[float], signatures: Callable[[Sequence[float]], Sequence[Any]]
) -> list[Span]:
    """The parts of the line, lowest first.

    `thresholds` are sorted and different; `signatures` says of numbers what all criteria make of
    them.
    """
    cells = _cells(thresholds)
    kinds = signatures([cell.value for cell in cells])
    merged = [cells[0]]
    for cell, kind, before in zip(cells[1:], kinds[1:], kinds[:-1], strict=True):
        if kind == before:
            merged[-1] = replace(merged[-1], high=cell.high, to_high=cell.to_high)
        else:
            merged.append(cell)
    return merged


def _cells(thresholds: Sequence[float]) -> list[Span]:
    """The points and the gaps between them, lowest first."""
    ends = [-math.inf, *thresholds, math.inf]
    cells = [Span(ends[0], ends[1])]
    for here, following in pairwise(ends[1:]):
        cells += [Span(here, here, from_low=True, to_high=True), Span(here, following)]
    return cells
