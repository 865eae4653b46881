"""Segments and cycles that nobody enters, and cycles that claim the same leads."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding
    from scoring.design_check.solve import Goal


def check_segments(design: Design) -> Iterator[Finding]:
    """Segments that an earlier one takes every lead from, or that no lead can belong to."""
    for name, node in design.model.file.segments.items():
        if design.solver.satisfiable(design.segment_goals(name)):
            continue
        other = pl.col("segment") != name
        witness = design.witness([(node, "true")], other) or design.witness([], other)
        if witness is not None:
            what = "no lead is in this segment: an earlier one takes them all, or it contradicts itself."
            fix = "Move it up, or change its condition."
            yield design.finding("error", ("segments", name), what, fix, witness=witness)


def check_cycles(design: Design) -> Iterator[Finding]:
    """Cycles without leads, and cycles of equal priority that match the same lead."""
    cycles = design.model.file.cycles
    closed = set()
    for index, cycle in enumerate(cycles):
        if design.solver.satisfiable(design.entry_goals(index)):
            continue
        closed.add(index)
        elsewhere = pl.col("cycle").ne_missing(pl.lit(cycle.name))
        shadowed = design.witness([(cycle.when, "true")], elsewhere)
        witness = shadowed or design.witness([], elsewhere)
        if witness is not None:
            why = (
                "cycles that come before it take every lead"
                if shadowed
                else "its `when` can never hold"
            )
            fix = "Give it a higher priority, or change its condition."
            at = ("cycles", index, "when") if cycle.when is not None else ("cycles", index)
            yield design.finding("error", at, f"is never entered: {why}.", fix, witness=witness)
    for one, other in combinations(range(len(cycles)), 2):
        if cycles[one].priority == cycles[other].priority and not closed & {one, other}:
            yield from _overlap(design, one, other)


def _overlap(design: Design, one: int, other: int) -> Iterator[Finding]:
    first, second = design.model.file.cycles[one], design.model.file.cycles[other]
    goals: list[Goal] = [(first.when, "true"), (second.when, "true")]
    entered = design.entry(second) & design.entry(first)
    witness = design.witness(goals, entered & (pl.col("cycle") == first.name))
    if witness is not None:
        what = f"claims leads that {first.name} claims, too, with the same priority ({first.priority}); the order in the file decides."
        fix = "Give them different priorities."
        yield design.finding("warning", ("cycles", other), what, fix, witness=witness)
