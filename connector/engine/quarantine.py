"""Rejected lines stay away until somebody changes the record, or the mapping.

A lead's quarantine key is `kinds|held at|mapping`: the kinds of lines that were rejected, the CRM's
time of the rejection in microseconds, and the mapping. Our own writes change the record, too, so
the time moves on with each of them: only a change that is not ours comes later.

What was undone is held in the same way, or the next run would do it again; its key has a fourth
part, the verdict key, so that a new model ends the hold, too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

GRAIN = timedelta(seconds=1)
"""CRMs tell their time to the second: a write of this very second may bear a later fraction."""

UNDONE = "UNDONE"
"""Why a lead is held whose changes were undone."""

_PARTS = ("kinds", "held_at", "mapping", "verdict")


def without_held(connection: Connection, lines: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The lines that may be tried: all but those rejected before in the same circumstances."""
    judged_so = pl.col("verdict").fill_null(connection.verdict_key) == connection.verdict_key
    held = _parts(memory).filter((pl.col("mapping") == _mapping(connection)) & judged_so)
    if held.is_empty():
        return lines
    same = (pl.col("base").dt.epoch("us") <= pl.col("held_at")) & pl.col("kinds").list.contains(
        pl.col("kind")
    )
    joined = lines.join(held, on="id", how="left", maintain_order="left")
    return joined.filter(~same.fill_null(value=False)).select(lines.columns)


def hold(connection: Connection, ledger: Ledger, kind: str, outcomes: pl.DataFrame) -> None:
    """Hold back the lines of this kind of every record that the CRM rejected."""
    rejected = outcomes.filter(pl.col("outcome") == "rejected")
    if rejected.is_empty():
        return
    known = _parts(ledger.seen(connection.name, rejected["@id"].to_list()))
    kinds = pl.concat_list(pl.col("kinds").fill_null([]), pl.lit(kind)).list.unique().list.sort()
    frame = rejected.join(known, left_on="@id", right_on="id", how="left").select(
        pl.col("@id").alias("id"), pl.col("code").alias("why"), _key(connection, kinds).alias("key")
    )
    ledger.quarantine(connection.name, frame)


def hold_undone(connection: Connection, ledger: Ledger, ids: pl.Series) -> None:
    """Hold back every line of these leads until the record, the mapping or the model changes."""
    key = _key(connection, pl.lit(pl.Series([["change", "convert"]])).first())
    frame = ids.rename("id").to_frame().unique(maintain_order=True)
    parts = [key, pl.lit(connection.verdict_key)]
    held = frame.select("id", why=pl.lit(UNDONE), key=pl.concat_str(parts, separator="|"))
    ledger.quarantine(connection.name, held)


def after_own_write(
    connection: Connection, ledger: Ledger, run: str, kind: str, memory: pl.DataFrame
) -> None:
    """A line of this kind landed on these records: it is free, and the others are still held."""
    held = _parts(memory)
    if held.is_empty():
        return
    kinds = pl.col("kinds").list.set_difference([kind])
    key = pl.when(kinds.list.len() > 0).then(_key(connection, kinds)).alias("quarantine_key")
    ledger.remember(connection.name, run, held.select("id", key))


def _parts(memory: pl.DataFrame) -> pl.DataFrame:
    held = memory.filter(pl.col("quarantine_key").is_not_null())
    split = pl.col("quarantine_key").str.split("|")
    parts = {name: split.list.get(place, null_on_oob=True) for place, name in enumerate(_PARTS)}
    return held.select(
        "id",
        parts["kinds"].str.split(",").alias("kinds"),
        parts["held_at"].cast(pl.Int64, strict=False).alias("held_at"),
        parts["mapping"].alias("mapping"),
        parts["verdict"].alias("verdict"),
    )


def _key(connection: Connection, kinds: pl.Expr) -> pl.Expr:
    held_at = int((connection.crm.now() + GRAIN).timestamp() * 1_000_000)
    return pl.concat_str(
        [kinds.list.join(","), pl.lit(str(held_at)), pl.lit(_mapping(connection))], separator="|"
    )


def _mapping(connection: Connection) -> str:
    return connection.mapping.digest[:16]
