"""Touches as lines of a plan: kind "touch" for who is touched, kind "hold" for who is held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.engine.plan import LINES

if TYPE_CHECKING:
    from datetime import datetime

KINDS = ("hold", "touch")
"""In the order in which they are done: a company's first touches must not undo a hold-out that was
drawn beside them."""

_BODY: dict[str, pl.DataType] = {
    "key": pl.String(), "cadence": pl.String(), "began": pl.String(), "step": pl.Int64(),
    "channel": pl.String(), "template": pl.String(), "target": pl.String(), "due": pl.String(),
    "cause": pl.String(), "stage": pl.String(), "new": pl.Boolean(), "arm": pl.String(),
}  # fmt: skip
"""What a line says: `key` is the touch's own for ever, `began` when its cadence began."""

_MOMENT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def touch_lines(
    planned: pl.DataFrame, connection: str, now: datetime, *, first: int = 0
) -> pl.DataFrame:
    """The lines of decisions to touch or to hold out, in their order, numbered from `first`."""
    began = pl.col("began").dt.strftime("%Y-%m-%d")
    key = pl.concat_str(pl.lit(connection), "id", "cadence", "step", began, separator=":")
    named = planned.with_columns(
        key.alias("key"),
        pl.col("began").dt.strftime(_MOMENT),
        pl.lit(now.date().isoformat()).alias("due"),
    )
    reason = pl.concat_str(
        "why",
        pl.format("cadence {}, step {}", "cadence", "step"),
        separator="; ",
        ignore_nulls=True,
    )
    return named.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + first).alias("line"),
        "id",
        pl.col("decision").alias("kind"),
        pl.lit(None, LINES["base"]).alias("base"),
        pl.struct(pl.col(n).cast(t) for n, t in _BODY.items()).struct.json_encode().alias("body"),
        reason.alias("reason"),
    )


def touches_of(lines: pl.DataFrame) -> pl.DataFrame:
    """What touch and hold lines say, as columns beside id, kind and reason."""
    body = lines["body"].str.json_decode(pl.Struct(_BODY)).struct.unnest()
    began = pl.col("began").str.to_datetime(_MOMENT, time_unit="us", time_zone="UTC")
    return pl.concat([lines.select("id", "kind", "reason"), body], how="horizontal").with_columns(
        began
    )
