"""Whether a plan still fits: records that have changed since are left alone, and it is said.

After a death more is asked: whether what was planned stands in the CRM already, because it was sent
and only its answer was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.engine.apply import Applied, remember_written
from connector.engine.plan import changes_of
from mappings.wire import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

STALE = "STALE"
"""The code of lines that were skipped because their record has changed since."""

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
        stale = _stale(connection, _now(connection, lines)).select("id").unique()
        _skip(ledger, run, lines.join(stale, on="id", how="semi"), applied)


def look_back(
    connection: Connection, ledger: Ledger, run: str, kinds: Sequence[str] = ("change", "convert")
) -> None:
    """Read every record of the undecided lines of a dead run again, and decide what can be known.

    A change line was applied if any value that it was to bring stands there: a record is written as
    a whole, and what differs by now was edited since. Lines that are stale are skipped. A
    conversion whose intent is on record is left undecided: asking for it again reads it back.
    """
    intended = ledger.unfinished_conversions(connection.name).select("id", kind=pl.lit("convert"))
    for page in ledger.lines(run, undecided_only=True, size=CHUNK):
        known = page.filter(pl.col("kind").is_in(list(kinds)))
        lines = known.join(intended, on=["id", "kind"], how="anti", maintain_order="left")
        if lines.is_empty():
            continue
        seen = _now(connection, lines)
        landed = _landed(connection, seen)
        _keep_landed(connection, ledger, run, landed)
        left = seen.join(landed.select("line"), on="line", how="anti", maintain_order="left")
        _skip(ledger, run, _stale(connection, left), Applied())


def _keep_landed(connection: Connection, ledger: Ledger, run: str, landed: pl.DataFrame) -> None:
    """Record lines as applied that were found in the CRM, and that their values are ours."""
    if landed.is_empty():
        return
    outcomes = _outcomes(landed, "applied", "READ_BACK", "It was found written.")
    with ledger.together():
        ledger.record_outcomes(run, "change", outcomes)
        changes = changes_of(landed, connection.outbound.fields)
        remember_written(connection, ledger, run, changes, outcomes)


def _skip(ledger: Ledger, run: str, lines: pl.DataFrame, applied: Applied) -> None:
    for kind, part in lines.group_by("kind"):
        outcomes = _outcomes(
            part, "skipped", STALE, "The record has changed since the plan was made."
        ).with_columns(pl.lit("Plan again.").alias("remedy"))
        ledger.record_outcomes(run, str(kind[0]), outcomes)
        applied.count(outcomes, conversion=kind[0] == "convert")


def _outcomes(lines: pl.DataFrame, outcome: str, code: str, message: str) -> pl.DataFrame:
    return lines.select(
        pl.col("id").alias("@id"),
        pl.lit(outcome).alias("outcome"),
        pl.lit(code).alias("code"),
        pl.lit(None, pl.String()).alias("field"),
        pl.lit(message).alias("message"),
        pl.lit(None, pl.String()).alias("remedy"),
    )


def _now(connection: Connection, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines beside what stands in their records now (null where a record is gone)."""
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
    return lines.join(now, on="id", how="left", maintain_order="left")


def _stale(connection: Connection, seen: pl.DataFrame) -> pl.DataFrame:
    """The lines that are not to be carried out any more."""
    moved = pl.col("now_modified_at").is_null() | pl.col("now_modified_at").ne_missing(
        pl.col("base")
    )
    differences = _differences(seen, connection.outbound.fields)
    differs = pl.any_horizontal(differences) | pl.col("now_converted")
    refused = pl.when(pl.col("kind") == "convert").then(moved).otherwise(moved & differs)
    return seen.filter(refused | pl.col("now_modified_at").is_null())


def _landed(connection: Connection, seen: pl.DataFrame) -> pl.DataFrame:
    """The change lines of which a value stands in the record."""
    changes = seen.filter(pl.col("kind") == "change")
    wanted = changes_of(changes, connection.outbound.fields)
    arrived = [
        wanted[f"change:{name}"]
        & wanted[f"to:{name}"].eq_missing(changes[f"now:{name}"])
        & changes["now_modified_at"].is_not_null()
        for name in connection.outbound.fields
    ]
    none = pl.Series("none", [False] * changes.height, dtype=pl.Boolean)
    found = [column.alias(f"{place}") for place, column in enumerate(arrived)]
    return changes.filter(pl.any_horizontal([none, *found]))


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
