"""What a model card says in sentences: the factors that count, notes on columns, warnings."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.training.card import Factor
from scoring.training.evidence import filling_gap
from scoring.training.points import compile_points
from scoring.training.settings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from scoring.training.columns import Column
    from scoring.training.features import Feature
    from scoring.training.history import History
    from scoring.training.measures import Figures

Codes = Any  # numpy.typing.NDArray[numpy.int16]

_FACTORS = 10
_LOW = 120
_TWICE = 0.69  # log-odds
_CLEARLY = 2.5  # standard errors


def notes(known: History, columns: Sequence[Column]) -> Iterator[Finding]:
    """Columns where a placeholder and a true blank stand for different outcomes."""
    for column in columns:
        values = known.frame[column.name]
        if not column.placeholders:
            continue
        empty = values.is_null().to_numpy()
        held = values.str.strip_chars().is_in(list(column.placeholders)).fill_null(value=False)
        rows = empty | held.to_numpy()
        gap, error = filling_gap(empty[rows], known.outcome[rows])
        if abs(gap) - error < _TWICE:
            continue
        texts = " and ".join(f'"{text}"' for text in column.placeholders)
        merged = column.blank[rows].all()
        does = "Both count as blank." if merged else "They are told apart, as the settings ask."
        yield Finding(
            column.name,
            "note",
            f"{known.outcome[rows & ~empty].mean():.1%} of the leads with {texts} converted, "
            f"{known.outcome[empty].mean():.1%} of those with nothing: the sales work shows "
            f"through. {does}",
            used=True,
        )


def factors(stored: dict[str, Any], coded: Codes, spec: Sequence[Feature]) -> Iterator[Factor]:
    """The features that move the log-odds most, with what they say at their best and worst."""
    _, parts = compile_points(stored).log_odds(coded)
    weights = np.abs(parts - parts.mean(axis=0)).mean(axis=0)
    for position in np.argsort(-weights)[:_FACTORS]:
        feature = spec[position]
        given, words = _by_code(parts[:, position], coded[:, position], feature)
        best, worst = int(np.argmax(given)), int(np.argmin(given))
        yield Factor(
            feature.column,
            float(weights[position]),
            words[best],
            float(given[best]),
            words[worst],
            float(given[worst]),
        )


def _by_code(
    parts: NDArray[np.float64], coded: Codes, feature: Feature
) -> tuple[NDArray[np.float64], list[str]]:
    """What each code that enough leads have gives on average, and its words."""
    counts = np.bincount(coded, minlength=feature.size)
    totals = np.bincount(coded, weights=parts, minlength=feature.size)
    seen = np.flatnonzero(counts >= max(5, len(coded) // 200))
    words = feature.words()
    return totals[seen] / counts[seen], [
        words[code] or f"{feature.column} lacks {feature.item}" for code in seen
    ]


def warnings(
    known: History, random: Figures, forward: Figures | None, findings: Sequence[Finding]
) -> Iterator[str]:
    """What an admin should keep in mind before trusting the figures."""
    if random.conversions < _LOW:
        yield f"Little history: {random.conversions} conversions; figures are rough below {_LOW}."
    if known.without_outcome:
        yield f"{known.without_outcome:,} leads have no outcome and were left out."
    if random.miscalibrated:
        yield f"Probabilities are off by {random.ece:.1%} on average."
    if forward is not None:
        yield from _moved(forward)
    if known.order is None:
        yield "No column orders the leads in time, so nothing was measured forward in time."
    for finding in findings:
        if finding.used and finding.level in ("refused", "doubtful"):
            yield f"{finding.column} is used although it is {finding.level}; the figures may flatter."


def _moved(forward: Figures) -> Iterator[str]:
    """Say so when the newest leads convert more or less often than the older ones taught."""
    actual, predicted = forward.conversions / forward.leads, forward.predicted
    error = sqrt(predicted * (1 - predicted) / forward.leads)
    if abs(predicted - actual) > _CLEARLY * error:
        way = "less" if actual < predicted else "more"
        yield (
            f"The newest fifth converted {way} often ({actual:.1%}) than the older leads taught "
            f"({predicted:.1%}): the base rate moves. Recalibrate often (leadgate train CONNECTION "
            "--recalibrate)."
        )
