"""Leads that never come to rest: the judge is run on its own verdicts, on one day, nothing new known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.tree import Comparison
from scoring.design_check.places import gate_criteria
from scoring.gates import GATED
from scoring.stage_rules import RANK
from scoring.verdict import ASIDE
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.cycle_file import Cycle
    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding, Lead
    from scoring.design_check.solve import Goal
    from scoring.document import Path

_STATE = frozenset(("stage", "stage_since"))
_JUDGEMENTS = 5

History = tuple[set[str], list[str]]
"""The cycles that a lead was in over some judgements, and its stages, the first one before them."""


def check_flips(design: Design) -> Iterator[Finding]:
    """Rules of a cycle that undo each other, shown by a lead that goes round in circles."""
    trials = [
        trial for index in range(len(design.model.file.cycles)) for trial in _trials(design, index)
    ]
    leads = [lead for _, _, tried in trials for lead in tried]
    waits = [_wait(cycle, path) for cycle, path, tried in trials for _ in tried]
    histories = iter(_histories(design, leads, waits) if leads else [])
    told: set[Path] = set()
    for cycle, path, tried in trials:
        finding = _rounds(design, cycle, path, list(zip(tried, histories, strict=False)))
        if finding is not None and path not in told:
            told.add(path)
            yield finding


def _trials(design: Design, index: int) -> Iterator[tuple[Cycle, Path, list[Lead]]]:
    """Leads to try for every two rules that may undo each other."""
    cycle = design.model.file.cycles[index]
    for path, goals, starts in _suspects(design, cycle, index):
        leads = [
            lead | {"stage": stage, "stage_since": design.day_before(days)}
            for lead in design.leads(design.solver.some(goals, _STATE))
            for stage, days in starts
        ]
        yield cycle, path, leads


def _suspects(
    design: Design, cycle: Cycle, index: int
) -> Iterator[tuple[Path, list[Goal], list[tuple[str, int]]]]:
    """Which two rules may undo each other, what lets both act, and where leads begin."""
    entry = design.entry_goals(index)
    ladder = [(stage, 0) for stage in ("lead", *cycle.gates)]
    asides = [*cycle.disqualify, *cycle.recycle]
    for number, back in enumerate(cycle.return_):
        path: Path = ("cycles", index, "return", number)
        for aside in asides:
            yield (
                path,
                [(back.when, "true"), (aside.when, "true"), *entry],
                [*ladder, (ASIDE[1], 0)],
            )
        for stalled in cycle.stalled:
            long: list[tuple[str, int]] = [
                (stage, stalled.after_days + 1) for stage in stalled.from_
            ]
            yield path, [(back.when, "true"), (stalled.when, "true"), *entry], long
        if back.from_ != "disqualified":
            lost: Goal = (Comparison("opportunity_state", "is", "lost", ()), "true")
            yield path, [(back.when, "true"), lost, *entry], [("opportunity", 0)]
    for number, down in enumerate(cycle.back):
        gates: list[Goal] = [
            (placed.node, "true")
            for stage in GATED
            if RANK[down.to] < RANK[stage] <= RANK[down.from_] and stage in cycle.gates
            for placed in gate_criteria(cycle.gates[stage], stage, ())
        ]
        goals: list[Goal] = [(down.when, "true"), *gates, *entry]
        yield ("cycles", index, "back", number), goals, [(down.from_, 0)]


def _rounds(
    design: Design, cycle: Cycle, path: Path, tried: Sequence[tuple[Lead, History]]
) -> Finding | None:
    for lead, (cycles, stages) in tried:
        if cycle.name not in cycles:
            continue
        if stages[-1] != stages[-2] and stages[-1] == stages[-3]:
            way = " → ".join(stage_name(stage) for stage in stages[-3:])
            wait = _wait(cycle, path)
            often = f"every {wait} days" if wait > 1 else "at every run"
            what = f"undoes what another rule does: the lead goes {way} and so on, {often}."
            fix = "Make the conditions exclude each other, or give cool_off_days."
            return design.finding("error", path, what, fix, witness=lead)
        if path[2] == "return" and _bounced(lead, stages):
            way = " → ".join(map(stage_name, stages[:3]))
            what = f"brings back at the next run who has just been put aside: {way}."
            return design.finding("warning", path, what, "Give cool_off_days.", witness=lead)
    return None


def _bounced(lead: Lead, stages: list[str]) -> bool:
    """Whether a lead that was put aside is on the ladder again one judgement later."""
    return stages[0] == lead["stage"] and stages[1] in ASIDE and stages[2] not in ASIDE


def _wait(cycle: Cycle, path: Path) -> int:
    """After how many days a lead is judged again: where gates lead up again, once it may move."""
    if path[2] != "back":
        return 0
    return max((dwell.at_least_days or 0 for dwell in cycle.dwell.values()), default=0)


def _histories(design: Design, leads: Sequence[Lead], waits: Sequence[int]) -> list[History]:
    """The cycles and stages of each lead over some judgements, so many days apart.

    Instead of the day going on, the lead's last move goes back: all else stays as it was known.
    """
    frame = design.frame(leads)
    stages = [frame["stage"].to_list()]
    cycles: list[list[str]] = []
    days = [design.day_before(wait) for wait in waits]
    then = pl.Series(days, dtype=frame.schema["stage_since"])
    for _ in range(_JUDGEMENTS):
        judged = design.judge.assess(frame, design.as_of)
        moved = judged["stage:new"] != frame["stage"]
        frame = frame.with_columns(
            judged["stage:new"].alias("stage"),
            pl.when(moved).then(then).otherwise("stage_since").alias("stage_since"),
        )
        stages.append(frame["stage"].to_list())
        cycles.append(judged["cycle"].to_list())
    columns = zip(zip(*cycles, strict=True), zip(*stages, strict=True), strict=True)
    return [(set(names), list(way)) for names, way in columns]
