"""Score by a learned model: the probability of conversion and what each fact gave to it.

The lines of a lead sum to a hundred times its probability. The first is the base rate; the others
say how far each fact moved the probability away from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from scoring.methods.base import Line
from scoring.training.calibration import sigmoid
from scoring.training.features import Feature, codes
from scoring.training.points import Points, compile_points
from scoring.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from scoring.methods.base import Side

VERSION = 1
BASE = "base_rate"
PROBABILITY = "probability"

BEHAVIOUR = frozenset(
    (
        "visits", "page_views", "last_visit_at", "emails_delivered", "emails_opened",
        "emails_clicked", "last_email_open_at", "last_email_click_at", "forms", "last_form_at",
        "events", "last_engaged_at", "last_activity_at", "time_on_site",
    )
)  # fmt: skip
"""Lead fields that say what a lead did; their lines count as engagement, all others as fit."""

_STEEPEST = 25.0  # points of probability per unit of log-odds, at even odds
_FLAT = 1e-9


@dataclass(frozen=True)
class Predictive:
    """A stored model, compiled: a scoring method whose lines sum to 100 × probability."""

    name: str
    lines: tuple[Line, ...]
    spec: tuple[Feature, ...]
    points: Points
    columns: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lines' columns with their `:text`, and `probability` (0 to 1).

        A column that the frame does not have counts as blank; values never seen count as rare.
        """
        found = codes(leads, as_of, self.spec)
        probability, given = self._given(found)
        result: dict[str, Any] = {BASE: np.full(leads.height, self._base_points())}
        for line, members in zip(self.lines[1:], self._members, strict=True):
            result[line.key] = given[:, members].sum(axis=1)
        return pl.DataFrame(result | {PROBABILITY: probability}).hstack(self._texts(found))

    def probability(self, leads: pl.DataFrame, as_of: date) -> pl.Series:
        """The probability of conversion alone, 0 to 1."""
        log_odds, _ = self.points.log_odds(codes(leads, as_of, self.spec))
        return pl.Series(PROBABILITY, sigmoid(log_odds))

    def _base_points(self) -> float:
        return 100 * float(sigmoid(np.float64(self.points.start)))

    def _given(self, found: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities, and points per feature: its log-odds times the lead's mean slope."""
        log_odds, parts = self.points.log_odds(found)
        probability = sigmoid(log_odds)
        way = log_odds - self.points.start
        largest = np.abs(parts).argmax(axis=1)
        parts[np.arange(len(parts)), largest] += way - parts.sum(axis=1)  # rounding of the leaves
        difference = 100 * probability - self._base_points()
        at_rest = 100 * probability * (1 - probability)
        flat = np.abs(way) < _FLAT
        slope = np.where(flat, at_rest, difference / np.where(flat, 1.0, way))
        return probability, parts * slope[:, None]

    @cached_property
    def _members(self) -> tuple[list[int], ...]:
        """The places of the features of each column."""
        places: dict[str, list[int]] = {column: [] for column in self.columns}
        for place, feature in enumerate(self.spec):
            places[feature.column].append(place)
        return tuple(places.values())

    def _texts(self, found: NDArray[np.int16]) -> pl.DataFrame:
        """Each line in words; of a list, the items that it includes."""
        coded = pl.DataFrame({str(place): found[:, place] for place in range(len(self.spec))})
        return coded.select(self._wording)

    @cached_property
    def _wording(self) -> list[pl.Expr]:
        """Built once: making expressions takes longer than running them on a page of leads."""
        return [
            pl.concat_str(
                [self._said(place) for place in members], separator=", ", ignore_nulls=True
            ).alias(f"{line.key}:text")
            for line, members in zip(self.lines[1:], self._members, strict=True)
        ]

    def _said(self, place: int) -> pl.Expr:
        """The words of a code: it is their place."""
        words = pl.Series([word or None for word in self.words[place]], dtype=pl.String)
        return pl.lit(words).gather(pl.col(str(place)))


def compile(stored: Mapping[str, Any]) -> Predictive:  # noqa: A001 — every method has its `compile`
    """A scoring method from a stored model (`Trained.stored`, or the same read from JSON).

    Raises `ValueError` if it was stored by another version.
    """
    if stored.get("method") != "predictive" or stored.get("version") != VERSION:
        raise ValueError(
            "this is not a stored predictive model of a version known here; train it again"
        )
    spec = tuple(Feature.from_dict(feature) for feature in stored["features"])
    points = compile_points(stored)
    columns = tuple(dict.fromkeys(feature.column for feature in spec))
    bounds = points.bounds()
    base = 100 * float(sigmoid(np.float64(points.start)))
    text = f"base rate of the {stored['training']['leads']:,} leads learned from"
    first = Line(BASE, text, "fit", most=base, least=base)
    lines = (first, *(_line(column, spec, bounds) for column in columns))
    said = (replace(feature, column=label(feature.column)) for feature in spec)
    words = tuple(tuple(feature.words()) for feature in said)
    return Predictive(str(stored["name"]), lines, spec, points, columns, words)


def _line(column: str, spec: Sequence[Feature], bounds: Sequence[tuple[float, float]]) -> Line:
    own = [bound for feature, bound in zip(spec, bounds, strict=True) if feature.column == column]
    side: Side = "engagement" if column in BEHAVIOUR else "fit"
    key = f"{column}_" if column in (BASE, PROBABILITY) else column
    return Line(
        key,
        column,
        side,
        facts=(column,),
        most=_STEEPEST * max(0.0, sum(high for _, high in own)),
        least=_STEEPEST * min(0.0, sum(low for low, _ in own)),
    )
