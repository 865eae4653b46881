"""Rule-based scoring: points for criteria, in groups with a cap and a floor, decaying with time.

groups:
  web: {side: engagement, cap: 40, floor: 0}
rules:
  - id: visited
    group: web
    when: {visits: {at_least: 2}}
    points: 15
    decay: {half_life_days: 14, from: last_visit_at}
    reason: visited {ago}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import polars as pl
from pydantic import Field, model_validator

from scoring.criteria import Compiled, Criterion, Form, Scope, compile_criterion, prepare
from scoring.document import Schema
from scoring.methods.base import Context, Line, Side
from scoring.problem import did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Self

    from scoring.document import Path
    from scoring.lead import Kind

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class Group(Schema):
    """Rules that share a side of the grade and limits on the sum of their points."""

    side: Side
    cap: Annotated[float, Field(gt=0, le=1000)] | None = None
    floor: Annotated[float, Field(ge=-1000, le=0)] | None = None
    segment: str | None = None


class Decay(Schema):
    """How the points of a rule fade with the days since a moment; whole days, none before it."""

    from_: Annotated[str, Field(alias="from")]
    half_life_days: Annotated[float, Field(gt=0, le=10_000)] | None = None
    linear_days: Annotated[float, Field(gt=0, le=10_000)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.half_life_days is None) == (self.linear_days is None):
            raise ValueError("give half_life_days or linear_days, one of the two")
        return self

    def factor(self, days: pl.Expr) -> pl.Expr:
        """What is left of the points after so many days, 1 to 0."""
        if self.half_life_days is not None:
            return 0.5 ** (days / self.half_life_days)
        return (1 - days / self.linear_days).clip(lower_bound=0)


class Rule(Schema):
    """A criterion worth points."""

    id: Name
    group: str
    points: Annotated[float, Field(ge=-100, le=100)]
    when: Criterion | None = None
    reason: str | None = None
    decay: Decay | None = None
    segment: str | None = None


class RulesSection(Schema):
    """The part of a model file that belongs to rule-based scoring."""

    groups: dict[Name, Group] = Field(default_factory=dict)
    rules: Annotated[list[Rule], Field(default_factory=list, max_length=1000)]


@dataclass(frozen=True)
class _CompiledRule:
    line: Line
    reason: str
    group: str
    criterion: Compiled
    decay: Decay | None
    decays_from: Form | None

    def units(self, unit: float) -> pl.Expr:
        """Points in whole units, null where the rule does not apply."""
        applies = self.criterion.expression
        if self.line.segment is not None:
            applies &= pl.col("segment") == self.line.segment
        points = self.line.most + self.line.least
        if self.decay is None or self.decays_from is None:
            return pl.when(applies).then(pl.lit(round(points / unit), dtype=pl.Int32))
        left = self.decay.factor(pl.col(self.decays_from.column)) * (points / unit)
        return pl.when(applies).then(left.round().cast(pl.Int32))

    @property
    def forms(self) -> set[Form]:
        return {*self.criterion.forms, *([self.decays_from] if self.decays_from else [])}


@dataclass(frozen=True)
class _Limit:
    """The cap or the floor of a group, for the leads that it holds for."""

    line: Line

    def units(self, unit: float) -> pl.Expr:
        total = pl.sum_horizontal(*self.line.limits)
        beyond = pl.lit(round(self.line.bound / unit), dtype=pl.Int32) - total
        taken = beyond.clip(upper_bound=0) if self.line.bound > 0 else beyond.clip(lower_bound=0)
        if self.line.segment is None:
            return taken
        return pl.when(pl.col("segment") == self.line.segment).then(taken).otherwise(0)


@dataclass(frozen=True)
class Rules:
    """Rule-based scoring, compiled. Lines: one per rule, then one per cap and per floor."""

    rules: tuple[_CompiledRule, ...]
    limits: tuple[_Limit, ...]
    unit: float
    held: tuple[str, ...] = ()
    """Lines that stay what they are in a judged frame, and that limits are taken of."""
    name: str = "rules"
    only_points = True
    """It says nothing that would count without a weight."""

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """A line per rule, then a line per limit of a group."""
        return (*(rule.line for rule in self.rules), *(limit.line for limit in self.limits))

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Points per line, and `<key>:text` beside the lines that decay."""
        units, limits, texts = self._expressions
        ready = prepare(leads, self._forms, as_of)
        counted = ready.select("segment", *units)
        points = pl.concat(
            [counted.drop("segment", *self.held), counted.select(limits)], how="horizontal"
        ).select(pl.all() * self.unit)
        return pl.concat([points, ready.select(texts)], how="horizontal")

    def narrowed(self, facts: frozenset[str]) -> Rules:
        """Only the rules that look at these facts and their groups' limits, over a judged frame.

        What else those limit is taken from the frame: there it counts in whole units.
        """
        moved = {rule.line.key for rule in self.rules if not facts.isdisjoint(rule.line.facts)}
        limits = tuple(each for each in self.limits if not moved.isdisjoint(each.line.limits))
        held = set[str]().union(*(each.line.limits for each in limits)) - moved
        rules = tuple(r for r in self.rules if r.line.key in moved)
        return Rules(rules, limits, self.unit, tuple(sorted(held)))

    @cached_property
    def _forms(self) -> frozenset[Form]:
        return frozenset(form for rule in self.rules for form in rule.forms)

    @cached_property
    def _expressions(self) -> tuple[list[pl.Expr], list[pl.Expr], list[pl.Expr]]:
        """Built once: making expressions takes longer than running them on a page of leads."""
        return (
            [rule.units(self.unit).fill_null(0).alias(rule.line.key) for rule in self.rules]
            + [pl.col(f"{self.name}.{key}").alias(key) for key in self.held],
            [limit.units(self.unit).alias(limit.line.key) for limit in self.limits],
            _texts(self.rules),
        )


def compile_rules(section: RulesSection, context: Context) -> Rules:
    """Rule-based scoring from its part of the model file. Raises ProblemsError."""
    scope = context.scope()
    _check_names(section, context, scope)
    refuse(scope.problems)
    rules = tuple(
        _compile_rule(rule, index, section.groups[rule.group], scope)
        for index, rule in enumerate(section.rules)
    )
    refuse(scope.problems)
    limits = tuple(
        limit
        for name, group in section.groups.items()
        for limit in _limits(name, group, [r for r in rules if r.group == name], context.segments)
    )
    return Rules(rules, limits, context.unit)


def _check_names(section: RulesSection, context: Context, scope: Scope) -> None:
    ids: set[str] = set()
    for name, group in section.groups.items():
        _check_segment(group.segment, ("groups", name, "segment"), context, scope)
    for index, rule in enumerate(section.rules):
        at = ("rules", index)
        if rule.id in ids:
            scope.wrong((*at, "id"), f'"{rule.id}" is the id of an earlier rule.', "Rename one.")
        ids.add(rule.id)
        if rule.group not in section.groups:
            hint = did_you_mean(rule.group, section.groups)
            scope.wrong((*at, "group"), f'"{rule.group}" is not a group.', hint)
        elif rule.segment and section.groups[rule.group].segment not in (None, rule.segment):
            scope.wrong((*at, "segment"), "is not the segment of the rule's group.")
        _check_segment(rule.segment, (*at, "segment"), context, scope)


def _check_segment(segment: str | None, at: Path, context: Context, scope: Scope) -> None:
    if segment is not None and segment not in context.segments:
        hint = did_you_mean(segment, context.segments)
        scope.wrong(at, f'"{segment}" is not a segment.', hint)


def _compile_rule(rule: Rule, index: int, group: Group, scope: Scope) -> _CompiledRule:
    at = ("rules", index)
    criterion = compile_criterion(rule.when, (*at, "when"), scope)
    origin = _decays_from(rule, (*at, "decay", "from"), scope)
    reason = rule.reason or criterion.words
    _check_reason(rule, (*at, "reason"), scope)
    facts = {*criterion.facts, *([origin.fact] if origin else [])}
    line = Line(
        rule.id,
        reason.replace("{ago}", "recently"),
        group.side,
        tuple(sorted(facts - {"segment"})),
        max(rule.points, 0.0),
        min(rule.points, 0.0),
        segment=rule.segment or group.segment,
        fades=rule.decay is not None,
    )
    return _CompiledRule(line, reason, rule.group, criterion, rule.decay, origin)


def _check_reason(rule: Rule, at: Path, scope: Scope) -> None:
    placeholders = set(re.findall(r"\{[^}]*\}?", rule.reason or ""))
    if "{ago}" in placeholders and rule.decay is None:
        scope.wrong(at, "{ago} is known only to a rule with decay.")
    for placeholder in sorted(placeholders - {"{ago}"}):
        scope.wrong(at, f"{placeholder} is not known in a reason.", 'Known: "{ago}".')


def _decays_from(rule: Rule, at: Path, scope: Scope) -> Form | None:
    if rule.decay is None:
        return None
    kind: Kind | None = scope.kind(rule.decay.from_, at)
    if kind in ("date", "datetime"):
        return Form(rule.decay.from_, kind, "days")
    if kind is not None:
        scope.wrong(at, f"{rule.decay.from_} is a {kind}; points decay from a date.")
    return None


def _limits(
    name: str, group: Group, rules: Sequence[_CompiledRule], segments: Sequence[str]
) -> list[_Limit]:
    """The group's cap and floor; one per segment where its rules differ by segment."""
    scopes = {rule.line.segment for rule in rules}
    held = list(scopes) if len(scopes) <= 1 else list(segments)
    return [
        _limit(
            f"{word}_of_{name}" + (f"_in_{s}" if len(scopes) > 1 else ""), group.side, bound, rs, s
        )
        for word, bound in (("cap", group.cap), ("floor", group.floor))
        if bound is not None
        for s in held
        if (rs := [rule for rule in rules if rule.line.segment in (None, s)])
    ]


def _limit(
    key: str, side: Side, bound: float, rules: Sequence[_CompiledRule], segment: str | None
) -> _Limit:
    most = sum(rule.line.most for rule in rules)
    least = sum(rule.line.least for rule in rules)
    line = Line(
        key,
        key.partition("_in_")[0].replace("_", " ").replace(" of ", " of group ", 1),
        side,
        most=max(bound - least, 0.0) if bound <= 0 else 0.0,
        least=min(bound - most, 0.0) if bound > 0 else 0.0,
        segment=segment,
        limits=tuple(rule.line.key for rule in rules),
        bound=bound,
    )
    return _Limit(line)


def _texts(rules: Sequence[_CompiledRule]) -> list[pl.Expr]:
    """What the decaying lines say of each lead: "visited 3 days ago"."""
    return [
        _with_ago(rule.reason, pl.col(rule.decays_from.column)).alias(f"{rule.line.key}:text")
        for rule in rules
        if rule.decays_from is not None
    ]


def _with_ago(text: str, days: pl.Expr) -> pl.Expr:
    before, _, after = (text if "{ago}" in text else text + " ({ago})").partition("{ago}")
    ago = (
        pl.when(days == 0)
        .then(pl.lit("today"))
        .when(days == 1)
        .then(pl.lit("1 day ago"))
        .otherwise(pl.format("{} days ago", days))
    )
    return pl.concat_str(pl.lit(before), ago, pl.lit(after))
