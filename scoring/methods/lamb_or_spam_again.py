"""Lamb or Spam on a judged frame in which a few facts have changed: only their parts are weighed.

The frame keeps the evidence of all parts (`scoring.genuine.parts`) and who has decided, so what was
read off names and addresses is taken as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Form, prepare
from scoring.genuine.checks import CHECKS
from scoring.genuine.parts import WRITTEN, summed
from scoring.genuine.verdict import DECIDED_BY, outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from scoring.genuine.readings import Reader
    from scoring.genuine.verdict import Odds
    from scoring.methods.base import Line


@dataclass(frozen=True)
class LambOrSpamAgain:
    """The parts of Lamb or Spam that some facts can move.

    `parts` are their checks with their weights, `lines` the lines of these checks; `forms` are the
    facts that they look at, `fed` the columns of facts that the model names. `unit` is the points of
    one unit of log-odds.
    """

    lines: tuple[Line, ...]
    parts: Mapping[str, Mapping[str, float]]
    forms: Sequence[Form]
    fed: Mapping[str, str]
    reader: Reader
    messages: Sequence[str]
    odds: Odds
    unit: float
    name: str = "lamb_or_spam"

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Points of these lines, the sums of these parts, `genuine` and its confidence."""
        frame = prepare(leads, self.forms, as_of)
        evidence = pl.concat([self._part(part, frame) for part in self.parts], how="horizontal")
        sums = evidence.select(self._sums)
        verdict = outcomes(frame.with_columns(sums), self.odds)
        points = evidence.with_columns(frame[DECIDED_BY]).select(self._points)
        return pl.concat([points, sums, verdict], how="horizontal")

    def _part(self, part: str, frame: pl.DataFrame) -> pl.DataFrame:
        if part == WRITTEN:
            return self._written(frame)
        named = [pl.col(fact).cast(pl.Float64).alias(key) for key, fact in self.fed.items()]
        return frame.with_columns(named).select(self._evidence[part])

    def _written(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Every message is read once, however many leads and answers share it."""
        messages = frame.select(self.reader.message(self.messages))
        read = messages.unique().with_columns(self.reader.of_messages)
        found = read.select("message", *self._evidence[WRITTEN])
        return messages.join(found, on="message", how="left", maintain_order="left").drop("message")

    @cached_property
    def _evidence(self) -> dict[str, list[pl.Expr]]:
        return {
            part: [CHECKS[key].evidence(weight) for key, weight in weights.items()]
            for part, weights in self.parts.items()
        }

    @cached_property
    def _sums(self) -> list[pl.Expr]:
        return [summed(part, weights) for part, weights in self.parts.items()]

    @cached_property
    def _points(self) -> list[pl.Expr]:
        undecided = pl.col(DECIDED_BY).is_null()
        return [
            pl.when(undecided).then(pl.col(key) * -self.unit).otherwise(0.0).alias(key)
            for weights in self.parts.values()
            for key in weights
        ]
