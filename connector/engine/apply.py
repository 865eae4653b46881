"""Doing what the plan says, and writing down what became of every line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.plan import changes_of, conversions_of
from connector.engine.quarantine import after_own_write, hold
from connector.engine.retract import retract
from connector.engine.there import written_there
from mappings.memory import Base, remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.ports import Progress

CHUNK = {"change": 50_000, "convert": 2_000, "retract": 2_000}
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
            work = {"change": _change, "convert": _convert, "retract": retract}[kind]
            for outcomes in work(connection, ledger, run, chunk):
                applied.count(outcomes, conversion=kind != "change")
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
        hold(connection, ledger, "change", outcomes)
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
        hold(connection, ledger, "convert", outcomes)
        yield outcomes


def _remember_written(
    connection: Connection, ledger: Ledger, run: str, changes: pl.DataFrame, outcomes: pl.DataFrame
) -> None:
    """Keep what we wrote: a person's later edit can be told from it, and the next day needs it."""
    landed = changes.join(
        outcomes.filter(pl.col("outcome") == "applied").select("@id"), on="@id", how="semi"
    )
    if landed.is_empty():
        return
    before = ledger.seen(connection.name, landed["@id"].to_list())
    after_own_write(connection, ledger, run, "change", before)
    before = before.select("id", "written")
    before = before.join(ledger.there(connection.name, landed["@id"].to_list()), on="id")
    joined = landed.join(before, left_on="@id", right_on="id", how="left", maintain_order="left")
    after = remembered(
        [_written(name, Base(pl.col("written"), name)) for name in connection.outbound.fields]
    )
    frame = joined.select(
        pl.col("@id").alias("id"),
        after.alias("written"),
        written_there(connection.outbound.fields, joined["there"], landed),
    )
    ledger.remember(connection.name, run, frame)


def _written(name: str, base: Base) -> tuple[str, pl.Expr, pl.Expr]:
    """A field's name, whether we know what we last wrote to it, and what that was."""
    change = pl.col(f"change:{name}")
    return name, change | base.known, pl.when(change).then(f"to:{name}").otherwise(base.text)
