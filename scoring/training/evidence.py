"""Evidence that a column was written after the outcome, or by the sales work that led to it.

Each piece of evidence looks at one column, weighs 0.5 (supports), 1 (serious) or 2 (enough alone)
and comes with its sentence and figures. `scoring.training.leaks` adds them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training import wording
from scoring.training.calibration import logit
from scoring.training.measures import auc
from scoring.training.validation import folds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from scoring.training.columns import Column

Codes = Any  # numpy.typing.NDArray[numpy.int16]
Numbers = Any  # numpy.typing.NDArray[numpy.float64]

ENOUGH = 20
"""Leads below which a group says nothing."""

_CERTAIN = log(10)
_A_FEW = 0.003
_FILLED_FOR_THE_GOOD = log(2.7)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to distrust a column, its weight, and the sentence for the admin."""

    weight: float
    sentence: str


@dataclass(frozen=True)
class Suspect:
    """One column under examination: its codes (0 is blank), what they are called, the outcomes."""

    column: Column
    codes: Codes
    labels: tuple[str, ...]
    outcome: Numbers

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @cached_property
    def base(self) -> float:
        """The share of all leads that converted."""
        return float(self.outcome.mean())

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Leads per code."""
        return np.bincount(self.codes, minlength=len(self.labels)).astype(np.float64)

    @cached_property
    def conversions(self) -> NDArray[np.float64]:
        """Conversions per code."""
        found = np.bincount(self.codes, weights=self.outcome, minlength=len(self.labels))
        return np.asarray(found, dtype=np.float64)

    @cached_property
    def alone(self) -> float:
        """The area under the curve of this column alone, on leads that it was not learned from."""
        return ranking_alone(self.codes, self.outcome, len(self.labels))


def ranking_alone(codes: Codes, outcome: Numbers, size: int) -> float:
    """The out-of-fold area under the curve of the conversion rate per code."""
    rate = np.empty(len(outcome))
    for test in folds(outcome, seed=0, count=5):
        train = np.ones(len(outcome), dtype=bool)
        train[test] = False
        counts = np.bincount(codes[train], minlength=size)
        yes = np.bincount(codes[train], weights=outcome[train], minlength=size)
        rate[test] = ((yes + 5 * outcome[train].mean()) / (counts + 5))[codes[test]]
    return auc(outcome, rate)


def repeats_outcome(suspect: Suspect, others: float) -> Iterator[Evidence]:
    """It says alone what nothing known beforehand could say; `others` is the AUC of honest columns."""
    alone = suspect.alone
    if alone >= 0.95 and alone > others:  # noqa: PLR2004 — practically the outcome itself
        yield Evidence(
            2,
            f"it practically repeats the outcome: alone it ranks leads with an AUC of {alone:.3f}",
        )
    elif alone >= 0.90 and alone > others + 0.03:  # noqa: PLR2004 — more than all the rest together
        yield Evidence(
            1,
            f"alone it ranks leads better (AUC {alone:.3f}) than everything else together ({others:.3f})",
        )


def certain_both_ways(suspect: Suspect) -> Iterator[Evidence]:
    """Some of its values mean almost surely yes, and others almost surely no.

    A strong source may have values of both kinds, so that it is enough alone only where both kinds
    hardly ever fail and cover a good part of the leads. A number's far ends are no evidence.
    """
    yes, no = _certain(suspect, +1), _certain(suspect, -1)
    leads = len(suspect.outcome)
    if suspect.column.kind not in ("text", "item") or not yes or not no:
        return
    counts = [float(suspect.counts[side].sum()) for side in (yes, no)]
    rates = [
        float(suspect.conversions[s].sum()) / n for s, n in zip((yes, no), counts, strict=True)
    ]
    if min(counts) < max(ENOUGH, _A_FEW * leads):
        return
    sure = rates[0] >= 0.95 and rates[1] <= 0.04 and min(counts) >= 0.05 * leads  # noqa: PLR2004
    told = [
        f'"{suspect.labels[code]}" {_rate(suspect, code)}' for code in _examples(suspect, yes, no)
    ]
    yield Evidence(
        2.0 if sure and sum(counts) >= leads / 4 else 0.5,
        f"its values all but decide the outcome for {sum(counts) / leads:.0%} of the leads "
        f"({told[0]}, {told[1]} converted)",
    )


def filled_by_sales(suspect: Suspect, expected: Numbers) -> Iterator[Evidence]:
    """It is filled in mostly on leads that go on to convert, beyond what they were worth anyway.

    `expected` is each lead's probability by the honest columns: a field that only some sources
    fill is no leak when the source already says as much.
    """
    blank, outcome = suspect.column.blank, suspect.outcome
    if min(blank.sum(), (~blank).sum()) < ENOUGH:
        return
    gap, error = filling_gap(blank, outcome)
    excess = gap - _gap(expected[~blank].mean(), expected[blank].mean())
    rates = f"{outcome[~blank].mean():.1%} of the leads where it is filled in converted, {outcome[blank].mean():.1%} where it is blank"
    filled = _smooth(outcome[~blank].sum(), (~blank).sum())
    if gap - error < log(2.2) and filled > suspect.base:
        return
    if _final(suspect, filled, gap) and abs(excess) - error > 1:
        yield Evidence(2, f"whether it is filled in all but decides the outcome: {rates}")
    elif gap >= _FILLED_FOR_THE_GOOD and excess >= max(0.4, gap / 4, error + 0.3):
        serious = gap >= log(3.5)
        yield Evidence(1.0 if serious else 0.5, f"it is filled in during the sales work: {rates}")
        yield from _only_filling(suspect)


def filling_gap(blank: NDArray[np.bool_], outcome: Numbers) -> tuple[float, float]:
    """Log-odds of converting when filled in against blank, and 1.64 standard errors of it."""
    groups = [
        (outcome[rows].sum() + 0.5, (1 - outcome[rows]).sum() + 0.5) for rows in (~blank, blank)
    ]
    gap = log(groups[0][0] / groups[0][1]) - log(groups[1][0] / groups[1][1])
    return gap, 1.64 * sqrt(sum(1 / part for group in groups for part in group))


def latest_state(suspect: Suspect, gain: float) -> Iterator[Evidence]:
    """It holds the latest of something, which changes until the outcome is known.

    `gain` is the area under the curve that it adds to the honest columns.
    """
    why = _changes(suspect)
    if suspect.alone < 0.55 or not why:  # noqa: PLR2004 — it must matter and say so
        return
    edits = wording.share_saying(_values(suspect), frozenset(("modified", "updated", "edited")))
    moves = gain >= 0.01 and not wording.say(suspect.name, wording.STATE)  # noqa: PLR2004
    weight = (1.0 if moves else 0.5) + (0.5 if edits >= 0.05 else 0.0)  # noqa: PLR2004
    also = f", and {edits:.0%} of them record an edit of the lead" if edits >= 0.05 else ""  # noqa: PLR2004
    yield Evidence(
        weight,
        f"it holds the latest state, overwritten until the outcome is known ({why}{also}; AUC {gain:+.3f})",
    )


def hints(suspect: Suspect) -> bool:
    """Tell whether its wording alone suggests that it was not written when the lead came in."""
    return bool(_changes(suspect) or wording.say(suspect.name, wording.JUDGEMENT | wording.OUTCOME))


def judgement(suspect: Suspect, gain: float) -> Iterator[Evidence]:
    """It is somebody's or some system's judgement, made nobody knows when."""
    named = wording.say(suspect.name, wording.JUDGEMENT)
    levels = wording.share_saying(_values(suspect), wording.LEVEL)
    if suspect.alone < 0.53 or (not named and levels < 0.5):  # noqa: PLR2004
        return
    why = (
        f'its name says "{named}"'
        if named
        else f"{levels:.0%} of its values are levels such as high or low"
    )
    serious = bool(named) and gain >= 0.01  # noqa: PLR2004
    yield Evidence(
        1.0 if serious else 0.5, f"it is a judgement of the lead ({why}; AUC {gain:+.3f})"
    )


def names_outcome(suspect: Suspect) -> Iterator[Evidence]:
    """Its name, or a value that decides, speaks of the outcome."""
    named = wording.say(suspect.name, wording.OUTCOME)
    if named and suspect.alone >= 0.53:  # noqa: PLR2004
        weight = 1.0 if suspect.alone >= 0.58 else 0.5  # noqa: PLR2004
        yield Evidence(
            weight,
            f'its name speaks of the outcome ("{named}") and it ranks leads with an AUC of {suspect.alone:.3f}',
        )
    deciding = [*_certain(suspect, +1), *_certain(suspect, -1)]
    said = [
        suspect.labels[code]
        for code in deciding
        if wording.say(suspect.labels[code], wording.OUTCOME)
    ]
    if said:
        yield Evidence(0.5, f'values that decide speak of the outcome ("{said[0]}")')


def _changes(suspect: Suspect) -> str:
    named = wording.say(suspect.name, wording.LATEST | wording.STATE)
    if named:
        return f'its name says "{named}"'
    events = wording.share_saying(_values(suspect), wording.EVENT)
    return f"{events:.0%} of its values are events" if events >= 0.5 else ""  # noqa: PLR2004


def _certain(suspect: Suspect, sign: int) -> list[int]:
    """The codes whose leads convert, or do not, with odds ten times those of all leads."""
    found = []
    for code in np.flatnonzero(suspect.counts >= ENOUGH / 2):
        rate = _smooth(suspect.conversions[code], suspect.counts[code])
        sure = rate >= 0.85 if sign > 0 else rate <= 0.06  # noqa: PLR2004 — odds alone mean little near the base
        if sure and sign * (logit(rate) - logit(suspect.base)) >= _CERTAIN:
            found.append(int(code))
    return found


def _only_filling(suspect: Suspect) -> Iterator[Evidence]:
    rows = ~suspect.column.blank
    outcome = suspect.outcome[rows]
    if min(outcome.sum(), (1 - outcome).sum()) < 5 * ENOUGH:
        return
    within = ranking_alone(suspect.codes[rows], outcome, len(suspect.labels))
    if within < 0.53:  # noqa: PLR2004 — no better than chance
        yield Evidence(0.5, f"what was filled in says nothing (AUC {within:.3f}), only that it was")


def _final(suspect: Suspect, filled: float, gap: float) -> bool:
    """Tell whether being filled in is as good as the outcome (a closing date, a reason of loss)."""
    odds = logit(filled) - logit(suspect.base)
    never = filled <= 0.02 and odds <= -_CERTAIN  # noqa: PLR2004
    always = filled >= 0.97 and odds >= log(20) and gap >= log(100)  # noqa: PLR2004
    return never or always or gap >= log(200)


def _gap(first: float, second: float) -> float:
    return logit(float(first)) - logit(float(second))


def _smooth(yes: float, every: float) -> float:
    return float((yes + 0.5) / (every + 1))


def _examples(suspect: Suspect, *sides: list[int]) -> list[int]:
    """The most frequent code of each side."""
    return [max(codes, key=lambda code: float(suspect.counts[code])) for codes in sides]


def _rate(suspect: Suspect, code: int) -> str:
    return f"{suspect.conversions[code] / suspect.counts[code]:.1%}"


def _values(suspect: Suspect) -> list[tuple[str, int]]:
    if suspect.column.kind != "text":
        return []
    return [
        (label, int(n)) for label, n in zip(suspect.labels[2:], suspect.counts[2:], strict=True)
    ]
