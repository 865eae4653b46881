"""How long leads stay in a stage: not yet ripe for the next gate, overdue, or stalled.

All of it rests on `stage_since`; a lead of which nobody knows since when it is there is neither
ripe, nor overdue, nor stalled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.aside import DAYS, TEXT
from scoring.stage_rules import RANK
from scoring.words import days, stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.gates import CompiledCycle

HERE = pl.coalesce("stage.folded", pl.lit("lead"))
"""The stage that the lead came in with."""


def unripe(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Whether the lead must stay for longer where it stands now (`@rank`)."""
    return pl.any_horizontal(pl.lit(value=False), *(young for young, _ in _unripe(cycles)))


def unripe_words(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """How long an unripe lead must have been there, in plain words; null for the others."""
    words = (pl.when(young).then(pl.lit(text)) for young, text in _unripe(cycles))
    return pl.coalesce(*words, pl.lit(None, dtype=TEXT))


def moved_today() -> pl.Expr:
    """Whether the lead has come to where it stands now (`@rank`) on the day of the verdict.

    By a gate in this verdict, or by an earlier one of the day; who stands at the bottom has not.
    """
    earlier = (pl.col(DAYS) <= 0) & (pl.col("@rank") == HERE.replace_strict(RANK, default=-1))
    return (pl.col("@rank") > pl.col("@from")) | (earlier & (HERE != "lead")).fill_null(value=False)


def _unripe(cycles: Sequence[CompiledCycle]) -> Iterator[tuple[pl.Expr, str]]:
    for cycle in cycles:
        for stage, dwell in cycle.dwell.items():
            if dwell.at_least_days is not None:
                long_enough = (stage == HERE) & (pl.col(DAYS) >= dwell.at_least_days)
                young = cycle.applies & (pl.col("@rank") == RANK[stage])
                young &= ~long_enough.fill_null(value=False)
                yield young, f"must have been {stage_name(stage)} for {days(dwell.at_least_days)}"


def stalled(cycles: Sequence[CompiledCycle]) -> list[pl.Expr]:
    """`@aside` and `next_stage` anew, with stalled leads put aside, and `@stalled`: why they are."""
    rules = [
        (_is_stalled(cycle) & rule.criterion.holds & _longer(rule.stages, rule.after_days), rule)
        for cycle in cycles
        for rule in cycle.rules.stalled
    ]
    if not rules:
        return [pl.lit(None, dtype=TEXT).alias("@stalled")]
    to = pl.coalesce(*(pl.when(holds).then(pl.lit(rule.to)) for holds, rule in rules))
    why = pl.coalesce(*(pl.when(holds).then(pl.lit(rule.reason)) for holds, rule in rules))
    return [
        pl.coalesce("@aside", to).alias("@aside"),
        why.alias("@stalled"),
        pl.when(to.is_null()).then("next_stage").alias("next_stage"),
    ]


def _is_stalled(cycle: CompiledCycle) -> pl.Expr:
    """Whether the cycle applies to a lead that stands where it came in."""
    stands = pl.col("@aside").is_null() & ~pl.col("@won")
    return cycle.applies & stands & (pl.col("@rank") == HERE.replace_strict(RANK, default=-1))


def _longer(stages: Sequence[str], limit: int) -> pl.Expr:
    return (HERE.is_in(stages) & (pl.col(DAYS) > limit)).fill_null(value=False)


def overdue(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Days by which the lead has been for too long in its stage; null if it has not."""
    limits = [
        (cycle.applies & (stage == HERE), dwell.at_most_days)
        for cycle in cycles
        for stage, dwell in cycle.dwell.items()
        if dwell.at_most_days is not None
    ]
    limits += [
        (cycle.applies & (pl.col("next_stage") == gate.stage), gate.within_days)
        for cycle in cycles
        for gate in cycle.gates.values()
        if gate.within_days is not None
    ]
    late = [
        pl.when(here & (pl.col(DAYS) > limit)).then(pl.col(DAYS) - limit) for here, limit in limits
    ]
    stays = pl.col("stage:new") == HERE
    most = pl.max_horizontal(*late) if late else pl.lit(None)
    return pl.when(stays).then(most).cast(pl.Float64())


def overdue_words() -> pl.Expr:
    """Since when leads are overdue, in plain words; null for those that are not.

    The day and not their number: words that change every day would be written every day.
    """
    in_time = pl.duration(days=pl.col(DAYS) - pl.col("overdue").cast(pl.Int64()))
    due = pl.col("stage_since").dt.date() + in_time
    return pl.format("overdue, was due on {}", due.dt.to_string("%Y-%m-%d"))
