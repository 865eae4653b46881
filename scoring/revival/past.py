"""What was done before, as the decision needs it: touches, arms, opt-outs and new owners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from scoring.lead import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOMENT = DTYPES["datetime"]
_TEXT = pl.String()

TOUCHES: dict[str, pl.DataType] = {
    "id": _TEXT, "person": _TEXT, "company_key": _TEXT, "cadence": _TEXT, "began": _MOMENT,
    "step": pl.Int64(), "at": _MOMENT, "state": _TEXT, "tries": pl.Int64(),
}  # fmt: skip
ARMS: dict[str, pl.DataType] = {
    "id": _TEXT, "person": _TEXT, "cadence": _TEXT, "began": _MOMENT, "arm": _TEXT, "stage": _TEXT,
}  # fmt: skip
OPTED_OUT: dict[str, pl.DataType] = {"person": _TEXT, "why": _TEXT}
OWNERS: dict[str, pl.DataType] = {"id": _TEXT, "since": _MOMENT}

COUNTED = ("intended", "applied", "unknown")
"""The states of touches that reached the lead, or may have."""

MOST_TRIES = 3
"""A touch that was rejected so often is not tried again."""


def _none(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema))


@dataclass(frozen=True)
class Past:
    """Frames of what was done, of these leads and of all who are the same person or company.

    touches: id (null for records of other connections), person, company_key, cadence, began (when the
        cadence began for this record), step, at, state ("intended", "applied", "unknown",
        "rejected", "skipped"), tries
    arms: id (null for records of other connections), person, cadence, began, arm, stage (then)
    opted_out: person, why (in words)
    owners: id, since (when a new owner was first seen)
    """

    touches: pl.DataFrame = field(default_factory=lambda: _none(TOUCHES))
    arms: pl.DataFrame = field(default_factory=lambda: _none(ARMS))
    opted_out: pl.DataFrame = field(default_factory=lambda: _none(OPTED_OUT))
    owners: pl.DataFrame = field(default_factory=lambda: _none(OWNERS))

    @property
    def counted(self) -> pl.DataFrame:
        """The touches that count for caps and cadences."""
        return self.touches.filter(pl.col("state").is_in(COUNTED))
