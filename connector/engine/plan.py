"""What should change in the CRM, as data: one line per record and kind, each with its reason.

lines frame
    line Int64 (position in the plan), id String, kind "change" | "convert", base Datetime (the
    record's modified time when it was pulled), body String (JSON: for a change
    {CRM field: [from, to]}, for a conversion {opportunity field: value}), reason String
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.engine.ports import INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from connector.engine.connection import Connection

LINES: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "id": pl.String(),
    "kind": pl.String(),
    "base": INSTANT,
    "body": pl.String(),
    "reason": pl.String(),
}

READY = (
    (pl.col("stage") == "opportunity") & ~pl.col("converted") & pl.col("genuine").ne_missing("spam")
)
"""Which judged leads a run converts by itself."""

_NO_LINES = pl.DataFrame(schema=LINES)


def plan_page(
    connection: Connection, raw: pl.DataFrame, judged: pl.DataFrame, difference: pl.DataFrame
) -> pl.DataFrame:
    """The lines of one judged page (numbered from 0): its changes, then its conversions.

    `raw`, `judged` and `difference` have the same leads in the same order.
    """
    ready = judged.with_columns(raw["@owner_id"]).filter(READY)
    found = [_changes(connection, judged, difference), conversion_lines(connection, ready)]
    return (
        pl.concat(found)
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("line"))
        .select(list(LINES))
    )


def changed(fields: Sequence[str]) -> pl.Expr:
    """Whether any field of a compared row changes."""
    return pl.any_horizontal([pl.col(f"change:{name}") for name in fields] or [pl.lit(value=False)])


def _changes(
    connection: Connection, judged: pl.DataFrame, difference: pl.DataFrame
) -> pl.DataFrame:
    fields = connection.outbound.fields
    if not fields:
        return _NO_LINES
    writable = ~pl.col("converted")
    if connection.crm.writes_converted:  # of an open opportunity the sales process has the say
        writable |= pl.col("opportunity_state").is_in(["won", "lost"])
    writable = writable.fill_null(value=False).alias("writable")
    pairs = [
        pl.when(pl.col(f"change:{name}"))
        .then(pl.concat_list(f"from:{name}", f"to:{name}"))
        .alias(name)
        for name in fields
    ]
    rows = difference.with_columns(
        judged["reasons"].alias("reason"), judged.select(writable).to_series()
    )
    rows = rows.filter(changed(fields) & pl.col("writable"))
    return rows.select(
        pl.lit(0, pl.Int64).alias("line"),
        pl.col("@id").alias("id"),
        pl.lit("change").alias("kind"),
        pl.col("@modified_at").alias("base"),
        pl.struct(pairs).struct.json_encode().alias("body"),
        "reason",
    )


def conversion_lines(connection: Connection, ready: pl.DataFrame) -> pl.DataFrame:
    """The conversion lines of these judged leads (with `@owner_id`), whatever their stage."""
    if connection.converter is None or ready.is_empty():
        return _NO_LINES
    as_of: date = ready["scored_at"].dt.date().item(0)
    values = connection.converter(ready, as_of)
    targets = [name for name in values.columns if name.startswith("to:")]
    columns = [pl.col(name).alias(name.removeprefix("to:")) for name in targets]
    body = pl.struct([pl.Series("@owner_id", ready["@owner_id"]), *columns])
    return values.select(
        pl.lit(0, pl.Int64).alias("line"),
        pl.col("@id").alias("id"),
        pl.lit("convert").alias("kind"),
        pl.Series("base", ready["modified_at"]),
        body.struct.json_encode().alias("body"),
        pl.Series("reason", ready["reasons"]),
    )


def changes_of(lines: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """The changes frame (see ports) of change lines."""
    kind = pl.Struct({name: pl.List(pl.String()) for name in fields})
    body = lines["body"].str.json_decode(kind).struct.unnest()
    columns = [lines["id"].alias("@id"), lines["base"].alias("@modified_at")]
    for name in fields:
        columns += [
            body[name].list.get(0, null_on_oob=True).alias(f"from:{name}"),
            body[name].list.get(1, null_on_oob=True).alias(f"to:{name}"),
            body[name].is_not_null().alias(f"change:{name}"),
        ]
    return pl.DataFrame(columns)


def conversions_of(lines: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """The conversions frame (see ports) of conversion lines; the lead's id is the unique key."""
    kind = pl.Struct(dict.fromkeys(("@owner_id", *fields), pl.String()))
    body = lines["body"].str.json_decode(kind).struct.unnest()
    return pl.DataFrame(
        [
            lines["id"].alias("@id"),
            body["@owner_id"],
            lines["id"].alias("@key"),
            *(body[name].alias(f"to:{name}") for name in fields),
        ]
    )
