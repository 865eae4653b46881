"""Keeping a stored model true: move its intercept to recent outcomes, and see what has drifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.calibration import fit_intercept, sigmoid
from scoring.training.features import Feature, codes
from scoring.training.history import read_history
from scoring.training.points import compile_points
from scoring.training.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

_MOVED = 0.25
_STIRRED = 0.10
_TINY = 1e-4


@dataclass(frozen=True, slots=True)
class Drift:
    """How far today's leads are from those that the model learned from.

    `stability` is the population stability index per feature (below 0.1 the same, above 0.25
    moved); `base_rate` and `predicted` are shares: at training, and the mean prediction now.
    `actual` is the share that converted now, where outcomes are known.
    """

    stability: Mapping[str, float]
    base_rate: float
    predicted: float
    actual: float | None

    def to_text(self) -> str:
        """The report as plain lines, the most moved feature first."""
        actual = "not known" if self.actual is None else f"{self.actual:.1%}"
        lines = [
            f"Base rate at training {self.base_rate:.1%}; predicted now {self.predicted:.1%}; actual now {actual}"
        ]
        for name, value in sorted(self.stability.items(), key=lambda item: -item[1]):
            word = "moved" if value > _MOVED else "stirred" if value > _STIRRED else "stable"
            lines.append(f"  {name}: {value:.3f} ({word})")
        return "\n".join(lines)


def recalibrate(
    stored: Mapping[str, Any], recent: pl.DataFrame, *, as_of: date | None = None
) -> dict[str, Any]:
    """The model with its intercept moved to recent outcomes; the ranking of leads stays the same.

    `recent` has the model's columns and its target. Raises `ProblemsError` if it has no target.
    """
    known = read_history(recent, TrainingSettings(target=stored["target"], as_of=as_of))
    spec = [Feature.from_dict(feature) for feature in stored["features"]]
    log_odds, _ = compile_points(stored).log_odds(codes(known.frame, known.as_of, spec))
    moved = fit_intercept(log_odds, known.outcome)
    calibration = stored["calibration"] | {"intercept": stored["calibration"]["intercept"] + moved}
    return {**stored, "calibration": calibration}


def drift(stored: Mapping[str, Any], now: pl.DataFrame, *, as_of: date | None = None) -> Drift:
    """Compare today's leads with the training's; the target column may be missing."""
    spec = [Feature.from_dict(feature) for feature in stored["features"]]
    found = codes(now, as_of, spec)
    log_odds, _ = compile_points(stored).log_odds(found)
    actual = None
    if stored["target"] in now.columns:
        known = read_history(now, TrainingSettings(target=stored["target"], as_of=as_of))
        actual = float(known.outcome.mean()) if len(known.outcome) else None
    stability = {
        feature.name: _stability(np.asarray(shares), found[:, position])
        for position, (feature, shares) in enumerate(zip(spec, stored["shares"], strict=True))
    }
    return Drift(stability, float(stored["base_rate"]), float(sigmoid(log_odds).mean()), actual)


def _stability(then: Any, codes_now: Any) -> float:
    """Population stability index over codes, neighbours merged until there are ten groups at most."""
    now = np.bincount(codes_now, minlength=len(then)) * (1.0 / max(len(codes_now), 1))
    group = np.minimum(np.cumsum(then) - then / 2, 0.999999) * 10
    old, new = (
        np.bincount(group.astype(int), weights=w, minlength=10) + _TINY for w in (then, now)
    )
    return float(((new - old) * np.log(new / old)).sum())
