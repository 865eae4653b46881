"""A ledger into another database: everything or nothing, page by page, every count compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import func, select

from connector.errors import ConfigurationError, RunAbortedError
from connector.ledger.alone import alone
from connector.ledger.frames import read_pages, upsert
from connector.ledger.retention import Retention
from connector.ledger.runs import Leases
from connector.ledger.tables import leases, metadata, runs, workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Table

NOT_COPIED = (workers,)
"""What is true of the present database alone: the processes that work on it."""

PROLONG_EVERY = 20
"""Pages between two signs of life."""


class Copying(Retention, Leases):
    """Copies the whole ledger."""

    def copy_to(
        self,
        target: Copying,
        *,
        holder: str,
        replace: bool = False,
        advance: Callable[[str, int], None] = lambda _table, _rows: None,
    ) -> dict[str, int]:
        """Copy every row of every table to an empty ledger; how many rows there are of each.

        With `replace` what the target holds is deleted first. All of it is one transaction of the
        target, so that a copy that fails leaves it as it was. `holder` is who takes the leases of
        the connections meanwhile. Raises RunAbortedError while a run is under way or if one began,
        ConfigurationError for a target that holds something or is this very ledger.
        """
        words = "nothing was copied. Copy again when it has ended."
        names = self.known_connections()
        with (
            alone(self, names, holder, self._clock, otherwise=words) as prolong,
            self.reading() as source,
            target.writing() as sink,
        ):
            _refuse_itself(sink, holder)
            _make_room(sink, replace=replace, now=self._clock())
            pages = 0
            for table in _copied():
                for page in read_pages(source, select(table)):
                    upsert(sink, table, _at_rest(table, page))
                    advance(table.name, page.height)
                    pages += 1
                    if pages % PROLONG_EVERY == 0:
                        prolong()
            counts = _compared(source, sink)
            self._refuse_news(counts[runs.name])
            _tell_planner(sink)
        return counts

    def _refuse_news(self, known: int) -> None:
        """A connection that was new to the ledger may have begun its first run meanwhile."""
        with self.reading() as now:
            if _count(now, runs) != known:
                raise RunAbortedError(
                    "A run began while the ledger was copied; nothing was kept. Copy again."
                )


def counts_of(transaction: Connection) -> dict[str, int]:
    """How many rows each table of the ledger has."""
    return {table.name: _count(transaction, table) for table in metadata.sorted_tables}


def _copied() -> list[Table]:
    return [table for table in metadata.sorted_tables if table not in NOT_COPIED]


def _count(transaction: Connection, table: Table) -> int:
    return int(transaction.execute(select(func.count()).select_from(table)).scalar_one())


def _refuse_itself(sink: Connection, holder: str) -> None:
    mine = select(leases.c.connection).where(leases.c.holder == holder).limit(1)
    if sink.execute(mine).first() is not None:
        raise ConfigurationError("--to names the ledger that is to be copied. Name another one.")


def _make_room(sink: Connection, *, replace: bool, now: datetime) -> None:
    working = select(leases.c.connection).where(leases.c.holder.is_not(None), leases.c.until > now)
    busy = sink.execute(working).scalar()
    if busy is not None:
        raise RunAbortedError(
            f'A run of "{busy}" is under way in the target; nothing was copied or deleted.'
        )
    held = sum(counts_of(sink).values())
    if held and not replace:
        raise ConfigurationError(
            f"The target holds {held:,} rows already; nothing was copied. To delete them and copy: "
            "leadgate ledger copy --to … --replace"
        )
    for table in metadata.sorted_tables:
        sink.execute(table.delete())


def _at_rest(table: Table, page: pl.DataFrame) -> pl.DataFrame:
    """Nobody works on the copy yet; the fences stay, so that no number is given twice."""
    if table is not leases:
        return page
    return page.with_columns(pl.lit(None, pl.String).alias(name) for name in ("holder", "process"))


def _compared(source: Connection, sink: Connection) -> dict[str, int]:
    """How many rows there are; raises RunAbortedError unless both sides have as many."""
    counts = {table.name: _count(source, table) for table in _copied()}
    for table in _copied():
        found = _count(sink, table)
        if found != counts[table.name]:
            raise RunAbortedError(
                f"{table.name}: {counts[table.name]:,} rows were to be copied and {found:,} arrived; "
                "nothing was kept."
            )
    return counts


def _tell_planner(sink: Connection) -> None:
    """PostgreSQL plans by what it knows of a table; on its own it looks only after a while."""
    if sink.dialect.name == "postgresql":
        for table in metadata.sorted_tables:
            sink.exec_driver_sql(f"ANALYZE {table.name}")
