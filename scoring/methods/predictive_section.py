"""The predictive method's part of a model file: the trained model, or one for each segment.

    predictive: {file: predictive.json}       # written by: leadgate train CONNECTION
    predictive:
      b2b: {file: predictive-b2b.json}        # leads of other segments have no probability
      b2c: {file: predictive-b2c.json}

The file's text takes the place of its name when the model is loaded, so that it belongs to the
model's digest. A file that is not there yet is a model that is not trained yet: its leads have no
probability, and the one line of the method gives no points and says why. The other methods keep the
weights that they have, so that nobody's points change on the day of the training; the share of the
score that is silent counts as not covered.

The lines of a lead sum to a hundred times its probability, in whole units of the score's rounding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from scoring.document import Schema
from scoring.methods.base import Context, Line
from scoring.methods.predictive import PROBABILITY, Predictive
from scoring.methods.predictive import compile as compile_stored
from scoring.problem import Problem, did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from scoring.document import Path
    from scoring.lead import Kind

TRAINED = "trained"
"""The key of a trained model's text; null stands for a model that is not trained yet."""

UNTRAINED = "not trained yet: leadgate train CONNECTION"
DECIMALS = 1
"""Decimals of a probability of 0–100: finer differences are no news."""

_RETRAIN = "Train it again: leadgate train CONNECTION"
_FITTING: dict[str, tuple[Kind, ...]] = {
    "text": ("text", "number", "boolean", "date", "datetime"),
    "number": ("number", "range", "text", "boolean"),
    "days": ("date", "datetime", "text"),
    "item": ("list",),
}
"""The kinds of facts that each kind of feature can be made of."""


class PredictiveSection(Schema):
    """The part of a model file that belongs to the predictive method."""

    predictive: dict[str, Any]


@dataclass(frozen=True)
class Part:
    """The trained model of one segment (None: of all leads), or None for one not trained yet."""

    segment: str | None
    model: Predictive | None

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The model's lines, and the ends of a probability as limits of their sums."""
        if self.model is None:
            return (
                Line(self.key("untrained"), UNTRAINED, "fit", segment=self.segment, silent=100.0),
            )
        own = [
            replace(line, key=self.key(line.key), segment=self.segment) for line in self.model.lines
        ]
        return (*own, *_ends(own, self.key, self.segment))

    def key(self, name: str) -> str:
        """The name of a line in the method."""
        return name if self.segment is None else f"{name}_in_{self.segment}"

    def evaluate(self, leads: pl.DataFrame, as_of: date, unit: float) -> pl.DataFrame:
        """The columns of this part, one row per lead; null for leads of other segments."""
        if self.model is None:
            return pl.DataFrame({self.lines[0].key: np.zeros(leads.height)})
        if self.segment is None:
            return self._judged(self.model, leads, as_of, unit)
        rows = pl.DataFrame({"@row": pl.int_range(leads.height, eager=True)})
        own = leads["segment"].eq(self.segment).arg_true()
        found = self._judged(self.model, leads[own], as_of, unit)
        placed = found.with_columns(own.cast(pl.Int64).alias("@row"))
        return rows.join(placed, on="@row", how="left", maintain_order="left").drop("@row")

    def _judged(
        self, model: Predictive, leads: pl.DataFrame, as_of: date, unit: float
    ) -> pl.DataFrame:
        found = model.evaluate(leads, as_of)
        keys = [line.key for line in model.lines]
        points = found.select(keys).to_numpy() / unit
        whole = np.diff(np.round(np.cumsum(points, axis=1)), axis=1, prepend=0.0) * unit
        texts = {f"{key}:text": f"{self.key(key)}:text" for key in keys}
        said = found.select(
            pl.col(old).alias(new) for old, new in texts.items() if old in found.columns
        )
        judged = pl.DataFrame({self.key(key): whole[:, n] for n, key in enumerate(keys)})
        ends = [pl.lit(0.0).alias(line.key) for line in self.lines[len(keys) :]]
        probability = (found[PROBABILITY] * 100).round(DECIMALS)
        return judged.with_columns(*ends, probability).hstack(said)


@dataclass(frozen=True)
class PredictiveMethod:
    """The trained models of a model file, compiled: lines that sum to 100 × probability."""

    parts: tuple[Part, ...]
    unit: float
    name: str = "predictive"

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of every segment's model."""
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def silent(self) -> tuple[str | None, ...]:
        """The segments whose model is not trained yet; None stands for all leads."""
        return tuple(part.segment for part in self.parts if part.model is None)

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Points per line with `<key>:text` beside them, and `probability` (0–100)."""
        found = [part.evaluate(leads, as_of, self.unit) for part in self.parts]
        spoken = [each[PROBABILITY] for each in found if PROBABILITY in each.columns]
        bare = [each.drop(PROBABILITY, strict=False) for each in found]
        columns = pl.concat(bare, how="horizontal").with_columns(
            pl.col(line.key).fill_null(0.0) for line in self.lines
        )
        nothing = pl.Series(PROBABILITY, [None], dtype=pl.Float64).new_from_index(0, leads.height)
        return columns.with_columns(
            pl.coalesce(*spoken, nothing).alias(PROBABILITY) if spoken else nothing
        )


def compile_predictive(section: PredictiveSection, context: Context) -> PredictiveMethod:
    """The method from its part of the model file. Raises ProblemsError."""
    problems: list[Problem] = []
    parts = []
    for at, segment, text in _texts(section.predictive, context, problems):
        model = None if text is None else _stored(text, at, context, problems)
        parts.append(Part(segment, model))
    refuse(problems)
    return PredictiveMethod(tuple(parts), context.unit)


def _texts(
    given: Mapping[str, Any], context: Context, problems: list[Problem]
) -> Iterator[tuple[Path, str | None, str | None]]:
    """Each trained model's text with its place in the file and its segment."""
    whole: Path = ("predictive",)
    if _is_trained(given):
        yield whole, None, given[TRAINED]
        return
    if not given:
        problems.append(context.document.problem(whole, "names no file.", _EXAMPLE))
    for name, one in given.items():
        at = (*whole, name)
        if name not in context.segments:
            hint = did_you_mean(name, context.segments)
            what = f'"{name}" is not a segment, and not `file`.'
            problems.append(context.document.problem(whole, what, hint))
        elif isinstance(one, dict) and _is_trained(one):
            yield at, name, one[TRAINED]
        else:
            problems.append(context.document.problem(at, "must name a file.", _EXAMPLE))


_EXAMPLE = "Write {file: predictive.json}."


def _is_trained(given: Mapping[str, Any]) -> bool:
    return set(given) == {TRAINED} and isinstance(given[TRAINED], str | None)


def _stored(text: str, at: Path, context: Context, problems: list[Problem]) -> Predictive | None:
    """The compiled model, or None with what is wrong with it."""
    where = context.document.where(*at)
    try:
        model = compile_stored(json.loads(text))
    except json.JSONDecodeError as error:
        place = f"{where[:-1]}{error.lineno}" if where.endswith(":1") else where
        problems.append(Problem(place, f"is not valid JSON: {error.msg.lower()}.", _RETRAIN))
        return None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        what = "is not a trained model of a version that is known here."
        problems.append(Problem(where, what, _RETRAIN))
        return None
    problems += _unusable(model, where, context)
    return model


def _unusable(model: Predictive, where: str, context: Context) -> Iterator[Problem]:
    """Facts that the model learned from and that the mapping does not read, or reads otherwise."""
    kinds = {name: kind for name, kind in context.kinds.items() if name != "segment"}
    for column, feature in {feature.column: feature for feature in model.spec}.items():
        kind = kinds.get(column)
        if kind is None:
            what = f'it was trained on the fact "{column}", which the mapping does not read.'
            hint = f"Add it under read.extra of the mapping. {_RETRAIN}"
            yield Problem(where, what, hint)
        elif kind not in _FITTING[feature.kind]:
            what = f'it was trained on "{column}" as {feature.kind}, and the fact is a {kind}.'
            yield Problem(where, what, _RETRAIN)


def _ends(own: list[Line], key: Any, segment: str | None) -> Iterator[Line]:
    """What keeps the sum of the lines within 0 and 100, and so each side within its share.

    A probability never leaves its ends, so these lines give nothing; they tell how much the lines
    can be worth together.
    """
    every = tuple(line.key for line in own)
    most = sum(line.most for line in own)
    for side in ("fit", "engagement"):
        keys = tuple(line.key for line in own if line.side == side)
        high = sum(line.most for line in own if line.side == side)
        if not keys:
            continue
        share = 100 * high / most if most else 0.0
        yield Line(
            key(f"most_of_{side}"),
            "no probability is above 100",
            side,
            least=min(share - high, 0.0),
            segment=segment,
            limits=every if side == "fit" else keys,
            bound=100.0 if side == "fit" else max(high, 1.0),
        )
    least = sum(line.least for line in own)
    yield Line(
        key("least"),
        "no probability is below 0",
        "fit",
        most=max(-least, 0.0),
        segment=segment,
        limits=every,
    )
