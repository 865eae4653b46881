"""The compiled parts of a cycle: its gates with their criteria, and its other rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Compiled, Form, Scope, compile_criterion
from scoring.criteria.tree import Comparison
from scoring.stage_rules import StageRules, compile_rules
from scoring.words import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scoring.cycle_file import Cycle, Dwell
    from scoring.cycle_file import Gate as GateSection
    from scoring.document import Path

GATED = ("mql", "sal", "sql", "opportunity")
"""The stages that gates lead to; a customer is made by a won opportunity."""

ACCEPTED = Comparison("accepted", "is", value=True, path=(), words="a rep must accept the lead")
"""What the gate to sal asks unless it is automatic or asks about acceptance in its own words."""


@dataclass(frozen=True)
class Gate:
    """The criteria to enter a stage, and the columns that say whether each holds."""

    stage: str
    criteria: tuple[Compiled, ...]
    columns: tuple[str, ...]
    within_days: int | None = None

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
        """What does not hold, in plain words: "a; b"; null if nothing is missing."""
        open_words = (
            pl.when(~_holds(column)).then(pl.lit(criterion.words))
            for column, criterion in zip(self.columns, self.criteria, strict=True)
        )
        words = pl.concat_str(*open_words, separator="; ", ignore_nulls=True)
        return pl.when(words != "").then(words)

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
class CompiledCycle:
    """A cycle with its criteria compiled."""

    name: str
    entry: Compiled
    one_step: bool
    gates: Mapping[str, Gate]
    dwell: Mapping[str, Dwell]
    rules: StageRules

    @property
    def applies(self) -> pl.Expr:
        """Whether this is the lead's cycle."""
        return pl.col("cycle").eq_missing(pl.lit(self.name))

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that the cycle looks at."""
        criteria = (criterion for gate in self.gates.values() for criterion in gate.criteria)
        return self.entry.forms.union(self.rules.forms, *(c.forms for c in criteria))


def compile_cycle(cycle: Cycle, index: int, scope: Scope) -> CompiledCycle:
    """A cycle of the model, the one at this index. Problems go to the scope."""
    at: Path = ("cycles", index)
    gates = {
        stage: _compile_gate(cycle.name, stage, section, (*at, "gates", stage), scope)
        for stage in GATED
        if (section := cycle.gates.get(stage)) is not None  # type: ignore[call-overload]
    }
    return CompiledCycle(
        cycle.name,
        compile_criterion(cycle.when, (*at, "when"), scope),
        cycle.advance == "one",
        gates,
        {stage: cycle.dwell[stage] for stage in cycle.dwell},
        compile_rules(cycle, at, scope),
    )


def _compile_gate(cycle: str, stage: str, section: GateSection, at: Path, scope: Scope) -> Gate:
    criteria = [
        compile_criterion(node, (*at, "criteria", i), scope)
        for i, node in enumerate(section.criteria)
    ]
    criteria += _required(section, (*at, "requires"), scope)
    if section.automatic and stage != "sal":
        fix = "Remove it: only sales acceptance waits for a person."
        scope.wrong((*at, "automatic"), f"{stage} is automatic anyway.", fix)
    asks = any("accepted" in criterion.facts for criterion in criteria)
    if stage == "sal" and not section.automatic and not asks:
        criteria.insert(0, compile_criterion(ACCEPTED, at, scope))
    if not criteria:
        scope.wrong(at, "asks nothing, so every lead would pass.", "Give criteria or requires.")
    columns = tuple(f"gate:{cycle}:{stage}:{i}" for i in range(len(criteria)))
    return Gate(stage, tuple(criteria), columns, section.within_days)


def _required(section: GateSection, at: Path, scope: Scope) -> Iterator[Compiled]:
    """The criteria that facts are known, whatever their value."""
    given = section.requires
    named = given.items() if isinstance(given, dict) else ((fact, None) for fact in given)
    for index, (fact, words) in enumerate(named):
        said = words or f"{label(fact)} must be known"
        node = Comparison(fact, "known", value=True, path=(), words=said)
        key = fact if isinstance(given, dict) else index
        yield compile_criterion(node, (*at, key), scope)


def _holds(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)
