"""How far scores can go: bounds that hold for every lead of a state, and leads that come close.

Facts that share a rule make a part; every combination of a part's values is scored once. A group's
sum is at most the sum of what its parts can give, within its cap and floor. Lines of methods other
than rules count with the most and the least that they say of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from scoring.lead import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.design_check.solve import State
    from scoring.design_check.values import Values
    from scoring.judge import Judge
    from scoring.methods import Line, Side

Picks = dict[str, int]
"""For each fact the bit of one of its values."""

_MOST_ROWS = 3_000
_RULES = "rules."


@dataclass(frozen=True)
class Part:
    """Facts that share lines: per row the bit of each fact's value and the points of each line."""

    facts: tuple[str, ...]
    bits: NDArray[np.int64]
    points: Mapping[str, NDArray[np.float64]]

    def allowed(self, state: State) -> NDArray[np.bool_]:
        """Which rows a state allows."""
        rows = np.ones(len(self.bits), dtype=bool)
        for column, fact in enumerate(self.facts):
            if fact in state:
                wanted = [state[fact] >> int(bit) & 1 for bit in self.bits[:, column]]
                rows &= np.array(wanted, dtype=bool)
        return rows


@dataclass(frozen=True)
class Reach:
    """What leads of one segment can score."""

    judge: Judge
    segment: str
    base: Picks
    parts: tuple[Part, ...]

    def bounds(self, state: State, side: Side | None = None) -> tuple[float, float]:
        """The least and the most points (of a side: before scaling) of leads in this state."""
        low = high = 0.0
        limited: set[str] = set()
        for line in self._limits(side):
            least, most = self._of(line.limits, state)
            cap = line.bound if line.bound > 0 else np.inf
            floor = line.bound if line.bound <= 0 else -np.inf
            other = next(
                (o for o in self._limits(side) if o is not line and o.limits == line.limits), None
            )
            if other is not None:
                cap = other.bound if other.bound > 0 else cap
                floor = other.bound if other.bound <= 0 else floor
            if limited.isdisjoint(line.limits):
                low += float(np.clip(least, floor, cap))
                high += float(np.clip(most, floor, cap))
                limited |= set(line.limits)
        free = [ln.key for ln in self._lines(side) if not ln.limits and ln.key not in limited]
        least, most = self._of(free, state)
        return low + least, high + most

    def score(self, state: State) -> tuple[float, float]:
        """The least and the most score of leads in this state, 0 to 100."""
        low, high = self.bounds(state)
        return float(np.clip(low, 0, 100)), float(np.clip(high, 0, 100))

    def best(self, state: State, sign: int = 1) -> Picks:
        """A lead of the state whose parts give the most each (sign -1: the least)."""
        lead = dict(self.base)
        for part in self.parts:
            rows = part.allowed(state)
            total = sign * np.sum(list(part.points.values()), axis=0)
            if rows.any():
                row = int(np.argmax(np.where(rows, total, -np.inf)))
                lead |= {f: int(bit) for f, bit in zip(part.facts, part.bits[row], strict=True)}
        return lead

    def _lines(self, side: Side | None) -> Iterator[Line]:
        for line in self.judge.lines:
            own = line.segment in (None, self.segment) and side in (None, line.side)
            if own and line not in self.judge.scorer.outer:
                yield line

    def _limits(self, side: Side | None) -> list[Line]:
        return [line for line in self._lines(side) if line.limits]

    def _of(self, keys: Iterable[str], state: State) -> tuple[float, float]:
        """The least and the most that these lines give together."""
        wanted = set(keys)
        low = high = 0.0
        for part in self.parts:
            own = [points for key, points in part.points.items() if key in wanted]
            wanted -= part.points.keys()
            if own:
                total = np.sum(own, axis=0)[part.allowed(state)]
                low += float(total.min()) if total.size else 0.0
                high += float(total.max()) if total.size else 0.0
        rest = [line for line in self.judge.lines if line.key in wanted]
        return low + sum(min(r.least, 0) for r in rest), high + sum(max(r.most, 0) for r in rest)


def measure(
    judge: Judge, values: Values, segment: str, bases: Sequence[Mapping[str, int]]
) -> Reach:
    """What leads of the segment can score; `bases` are picks (fact → bit) that belong to it."""
    base = dict(bases[0]) if bases else {}
    groups = _together(judge, segment)
    plans = [(facts, lines, _rows(values, facts)) for facts, lines in groups]
    plans = [plan for plan in plans if plan[2] is not None]
    rows = [
        base | dict(zip(facts, row, strict=True)) for facts, _, bits in plans for row in bits or ()
    ]
    frame = judge.assess(frame_of(values, rows), values.as_of) if rows else None
    parts, start = [], 0
    for facts, lines, bits in plans:
        if frame is None or not bits:
            continue
        seen = frame.slice(start, len(bits))
        start += len(bits)
        here = (seen["segment"] == segment).to_numpy()
        if not here.any():
            continue
        points = {
            line: seen[line].to_numpy().astype(np.float64)[here] * judge.scorer.step
            for line in lines
        }
        parts.append(Part(facts, np.array(bits)[here], points))
    return Reach(judge, segment, base, tuple(parts))


def _together(judge: Judge, segment: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """Facts that share lines, with the lines."""
    groups: list[tuple[set[str], list[str]]] = []
    for line in judge.lines:
        if not line.key.startswith(_RULES) or line.limits or line.segment not in (None, segment):
            continue
        facts = {fact for fact in line.facts if fact in judge.kinds}
        joined = [group for group in groups if group[0] & facts]
        for group in joined:
            groups.remove(group)
        lines = [key for _, keys in joined for key in keys]
        groups.append((facts.union(*(g[0] for g in joined)), [*lines, line.key]))
    return [(tuple(sorted(facts)), lines) for facts, lines in groups]


def _rows(values: Values, facts: Sequence[str]) -> list[tuple[int, ...]] | None:
    """Every combination of the facts' values, None if there are too many."""
    sizes = [range(len(values.of(fact))) for fact in facts]
    rows = list(islice(product(*sizes), _MOST_ROWS + 1))
    return rows if len(rows) <= _MOST_ROWS else None


def frame_of(values: Values, picks: Sequence[Mapping[str, int]]) -> pl.DataFrame:
    """A lead frame of picked values (fact → bit), one row each."""
    facts = dict.fromkeys(fact for pick in picks for fact in pick)
    columns: dict[str, Any] = {"id": [str(index) for index in range(len(picks))]}
    for fact in facts:
        known = [*values.of(fact)]
        last = len(known) - 1
        bits = [pick.get(fact, last) for pick in picks]
        columns[fact] = pl.Series(known, dtype=DTYPES[values.kinds[fact]]).gather(bits)
    return pl.DataFrame(columns)
