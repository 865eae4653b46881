"""One verdict told in full: lines that add up to the score, and each gate's criteria."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.aside import DAYS
from scoring.stage_rules import RANK
from scoring.verdict import STAGES
from scoring.words import days, stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.cycle import Cycles
    from scoring.cycle_file import Dwell
    from scoring.gates import CompiledCycle, Gate
    from scoring.methods import Line
    from scoring.score import Scorer


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A line of one lead's score; `missing` are its facts that are not known."""

    key: str
    text: str
    side: str
    points: float
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CriterionState:
    """A criterion in plain words, and whether it holds (None: the facts do not tell)."""

    words: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate of the lead's cycle; it is met when every criterion is."""

    stage: str
    criteria: tuple[CriterionState, ...]

    @property
    def met(self) -> bool:
        """Whether the lead satisfies all of it."""
        return all(criterion.met for criterion in self.criteria)


@dataclass(frozen=True)
class Explanation:
    """A verdict with all that led to it. Points of `lines` add up to `score`.

    `low` and `high` bound the score whatever the unknown facts turn out to be.
    """

    id: str
    score: float
    low: float
    high: float
    coverage: float
    fit: float
    engagement: float
    grade: str
    engagement_level: int
    priority: str
    segment: str
    genuine: str | None
    genuine_reason: str | None
    probability: float | None
    lines: tuple[ScoreLine, ...]
    cycle: str | None
    stage_before: str | None
    stage: str
    stage_reason: str | None
    next_stage: str | None
    unmet: str | None
    gates: tuple[GateState, ...]
    next_question: str | None


def explain(row: Mapping[str, Any], scorer: Scorer, cycles: Cycles) -> Explanation:
    """The explanation of one evaluated lead, read from what the judge computed."""
    lines = tuple(_line(row, line, scorer.step) for line in scorer.lines if _counts(row, line))
    low, high = bounds(row, scorer)
    cycle = next((c for c in cycles.cycles if c.name == row["cycle"]), None)
    return Explanation(
        low=low,
        high=high,
        engagement_level=int(row["engagement_level"]),
        genuine_reason=row["genuine:text"],
        lines=tuple(sorted(lines, key=lambda line: -abs(line.points))),
        stage_before=row["stage"],
        stage=row["stage:new"],
        gates=_gates(row, cycle),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "id", "score", "coverage", "fit", "engagement", "grade", "priority", "segment", "genuine",
    "probability", "cycle", "stage_reason", "next_stage", "unmet", "next_question",
)  # fmt: skip


def bounds(row: Mapping[str, Any], scorer: Scorer) -> tuple[float, float]:
    """The least and the most that the score could be if every unknown fact became known.

    Lines whose facts are all known stay as they are. It is a bound, not a forecast: lines that
    exclude each other are counted side by side.
    """
    score = float(row["score"])
    low, high = (_sum_of(row, scorer, end) for end in (0, 1))
    return min(max(low, 0.0), score), max(min(high, 100.0), score)


def _reach(row: Mapping[str, Any], line: Line, step: float) -> tuple[float, float]:
    """The least and the most points of a line, given what is known of the lead."""
    points = row[line.key] * step
    if not _open(row, line):
        return points, points
    # A line counts whole steps: its bounds are rounded outwards to them.
    least, most = math.floor(line.least / step) * step, math.ceil(line.most / step) * step
    return min(least, points), max(most, points)


def _open(row: Mapping[str, Any], line: Line) -> bool:
    """Whether a fact that is not known could still move the line for this lead."""
    here = line.segment in (None, row["segment"])
    return here and bool(line.most or line.least) and bool(_missing(row, line))


def _sum_of(row: Mapping[str, Any], scorer: Scorer, end: int) -> float:
    """The least (end 0) or most (end 1) sum of the lines, before the limits of the score."""
    lines = {line.key: line for line in scorer.lines}
    points = {key: _reach(row, line, scorer.step)[end] for key, line in lines.items()}
    total = sum(points[key] for key, line in lines.items() if not line.limits)
    for line in scorer.lines:
        if not line.limits or line in scorer.outer:
            continue
        if any(_open(row, lines[key]) for key in line.limits):
            inner = [lines[key] for key in line.limits]
            together = sum(points[each.key] for each in inner)
            total += _limit(line.bound, together, _apart(inner, scorer.step), scorer.step)[end]
        else:
            total += row[line.key] * scorer.step
    return total


def _limit(bound: float, together: float, apart: float, step: float) -> tuple[float, float]:
    """The least and the most that a group's limit takes back or makes up for."""
    if bound > 0:
        most = math.ceil(bound / step) * step
        return min(most - together, 0.0), min(most + apart - together, 0.0)
    least = math.floor(bound / step) * step
    return max(least - apart - together, 0.0), max(least - together, 0.0)


def _apart(lines: Sequence[Line], step: float) -> float:
    """How far the lines of a group and its limit may be apart, since each is rounded by itself."""
    whole = all(
        not line.fades and (line.most / step).is_integer() and (line.least / step).is_integer()
        for line in lines
    )
    return 0.0 if whole else (len(lines) + 1) * step / 2


def _counts(row: Mapping[str, Any], line: Line) -> bool:
    """Limits that took nothing, and lines of other segments, are not worth showing."""
    if line.limits:
        return bool(row[line.key])
    return line.segment in (None, row["segment"])


def _line(row: Mapping[str, Any], line: Line, step: float) -> ScoreLine:
    points = row[line.key] * step
    said = row.get(f"{line.key}:text") if points else None
    return ScoreLine(line.key, said or line.text, line.side, points, _missing(row, line))


def _missing(row: Mapping[str, Any], line: Line) -> tuple[str, ...]:
    return tuple(fact for fact in line.facts if _unknown(row.get(fact)))


def _unknown(value: Any) -> bool:
    """Whether a fact is not known, as `scoring.criteria.known` sees it."""
    if isinstance(value, dict):
        return all(end is None for end in value.values())
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or value != value  # noqa: PLR0124 — not a number


def _gates(row: Mapping[str, Any], cycle: CompiledCycle | None) -> tuple[GateState, ...]:
    if cycle is None:
        return ()
    before = ("lead", *cycle.gates)
    stays = [_stay(row, stage, cycle.dwell.get(stage)) for stage in before]
    return tuple(
        GateState(gate.stage, (*_criteria(row, gate), *stay))
        for gate, stay in zip(cycle.gates.values(), stays, strict=False)
    )


def _criteria(row: Mapping[str, Any], gate: Gate) -> tuple[CriterionState, ...]:
    criteria = zip(gate.criteria, gate.columns, strict=True)
    return tuple(CriterionState(c.words, row[column]) for c, column in criteria)


def _stay(row: Mapping[str, Any], stage: str, dwell: Dwell | None) -> tuple[CriterionState, ...]:
    """How long a lead must have been in the stage before the next gate lets it pass."""
    least = None if dwell is None else dwell.at_least_days
    if least is None:
        return ()
    words = f"must have been {stage_name(stage)} for {days(least)}"
    if RANK.get(row["stage:new"], -1) > RANK[stage]:
        return (CriterionState(words, met=True),)
    came = (row["stage"] or STAGES[0]).strip().lower()
    if came != stage:
        return (CriterionState(words, met=False),)
    stayed = row[DAYS]
    if stayed is None:
        return (CriterionState(f"{words} (since when it is, nobody knows)", met=None),)
    if stayed >= least:
        return (CriterionState(words, met=True),)
    more = int(least - stayed)
    told = f"{more} more day{'s' if more > 1 else ''} in {stage_name(stage)}"
    return (CriterionState(f"{words}: {told}", met=False),)
