"""A page of a history as it stood: who the leads are, and what was known of them when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

WINDOW_DAYS = 90
"""Days before a day, that one included, on which interest counts for `active_days`."""

_DAYS = {"id": pl.String(), "day": pl.Date()}


@dataclass(frozen=True)
class PastPage:
    """Leads of a history, each with its snapshots before its outcome; nothing of after it.

    leads: id, `ended` (the last day before the outcome; null: still open), `won` (null: not known),
        `won_on` (null where nobody knows)
    snapshots: one row per judgement, sorted by time: id, day, `nth` (of that lead on that day),
        at, `said` (a person has put it into `stage`, or it is the first), stage and stage_since (as
        the lead came in), `recorded` (the stage that the old model gave it; null: another model
        judged), `row` (of facts)
    facts: the facts known then, without id, stage and stage_since
    days: id, day on which the lead showed interest (empty: not recorded; `active_days` stays)
    """

    leads: pl.DataFrame
    snapshots: pl.DataFrame
    facts: pl.DataFrame
    days: pl.DataFrame

    def steps(self, reviews: frozenset[date]) -> Iterator[tuple[date, pl.DataFrame]]:
        """Every judgement in order: its day and the lead frame, with `@said`, `@at`, `@recorded`.

        On a review day every open lead is judged; on others those of which something was recorded.
        """
        ends = self.leads.select("id", "ended")
        known = self.snapshots.with_row_index("order").join(ends, on="id", how="left")
        recorded = set(known["day"].unique().to_list())
        for day in sorted(recorded | reviews):
            today = known.filter(pl.col("day") == day)
            frames = [
                self._frame(rows)
                for _, rows in today.sort("order").group_by("nth", maintain_order=True)
            ]
            waiting = _waiting(known, today, day) if day in reviews else known.clear()
            if not waiting.is_empty():
                frames[:1] = [pl.concat([*frames[:1], self._aged(waiting, day)])]
            yield from ((day, frame) for frame in frames)

    def _frame(self, rows: pl.DataFrame) -> pl.DataFrame:
        about = rows.select(
            "id",
            "stage",
            "stage_since",
            pl.col("said").alias("@said"),
            pl.col("at").alias("@at"),
            pl.col("recorded").alias("@recorded"),
        )
        return about.hstack(self.facts[rows["row"]])

    def _aged(self, rows: pl.DataFrame, day: date) -> pl.DataFrame:
        """Leads of which nothing new is known: the facts of before, as of this day."""
        midnight = pl.lit(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        unsaid = rows.with_columns(
            said=pl.lit(value=False), at=midnight, recorded=pl.lit(None, pl.String())
        )
        frame = self._frame(unsaid)
        # Only days that were known when the facts were: a later reading may tell of earlier days.
        known_on = rows.select("id", pl.col("day").alias("known_on"))
        seen = self.days.join(known_on, on="id").filter(pl.col("day") <= pl.col("known_on"))
        return recounted(frame, seen, day)


def recounted(leads: pl.DataFrame, days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The leads with `active_days` counted anew from days (id, day), if any are recorded at all."""
    if "active_days" not in leads.columns or days.is_empty():
        return leads
    age = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    number = days.filter(age.is_between(0, WINDOW_DAYS - 1)).group_by("id").len("number")
    joined = leads.join(number, on="id", how="left", maintain_order="left")
    # Where it is unknown neither a moment nor a counter of interest was ever told.
    still = pl.col("number").fill_null(0).cast(pl.Float64)
    counted = pl.when(pl.col("active_days").is_not_null()).then(still)
    return joined.with_columns(counted.alias("active_days")).drop("number")


def no_days() -> pl.DataFrame:
    """Where no days of interest were recorded."""
    return pl.DataFrame(schema=_DAYS)


def _waiting(known: pl.DataFrame, today: pl.DataFrame, day: date) -> pl.DataFrame:
    """The last snapshot of every lead that is open on this day and not judged on it yet."""
    before = known.filter((pl.col("day") < day) & (pl.col("ended") >= day).fill_null(value=True))
    last = before.group_by("id").agg(pl.col("order").max()).select("order")
    latest = known.join(last, on="order", how="semi")
    return latest.join(today.select("id"), on="id", how="anti").sort("order")
