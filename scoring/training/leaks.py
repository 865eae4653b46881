"""Which columns gave the outcome away: the evidence on every column, added up to a level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training import relations
from scoring.training.calibration import sigmoid
from scoring.training.candidates import fit_points
from scoring.training.evidence import (
    ENOUGH,
    Evidence,
    Suspect,
    certain_both_ways,
    filled_by_sales,
    filling_gap,
    hints,
    judgement,
    latest_state,
    names_outcome,
    repeats_outcome,
)
from scoring.training.features import codes
from scoring.training.measures import auc
from scoring.training.settings import Finding
from scoring.training.validation import folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from scoring.training.columns import Column
    from scoring.training.features import Feature
    from scoring.training.history import History

Codes = Any  # numpy.typing.NDArray[numpy.int16]
Numbers = Any  # numpy.typing.NDArray[numpy.float64]

REFUSED, DOUBTFUL = 1.5, 1.0
"""Weight of the evidence from which a column is refused, or doubtful."""

_ENOUGH_LEADS = 12_000
_STRONG = 0.85
_TOO_STRONG = 0.90

WRITTEN_BY_SALES = {
    "crm_status": "it is moved by the sales work itself",
    "accepted": "a rep sets it during the sales work",
    "disqualified": "a rep sets it when the outcome is known",
    "disqualified_reason": "a rep sets it when the outcome is known",
    "stage": "it is moved by the sales work itself",
    "stage_since": "it is moved by the sales work itself",
    "converted": "it is the outcome",
    "opportunity_state": "it exists only once a lead has converted",
    "lost_reason": "it exists only once a lead has converted",
    "modified_at": "it changes with every edit of the lead",
}
"""Canonical lead fields that by their meaning come after capture."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A column and the evidence against it."""

    column: Column
    evidence: tuple[Evidence, ...]

    @property
    def weight(self) -> float:
        """The weight of all evidence together."""
        return sum(piece.weight for piece in self.evidence)


def leak_check(history: History, columns: Sequence[Column]) -> list[Finding]:
    """A finding for every column that was written too late, with the reason and the figures.

    The honest columns are found first, from what each column shows alone; then each column is
    asked what it adds to them.
    """
    rows = _sample(len(history.outcome))
    suspects = [suspect for column in columns for suspect in _suspects(history, column, rows)]
    shape = [[*certain_both_ways(s), *relations.evidence(s, suspects)] for s in suspects]
    honest = [
        suspect
        for suspect, seen in zip(suspects, shape, strict=True)
        if suspect.column.features and not _strange(suspect, seen)
    ]
    expected = _out_of_fold(honest, history.outcome[rows])
    found: dict[str, list[Evidence]] = {}
    for suspect, seen in zip(suspects, shape, strict=True):
        evidence = [*seen, *_evidence(suspect, honest, expected)]
        evidence += relations.evidence_in_time(suspect, history, rows)
        if _weight(evidence) > _weight(found.get(suspect.name, [])):
            found[suspect.name] = evidence
    examined = [Examined(column, tuple(found.get(column.name, []))) for column in columns]
    return [finding for one in examined for finding in _findings(one)]


def _evidence(
    suspect: Suspect, honest: Sequence[Suspect], expected: NDArray[np.float64]
) -> Iterator[Evidence]:
    others = [other for other in honest if other.name != suspect.name]
    alone = len(others) < len(honest) and (suspect.alone >= _STRONG or hints(suspect))
    without = _out_of_fold(others, suspect.outcome) if alone else expected
    rest = auc(suspect.outcome, without)
    if suspect.name in WRITTEN_BY_SALES:
        yield Evidence(2, WRITTEN_BY_SALES[suspect.name])
    yield from filled_by_sales(suspect, without)
    if not suspect.column.features:
        return
    yield from repeats_outcome(suspect, rest)
    yield from names_outcome(suspect)
    gain = 0.0
    if hints(suspect):
        gain = auc(suspect.outcome, _out_of_fold([*others, suspect], suspect.outcome)) - rest
    yield from latest_state(suspect, gain)
    yield from judgement(suspect, gain)


def _strange(suspect: Suspect, seen: Iterable[Evidence]) -> bool:
    """Tell whether a column is so odd that the others are better measured without it."""
    late = suspect.name in WRITTEN_BY_SALES or hints(suspect)
    if late or _weight(seen) >= DOUBTFUL or suspect.alone >= _TOO_STRONG:
        return True
    blank, outcome = suspect.column.blank, suspect.outcome
    if min(blank.sum(), (~blank).sum()) < ENOUGH:
        return False
    gap, error = filling_gap(blank, outcome)
    for_the_good = gap >= 0.9 and gap - error > 0.7  # noqa: PLR2004 — filled in for the good ones
    return for_the_good or bool(outcome[~blank].mean() <= 0.02)  # noqa: PLR2004 — or for the lost ones


def _findings(examined: Examined) -> Iterator[Finding]:
    strongest = sorted(examined.evidence, key=lambda piece: -piece.weight)
    sentence = "; ".join(piece.sentence for piece in strongest)
    if examined.weight >= REFUSED:
        yield Finding(
            examined.column.name, "refused", f"Written too late to be known in advance: {sentence}."
        )
    elif examined.weight >= DOUBTFUL:
        yield Finding(
            examined.column.name, "doubtful", f"Perhaps written by the sales work: {sentence}."
        )


def _weight(evidence: Iterable[Evidence]) -> float:
    return sum(piece.weight for piece in evidence)


def _sample(leads: int) -> NDArray[np.int64]:
    """Rows to look at, spread evenly over time."""
    step = max(1.0, leads / _ENOUGH_LEADS)
    return np.unique(np.arange(0, leads, step).astype(np.int64))


def _suspects(history: History, column: Column, rows: NDArray[np.int64]) -> Iterator[Suspect]:
    """One suspect per feature; a column without features is asked only where it is filled in."""
    outcome = history.outcome[rows]
    seen = _rows_of(column, rows)
    if not column.features:
        yield Suspect(seen, (~seen.blank).astype(np.int16), ("blank", "filled in"), outcome)
    for feature in column.features:
        found = codes(history.frame, history.as_of, [feature])[rows, 0]
        yield Suspect(seen, found, _labels(feature), outcome)


def _rows_of(column: Column, rows: NDArray[np.int64]) -> Column:
    return replace(column, blank=column.blank[rows])


def _labels(feature: Feature) -> tuple[str, ...]:
    if feature.kind in ("text", "item"):
        return ("blank", "rare values", *feature.values)
    return tuple(words.removeprefix(f"{feature.column} ") for words in feature.words())


def _out_of_fold(suspects: Sequence[Suspect], outcome: Numbers) -> NDArray[np.float64]:
    """Each lead's probability by some columns together, learned from other leads."""
    if not suspects:
        return np.full(len(outcome), outcome.mean())
    together = np.column_stack([suspect.codes for suspect in suspects])
    spec = [suspect.column.features[0] for suspect in suspects]  # items of a list are all alike
    found = np.empty(len(outcome))
    for test in folds(outcome, seed=0, count=3):
        train = np.ones(len(outcome), dtype=bool)
        train[test] = False
        fitted = fit_points(together[train], outcome[train], spec, steps=10, strength=1.0)
        found[test] = sigmoid(fitted.log_odds(together[test]))
    return found
