"""What to learn from, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

Level = Literal["refused", "doubtful", "dropped", "note"]

FEWEST = 50
"""Conversions, and leads without one, below which nothing is learned."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Which column is the outcome and which columns may speak.

    `time` orders the leads (a date, a moment or a rising number). `include` names the only columns
    to use, whatever the leak check says of them (it still says it); `exclude` takes columns out;
    `allow` lets in columns that the leak check keeps out. `merge_blank` treats placeholders
    ("Select", "N/A", "-") as blank. `positive` is the outcome's value that means converted, where
    that is not plain. `as_of` is the day of the history's values; by default its newest moment.
    """

    target: str
    time: str | None = None
    name: str = "predictive"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    merge_blank: bool = True
    positive: str | None = None
    as_of: date | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What training decided about a column, and why, in a sentence with the figures.

    `refused` columns were written by the outcome or the sales work; `doubtful` ones probably were
    in part, and are kept out unless they are allowed; `dropped` ones cannot help; a `note` changes
    nothing. `used` tells whether the model uses the column all the same.
    """

    column: str
    level: Level
    reason: str
    used: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as plain JSON-able data, for `scoring.methods.predictive.compile`."""

    stored: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NotTrained:
    """No model, and the plain reason."""

    reason: str
