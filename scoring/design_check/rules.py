"""Scoring rules that never or always match, say the same twice, or are lost in a cap."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from scoring.design_check.places import facts_of, rules_of
from scoring.methods.rules import Group, RulesSection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding
    from scoring.design_check.solve import Goal
    from scoring.methods.rules import Rule


def check_rules(design: Design) -> Iterator[Finding]:
    """Every scoring rule by itself, and every two that look at the same facts."""
    rules = rules_of(design.model)
    usable = []
    for index, rule in enumerate(rules):
        found = list(_alone(design, index, rule))
        yield from found
        if not found:
            usable.append((index, rule))
    for (_, one), (index, other) in combinations(usable, 2):
        if facts_of(one.when) == facts_of(other.when) and _meet(design, one, other):
            yield from _same(design, one, other, index)
    yield from _capped(design, usable)


def _group(design: Design, rule: Rule) -> Group:
    section = design.model.sections["rules"]
    assert isinstance(section, RulesSection)  # noqa: S101 — rules come from there
    return section.groups[rule.group]


def _segment(design: Design, rule: Rule) -> str | None:
    return rule.segment or _group(design, rule).segment


def _meet(design: Design, one: Rule, other: Rule) -> bool:
    segments = {_segment(design, one), _segment(design, other)} - {None}
    return len(segments) <= 1


def _of_segment(design: Design, *rules: Rule) -> list[Goal]:
    names = {_segment(design, rule) for rule in rules} - {None}
    return [goal for name in names if name is not None for goal in design.segment_goals(name)]


def _alone(design: Design, index: int, rule: Rule) -> Iterator[Finding]:
    goals = _of_segment(design, rule)
    key = f"rules.{rule.id}"
    if key not in {line.key for line in design.judge.lines} or not rule.points:
        return
    path = ("rules", index, "when")
    if not design.solver.satisfiable([(rule.when, "true"), *goals]):
        witness = design.witness(goals, pl.col(key) == 0)
        if witness is not None:
            what = (
                f'"{rule.id}" can never match: its conditions contradict each other or its segment.'
            )
            yield design.finding("error", path, what, "Change or remove it.", witness=witness)
    elif rule.when is not None and not design.solver.satisfiable([(rule.when, "not true"), *goals]):
        witness = design.witness([(rule.when, "true"), *goals], pl.col(key) != 0)
        if witness is not None:
            what = f'"{rule.id}" matches every lead, so it parts nobody from anybody.'
            yield design.finding("warning", path, what, "Ask something.", witness=witness)


def _same(design: Design, one: Rule, other: Rule, index: int) -> Iterator[Finding]:
    """Two rules that match exactly the same leads."""
    goals = _of_segment(design, one, other)
    ways: list[list[Goal]] = [
        [(one.when, "true"), (other.when, "not true")],
        [(one.when, "not true"), (other.when, "true")],
    ]
    if any(design.solver.satisfiable([*way, *goals]) for way in ways):
        return
    both = (pl.col(f"rules.{one.id}") != 0) & (pl.col(f"rules.{other.id}") != 0)
    witness = design.witness([(one.when, "true"), *goals], both)
    if witness is None:
        return
    against = one.points * other.points < 0
    does = "takes back what" if against else "counts again what"
    what = f'"{other.id}" {does} "{one.id}" gives: both match the same leads.'
    yield design.finding("warning", ("rules", index), what, "Keep one of them.", witness=witness)


def _capped(design: Design, rules: list[tuple[int, Rule]]) -> Iterator[Finding]:
    """Rules whose group is at its cap whenever they match."""
    for index, rule in rules:
        cap = _group(design, rule).cap
        if cap is None or rule.points <= 0:
            continue
        filler = next((o for _, o in rules if _fills(design, o, rule, cap)), None)
        if filler is None:
            continue
        cut = pl.col(f"rules.cap_of_{rule.group}") <= -pl.col(f"rules.{rule.id}")
        both = (pl.col(f"rules.{rule.id}") > 0) & (pl.col(f"rules.{filler.id}") > 0)
        goals: list[Goal] = [
            (rule.when, "true"),
            (filler.when, "true"),
            *_of_segment(design, rule, filler),
        ]
        column = f"rules.cap_of_{rule.group}"
        known = column in {line.key for line in design.judge.lines}
        witness = design.witness(goals, both & cut) if known else None
        if witness is not None:
            what = f'"{rule.id}" never adds anything: "{filler.id}" holds then, too, and fills the cap of {rule.group} ({cap:g}).'
            yield design.finding(
                "warning", ("rules", index), what, "Raise the cap.", witness=witness
            )


def _fills(design: Design, filler: Rule, rule: Rule, cap: float) -> bool:
    """Whether another rule always matches along and gives all that the group may give."""
    together = filler is not rule and filler.group == rule.group and filler.decay is None
    if not together or filler.points < cap or not _meet(design, filler, rule):
        return False
    goals = _of_segment(design, rule, filler)
    return not design.solver.satisfiable([(rule.when, "true"), (filler.when, "not true"), *goals])
