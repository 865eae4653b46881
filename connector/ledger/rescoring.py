"""What rescoring asks: who was not judged as of a day, and what is in the CRM as far as we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from connector.ledger.database import Database
from connector.ledger.engagement import with_days
from connector.ledger.frames import among, read
from connector.ledger.memory import MEMORY
from connector.ledger.tables import leads, runs, watermarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import polars as pl
    from sqlalchemy import ColumnElement

OUTDATED = (*MEMORY, "score", "facts", "there")
"""The columns of the outdated frame."""


class Rescoring(Database):
    """The leads whose last verdict is of an earlier day."""

    def outdated(  # noqa: PLR0913 — who, as of when, and where to begin
        self,
        connection: str,
        run: str,
        as_of: date,
        *,
        also: Sequence[str] | pl.Series = (),
        after: str | None = None,
        size: int = 25_000,
    ) -> Iterator[pl.DataFrame]:
        """The living leads that were not judged as of this day nor met in this run.

        So are those of `also` that it has not met, whenever they were judged. The frame has the columns of the memory frame (without answers) and score, there; pages of
        `size` rows. Leads of which we do not know what is in the CRM are left out. The pages begin
        `after` that id.
        """
        wanted = or_(leads.c.as_of.is_(None), leads.c.as_of < as_of.isoformat())
        statement = (
            select(*(leads.c[name] for name in OUTDATED))
            .where(*_living(connection))
            .where(leads.c.there.is_not(None), leads.c.run.is_distinct_from(run))
            .order_by(leads.c.id)
            .limit(size)
        )
        last = after
        while True:
            following = statement if last is None else statement.where(leads.c.id > last)
            with self.reading() as transaction:
                asked = (
                    or_(wanted, leads.c.id.in_(among(transaction, also))) if len(also) else wanted
                )
                found = read(transaction, following.where(asked))
                page = with_days(transaction, connection, found)
            if page.is_empty():
                return
            yield page
            last = page["id"][-1]

    def there(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """What is in the CRM as far as we know, and what of it is ours; unknown leads are left out.

        Columns: id, there, written, quarantine_key.
        """
        names = ("id", "there", "written", "quarantine_key")
        with self.reading() as transaction:
            wanted = leads.c.id.in_(among(transaction, ids))
            statement = select(*(leads.c[name] for name in names))
            return read(transaction, statement.where(leads.c.connection == connection, wanted))

    def touched_since(self, connection: str, than: str) -> pl.DataFrame:
        """The living leads (id) learnt of since the last complete run of another connection began."""
        began = (
            select(runs.c.started_at)
            .join(watermarks, watermarks.c.run == runs.c.id)
            .where(watermarks.c.connection == than)
            .scalar_subquery()
        )
        statement = (
            select(leads.c.id)
            .join(runs, runs.c.id == leads.c.run)
            .where(*_living(connection), or_(runs.c.ended_at.is_(None), runs.c.ended_at >= began))
        )
        with self.reading() as transaction:
            return read(transaction, statement.order_by(leads.c.id))

    def judged_as_of(self, connection: str, as_of: date) -> None:
        """Every living lead has been judged as of this day; a later day stays."""
        earlier = or_(leads.c.as_of.is_(None), leads.c.as_of < as_of.isoformat())
        statement = update(leads).where(*_living(connection), earlier)
        with self.writing() as transaction:
            transaction.execute(statement.values(as_of=as_of.isoformat()))


def _living(connection: str) -> tuple[ColumnElement[bool], ...]:
    return (
        leads.c.connection == connection,
        leads.c.gone.is_(None),
        leads.c.facts.is_not(None),
    )
