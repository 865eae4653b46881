"""The file of opportunities: one row per conversion, once per key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.crm.csv.cells import guarded, unguarded
from connector.crm.csv.faults import translated
from connector.crm.csv.table import open_table, whole
from connector.crm.csv.target import replacing

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


def _read(path: Path) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=dict.fromkeys(META, pl.String))
    table = open_table(path, id_column="opportunity_id")
    rows = whole(table, table.columns).drop("@id", "@line")
    return rows.with_columns(unguarded(pl.col(n)).alias(n) for n in rows.columns if n not in META)
