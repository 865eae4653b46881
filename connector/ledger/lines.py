"""The plan's lines and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import func, select

from connector.ledger.database import Database
from connector.ledger.frames import read, update_rows, upsert
from connector.ledger.runs import connection_of
from connector.ledger.tables import REJECTED, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = (
    "line", "id", "kind", "body", "reason", "base", "outcome", "code", "field", "message",
    "remedy", "opportunity_id", "at",
)  # fmt: skip
"""The columns of the lines frame; `outcome` is null while it is undecided."""

_OUTCOME = ("outcome", "code", "field", "message", "remedy", "opportunity_id")


class Lines(Database):
    """Plans as they are carried out."""

    def save_lines(self, run: str, planned: pl.DataFrame) -> None:
        """Write planned lines: line, id, kind, body, reason, base.

        Saving a line again replaces it and keeps its outcome.
        Raises RunAbortedError for a run that was never begun.
        """
        with self.writing() as transaction:
            constants = {"run": run, "connection": connection_of(transaction, run)}
            upsert(transaction, lines, planned, constants)

    def lines(
        self, run: str, *, kind: str | None = None, undecided_only: bool = False, size: int = 50_000
    ) -> Iterator[pl.DataFrame]:
        """A run's lines in order, as lines frames of at most `size`; safe while they are decided."""
        columns = [lines.c[name] for name in COLUMNS]
        statement = select(*columns).where(lines.c.run == run).order_by(lines.c.line).limit(size)
        if undecided_only:
            statement = statement.where(lines.c.outcome.is_(None))
        if kind is not None:
            statement = statement.where(lines.c.kind == kind)
        last: int | None = None
        while True:
            following = statement if last is None else statement.where(lines.c.line > last)
            with self.reading() as transaction:
                page = read(transaction, following)
            if page.is_empty():
                return
            yield page
            last = page["line"][-1]

    def record_outcomes(self, run: str, kind: str, outcomes: pl.DataFrame) -> None:
        """Write what became of a run's lines of this kind, found by `@id` (an outcomes frame)."""
        named = {"@id": "id", "@opportunity_id": "opportunity_id"}
        frame = outcomes.rename(named, strict=False)
        frame = frame.select("id", *(name for name in _OUTCOME if name in frame.columns))
        with self.writing() as transaction:
            keys = {"connection": connection_of(transaction, run), "run": run, "kind": kind}
            frame = frame.with_columns(pl.lit(value).alias(name) for name, value in keys.items())
            frame = frame.with_columns(at=pl.lit(self._clock()))
            update_rows(transaction, lines, frame, [*keys, "id"])

    def rejects(self, connection: str, run: str | None = None) -> pl.DataFrame:
        """The rejected lines of a run, or of all runs newest first, as a lines frame with `run`."""
        columns = [lines.c.run, *(lines.c[name] for name in COLUMNS)]
        statement = select(*columns).where(lines.c.connection == connection, REJECTED)
        if run is not None:
            statement = statement.where(lines.c.run == run)
        with self.reading() as transaction:
            return read(transaction, statement.order_by(lines.c.at.desc(), lines.c.line))

    def outcome_counts(self, run: str) -> dict[str, int]:
        """How many lines of a run had each outcome; "undecided" for those without one."""
        statement = (
            select(lines.c.outcome, func.count())
            .where(lines.c.run == run)
            .group_by(lines.c.outcome)
        )
        with self.reading() as transaction:
            return {
                outcome or "undecided": int(count)
                for outcome, count in transaction.execute(statement)
            }
