"""The file of opportunities: one row per conversion, once per key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.crm.csv.cells import guarded, unguarded
from connector.crm.csv.faults import translated
from connector.crm.csv.table import open_table, whole
from connector.crm.csv.target import replacing
from connector.engine.ports import INSTANT, OPPORTUNITIES
from mappings.transforms.moments import read_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

META = ("opportunity_id", "lead_id", "owner_id")
"""The columns that every opportunity has; its id is the key of its conversion."""


class Opportunities:
    """The opportunities made so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = _read(path)

    @property
    def columns(self) -> tuple[str, ...]:
        """The opportunity fields that the file has."""
        return tuple(name for name in self._rows.columns if name not in META)

    def of_leads(self) -> pl.DataFrame:
        """`@id` of each converted lead and its `@opportunity_id`."""
        pairs = self._rows.select(
            pl.col("lead_id").alias("@id"), pl.col("opportunity_id").alias("@opportunity_id")
        )
        return pairs.unique("@id", keep="first", maintain_order=True)

    def states(self, ids: Sequence[str]) -> pl.DataFrame:
        """The opportunities frame of these; none without a column `state` (open, won, lost)."""
        if "state" not in self._rows.columns:
            return pl.DataFrame(schema=OPPORTUNITIES)
        reason, closed = pl.lit(None, pl.String), pl.lit(None, INSTANT)
        if "lost_reason" in self._rows.columns:
            reason = pl.col("lost_reason")
        if "closed_at" in self._rows.columns:
            closed = read_instant(pl.col("closed_at"))
        found = self._rows.filter(pl.col("opportunity_id").is_in(pl.Series(ids).implode()))
        state = pl.col("state").str.strip_chars().str.to_lowercase()
        return found.filter(state.is_in(["open", "won", "lost"])).select(
            pl.col("opportunity_id").alias("@opportunity_id"),
            state.alias("state"),
            reason.alias("reason"),
            closed.alias("closed_at"),
        )

    def add(self, conversions: pl.DataFrame) -> None:
        """Make an opportunity of each conversion whose key and lead have none; then it is on disk."""
        named = {
            name: name.removeprefix("to:") for name in conversions.columns if name[:3] == "to:"
        }
        rows = conversions.select(
            pl.col("@key").alias("opportunity_id"),
            pl.col("@id").alias("lead_id"),
            pl.col("@owner_id").alias("owner_id"),
            *(pl.col(old).alias(new) for old, new in named.items()),
        )
        rows = rows.unique("opportunity_id", keep="first", maintain_order=True)
        fresh = rows.join(self._rows, on="opportunity_id", how="anti", maintain_order="left")
        fresh = fresh.join(self._rows, on="lead_id", how="anti", maintain_order="left")
        if not fresh.is_empty():
            self._rows = pl.concat([self._rows, fresh], how="diagonal")
            self._save()

    def remove(self, conversions: pl.DataFrame) -> pl.DataFrame:
        """Remove the rows of these conversions that are as we wrote them; an outcome for each."""
        given = [name[3:] for name in conversions.columns if name.startswith("to:")]
        there = self._rows.rename({name: f"there:{name}" for name in self._rows.columns})
        seen = conversions.join(
            there.with_columns(pl.col("there:opportunity_id").alias("@opportunity_id")),
            on="@opportunity_id",
            how="left",
            maintain_order="left",
        )
        known = [name for name in given if f"there:{name}" in seen.columns]
        edited = [pl.col(f"to:{n}").ne_missing(pl.col(f"there:{n}")) for n in known] + [
            pl.col(f"there:{n}").is_not_null() for n in self.columns if n not in given
        ]
        seen = seen.with_columns(
            pl.col("there:lead_id").is_null().alias("gone"),
            pl.any_horizontal([pl.lit(value=False), *edited]).alias("edited"),
        )
        taken = seen.filter(~pl.col("gone") & ~pl.col("edited"))["@opportunity_id"]
        if not taken.is_empty():
            self._rows = self._rows.filter(~pl.col("opportunity_id").is_in(taken.implode()))
            self._save()
        return seen.select(_told("gone", "edited"))

    def add_columns(self, columns: Sequence[str]) -> None:
        """Make room for fields."""
        missing = [name for name in columns if name not in self._rows.columns]
        if missing or not self.path.exists():
            blank = [pl.lit(None, pl.String).alias(name) for name in missing]
            self._rows = self._rows.with_columns(blank)
            self._save()

    def _save(self) -> None:
        shown = self._rows.with_columns(guarded(pl.col(n)).alias(n) for n in self.columns)
        with translated(self.path, "written"), replacing(self.path) as stream:
            stream.write(shown.write_csv(null_value=""))


def _told(gone: str, edited: str) -> list[pl.Expr]:
    """The columns of a retraction's outcome."""
    stays = pl.when(gone).then(pl.lit("OPPORTUNITY_GONE")).when(edited).then(pl.lit("TOUCHED"))
    gone_already = pl.when(gone).then(pl.lit("The opportunity is gone already."))
    words = gone_already.when(edited).then(pl.lit("Somebody has changed the row since; it stays."))
    remedy = pl.when(pl.col(edited) & ~pl.col(gone)).then(pl.lit("Remove the row by hand."))
    skipped = pl.when(pl.col(gone) | pl.col(edited)).then(pl.lit("skipped"))
    return [
        pl.col("@id"),
        skipped.otherwise(pl.lit("applied")).alias("outcome"),
        stays.otherwise(pl.lit(None, pl.String)).alias("code"),
        pl.lit(None, pl.String).alias("field"),
        words.otherwise(pl.lit(None, pl.String)).alias("message"),
        remedy.alias("remedy"),
        pl.when(pl.col(edited) & ~pl.col(gone)).then("@opportunity_id").alias("@opportunity_id"),
    ]


def _read(path: Path) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=dict.fromkeys(META, pl.String))
    table = open_table(path, id_column="opportunity_id")
    rows = whole(table, table.columns).drop("@id", "@line")
    return rows.with_columns(unguarded(pl.col(n)).alias(n) for n in rows.columns if n not in META)
