"""The plan's lines and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import and_, exists, func, or_, select

from connector.engine.quarantine import UNDONE
from connector.ledger.database import Database
from connector.ledger.frames import read, update_rows, upsert
from connector.ledger.runs import connection_of
from connector.ledger.tables import REJECTED, leads, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = (
    "line", "id", "kind", "body", "reason", "base", "outcome", "code", "field", "message",
    "remedy", "opportunity_id", "at",
)  # fmt: skip
"""The columns of the lines frame; `outcome` is null while it is undecided."""

_HELD_BACK = ("change", "convert")
"""The kinds of lines that the quarantine holds back once they were rejected."""

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

    def undecided_counts(self, run: str) -> dict[str, int]:
        """How many lines of a run have no outcome yet, by kind."""
        here = (lines.c.run == run, lines.c.outcome.is_(None))
        statement = select(lines.c.kind, func.count()).where(*here).group_by(lines.c.kind)
        with self.reading() as transaction:
            return {kind: int(count) for kind, count in transaction.execute(statement)}

    def lines_by_score(self, run: str, kind: str, *, size: int) -> Iterator[pl.DataFrame]:
        """A run's undecided lines of a kind, the best leads' first; safe while they are decided."""
        score = func.coalesce(leads.c.score, -1.0)
        lead = and_(leads.c.connection == lines.c.connection, leads.c.id == lines.c.id)
        here = (lines.c.run == run, lines.c.kind == kind, lines.c.outcome.is_(None))
        columns = [*(lines.c[name] for name in COLUMNS), score.label("score")]
        statement = select(*columns).select_from(lines.outerjoin(leads, lead)).where(*here)
        statement = statement.order_by(score.desc(), lines.c.line).limit(size)
        following = statement
        while True:
            with self.reading() as transaction:
                page = read(transaction, following)
            if page.is_empty():
                return
            yield page.drop("score")
            lowest, last = page["score"][-1], page["line"][-1]
            later = or_(score < lowest, and_(score == lowest, lines.c.line > last))
            following = statement.where(later)

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

    def standing_rejects(self, connection: str) -> pl.DataFrame:
        """The rejected lines that still stand, newest first, as a lines frame with `run`.

        A rejection stands until a later line of that kind for the same lead is decided, the lead
        goes, or its quarantine ends; a lead whose changes were undone waits for that alone.
        """
        later = lines.alias("later")
        newer = exists().where(
            later.c.connection == lines.c.connection,
            later.c.id == lines.c.id,
            later.c.kind == lines.c.kind,
            later.c.outcome.is_not(None),
            later.c.at > lines.c.at,
        )
        lead = and_(leads.c.connection == lines.c.connection, leads.c.id == lines.c.id)
        held = leads.c.quarantine.is_not(None) & (leads.c.quarantine != UNDONE)
        holds = leads.c.id.is_(None) | (leads.c.gone.is_(None) & held)
        waits = or_(lines.c.kind.not_in(_HELD_BACK), holds)
        columns = [lines.c.run, *(lines.c[name] for name in COLUMNS)]
        statement = (
            select(*columns)
            .select_from(lines.outerjoin(leads, lead))
            .where(lines.c.connection == connection, lines.c.outcome == "rejected", ~newer, waits)
        )
        with self.reading() as transaction:
            return read(transaction, statement.order_by(lines.c.at.desc(), lines.c.line))

    def decided_lines(self, run: str) -> list[tuple[str, str, int]]:
        """How many lines of a run have come to which end: kind, outcome, count."""
        decided = (lines.c.run == run, lines.c.outcome.is_not(None))
        statement = select(lines.c.kind, lines.c.outcome, func.count()).where(*decided)
        with self.reading() as transaction:
            grouped = transaction.execute(statement.group_by(lines.c.kind, lines.c.outcome))
            return [(kind, outcome, int(count)) for kind, outcome, count in grouped]

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
