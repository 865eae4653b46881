"""Conversions: the intent is on record before the call, so that no lead is converted twice.

States: "intended" (on record, perhaps sent), "converted" (the opportunity exists, something is left
to do), "done", "refused" (nothing was made; it may be intended again).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import select

from connector.errors import RunAbortedError
from connector.ledger.database import Database
from connector.ledger.frames import among, read, update_rows, upsert
from connector.ledger.tables import conversions, leads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

COLUMNS = ("id", "key", "state", "opportunity_id", "run", "at")
"""The columns of the conversions frame."""


class Conversions(Database):
    """Who was, or is about to be, converted."""

    def intend_conversions(self, connection: str, run: str, keys: pl.DataFrame) -> None:
        """Write that these leads (id, key) are about to be converted, before the call.

        A lead with an unfinished intent keeps its key, so that a read-back finds what was made; one
        that is converted or done stays so. Raises RunAbortedError if a key is another lead's.
        """
        with self.writing() as transaction:
            known = read(transaction, _among(transaction, connection, keys["id"]))
            again = known.filter(pl.col("state").is_in(["intended", "refused"]))
            fresh = keys.select("id", "key").unique("id", keep="first", maintain_order=True)
            fresh = fresh.join(known, on="id", how="anti")
            _refuse_shared_keys(transaction, connection, fresh)
            begun = pl.concat([fresh, again.select("id", "key")])
            constants = {
                "connection": connection, "run": run, "at": self._clock(), "state": "intended",
            }  # fmt: skip
            upsert(transaction, conversions, begun, constants)

    def settle_conversions(
        self, connection: str, run: str, outcomes: pl.DataFrame, *, state: str = "done"
    ) -> None:
        """Write how conversions ended (columns @id, outcome, @opportunity_id).

        "applied" gives the conversion this `state` ("converted" or "done") and marks the lead as
        converted; "skipped" and "rejected" give it the state "refused".
        """
        applied = pl.col("outcome") == "applied"
        settled = outcomes.select(
            pl.lit(connection).alias("connection"),
            pl.col("@id").alias("id"),
            pl.when(applied).then(pl.lit(state)).otherwise(pl.lit("refused")).alias("state"),
            pl.col("@opportunity_id").alias("opportunity_id"),
            pl.lit(self._clock()).alias("at"),
        )
        made = settled.filter(outcomes["outcome"] == "applied").select(
            "id", "opportunity_id", converted=pl.lit(value=True), opportunity_state=pl.lit("open")
        )
        with self.writing() as transaction:
            update_rows(transaction, conversions, settled, ("connection", "id"))
            upsert(transaction, leads, made, {"connection": connection, "run": run})

    def conversions(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """The conversions frame of these leads; leads without one are left out."""
        with self.reading() as transaction:
            return read(transaction, _among(transaction, connection, ids))

    def unfinished_conversions(self, connection: str) -> pl.DataFrame:
        """The conversions frame of what is intended or converted and not yet done, oldest first."""
        open_states = conversions.c.state.in_(["intended", "converted"])
        statement = _here(connection).where(open_states)
        with self.reading() as transaction:
            return read(transaction, statement.order_by(conversions.c.at, conversions.c.id))


def hand_on_conversions(transaction: Connection, connection: str, pairs: pl.DataFrame) -> None:
    """Give the conversions of merged leads (columns id, winner) to winners that have none."""
    both = pl.concat([pairs["id"], pairs["winner"]])
    known = read(transaction, _among(transaction, connection, both))
    rank = {"done": 0, "converted": 1, "intended": 2, "refused": 3}
    heirs = (
        pairs.join(known.select("id", "state"), on="id")
        .join(known, left_on="winner", right_on="id", how="anti")
        .sort(pl.col("state").replace_strict(rank, default=9), "id")
        .unique("winner", keep="first", maintain_order=True)
    )
    for lead, winner in heirs.select("id", "winner").iter_rows():
        transaction.execute(
            conversions.update()
            .where(conversions.c.connection == connection, conversions.c.id == lead)
            .values(id=winner)
        )


def _here(connection: str) -> Select[tuple[object, ...]]:
    columns = [conversions.c[name] for name in COLUMNS]
    return select(*columns).where(conversions.c.connection == connection)


def _among(
    transaction: Connection, connection: str, ids: Sequence[str] | pl.Series
) -> Select[tuple[object, ...]]:
    return _here(connection).where(conversions.c.id.in_(among(transaction, ids)))


def _refuse_shared_keys(transaction: Connection, connection: str, fresh: pl.DataFrame) -> None:
    taken = conversions.c.key.in_(among(transaction, fresh["key"]))
    others = read(transaction, _here(connection).where(taken))
    shared = others.height + fresh.height - fresh["key"].n_unique()
    if shared:
        raise RunAbortedError(
            f"{shared} conversion keys belong to other leads already; nothing was converted."
        )
