"""What rescoring asks: who was not judged as of a day, and what is in the CRM as far as we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from connector.ledger.database import Database
from connector.ledger.engagement import with_days
from connector.ledger.frames import among, read
from connector.ledger.memory import MEMORY
from connector.ledger.tables import leads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import polars as pl
    from sqlalchemy import ColumnElement

OUTDATED = (*MEMORY, "score", "facts", "there")
"""The columns of the outdated frame."""


class Rescoring(Database):
    """The leads whose last verdict is of an earlier day."""

    def outdated(
        self, connection: str, run: str, as_of: date, *, size: int = 25_000
    ) -> Iterator[pl.DataFrame]:
        """The living leads that were not judged as of this day nor met in this run.

        The frame has the columns of the memory frame (without answers) and score, there; pages of
        `size` rows. Leads of which we do not know what is in the CRM are left out.
        """
        statement = (
            select(*(leads.c[name] for name in OUTDATED))
            .where(*_earlier(connection, as_of))
            .where(leads.c.there.is_not(None), leads.c.run.is_distinct_from(run))
            .order_by(leads.c.id)
            .limit(size)
        )
        last: str | None = None
        while True:
            following = statement if last is None else statement.where(leads.c.id > last)
            with self.reading() as transaction:
                page = with_days(transaction, connection, read(transaction, following))
            if page.is_empty():
                return
            yield page
            last = page["id"][-1]

    def there(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """What is in the CRM as far as we know: id, there; unknown leads are left out."""
        with self.reading() as transaction:
            wanted = leads.c.id.in_(among(transaction, ids))
            statement = select(leads.c.id, leads.c.there)
            return read(transaction, statement.where(leads.c.connection == connection, wanted))

    def judged_as_of(self, connection: str, as_of: date) -> None:
        """Every living lead has been judged as of this day; a later day stays."""
        statement = update(leads).where(*_earlier(connection, as_of))
        with self.writing() as transaction:
            transaction.execute(statement.values(as_of=as_of.isoformat()))


def _earlier(connection: str, as_of: date) -> tuple[ColumnElement[bool], ...]:
    return (
        leads.c.connection == connection,
        leads.c.gone.is_(None),
        leads.c.facts.is_not(None),
        or_(leads.c.as_of.is_(None), leads.c.as_of < as_of.isoformat()),
    )
