"""Gates that nobody can pass, and gates that ask nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.tree import Combination
from scoring.design_check.places import Placed, facts_of, gate_criteria
from scoring.gates import GATED
from scoring.words import days, stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.cycle_file import Cycle
    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding, Lead
    from scoring.design_check.solve import Goal
    from scoring.document import Path


@dataclass(frozen=True)
class _Gate:
    """One gate under examination; `before` is the stage from which it leads up."""

    design: Design
    cycle: Cycle
    index: int
    stage: str
    before: str

    @property
    def path(self) -> Path:
        return ("cycles", self.index, "gates", self.stage)

    @property
    def placed(self) -> list[Placed]:
        return gate_criteria(self.cycle.gates[self.stage], self.stage, self.path)  # type: ignore[index]

    @property
    def goals(self) -> list[Goal]:
        return [(placed.node, "true") for placed in self.placed]

    @property
    def passed(self) -> pl.Expr:
        """Whether judged leads of the cycle satisfy every criterion of the gate."""
        columns = [f"gate:{self.cycle.name}:{self.stage}:{i}" for i in range(len(self.placed))]
        return pl.all_horizontal(pl.col(column).fill_null(value=False) for column in columns)

    @property
    def met(self) -> pl.Expr:
        """How many of the criteria judged leads satisfy."""
        columns = [f"gate:{self.cycle.name}:{self.stage}:{i}" for i in range(len(self.placed))]
        return pl.sum_horizontal(pl.col(column).fill_null(value=False) for column in columns)


def check_gates(design: Design) -> Iterator[Finding]:
    """Every gate of every cycle that leads enter."""
    for index, cycle in enumerate(design.model.file.cycles):
        if not design.solver.satisfiable(design.entry_goals(index)):
            continue
        before, previous = "lead", None
        for stage in GATED:
            if stage in cycle.gates:
                gate = _Gate(design, cycle, index, stage, before)
                found = list(_closed(gate))
                yield from found
                if previous is not None and not found:
                    yield from _implied(previous, gate)
                before, previous = stage, (None if found else gate)
        yield from _stalls_first(design, cycle, index)


def _closed(gate: _Gate) -> Iterator[Finding]:
    """A gate that no lead of its cycle can pass: why, and how far the best one comes."""
    why = _why_closed(gate)
    if why is None:
        return
    path, what, fix = why
    witness = _stands_before(gate)
    if witness is not None:
        unreachable = (
            f"{what} Nobody can reach {stage_name(gate.stage)} in the cycle {gate.cycle.name}."
        )
        yield gate.design.finding("error", path, unreachable, fix, witness=witness)


def _why_closed(gate: _Gate) -> tuple[Path, str, str] | None:
    solver, entry = gate.design.solver, gate.design.entry_goals(gate.index)
    for placed in gate.placed:
        if not solver.satisfiable([(placed.node, "true"), *entry]):
            if not gate.design.plain.satisfiable([(placed.node, "true")]):
                return placed.path, "can never hold: it contradicts itself.", "Change or remove it."
            return placed.path, f"can never hold{_limit(gate, placed)}.", "Change or remove it."
    for one, other in combinations(gate.placed, 2):
        if not solver.satisfiable([(one.node, "true"), (other.node, "true"), *entry]):
            place = gate.design.model.document.where(*one.path)
            return other.path, f"contradicts {place}.", "Change one of the two."
    if not solver.satisfiable([*gate.goals, *entry]):
        return gate.path, "its criteria cannot all hold at once.", "Ask less."
    asides = gate.design.aside_goals(gate.index)
    if not solver.satisfiable([*gate.goals, *entry, *asides]):
        return (
            gate.path,
            "whoever satisfies it is put aside by a rule of the cycle.",
            "Change either.",
        )
    return None


def _limit(gate: _Gate, placed: Placed) -> str:
    """What scores can be, if that is why."""
    if "score" not in facts_of(placed.node):
        return ""
    low, high = gate.design.scores(gate.design.entry_goals(gate.index))
    return f": leads of this cycle score from {low:g} to {high:g}"


def _stands_before(gate: _Gate) -> Lead | None:
    """The lead that satisfies most of the gate and does not pass; None if one does pass."""
    design = gate.design
    entry = design.entry_goals(gate.index)
    tries = [
        [*gate.goals, *entry],
        *([*_without(gate.goals, i), *entry] for i in range(len(gate.goals))),
    ]
    tries += [[goal, *entry] for goal in gate.goals] + [list(entry)]
    leads = [
        lead | {"stage": gate.before}
        for goals in tries
        for lead in design.leads(design.solver.some(goals))
    ]
    if not leads:
        return None
    judged = design.judged(leads).with_columns(gate.passed.alias("@passed"), gate.met.alias("@met"))
    here = judged.with_row_index("@row").filter(pl.col("cycle") == gate.cycle.name)
    if here.is_empty() or (here["stage:new"] == gate.stage).any():
        return None
    return leads[int(here.sort("@met", "score", descending=True)["@row"][0])]


def _without(goals: list[Goal], index: int) -> list[Goal]:
    return goals[:index] + goals[index + 1 :]


def _implied(earlier: _Gate, later: _Gate) -> Iterator[Finding]:
    """A gate whose criteria hold for everybody who has just passed the one before."""
    design, dwell = later.design, later.cycle.dwell
    waits = dwell.get(earlier.stage)  # type: ignore[call-overload]
    if waits is not None and waits.at_least_days is not None:
        return
    entry = design.entry_goals(later.index)
    nodes = tuple(placed.node for placed in later.placed if placed.node is not None)
    missing: Goal = (Combination("all", nodes, ()), "not true")
    if design.solver.satisfiable([*earlier.goals, *entry, missing]):
        return
    witness = design.witness(
        [*earlier.goals, *later.goals, *entry],
        (pl.col("cycle") == later.cycle.name) & earlier.passed & later.passed,
        stage=earlier.before,
    )
    if witness is not None:
        what = f"asks nothing that the gate to {stage_name(earlier.stage)} has not asked."
        fix = "Ask more, or leave the stage out."
        yield design.finding("warning", later.path, what, fix, witness=witness)


def _stalls_first(design: Design, cycle: Cycle, index: int) -> Iterator[Finding]:
    """A rule that puts leads aside before their stage lets them go."""
    for number, rule in enumerate(cycle.stalled):
        for stage in rule.from_:
            dwell = cycle.dwell.get(stage)
            least = dwell.at_least_days if dwell is not None else None
            if least is None or rule.after_days >= least or rule.when is not None:
                continue
            since = design.day_before(rule.after_days + 1)
            witness = design.witness(
                design.entry_goals(index),
                (pl.col("cycle") == cycle.name) & (pl.col("stage:new") == rule.to),
                stage=stage,
                stage_since=since,
            )
            if witness is not None:
                what = f"puts leads aside after {days(rule.after_days)}; {stage_name(stage)} holds them for {days(least)}."
                path: Path = ("cycles", index, "stalled", number, "after_days")
                yield design.finding("error", path, what, "Let it wait longer.", witness=witness)
