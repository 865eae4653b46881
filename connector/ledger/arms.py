"""The arms that revival is measured by, and who has owned a lead since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import or_, select

from connector.ledger.database import Database
from connector.ledger.frames import among, read, update_rows, upsert
from connector.ledger.tables import arms, owners
from connector.ledger.touches import records_of

if TYPE_CHECKING:
    from datetime import datetime


class Arms(Database):
    """Who was touched and who held out; see `connector.engine.ledger.touches`."""

    def enrolled_before(self, ids: pl.DataFrame, persons: pl.Series) -> pl.DataFrame:
        """Every arm of these records (connection, id) and persons."""
        with self.reading() as transaction:
            wanted = or_(
                *records_of(transaction, arms, ids),
                arms.c.person.in_(among(transaction, persons)),
            )
            return read(transaction, select(arms).where(wanted))

    def enrol(self, connection: str, run: str, enrolled: pl.DataFrame) -> None:
        """Keep arms; those that are known stay as they are."""
        keys = ["id", "cadence", "began"]
        with self.writing() as transaction:
            known = read(
                transaction,
                select(arms.c.id, arms.c.cadence, arms.c.began).where(
                    arms.c.connection == connection,
                    arms.c.id.in_(among(transaction, enrolled["id"])),
                ),
            )
            fresh = enrolled.join(known, on=keys, how="anti")
            upsert(transaction, arms, fresh, {"connection": connection, "run": run})

    def enrolments(self, connection: str) -> pl.DataFrame:
        """Every arm of a connection's records, oldest first."""
        statement = select(arms).where(arms.c.connection == connection)
        with self.reading() as transaction:
            return read(transaction, statement.order_by(arms.c.began, arms.c.id))

    def came_back(self, connection: str, found: pl.DataFrame) -> None:
        """Keep that leads came back: id, cadence, began, back_at, back_by."""
        with self.writing() as transaction:
            back = found.with_columns(pl.lit(connection).alias("connection"))
            update_rows(transaction, arms, back, ("connection", "id", "cadence", "began"))

    def watch_owners(self, connection: str, seen: pl.DataFrame, now: datetime) -> None:
        """Keep the owners (id, owner); one that differs from the last is new since now."""
        with self.writing() as transaction:
            known = read(
                transaction,
                select(owners.c.id, owners.c.owner.label("was")).where(
                    owners.c.connection == connection,
                    owners.c.id.in_(among(transaction, seen["id"])),
                ),
            )
            joined = seen.join(known, on="id", how="left", maintain_order="left")
            moved = joined.filter(pl.col("was").is_not_null() & (pl.col("was") != pl.col("owner")))
            first = joined.filter(pl.col("was").is_null() & pl.col("owner").is_not_null())
            constants = {"connection": connection}
            upsert(transaction, owners, first.select("id", "owner"), constants)
            upsert(transaction, owners, moved.select("id", "owner"), constants | {"since": now})

    def new_owners(self, connection: str, ids: pl.Series) -> pl.DataFrame:
        """Since when these leads have an owner other than the first one seen: id, since."""
        with self.reading() as transaction:
            statement = select(owners.c.id, owners.c.since).where(
                owners.c.connection == connection,
                owners.c.since.is_not(None),
                owners.c.id.in_(among(transaction, ids)),
            )
            return read(transaction, statement)
