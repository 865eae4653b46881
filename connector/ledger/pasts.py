"""The recorded past of whole connections, a page of leads at a time, for trying rules on it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from connector.ledger.database import Database
from connector.ledger.frames import among, read
from connector.ledger.tables import engagement, leads, prunings, runs, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from sqlalchemy import Connection, Select

LEADS = (
    "id", "stage", "stage_since", "converted", "opportunity_state", "lost_reason", "facts", "run",
)  # fmt: skip
VERDICTS = ("id", "run", "as_of", "judged_at", "stage", "model", "facts", "facts_key")


class Pasts(Database):
    """What was known of every lead, and decided on it, when; read only."""

    def recorded_days(self, connection: str) -> tuple[date, date] | None:
        """The first and the last day of a history without gaps; None if there is none.

        It begins with the first verdict whose facts were kept, or where older ones were pruned.
        """
        here = (verdicts.c.connection == connection, verdicts.c.facts_key.is_not(None))
        statement = select(func.min(verdicts.c.as_of), func.max(verdicts.c.last_as_of)).where(*here)
        with self.reading() as transaction:
            first, last = transaction.execute(statement).one()
            cut = select(prunings.c.until).where(prunings.c.connection == connection)
            until = transaction.execute(cut).scalar()
        if first is None:
            return None
        begins = date.fromisoformat(first)
        return max(begins, until.date()) if until else begins, date.fromisoformat(last)

    def pasts(
        self, connection: str, *, size: int = 5_000
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
        """Every living lead with facts, `size` at a time: leads, their verdicts, days of interest.

        leads: `LEADS`, and the day and beginning of the run that last saw them (run_as_of, run_at)
        verdicts: `VERDICTS`, oldest first; `facts` (JSON) only where they are not those of before
        days: id, day (ISO text)
        """
        last: str | None = None
        while True:
            with self.reading() as transaction:
                page = read(transaction, _leads(connection, last, size))
                verdicts_ = _verdicts(transaction, connection, page)
                days = _days(transaction, connection, page)
            if page.is_empty():
                return
            yield page, verdicts_, days
            last = page["id"][-1]


def _leads(connection: str, last: str | None, size: int) -> Select[tuple[object, ...]]:
    statement = (
        select(
            *(leads.c[name] for name in LEADS),
            runs.c.as_of.label("run_as_of"),
            runs.c.started_at.label("run_at"),
        )
        .join(runs, runs.c.id == leads.c.run, isouter=True)
        .where(leads.c.connection == connection, leads.c.gone.is_(None))
        .where(leads.c.facts.is_not(None))
        .order_by(leads.c.id)
        .limit(size)
    )
    return statement if last is None else statement.where(leads.c.id > last)


def _verdicts(transaction: Connection, connection: str, page: pl.DataFrame) -> pl.DataFrame:
    statement = (
        select(*(verdicts.c[name] for name in VERDICTS))
        .where(verdicts.c.connection == connection)
        .where(verdicts.c.id.in_(among(transaction, page["id"])))
        .order_by(verdicts.c.id, verdicts.c.judged_at, verdicts.c.run)
    )
    return read(transaction, statement)


def _days(transaction: Connection, connection: str, page: pl.DataFrame) -> pl.DataFrame:
    theirs = engagement.c.id.in_(among(transaction, page["id"]))
    statement = select(engagement.c.id, engagement.c.day)
    return read(transaction, statement.where(engagement.c.connection == connection, theirs))
