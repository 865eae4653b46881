"""Learning conversion from history: `train` gives a stored model, a model card and findings.

Pure: a frame and settings in, plain data out. scikit-learn is needed for `train` alone and is
imported when it is called; whoever scores with a stored model does not need it.
"""

from __future__ import annotations

from scoring.training.card import ModelCard, TrainingResult
from scoring.training.settings import (
    Finding,
    NotTrained,
    Trained,
    TrainingSettings,
)
from scoring.training.train import train
from scoring.training.upkeep import Drift, drift, recalibrate

__all__ = [
    "Drift",
    "Finding",
    "ModelCard",
    "NotTrained",
    "Trained",
    "TrainingResult",
    "TrainingSettings",
    "drift",
    "recalibrate",
    "train",
]
