"""Doing what the plan says, and writing down what became of every line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.ahead import one_ahead
from connector.engine.observer import span
from connector.engine.plan import changes_of, conversions_of
from connector.engine.quarantine import after_own_write, hold
from connector.engine.quota import by_worth, forecast
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

EVERYTHING = ("change", "convert")
"""The kinds of lines that a plan has, in the order in which they are applied."""


@dataclass
class Applied:
    """How many lines came to which end."""

    written: int = 0
    converted: int = 0
    skipped: int = 0
    rejected: int = 0
    by_code: dict[str, int] = field(default_factory=dict)

    @classmethod
    def so_far(cls, ledger: Ledger, run: str) -> Applied:
        """What has become of a run's lines by now."""
        found = cls()
        for kind, outcome, count in ledger.decided_lines(run):
            found.add(outcome, count, conversion=kind != "change")
        return found

    def count(self, outcomes: pl.DataFrame, *, conversion: bool) -> None:
        """Add one frame of outcomes."""
        for outcome, count in outcomes["outcome"].value_counts().iter_rows():
            self.add(outcome, count, conversion=conversion)

    def add(self, outcome: str, count: int, *, conversion: bool) -> None:
        """Add lines that have come to this end."""
        self.skipped += count * (outcome == "skipped")
        self.rejected += count * (outcome == "rejected")
        self.converted += count * (outcome == "applied" and conversion)
        self.written += count * (outcome == "applied" and not conversion)


def apply_lines(
    connection: Connection,
    ledger: Ledger,
    run: str,
    progress: Progress,
    *,
    kinds: Sequence[str] = EVERYTHING,
) -> Applied:
    """Apply every line of a run that has no outcome yet: changes first, then conversions.

    Raises `QuotaSpentError` when the CRM's day has no more calls for us; short ones go to what is
    most worth (see connector/engine/quota.py).
    """
    applied = Applied()
    for kind, batches in _works(connection, ledger, run, kinds):
        for outcomes in _fenced(ledger, batches):
            applied.count(outcomes, conversion=kind != "change")
            progress.advance(outcomes.height)
    return applied


def _works(
    connection: Connection, ledger: Ledger, run: str, kinds: Sequence[str]
) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
    """The batches of the undecided lines, in the order in which they are worth it."""
    work = {"change": _change, "convert": _convert, "retract": retract}
    if tuple(kinds) == EVERYTHING and forecast(connection, ledger, run).short:
        for kind, lines in by_worth(connection, ledger, run):
            yield kind, work[kind](connection, ledger, run, lines)
        return
    for kind in kinds:
        if kind == "change" and ledger.undecided_counts(run).get(kind, 0) > CHUNK[kind]:
            yield kind, _many_changes(connection, ledger, run)
            continue
        for lines in ledger.lines(run, kind=kind, undecided_only=True, size=CHUNK[kind]):
            yield kind, work[kind](connection, ledger, run, lines)


def _fenced(ledger: Ledger, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The batches, each begun only while the connection's lease is ours."""
    while True:
        ledger.check_fence()
        with span("apply batch"):
            outcomes = next(batches, None)
        if outcomes is None:
            return
        yield outcomes


def _change(
    connection: Connection, ledger: Ledger, run: str, lines: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    fields = connection.outbound.fields
    if lines.is_empty():
        return
    changes = changes_of(lines, fields)
    for outcomes in connection.crm.write(changes):
        _record_changes(connection, ledger, run, changes, outcomes)
        yield outcomes


def _many_changes(connection: Connection, ledger: Ledger, run: str) -> Iterator[pl.DataFrame]:
    """More changes than go at once: while one load is written down, the CRM takes the next.

    If the process dies between the two, what was sent is read back (see resume.py).
    """

    def sent() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        size = CHUNK["change"]
        for lines in ledger.lines(run, kind="change", undecided_only=True, size=size):
            changes = changes_of(lines, connection.outbound.fields)
            for outcomes in connection.crm.write(changes):
                yield changes, outcomes

    for changes, outcomes in one_ahead(sent()):
        _record_changes(connection, ledger, run, changes, outcomes)
        yield outcomes


def _record_changes(
    connection: Connection, ledger: Ledger, run: str, changes: pl.DataFrame, outcomes: pl.DataFrame
) -> None:
    with ledger.together():
        ledger.record_outcomes(run, "change", outcomes)
        remember_written(connection, ledger, run, changes, outcomes)
        hold(connection, ledger, "change", outcomes)


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
        with ledger.together():
            ledger.record_outcomes(run, "convert", outcomes)
            ledger.settle_conversions(connection.name, run, outcomes)
            hold(connection, ledger, "convert", outcomes)
        yield outcomes


def remember_written(
    connection: Connection, ledger: Ledger, run: str, changes: pl.DataFrame, outcomes: pl.DataFrame
) -> None:
    """Keep what we wrote: a person's later edit can be told from it, and the next day needs it."""
    landed = changes.join(
        outcomes.filter(pl.col("outcome") == "applied").select("@id"), on="@id", how="semi"
    )
    if landed.is_empty():
        return
    before = ledger.there(connection.name, landed["@id"].to_list())
    after_own_write(connection, ledger, run, "change", before)
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
