"""Doing what the plan says, and writing down what became of every line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.plan import changes_of, conversions_of
from mappings.memory import Base, remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ports import Ledger, Progress

CHUNK = {"change": 50_000, "convert": 2_000}
"""Lines that are handed to the CRM at once; bounds memory, and lets the adapter choose bulk."""


@dataclass
class Applied:
    """How many lines came to which end."""

    written: int = 0
    converted: int = 0
    skipped: int = 0
    rejected: int = 0
    by_code: dict[str, int] = field(default_factory=dict)

    def count(self, outcomes: pl.DataFrame, *, conversion: bool) -> None:
        """Add one frame of outcomes."""
        counts = dict(outcomes["outcome"].value_counts().iter_rows())
        self.skipped += counts.get("skipped", 0)
        self.rejected += counts.get("rejected", 0)
        if conversion:
            self.converted += counts.get("applied", 0)
        else:
            self.written += counts.get("applied", 0)


def apply_lines(
    connection: Connection,
    ledger: Ledger,
    run: str,
    progress: Progress,
    *,
    kinds: Sequence[str] = ("change", "convert"),
) -> Applied:
    """Apply every line of a run that has no outcome yet: changes first, then conversions."""
    applied = Applied()
    for kind in kinds:
        lines = ledger.lines(run, kind=kind, undecided_only=True, size=CHUNK[kind])
        for chunk in lines:
            work = _change if kind == "change" else _convert
            for outcomes in work(connection, ledger, run, chunk):
                applied.count(outcomes, conversion=kind == "convert")
                progress.advance(outcomes.height)
    return applied


def _change(
    connection: Connection, ledger: Ledger, run: str, lines: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    fields = connection.outbound.fields
    if lines.is_empty():
        return
    changes = changes_of(lines, fields)
    for outcomes in connection.crm.write(changes):
        ledger.record_outcomes(run, "change", outcomes)
        _remember_written(connection, ledger, run, changes, outcomes)
        _quarantine(connection, ledger, lines, outcomes)
        yield outcomes


def _convert(
    connection: Connection, ledger: Ledger, run: str, lines: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    if lines.is_empty() or connection.converter is None or connection.mapping.convert is None:
        return
    conversions = conversions_of(lines, connection.converter.fields)
    ledger.intend_conversions(
        connection.name,
        run,
        conversions.select(pl.col("@id").alias("id"), pl.col("@key").alias("key")),
    )
    for outcomes in connection.crm.convert(conversions, connection.mapping.convert):
        ledger.record_outcomes(run, "convert", outcomes)
        ledger.settle_conversions(connection.name, run, outcomes)
        _quarantine(connection, ledger, lines, outcomes)
        yield outcomes


def _remember_written(
    connection: Connection, ledger: Ledger, run: str, changes: pl.DataFrame, outcomes: pl.DataFrame
) -> None:
    """Keep what we wrote, so that a person's later edit can be told from our own value."""
    landed = changes.join(
        outcomes.filter(pl.col("outcome") == "applied").select("@id"), on="@id", how="semi"
    )
    if landed.is_empty():
        return
    before = ledger.seen(connection.name, landed["@id"].to_list()).select("id", "written")
    joined = landed.join(before, left_on="@id", right_on="id", how="left", maintain_order="left")
    after = remembered(
        [_written(name, Base(pl.col("written"), name)) for name in connection.outbound.fields]
    )
    frame = joined.select(pl.col("@id").alias("id"), after.alias("written"))
    ledger.remember(connection.name, run, frame)


def _written(name: str, base: Base) -> tuple[str, pl.Expr, pl.Expr]:
    """A field's name, whether we know what we last wrote to it, and what that was."""
    change = pl.col(f"change:{name}")
    return name, change | base.known, pl.when(change).then(f"to:{name}").otherwise(base.text)


def _quarantine(
    connection: Connection, ledger: Ledger, lines: pl.DataFrame, outcomes: pl.DataFrame
) -> None:
    """Leave rejected records alone until they or the mapping change."""
    rejected = outcomes.filter(pl.col("outcome") == "rejected")
    if rejected.is_empty():
        return
    base = lines.select(pl.col("id").alias("@id"), "base")
    frame = rejected.join(base, on="@id", how="inner").select(
        pl.col("@id").alias("id"),
        pl.col("code").alias("why"),
        quarantine_key(connection, pl.col("base")).alias("key"),
    )
    ledger.quarantine(connection.name, frame)


def quarantine_key(connection: Connection, modified_at: pl.Expr) -> pl.Expr:
    """What must differ before a quarantined record is tried again."""
    return pl.concat_str(
        [modified_at.dt.epoch("us").cast(pl.String()), pl.lit(connection.mapping.digest[:16])],
        separator=":",
    )
