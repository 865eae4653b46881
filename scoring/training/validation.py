"""Out-of-fold judgement: what each candidate says of leads that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.calibration import fit_slope_and_intercept, sigmoid
from scoring.training.measures import auc, brier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from scoring.training.candidates import Candidate

Codes = Any  # numpy.typing.NDArray[numpy.int16]
Numbers = Any  # numpy.typing.NDArray[numpy.float64]

FOLDS = 5
_A_HAIR = 0.0005


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate's out-of-fold log-odds, as fitted and as probabilities after calibration."""

    candidate: Candidate
    log_odds: NDArray[np.float64]
    probability: NDArray[np.float64]
    auc: float
    brier: float


def folds(outcome: Numbers, *, seed: int, count: int = FOLDS) -> list[NDArray[np.int64]]:
    """The rows of each fold, with the same share of conversions in all."""
    generator = np.random.default_rng(seed)
    place = np.empty(len(outcome), dtype=np.int64)
    for value in (0, 1):
        rows = generator.permutation(np.flatnonzero(outcome == value))
        place[rows] = np.arange(len(rows)) % count
    return [np.flatnonzero(place == fold) for fold in range(count)]


def judge(
    candidates: Sequence[Candidate], codes: Codes, outcome: Numbers, *, seed: int
) -> list[Judged]:
    """Every candidate by repeated stratified validation; little history is split more often."""
    repeats = int(np.clip(round(6_000 / len(outcome)), 1, 4))
    splits = [folds(outcome, seed=seed + repeat) for repeat in range(repeats)]
    log_odds = np.zeros((len(candidates), repeats, len(outcome)))
    for repeat, split in enumerate(splits):
        for test in split:
            for number, found in enumerate(_fold(candidates, codes, outcome, test)):
                log_odds[number, repeat, test] = found
    return [
        _judged(candidate, found, outcome, splits)
        for candidate, found in zip(candidates, log_odds, strict=True)
    ]


def choose(judged: Sequence[Judged]) -> Judged:
    """The lowest out-of-fold Brier score; a simpler candidate wins when it is a hair away."""
    best = min(one.brier for one in judged)
    return next(one for one in judged if one.brier <= best + _A_HAIR)


def out_of_fold(
    log_odds: Numbers, outcome: Numbers, split: Sequence[Numbers]
) -> NDArray[np.float64]:
    """Calibrated probabilities, each fold calibrated by the other folds."""
    found = np.empty(len(outcome))
    for test in split:
        train = np.ones(len(outcome), dtype=bool)
        train[test] = False
        slope, intercept = fit_slope_and_intercept(log_odds[train], outcome[train])
        found[test] = sigmoid(slope * log_odds[test] + intercept)
    return found


def _fold(
    candidates: Sequence[Candidate], codes: Codes, outcome: Numbers, test: Numbers
) -> Iterator[NDArray[np.float64]]:
    train = np.ones(len(outcome), dtype=bool)
    train[test] = False
    learned, told, asked = codes[train], outcome[train], codes[test]
    for candidate in candidates:
        yield candidate.fit(learned, told).log_odds(asked)


def _judged(
    candidate: Candidate,
    log_odds: Numbers,
    outcome: Numbers,
    splits: Sequence[Sequence[NDArray[np.int64]]],
) -> Judged:
    """The means over the repeats; the predictions shown on the card are those of the first."""
    every = [out_of_fold(z, outcome, split) for z, split in zip(log_odds, splits, strict=True)]
    return Judged(
        candidate,
        log_odds[0],
        every[0],
        float(np.mean([auc(outcome, p) for p in every])),
        float(np.mean([brier(outcome, p) for p in every])),
    )
