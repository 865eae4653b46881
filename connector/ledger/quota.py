"""Calls that a CRM counts, counted for all processes that share the ledger."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.engine.calls import Taken
from connector.ledger.database import Database
from connector.ledger.tables import calls as counted

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from connector.engine.calls import Calendar


class Quota(Database):
    """The count of calls by account, family of limits and slot of time. Holds no lead's data."""

    def take_calls(  # noqa: PLR0913 — the protocol's signature
        self,
        account: str,
        family: str,
        calendar: Calendar,
        *,
        want: int,
        most: int | None = None,
        at_least: int = 0,
    ) -> Taken:
        """Take up to `want` calls, so that no more than `most` are taken in the window.

        The time is looked at when nobody else can take any, so that a block is never older than the
        wait for it. Slots that no longer count are dropped on the way.
        """
        with self.writing() as transaction:
            _alone(transaction, account, family)
            span = calendar(self._clock())
            here = _of(account, family)
            transaction.execute(delete(counted).where(*here, counted.c.slot < span.since))
            used = int(transaction.execute(select(_total()).where(*here)).scalar_one())
            others = max(0, at_least - used)
            room = want if most is None else most - used - others
            taken = max(0, min(want, room))
            if taken + others:
                _add(transaction, account, family, span.window, taken + others)
        return Taken(taken, span)

    def return_calls(self, account: str, family: str, window: datetime, calls: int) -> None:
        """Give back calls that were taken in this slot and not made."""
        slot = (*_of(account, family), counted.c.slot == window)
        with self.writing() as transaction:
            transaction.execute(update(counted).where(*slot).values(used=counted.c.used - calls))

    def calls_taken(
        self, account: str, family: str, calendar: Calendar
    ) -> tuple[int, datetime | None]:
        """How many calls the window holds now, and its oldest slot that has any."""
        since = calendar(self._clock()).since
        window = (*_of(account, family), counted.c.slot >= since, counted.c.used > 0)
        with self.reading() as transaction:
            used = transaction.execute(select(_total()).where(*window)).scalar_one()
            oldest = transaction.execute(select(func.min(counted.c.slot)).where(*window)).scalar()
        return int(used), oldest


def _of(account: str, family: str) -> tuple[ColumnElement[bool], ...]:
    return counted.c.account == account, counted.c.family == family


def _total() -> ColumnElement[int]:
    return func.coalesce(func.sum(counted.c.used), 0)


def _alone(transaction: Connection, account: str, family: str) -> None:
    """SQLite has one writer anyway; PostgreSQL takes turns by account and family."""
    if transaction.dialect.name == "postgresql":
        key = zlib.crc32(f"{account} {family}".encode())
        transaction.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": key})


def _add(transaction: Connection, account: str, family: str, slot: datetime, more: int) -> None:
    insert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = insert(counted).values(account=account, family=family, slot=slot, used=more)
    total = counted.c.used + row.excluded.used
    transaction.execute(
        row.on_conflict_do_update(
            index_elements=["account", "family", "slot"], set_={"used": total}
        )
    )
