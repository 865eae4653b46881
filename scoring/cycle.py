"""Qualification: which cycle applies to a lead, how far its gates let it come, what is missing.

The stage that a lead is in now is an input: a rep's move counts, and no lead goes back without a
rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.aside import STATE_FORMS, TEXT, back, beside, lost, start
from scoring.criteria import Form, Scope, prepare
from scoring.dwell import moved_today, overdue, overdue_words, stalled, unripe, unripe_words
from scoring.gates import GATED, CompiledCycle, Gate, compile_cycle
from scoring.stage_rules import RANK
from scoring.verdict import STAGES
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from scoring.cycle_file import Cycle

_ONE_A_DAY = "moves one stage a day"
_LOST = "its last opportunity was lost; a new one must be opened"


@dataclass(frozen=True)
class Cycles:
    """The model's cycles, the highest priority first."""

    cycles: tuple[CompiledCycle, ...]

    @cached_property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that stages depend on."""
        return frozenset(STATE_FORMS).union(*(cycle.forms for cycle in self.cycles))

    def evaluate(self, scored: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The scored frame with `cycle`, `stage:new`, `stage_reason`, `next_stage`, `unmet`, `overdue`.

        Beside them, one Boolean column per criterion of every gate (null: the facts do not tell).
        """
        return self.decide(scored, as_of).with_columns(self._words)

    def decide(self, scored: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The same without `stage_reason` and `unmet`, which only say in words what was found."""
        frame = prepare(scored, self.forms, as_of)
        for expressions in self._steps:
            frame = frame.with_columns(expressions)
        return frame

    @cached_property
    def _words(self) -> list[pl.Expr]:
        return [self._reason().alias("stage_reason"), self._unmet().alias("unmet")]

    def gates(self) -> Iterator[tuple[CompiledCycle, Gate]]:
        """Every gate with its cycle."""
        for cycle in self.cycles:
            for gate in cycle.gates.values():
                yield cycle, gate

    @cached_property
    def _steps(self) -> list[list[pl.Expr]]:
        """What is found out one after the other; built once."""
        nothing = pl.lit(None, dtype=TEXT)
        entered = (pl.when(c.entry.holds).then(pl.lit(c.name)) for c in self.cycles)
        return [
            [pl.coalesce(*entered, nothing).alias("cycle")],
            [check for _, gate in self.gates() for check in gate.checks()],
            [
                start(self.cycles).alias("@from"),
                back(self.cycles).alias("@back"),
                nothing.alias("next_stage"),
                *beside(self.cycles),
            ],
            [pl.col("@from").alias("@rank")],
            *(self._climb(stage) for stage in GATED),
            stalled(self.cycles),
            [self._stage().alias("stage:new")],
            [overdue(self.cycles).alias("overdue")],
        ]

    def _climb(self, stage: str) -> list[pl.Expr]:
        """One gate: `@rank` if the lead passes, `next_stage` if it stands before it.

        A lead that is beside the ladder, or that stands before a lower gate, does neither.
        """
        never = pl.lit(value=False)
        gates = [(cycle.applies, gate) for cycle, gate in self.gates() if gate.stage == stage]
        one_step = pl.any_horizontal(never, *(c.applies for c in self.cycles if c.one_step))
        stands = pl.col("@aside").is_null() & ~pl.col("@won") & pl.col("next_stage").is_null()
        here = stands & (pl.col("@from") < RANK[stage])
        here &= pl.any_horizontal(never, *(applies for applies, _ in gates))
        passed = pl.any_horizontal(never, *(applies & gate.passed for applies, gate in gates))
        passed &= ~(one_step & moved_today())
        passed &= pl.col("@back").is_null() & ~unripe(self.cycles)
        if stage == "opportunity":  # a lost one is not won by the same gate again
            passed &= ~lost()
        rank = pl.lit(RANK[stage], dtype=pl.Int8())
        return [
            pl.when(here & passed).then(rank).otherwise("@rank").alias("@rank"),
            pl.when(here & ~passed).then(pl.lit(stage)).otherwise("next_stage").alias("next_stage"),
        ]

    def _stage(self) -> pl.Expr:
        ladder = pl.col("@rank").replace_strict(dict(enumerate(STAGES)), return_dtype=TEXT)
        return pl.when("@won").then(pl.lit("customer")).otherwise(pl.coalesce("@aside", ladder))

    def _unmet(self) -> pl.Expr:
        """What is missing for the next stage; for a lead that is put aside, why it is.

        Not that it has stalled: that is over with the move, and words must not change without news.
        """
        missing = (
            pl.when(cycle.applies & (pl.col("next_stage") == gate.stage)).then(gate.missing)
            for cycle, gate in self.gates()
        )
        stands_lost = lost() & (pl.col("next_stage") == "opportunity")
        words = pl.concat_str(
            pl.coalesce(*missing, pl.lit(None, dtype=TEXT)),
            pl.when(pl.col("next_stage").is_not_null()).then(unripe_words(self.cycles)),
            pl.when(self._only_held()).then(pl.lit(_ONE_A_DAY)),
            pl.when(stands_lost).then(pl.lit(_LOST)),
            overdue_words(),
            separator="; ",
            ignore_nulls=True,
        )
        stages = {stage: f"for {stage_name(stage)}: " for stage in GATED}
        gate = pl.col("next_stage").replace_strict(stages, default="", return_dtype=TEXT)
        aside = pl.concat_str("@aside", pl.lit(": "), "@why")
        return pl.coalesce(
            pl.when(words != "").then(pl.concat_str(gate.fill_null(""), words)),
            pl.when(pl.col("@why") != "").then(aside),
        )

    def _only_held(self) -> pl.Expr:
        """Whether nothing but its cycle's pace keeps a lead from the next stage."""
        passes = (
            cycle.applies & (pl.col("next_stage") == gate.stage) & gate.passed
            for cycle, gate in self.gates()
            if cycle.one_step
        )
        lost_before = lost() & (pl.col("next_stage") == "opportunity")
        held = pl.any_horizontal(pl.lit(value=False), *passes) & moved_today()
        return held & ~unripe(self.cycles) & ~lost_before & pl.col("@back").is_null()

    def _reason(self) -> pl.Expr:
        """Why the stage is no longer the one it was; null where it still is."""
        climbed = (
            pl.when(cycle.applies & (pl.col("stage:new") == gate.stage)).then(pl.lit(gate.words))
            for cycle, gate in self.gates()
        )
        moved = pl.col("stage:new") != pl.coalesce("stage.folded", pl.lit("lead"))
        reason = (
            pl.when("@won")
            .then(pl.lit("its opportunity was won"))
            .when(pl.col("@aside").is_not_null())
            .then(pl.coalesce("@stalled", "@why"))
            .when(pl.col("@back").is_not_null())
            .then("@back")
            .when(pl.col("@rank") > pl.col("@from"))
            .then(pl.coalesce(*climbed, pl.lit(None, dtype=TEXT)))
            .when(pl.col("converted"))
            .then(pl.lit("it is an opportunity"))
            .otherwise(pl.lit("it has come back"))
        )
        return pl.when(moved).then(reason)


def compile_cycles(cycles: Sequence[Cycle], scope: Scope) -> Cycles:
    """The cycles of a model, compiled. Problems go to the scope."""
    compiled = [compile_cycle(cycle, index, scope) for index, cycle in enumerate(cycles)]
    order = sorted(range(len(cycles)), key=lambda index: -cycles[index].priority)
    return Cycles(tuple(compiled[index] for index in order))
