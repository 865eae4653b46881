"""The least change that would bring a lead to its next stage, found by trying.

What can change is what a lead can still say, do or be granted: answers to questions, a rep's
acceptance, signs of interest. All sets of one such change are tried first, then of two, then of
three, by the same computation that judges the lead; the first that is enough is the answer. Of
several sets of the same size the one that is easiest to come by is taken: answers before
acceptance, acceptance before signs of interest, and of these the smaller numbers first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.aside import DAYS
from scoring.candidates import Change, candidates
from scoring.lead import DTYPES
from scoring.stage_rules import RANK
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from scoring.judge import Judge
    from scoring.lead import Kind

MOST_CHANGES = 3
"""More changes than that are no advice."""

MOST_CANDIDATES = 40
"""Bounds the sets of three to under 10,000; the hardest to come by are left out."""


@dataclass(frozen=True, slots=True)
class LeastChange:
    """What would bring the lead to `target`, or why nothing that was tried does (`blocked`).

    `changes` are empty if and only if `blocked` says why. `words` say all of it in one sentence.
    """

    target: str | None
    changes: tuple[Change, ...]
    score: float
    new_score: float
    stage: str
    new_stage: str
    blocked: str | None
    words: str


def least_change(judge: Judge, lead: pl.DataFrame, as_of: date) -> LeastChange:
    """The least change for the one lead in the frame. Raises ValueError for more than one."""
    if lead.height != 1:
        raise ValueError(f"least_change takes one lead, not {lead.height}")
    row = judge.assess(lead, as_of).row(0, named=True)
    target = row["next_stage"]
    if target is None:
        return _none(row, _why_no_gate(row))
    here = standing(judge, lead, row)
    possible = candidates(judge, row, as_of)[:MOST_CANDIDATES]
    tried: list[pl.DataFrame] = []
    for size in range(1, MOST_CHANGES + 1):
        sets = _sets(possible, size)
        tried.append(_judged(judge, here, sets, as_of))
        enough = (tried[-1]["rank"] >= RANK[target]).arg_true()
        if len(enough):
            return _found(row, sets[enough[0]], tried[-1].row(enough[0], named=True))
    return _none(row, _why_stuck(judge, row, tried))


def standing(judge: Judge, lead: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    """The lead where its verdict puts it: a cycle that moves one stage a day takes the next then."""
    cycle = next((each for each in judge.cycles.cycles if each.name == row["cycle"]), None)
    if cycle is None or not cycle.one_step:
        return lead
    unknown = pl.lit(None, dtype=DTYPES["datetime"])
    today = pl.lit(row[DAYS] is not None and row[DAYS] <= 0)
    since = pl.when(today).then(unknown).otherwise("stage_since")
    stage = pl.lit(row["stage:new"]).alias("stage")
    if "stage_since" not in lead.columns:
        return lead.with_columns(stage)
    return lead.with_columns(stage, since.alias("stage_since"))


def changed(judge: Judge, lead: pl.DataFrame, changes: Sequence[Change]) -> pl.DataFrame:
    """The lead with these changes made."""
    return _rows(judge, lead, [changes])


def _sets(possible: Sequence[Change], size: int) -> list[tuple[Change, ...]]:
    """The sets of changes that can be made together, the easiest to come by first."""
    sets = [each for each in combinations(possible, size) if _together(each)]
    return sorted(sets, key=lambda each: sum(change.effort for change in each))


def _together(changes: Sequence[Change]) -> bool:
    """Whether no fact is set twice to different values."""
    facts: dict[str, Any] = {}
    for change in changes:
        for fact, value in change.facts.items():
            if facts.setdefault(fact, value) != value:
                return False
    return True


def _judged(
    judge: Judge, lead: pl.DataFrame, sets: Sequence[Sequence[Change]], as_of: date
) -> pl.DataFrame:
    """What the lead would be after each set of changes."""
    verdicts = judge.assess(_rows(judge, lead, sets), as_of)
    rank = pl.col("stage:new").replace_strict(RANK, default=-1, return_dtype=pl.Int8())
    return verdicts.with_columns(rank.alias("rank"))


def _rows(judge: Judge, lead: pl.DataFrame, sets: Sequence[Sequence[Change]]) -> pl.DataFrame:
    """The lead once per set of changes, with these changes made."""
    facts = dict.fromkeys(f for each in sets for change in each for f in change.facts)
    rows = lead[[0] * len(sets)]
    return rows.with_columns(_column(fact, sets, lead, judge.kinds[fact]) for fact in facts)


def _column(
    fact: str, sets: Sequence[Sequence[Change]], lead: pl.DataFrame, kind: Kind
) -> pl.Series:
    before = lead[fact].item() if fact in lead.columns else None
    values = [
        next((change.facts[fact] for change in each if fact in change.facts), before)
        for each in sets
    ]
    return pl.Series(fact, values, dtype=DTYPES[kind])


def _found(
    row: Mapping[str, Any], changes: Sequence[Change], after: Mapping[str, Any]
) -> LeastChange:
    before, then = row["score"], after["score"]
    lifts = f"score {before:g} → {then:g}" if then != before else f"the score stays {before:g}"
    what = " and ".join(change.words for change in changes)
    return LeastChange(
        target=row["next_stage"],
        changes=tuple(changes),
        score=before,
        new_score=then,
        stage=row["stage:new"],
        new_stage=after["stage:new"],
        blocked=None,
        words=f"{what} ({lifts}): enough for {stage_name(row['next_stage'])}",
    )


def _none(row: Mapping[str, Any], why: str) -> LeastChange:
    return LeastChange(
        target=row["next_stage"],
        changes=(),
        score=row["score"],
        new_score=row["score"],
        stage=row["stage:new"],
        new_stage=row["stage:new"],
        blocked=why,
        words=why,
    )


def _why_no_gate(row: Mapping[str, Any]) -> str:
    if row["@won"]:
        return "it is a customer"
    if row["@aside"] is not None:
        return f"it is {row['@aside']}" + (f": {row['@why']}" if row["@why"] else "")
    return "no cycle applies to it" if row["cycle"] is None else "there is no further gate"


def _why_stuck(judge: Judge, row: Mapping[str, Any], tried: Sequence[pl.DataFrame]) -> str:
    """The criteria of the open gate that nothing satisfies; what else holds it; or the number."""
    gate = next(
        gate
        for cycle, gate in judge.cycles.gates()
        if cycle.name == row["cycle"] and gate.stage == row["next_stage"]
    )
    name = stage_name(gate.stage)
    held = pl.concat([each.select(*gate.columns, "unmet") for each in tried])
    met = {c: bool(row[c]) or bool(held[c].any()) for c in gate.columns}
    never = [c.words for c, n in zip(gate.criteria, gate.columns, strict=True) if not met[n]]
    if never:
        return (
            f"no {MOST_CHANGES} changes that are possible are enough for {name}: {'; '.join(never)}"
        )
    whole = held.filter(pl.all_horizontal(pl.lit(value=True), *gate.columns))["unmet"].drop_nulls()
    if len(whole):
        return str(whole[0])
    return f"{name} needs more than {MOST_CHANGES} changes"
