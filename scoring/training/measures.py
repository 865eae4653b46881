"""How good predicted probabilities are: ranking, sharpness, calibration and lift, in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers = Any  # numpy.typing.NDArray[numpy.float64]

_BINS = 10
_PROMISED = 0.03
_BEYOND_CHANCE = 1.5  # about two standard deviations of the error of ten bins


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """A tenth of the leads by predicted probability: its size, mean prediction and actual rate."""

    leads: int
    predicted: float
    actual: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set of predictions; `auc_low` and `auc_high` span 95 % (DeLong).

    `ece` is the expected calibration error over `bins`; `ece_by_chance` is what it would be on
    average if every probability were the truth, for so few leads never convert exactly as often.
    """

    leads: int
    conversions: int
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    brier_constant: float
    ece: float
    ece_by_chance: float
    lift: tuple[float, ...]
    bins: tuple[CalibrationBin, ...]

    @property
    def top_decile_lift(self) -> float:
        """Conversion in the best tenth over the base rate."""
        return self.lift[0]

    @property
    def predicted(self) -> float:
        """The mean probability."""
        return sum(group.leads * group.predicted for group in self.bins) / self.leads

    @property
    def miscalibrated(self) -> bool:
        """Whether the probabilities are off by more than is promised, and than chance explains."""
        return self.ece > max(_PROMISED, _BEYOND_CHANCE * self.ece_by_chance)


def figures(
    outcome: Numbers, probability: Numbers, *, seed: int, base: float | None = None
) -> Figures:
    """All figures at once; `base` is the constant prediction to compare with (default: the mean)."""
    constant = float(outcome.mean()) if base is None else base
    area, error = auc_with_error(outcome, probability)
    bins = calibration_bins(outcome, probability)
    return Figures(
        leads=len(outcome),
        conversions=int(outcome.sum()),
        auc=area,
        auc_low=max(0.0, area - 1.96 * error),
        auc_high=min(1.0, area + 1.96 * error),
        brier=brier(outcome, probability),
        brier_constant=brier(outcome, np.full(len(outcome), constant)),
        ece=sum(b.leads * abs(b.predicted - b.actual) for b in bins) / len(outcome),
        ece_by_chance=_by_chance(probability),
        lift=lifts(outcome, probability, seed),
        bins=bins,
    )


def ranks(values: Numbers) -> NDArray[np.float64]:
    """Ranks from 1, ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean = last - (counts - 1) / 2
    return np.asarray(mean[inverse], dtype=np.float64)


def auc(outcome: Numbers, score: Numbers) -> float:
    """Chance that a conversion is ranked above a lead that did not convert; .5 if there is no pair."""
    positive = outcome > 0
    yes = int(positive.sum())
    no = len(outcome) - yes
    if not yes or not no:
        return 0.5
    return float((ranks(score)[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def auc_with_error(outcome: Numbers, score: Numbers) -> tuple[float, float]:
    """The area under the curve and its standard error by DeLong's method."""
    positive = outcome > 0
    yes, no = int(positive.sum()), int((~positive).sum())
    if min(yes, no) < 2:  # noqa: PLR2004 — a variance needs two
        return auc(outcome, score), 0.5
    every = ranks(score)
    above = (every[positive] - ranks(score[positive])) / no
    below = 1 - (every[~positive] - ranks(score[~positive])) / yes
    error = sqrt(above.var(ddof=1) / yes + below.var(ddof=1) / no)
    return float(above.mean()), float(error)


def brier(outcome: Numbers, probability: Numbers) -> float:
    """Mean squared distance of the probabilities from what happened."""
    return float(np.mean((outcome - probability) ** 2))


def _by_chance(probability: Numbers) -> float:
    """The mean size of the bins' errors that coins of these probabilities would show.

    The rate of a bin of n leads is about normal with variance v = mean p (1 − p) / n, and the mean
    size of such an error is √(2 v / π).
    """
    parts = [part for part in np.array_split(np.sort(probability), _BINS) if len(part)]
    sizes = [
        len(part) * sqrt(2 / pi * float((part * (1 - part)).mean()) / len(part)) for part in parts
    ]
    return sum(sizes) / len(probability)


def calibration_bins(outcome: Numbers, probability: Numbers) -> tuple[CalibrationBin, ...]:
    """Ten bins of equally many leads, lowest probability first."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    return tuple(
        CalibrationBin(len(p), float(probability[p].mean()), float(outcome[p].mean()))
        for p in parts
    )


def lifts(outcome: Numbers, probability: Numbers, seed: int) -> tuple[float, ...]:
    """Conversion in the best 10, 20 … 100 % of the leads over the base rate; ties fall at random."""
    shuffled = np.random.default_rng(seed).permutation(len(outcome))
    best = outcome[shuffled[np.argsort(-probability[shuffled], kind="stable")]]
    base = float(outcome.mean()) or 1.0
    ends = [max(1, round(len(best) * tenth / _BINS)) for tenth in range(1, _BINS + 1)]
    return tuple(float(best[:end].mean()) / base for end in ends)
