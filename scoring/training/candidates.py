"""The models that compete: binned logistic regression, boosted trees over the same bins, a blend.

scikit-learn fits them; what is kept of them is numbers (points per code, trees as arrays).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.points import MAX_LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from scoring.training.features import Feature

Codes = Any  # numpy.typing.NDArray[numpy.int16]
Numbers = Any  # numpy.typing.NDArray[numpy.float64]

_OF_TREES = 0.75

NO_TREES: dict[str, list[float]] = {
    name: [] for name in ("root", "feature", "split", "left", "right", "count", "value")
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A fitted model as numbers: log-odds = intercept + a point per code + a leaf per tree."""

    intercept: float
    points: tuple[NDArray[np.float64], ...]
    trees: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate: how it judges codes, and its parts for storing."""

    log_odds: Callable[[Codes], NDArray[np.float64]]
    parts: Callable[[], Parts]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to fit, simplest first in `candidates`; `words` say it on the model card."""

    name: str
    words: str
    fit: Callable[[Codes, Numbers], Fitted]


def one_thread() -> AbstractContextManager[object]:
    """Hold the numeric libraries to one thread: so small a task only loses by being shared out.

    Only libraries that are loaded can be held, so they are loaded first: threads that wait for each
    other on a busy machine have cost fifty times the work.
    """
    import sklearn.ensemble  # noqa: PLC0415 — only for training
    import sklearn.linear_model  # noqa: F401, PLC0415
    from threadpoolctl import (  # type: ignore[import-untyped]  # noqa: PLC0415
        threadpool_limits,
    )

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def candidates(spec: Sequence[Feature], outcome: Numbers, *, seed: int) -> list[Candidate]:
    """What is worth trying on that much history: trees need more of it than points do."""
    scarce = min(outcome.sum(), len(outcome) - outcome.sum())
    steps = int(np.clip(scarce / 20, 3, 20))

    def linear(strength: float) -> Callable[[Codes, Numbers], Fitted]:
        return _once(lambda x, y: fit_points(x, y, spec, steps=steps, strength=strength))

    points = linear(0.5)
    forest = _once(lambda x, y: fit_trees(x, y, spec, seed=seed))

    found = [
        Candidate("points, cautious", "binned logistic regression, C = 0.1", linear(0.1)),
        Candidate("points", "binned logistic regression, C = 0.5", points),
    ]
    if scarce >= 200:  # noqa: PLR2004 — below, trees never won on the measured histories
        found += [
            Candidate(
                "blend",
                "a quarter of points, three quarters of trees",
                lambda x, y: blend(points(x, y), forest(x, y)),
            ),
            Candidate("trees", "gradient boosting on the same bins", forest),
        ]
    return found


def _once(fit: Callable[[Codes, Numbers], Fitted]) -> Callable[[Codes, Numbers], Fitted]:
    """The same fit, remembered for as long as it is asked for the very same leads."""
    last: list[tuple[Codes, Numbers, Fitted]] = []

    def remembered(codes: Codes, outcome: Numbers) -> Fitted:
        if not last or last[0][0] is not codes or last[0][1] is not outcome:
            last[:] = [(codes, outcome, fit(codes, outcome))]
        return last[0][2]

    return remembered


def fit_points(
    codes: Codes, outcome: Numbers, spec: Sequence[Feature], *, steps: int, strength: float
) -> Fitted:
    """Logistic regression on one indicator per value, or per group of neighbouring steps.

    `steps` groups at most are made of a number's codes; `strength` is the inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 — only for training
    from sklearn.preprocessing import OneHotEncoder  # noqa: PLC0415

    groups = [_groups(feature, steps) for feature in spec]
    grouped = _grouped(codes, groups)
    encoder = OneHotEncoder(categories=[np.unique(g) for g in groups], dtype=np.float64)
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(encoder.fit_transform(grouped), outcome)
    ends = np.cumsum([len(np.unique(g)) for g in groups])[:-1]
    weights = np.split(model.coef_[0], ends)
    tables = tuple(w[g] for w, g in zip(weights, groups, strict=True))
    intercept = float(model.intercept_[0])

    def log_odds(x: Codes) -> NDArray[np.float64]:
        return np.asarray(
            intercept + sum(table[x[:, f]] for f, table in enumerate(tables)), dtype=np.float64
        )

    return Fitted(log_odds, lambda: Parts(intercept, tables, NO_TREES))


def fit_trees(codes: Codes, outcome: Numbers, spec: Sequence[Feature], *, seed: int) -> Fitted:
    """Boosted trees; each split looks at a random third of the features, which costs no accuracy
    and keeps one strong feature from hiding the others.
    """  # noqa: D205 — one sentence
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 — only for training

    model = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=200,
        max_leaf_nodes=12,
        l2_regularization=5.0,
        min_samples_leaf=20,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(codes, outcome)

    def parts() -> Parts:
        empty = tuple(np.zeros(feature.size) for feature in spec)
        return Parts(float(np.ravel(model._baseline_prediction)[0]), empty, _as_arrays(model))  # noqa: SLF001 — no public way

    return Fitted(lambda x: np.asarray(model.decision_function(x)), parts)


def blend(points: Fitted, trees: Fitted) -> Fitted:
    """Weighted log-odds of both: as good as trees alone on leads of the same time, and steadier
    on newer ones, whose rare values trees have not seen.
    """  # noqa: D205 — one sentence

    def parts() -> Parts:
        first, second = points.parts(), trees.parts()
        grown = second.trees | {"value": [_OF_TREES * value for value in second.trees["value"]]}
        tables = tuple((1 - _OF_TREES) * table for table in first.points)
        intercept = (1 - _OF_TREES) * first.intercept + _OF_TREES * second.intercept
        return Parts(intercept, tables, grown)

    def log_odds(x: Codes) -> NDArray[np.float64]:
        return (1 - _OF_TREES) * points.log_odds(x) + _OF_TREES * trees.log_odds(x)

    return Fitted(log_odds, parts)


def _groups(feature: Feature, steps: int) -> NDArray[np.int64]:
    """For each code the indicator that it belongs to; neighbouring steps of a number share one."""
    every = np.arange(feature.size)
    if feature.kind in ("text", "item") or len(feature.edges) < steps:
        return every
    return np.ceil(every * steps / (feature.size - 1)).astype(np.int64)


def _grouped(codes: Codes, groups: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.column_stack([group[codes[:, f]] for f, group in enumerate(groups)])


def _as_arrays(model: Any) -> dict[str, list[float]]:
    """The trees as flat arrays over all nodes; a leaf's feature is −1."""
    arrays: dict[str, list[float]] = {name: [] for name in NO_TREES}
    for (predictor,) in model._predictors:  # noqa: SLF001 — scikit-learn has no public way to its trees
        nodes, first = predictor.nodes, len(arrays["feature"])
        leaf = nodes["is_leaf"].astype(bool)
        if leaf.sum() > MAX_LEAVES:
            raise ValueError("a tree has more leaves than can be stored")
        arrays["root"].append(first)
        arrays["feature"] += np.where(leaf, -1, nodes["feature_idx"]).tolist()
        arrays["split"] += np.where(leaf, 0, np.floor(nodes["num_threshold"])).astype(int).tolist()
        arrays["left"] += (nodes["left"].astype(int) + first).tolist()
        arrays["right"] += (nodes["right"].astype(int) + first).tolist()
        arrays["count"] += nodes["count"].astype(int).tolist()
        arrays["value"] += np.round(nodes["value"], 10).tolist()
    return arrays
