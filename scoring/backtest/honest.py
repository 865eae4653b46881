"""What must not speak in a history that shows each lead only once: facts of after its day.

Three ways in which a file of old leads tells the future: a column that the outcome has written (found
by the leak check of training), a moment that lies after the day of the row, and a counter that has
run on until such a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.candidates import SIGNS
from scoring.training.columns import describe
from scoring.training.history import read_history
from scoring.training.leaks import WRITTEN_BY_SALES, leak_check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.lead import Kind
    from scoring.training.history import History
    from scoring.training.settings import TrainingSettings

FEWEST = 10
"""Outcomes of each kind from which columns can be compared with them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A fact that may not speak, and why; `leads` where it is only some leads' (None: all)."""

    fact: str
    reason: str
    leads: int | None = None


def refused_columns(
    history: pl.DataFrame, settings: TrainingSettings, facts: Sequence[str]
) -> tuple[History, list[Refused]]:
    """The history with its outcome read, and the facts that were written after it.

    Raises `ProblemsError` for columns or outcomes that do not make sense.
    """
    known = read_history(history, settings)
    asked = [name for name in facts if name not in settings.allow]
    good = known.outcome.sum()
    if min(good, len(known.outcome) - good) < FEWEST:
        # Too few to compare with: what comes after capture by its meaning is refused unseen.
        return known, [
            Refused(name, f"{WRITTEN_BY_SALES[name]}.")
            for name in asked
            if name in WRITTEN_BY_SALES and known.frame[name].null_count() < known.frame.height
        ]
    columns = describe(known.frame, asked, as_of=known.as_of, merge_blank=settings.merge_blank)
    findings = leak_check(known, columns)
    return known, [
        Refused(f.column, f.reason) for f in findings if f.level in ("refused", "doubtful")
    ]


def without_the_future(
    leads: pl.DataFrame, day: pl.Series, kinds: Mapping[str, Kind]
) -> tuple[pl.DataFrame, list[Refused]]:
    """The leads without moments after each row's day, and without counters that ran on to them."""
    late = {
        name: (leads[name].cast(pl.Date) > day).fill_null(value=False)
        for name, kind in kinds.items()
        if kind in ("date", "datetime") and name in leads.columns
    }
    told = [
        Refused(name, "lies after the day of the lead", int(found.sum()))
        for name, found in late.items()
        if found.any()
    ]
    blank = dict(late)
    for counter, moment in SIGNS.items():
        if moment in late and late[moment].any() and counter in leads.columns:
            blank[counter] = late[moment]
            count = int((late[moment] & leads[counter].is_not_null()).sum())
            told.append(
                Refused(counter, f"counts up to {moment}, after the day of the lead", count)
            )
    return leads.with_columns(
        pl.when(~pl.lit(found)).then(name).alias(name) for name, found in blank.items()
    ), told
