"""Moving log-odds so that they mean what they say: slope and intercept, or the intercept alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers = Any  # numpy.typing.NDArray[numpy.float64]

_STEPS = 50
_ENOUGH = 1e-10


def sigmoid(log_odds: Numbers) -> NDArray[np.float64]:
    """Probabilities of log-odds, without overflow."""
    bounded = np.clip(log_odds, -500, 500)
    return np.asarray(1 / (1 + np.exp(-bounded)), dtype=np.float64)


def logit(probability: float) -> float:
    """Log-odds of a probability, which is kept a hair away from 0 and 1."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(bounded / (1 - bounded)))


def fit_slope_and_intercept(log_odds: Numbers, outcome: Numbers) -> tuple[float, float]:
    """Platt's calibration of out-of-fold log-odds, held a little towards slope 1, intercept 0."""
    slope, intercept = 1.0, 0.0
    design = np.column_stack([log_odds, np.ones(len(log_odds))])
    for _ in range(_STEPS):
        p = sigmoid(slope * log_odds + intercept)
        pull = np.array([slope - 1, intercept])
        gradient = design.T @ (p - outcome) + pull
        curvature = (design * (p * (1 - p))[:, None]).T @ design + np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        slope, intercept = slope - float(step[0]), intercept - float(step[1])
        if float(np.abs(step).max()) < _ENOUGH:
            break
    return max(slope, 0.0), intercept


def fit_intercept(log_odds: Numbers, outcome: Numbers, *, caution: float = 1.0) -> float:
    """How far to move all log-odds alike so that the mean prediction meets the outcomes.

    `caution` outcomes' worth of belief that nothing has to move keep a handful of leads from
    moving everything.
    """
    moved = 0.0
    for _ in range(_STEPS):
        p = sigmoid(log_odds + moved)
        gradient = float((p - outcome).sum()) + caution * moved
        step = gradient / (float((p * (1 - p)).sum()) + caution)
        moved -= float(np.clip(step, -2, 2))
        if abs(step) < _ENOUGH:
            break
    return moved
