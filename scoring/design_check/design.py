"""A model laid out for the check: its criteria with their places, what can hold, and leads to try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.design_check.finding import Finding, Lead, Level
from scoring.design_check.places import criteria_of
from scoring.design_check.possible import Possible
from scoring.design_check.reach import Reach, measure
from scoring.design_check.solve import Goal, Solver, State, comparisons
from scoring.design_check.values import Values
from scoring.lead import DTYPES
from scoring.model import OTHER
from scoring.verdict import ASIDE, FIELDS, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from scoring.criteria import Compiled
    from scoring.cycle_file import Cycle
    from scoring.design_check.places import Placed
    from scoring.document import Document, Path
    from scoring.judge import Judge
    from scoring.lead import Kind
    from scoring.model import Model

BY_JUDGE = (*FIELDS, "segment")
"""Facts that the judge finds out itself; no lead brings them along."""


@dataclass(frozen=True)
class Design:
    """A compiled model under examination as of a day."""

    model: Model
    judge: Judge
    document: Document
    as_of: date

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """Every criterion of the model with its place."""
        return tuple(criteria_of(self.model))

    @cached_property
    def values(self) -> Values:
        """The values of facts that matter to any criterion."""
        asked = (one for placed in self.placed for one in comparisons(placed.node))
        return Values(self.kinds, asked, self.model.document, self.as_of, fixed=self._fixed)

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Every fact that criteria may ask, with its kind."""
        found = {name: field.kind for name, field in FIELDS.items() if name != "stage"}
        return {**found, "segment": "text", **self.judge.kinds}

    @property
    def _fixed(self) -> dict[str, list[Any]]:
        points = self.model.file.step
        score = [number * points for number in range(round(100 / points) + 1)]
        whole = [float(number) for number in range(101)]
        return {
            "score": [*score, None],
            "fit": [*whole, None],
            "engagement": [*whole, None],
            "coverage": [*whole, None],
            "grade": ["a", "b", "c", "d", None],
            "engagement_level": [1.0, 2.0, 3.0, 4.0, None],
            "priority": ["hot", "warm", "cold", None],
            "genuine": ["lamb", "unsure", "spam", None],
            "segment": [*self.model.segments, None],
            "stage": [*STAGES, *ASIDE, None],
            "opportunity_state": ["open", "won", "lost", None],
        }

    @cached_property
    def solver(self) -> Solver:
        """What can hold together, scores and segments included."""
        return Solver(self.values, Possible(self.model, self.judge, self.values, self.reach))

    @cached_property
    def plain(self) -> Solver:
        """What can hold together as far as criteria go, whatever leads can score."""
        return Solver(self.values, lambda _, state: iter((state,)))

    @cached_property
    def _reaches(self) -> dict[str, Reach]:
        return {}

    def reach(self, segment: str) -> Reach:
        """What leads of this segment can score."""
        if segment not in self._reaches:
            states = self.plain.some(self.segment_goals(segment))
            bases = [{fact: _lowest(mask) for fact, mask in state.items()} for state in states]
            self._reaches[segment] = measure(self.judge, self.values, segment, bases)
        return self._reaches[segment]

    def segment_goals(self, segment: str) -> list[Goal]:
        """What makes a lead belong to the segment."""
        goals: list[Goal] = []
        for name, node in self.model.file.segments.items():
            if name == segment:
                return [*goals, (node, "true")]
            goals.append((node, "not true"))
        return goals

    def leads(self, states: Iterable[State]) -> list[Lead]:
        """Leads to try of these states: bare ones, and those that score high and low."""
        found: list[Lead] = []
        for state in states:
            for segment in self._segments(state):
                reach = self.reach(segment)
                for base in (reach.base, reach.best(state), reach.best(state, -1)):
                    found.append(self._lead(base, state))
                    found.append(self._lead(base, state, highest=True))
        return [lead for index, lead in enumerate(found) if lead not in found[:index]]

    def _segments(self, state: State) -> Sequence[str]:
        if "segment" in state:
            return [each for each in self.values.chosen("segment", state["segment"]) if each]
        return [*list(self.model.file.segments)[:2], OTHER]

    def _lead(self, base: Mapping[str, int], state: State, *, highest: bool = False) -> Lead:
        picks = dict(base)
        for fact, mask in state.items():
            if not (fact in picks and mask >> picks[fact] & 1):
                picks[fact] = _highest(mask, self.values.all(fact)) if highest else _lowest(mask)
        found = {
            fact: self.values.of(fact)[bit]
            for fact, bit in picks.items()
            if fact not in BY_JUDGE or fact == "stage"
        }
        return {fact: value for fact, value in found.items() if value is not None}

    def judged(self, leads: Sequence[Lead]) -> pl.DataFrame:
        """What the judge says of these leads, row for row."""
        return self.judge.assess(self.frame(leads), self.as_of)

    def frame(self, leads: Sequence[Lead]) -> pl.DataFrame:
        """The lead frame of these leads."""
        facts = dict.fromkeys(fact for lead in leads for fact in lead)
        columns: dict[str, Any] = {"id": [str(index) for index in range(len(leads))]}
        for fact in facts:
            given = [lead.get(fact) for lead in leads]
            columns[fact] = pl.Series(given, dtype=DTYPES[self.kinds[fact]])
        return pl.DataFrame(columns)

    def entry_goals(self, index: int) -> list[Goal]:
        """What makes a lead enter the cycle at this index: its condition, and none before it."""
        cycles = self.model.file.cycles
        own = cycles[index]
        before = (
            other
            for place, other in enumerate(cycles)
            if (-other.priority, place) < (-own.priority, index)
        )
        return [(own.when, "true"), *((other.when, "not true") for other in before)]

    def aside_goals(self, index: int) -> list[Goal]:
        """What keeps a lead of the cycle from being put aside by its rules."""
        cycle = self.model.file.cycles[index]
        return [(rule.when, "not true") for rule in (*cycle.disqualify, *cycle.recycle)]

    def entry(self, cycle: Cycle) -> pl.Expr:
        """Whether judged leads satisfy the condition of a cycle, whichever they entered."""
        compiled: Compiled = next(c.entry for c in self.judge.cycles.cycles if c.name == cycle.name)
        return compiled.holds

    def scores(self, goals: Sequence[Goal]) -> tuple[float, float]:
        """The least and the most score of leads for whom the goals hold."""
        ends = [
            self.reach(segment).score({})
            for segment in self.model.segments
            if self.solver.satisfiable([*goals, *self.segment_goals(segment)])
        ]
        return min((low for low, _ in ends), default=0.0), max(
            (high for _, high in ends), default=0.0
        )

    def witness(self, goals: Sequence[Goal], shows: pl.Expr | None, **facts: Any) -> Lead | None:
        """A lead for whom the goals hold and of whom the judge's frame says so; None if none does.

        `facts` are set on every lead that is tried.
        """
        leads = [lead | facts for lead in self.leads(self.solver.some(goals))]
        if not leads:
            return None
        if shows is None:
            return leads[0]
        seen = self.judged(leads).select(shows.alias("shows"))["shows"].to_list()
        return next((lead for lead, holds in zip(leads, seen, strict=True) if holds), None)

    def highest(self, leads: Sequence[Lead], shows: pl.Expr) -> Lead | None:
        """The lead of the highest score, if all of them show it; None if one does not."""
        if not leads:
            return None
        judged = self.judged(leads).with_columns(shows.alias("@shows")).with_row_index("@row")
        if not judged["@shows"].all():
            return None
        return leads[int(judged.sort("score", descending=True)["@row"][0])]

    def day_before(self, days: int) -> datetime:
        """The moment so many days before the day of the check."""
        return datetime.combine(self.as_of - timedelta(days=days), time(), UTC)

    def finding(
        self, level: Level, path: Path, what: str, fix: str = "", *, witness: Lead | None = None
    ) -> Finding:
        """A finding at a key of the model file."""
        return Finding(self.document.problem(path, what, fix), level, witness)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _highest(mask: int, every: int) -> int:
    """The highest value that is known, if any is."""
    known = mask & (every >> 1)
    return (known or mask).bit_length() - 1
