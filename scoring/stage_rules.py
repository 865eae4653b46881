"""The compiled rules of a cycle that move leads other than through gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.criteria import Compiled, Form, Scope, compile_criterion
from scoring.verdict import ASIDE, STAGES
from scoring.words import days, stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.cycle_file import Aside, Back, Cycle, Lost, Return, Stalled
    from scoring.document import Path

RANK = {stage: rank for rank, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class AsideRule:
    """A compiled rule that puts a lead beside the ladder, with its reason."""

    criterion: Compiled
    reason: str


@dataclass(frozen=True)
class StalledRule:
    """A compiled rule that puts a lead aside which has been in a stage for too long."""

    criterion: Compiled
    stages: tuple[str, ...]
    after_days: int
    to: str
    reason: str


@dataclass(frozen=True)
class LostRule:
    """A compiled rule that says where the lead of a lost opportunity goes (reason None: ours)."""

    criterion: Compiled
    to: str
    reason: str | None


@dataclass(frozen=True)
class ReturnRule:
    """A compiled rule that brings a lead back to the ladder, from where and to which rank."""

    criterion: Compiled
    origins: tuple[str, ...]
    rank: int
    cool_off_days: int | None


@dataclass(frozen=True)
class BackRule:
    """A compiled rule that takes a lead from a stage to a lower rank."""

    criterion: Compiled
    origin: str
    rank: int
    reason: str


@dataclass(frozen=True)
class StageRules:
    """All rules of a cycle beside its gates."""

    disqualify: tuple[AsideRule, ...]
    recycle: tuple[AsideRule, ...]
    stalled: tuple[StalledRule, ...]
    lost: tuple[LostRule, ...]
    returns: tuple[ReturnRule, ...]
    back: tuple[BackRule, ...]

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that the rules look at."""
        return frozenset[Form]().union(*(criterion.forms for criterion in self._criteria()))

    def _criteria(self) -> Iterator[Compiled]:
        for rules in (self.disqualify, self.recycle, self.stalled, self.lost):
            yield from (rule.criterion for rule in rules)
        for others in (self.returns, self.back):
            yield from (rule.criterion for rule in others)


def compile_rules(cycle: Cycle, at: Path, scope: Scope) -> StageRules:
    """The rules of the cycle at this place of the file. Problems go to the scope."""
    return StageRules(
        _asides(cycle.disqualify, (*at, "disqualify"), scope),
        _asides(cycle.recycle, (*at, "recycle"), scope),
        _stalled(cycle.stalled, (*at, "stalled"), scope),
        _lost(cycle.lost, (*at, "lost"), scope),
        _returns(cycle.return_, (*at, "return"), scope),
        _backs(cycle.back, (*at, "back"), scope),
    )


def _asides(rules: Sequence[Aside], at: Path, scope: Scope) -> tuple[AsideRule, ...]:
    return tuple(
        AsideRule(compile_criterion(rule.when, (*at, i, "when"), scope), rule.reason)
        for i, rule in enumerate(rules)
    )


def _stalled(rules: Sequence[Stalled], at: Path, scope: Scope) -> tuple[StalledRule, ...]:
    return tuple(
        StalledRule(
            compile_criterion(rule.when, (*at, i, "when"), scope),
            tuple(rule.from_),
            rule.after_days,
            rule.to,
            rule.reason or f"no progress for {days(rule.after_days)}",
        )
        for i, rule in enumerate(rules)
    )


def _lost(rules: Sequence[Lost], at: Path, scope: Scope) -> tuple[LostRule, ...]:
    return tuple(
        LostRule(compile_criterion(rule.when, (*at, i, "when"), scope), rule.to, rule.reason)
        for i, rule in enumerate(rules)
    )


def _returns(rules: Sequence[Return], at: Path, scope: Scope) -> tuple[ReturnRule, ...]:
    return tuple(
        ReturnRule(
            compile_criterion(rule.when, (*at, i, "when"), scope),
            ASIDE if rule.from_ == "either" else (rule.from_,),
            RANK[rule.to],
            rule.cool_off_days,
        )
        for i, rule in enumerate(rules)
    )


def _backs(rules: Sequence[Back], at: Path, scope: Scope) -> tuple[BackRule, ...]:
    return tuple(
        BackRule(
            compile_criterion(rule.when, (*at, i, "when"), scope),
            rule.from_,
            RANK[rule.to],
            f"back to {stage_name(rule.to)}: {rule.reason}",
        )
        for i, rule in enumerate(rules)
    )
