"""Whether a plan still fits: records that have changed since are left alone, and it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.engine.plan import changes_of
from mappings.wire import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.engine.apply import Applied
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

CHUNK = 10_000
"""Lines whose records are read again at once."""


def skip_stale(
    connection: Connection,
    ledger: Ledger,
    run: str,
    applied: Applied,
    *,
    only: pl.Expr | None = None,
) -> None:
    """Read every record of the run's lines again; skip the lines whose record has changed since.

    A change line is stale when a value that it replaces is no longer there, a conversion line when
    the record was touched at all. `only` says which lines are looked at (all without it).
    """
    for page in ledger.lines(run, undecided_only=True, size=CHUNK):
        lines = page if only is None else page.filter(only)
        if lines.is_empty():
            continue
        stale = _stale_ids(connection, lines)
        if not stale.is_empty():
            _skip(ledger, run, lines.join(stale, on="id", how="semi"), applied)


def _skip(ledger: Ledger, run: str, lines: pl.DataFrame, applied: Applied) -> None:
    for kind, part in lines.group_by("kind"):
        outcomes = part.select(
            pl.col("id").alias("@id"),
            pl.lit("skipped").alias("outcome"),
            pl.lit("STALE").alias("code"),
            pl.lit(None, pl.String()).alias("field"),
            pl.lit("The record has changed since the plan was made.").alias("message"),
            pl.lit("Plan again.").alias("remedy"),
        )
        ledger.record_outcomes(run, str(kind[0]), outcomes)
        applied.count(outcomes, conversion=kind[0] == "convert")


def _stale_ids(connection: Connection, lines: pl.DataFrame) -> pl.DataFrame:
    fields = connection.outbound.fields
    ids = lines["id"].unique(maintain_order=True).to_list()
    current = connection.crm.fetch(ids, fields)
    now = current.select(
        pl.col("@id").alias("id"),
        pl.col("@modified_at").alias("now_modified_at"),
        pl.col("@converted").alias("now_converted"),
        *(
            canonical(pl.col(name), connection.schema.lead.fields[name]).alias(f"now:{name}")
            for name in fields
        ),
    )
    seen = lines.join(now, on="id", how="left", maintain_order="left")
    moved = pl.col("now_modified_at").is_null() | pl.col("now_modified_at").ne_missing(
        pl.col("base")
    )
    differs = pl.any_horizontal(_differences(seen, fields)) | pl.col("now_converted")
    refused = pl.when(pl.col("kind") == "convert").then(moved).otherwise(moved & differs)
    return seen.filter(refused | pl.col("now_modified_at").is_null()).select("id").unique()


def _differences(seen: pl.DataFrame, fields: Iterable[str]) -> list[pl.Series]:
    """Per field, whether what a change line wants to replace is no longer there."""
    changes = changes_of(
        seen.with_columns(pl.when(pl.col("kind") == "change").then("body").alias("body")),
        tuple(fields),
    )
    found = [
        (changes[f"change:{name}"] & changes[f"from:{name}"].ne_missing(seen[f"now:{name}"])).alias(
            name
        )
        for name in fields
    ]
    return found or [pl.Series("none", [False] * seen.height)]
