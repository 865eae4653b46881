"""The compiled parts of a cycle: its gates, and the rules that put leads aside or bring them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Compiled, Form, Scope, compile_criterion
from scoring.verdict import ASIDE, STAGES
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.document import Path
    from scoring.model import Aside, Cycle, Return

RANK = {stage: rank for rank, stage in enumerate(STAGES)}
GATED = ("mql", "sal", "sql", "opportunity")
"""The stages that gates lead to; a customer is made by a won opportunity."""


@dataclass(frozen=True)
class Gate:
    """The criteria to enter a stage, and the columns that say whether each holds."""

    stage: str
    criteria: tuple[Compiled, ...]
    columns: tuple[str, ...]

    def checks(self) -> Iterable[pl.Expr]:
        """Whether each criterion holds (null: the facts do not tell), under its column's name."""
        for column, criterion in zip(self.columns, self.criteria, strict=True):
            yield criterion.expression.alias(column)

    @property
    def passed(self) -> pl.Expr:
        """Whether all criteria surely hold."""
        return pl.all_horizontal(*(_holds(column) for column in self.columns))

    @property
    def missing(self) -> pl.Expr:
        """What does not hold, in plain words: "for SQL: a; b"."""
        open_words = (
            pl.when(~_holds(column)).then(pl.lit(criterion.words))
            for column, criterion in zip(self.columns, self.criteria, strict=True)
        )
        words = pl.concat_str(*open_words, separator="; ", ignore_nulls=True)
        prefix = pl.lit(f"for {stage_name(self.stage)}: ")
        return pl.when(words != "").then(prefix + words)

    def waits_for(self, fact: str) -> pl.Expr | None:
        """Whether a criterion that looks at the fact does not hold; None if none looks at it."""
        looking = [
            ~_holds(column)
            for column, criterion in zip(self.columns, self.criteria, strict=True)
            if fact in criterion.facts
        ]
        return pl.any_horizontal(*looking) if looking else None

    @property
    def words(self) -> str:
        """What the gate asks, in plain words."""
        return "; ".join(criterion.words for criterion in self.criteria)


@dataclass(frozen=True)
class AsideRule:
    """A compiled rule that puts a lead beside the ladder, with its reason."""

    criterion: Compiled
    reason: str


@dataclass(frozen=True)
class ReturnRule:
    """A compiled rule that brings a lead back to the ladder, from where and to which rank."""

    criterion: Compiled
    origins: tuple[str, ...]
    rank: int


@dataclass(frozen=True)
class CompiledCycle:
    """A cycle with its criteria compiled."""

    name: str
    entry: Compiled
    one_step: bool
    gates: Mapping[str, Gate]
    disqualify: tuple[AsideRule, ...]
    recycle: tuple[AsideRule, ...]
    returns: tuple[ReturnRule, ...]

    @property
    def applies(self) -> pl.Expr:
        """Whether this is the lead's cycle."""
        return pl.col("cycle").eq_missing(pl.lit(self.name))

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that the cycle looks at."""
        criteria = [criterion for gate in self.gates.values() for criterion in gate.criteria]
        criteria += [rule.criterion for rule in (*self.disqualify, *self.recycle)]
        criteria += [rule.criterion for rule in self.returns]
        return self.entry.forms.union(*(criterion.forms for criterion in criteria))


def compile_cycle(cycle: Cycle, index: int, scope: Scope) -> CompiledCycle:
    """A cycle of the model, the one at this index. Problems go to the scope."""
    at: Path = ("cycles", index)
    gates = (stage for stage in GATED if stage in cycle.gates)
    return CompiledCycle(
        cycle.name,
        compile_criterion(cycle.when, (*at, "when"), scope),
        cycle.advance == "one",
        {stage: _compile_gate(cycle, stage, (*at, "gates", stage), scope) for stage in gates},
        _compile_aside(cycle.disqualify, (*at, "disqualify"), scope),
        _compile_aside(cycle.recycle, (*at, "recycle"), scope),
        _compile_returns(cycle.return_, (*at, "return"), scope),
    )


def _compile_gate(cycle: Cycle, stage: str, at: Path, scope: Scope) -> Gate:
    nodes = cycle.gates[stage].criteria  # type: ignore[index]
    criteria = tuple(
        compile_criterion(node, (*at, "criteria", i), scope) for i, node in enumerate(nodes)
    )
    columns = tuple(f"gate:{cycle.name}:{stage}:{i}" for i in range(len(criteria)))
    return Gate(stage, criteria, columns)


def _compile_aside(rules: Sequence[Aside], at: Path, scope: Scope) -> tuple[AsideRule, ...]:
    return tuple(
        AsideRule(compile_criterion(rule.when, (*at, i, "when"), scope), rule.reason)
        for i, rule in enumerate(rules)
    )


def _compile_returns(rules: Sequence[Return], at: Path, scope: Scope) -> tuple[ReturnRule, ...]:
    return tuple(
        ReturnRule(
            compile_criterion(rule.when, (*at, i, "when"), scope),
            ASIDE if rule.from_ == "either" else (rule.from_,),
            RANK[rule.to],
        )
        for i, rule in enumerate(rules)
    )


def _holds(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)
