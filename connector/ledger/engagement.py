"""The days on which leads showed interest: a CRM keeps counters, and only the last moment of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import delete, select

from connector.ledger.database import Database
from connector.ledger.frames import among, read, upsert
from connector.ledger.tables import engagement

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Engagement(Database):
    """Each day of each lead once."""

    def record_engagement(self, connection: str, days: pl.DataFrame) -> None:
        """Add days on which leads showed interest: id, day Date. Known ones stay as they are."""
        with self.writing() as transaction:
            upsert(transaction, engagement, days.select("id", "day"), {"connection": connection})


def with_days(transaction: Connection, connection: str, memory: pl.DataFrame) -> pl.DataFrame:
    """The frame with `days`, a list of dates per lead in order; null where there is none."""
    statement = select(engagement.c.id, engagement.c.day).where(
        engagement.c.connection == connection, engagement.c.id.in_(among(transaction, memory["id"]))
    )
    found = read(transaction, statement).with_columns(pl.col("day").str.to_date())
    days = found.group_by("id").agg(pl.col("day").sort().alias("days"))
    return memory.join(days, on="id", how="left", maintain_order="left")


def leave_no_days(transaction: Connection, connection: str, ids: pl.Series) -> None:
    """Drop the days of deleted leads."""
    theirs = engagement.c.id.in_(among(transaction, ids))
    transaction.execute(delete(engagement).where(engagement.c.connection == connection, theirs))


def hand_on_days(transaction: Connection, connection: str, pairs: pl.DataFrame) -> None:
    """Give the days of merged leads (id) to the record that is left (winner)."""
    statement = select(engagement.c.id, engagement.c.day).where(
        engagement.c.connection == connection, engagement.c.id.in_(among(transaction, pairs["id"]))
    )
    handed = read(transaction, statement).join(pairs, on="id")
    days = handed.select(pl.col("winner").alias("id"), "day").unique()
    upsert(transaction, engagement, days, {"connection": connection})
