"""The facts that each verdict rests on, kept with the verdict where they are not those of the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import select, update

from connector.ledger.database import Database
from connector.ledger.frames import among, read
from connector.ledger.tables import LATEST, verdicts

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Snapshots(Database):
    """Verdicts with the facts as they stood when they were made."""

    def verdict_history(self, connection: str, lead: str) -> list[dict[str, Any]]:
        """Every verdict on one lead, oldest first, `facts` (JSON) being those that it rests on.

        `facts` are None in verdicts from before facts were kept.
        """
        here = (verdicts.c.connection == connection, verdicts.c.id == lead)
        statement = select(verdicts).where(*here).order_by(verdicts.c.judged_at, verdicts.c.run)
        kept: dict[int, str] = {}
        rows = []
        with self.reading() as transaction:
            for found in transaction.execute(statement).mappings():
                row = dict(found)
                if row["facts"] is not None:
                    kept[row["facts_key"]] = row["facts"]
                rows.append(row | {"facts": kept.get(row["facts_key"])})
        return rows


def with_facts(
    transaction: Connection, connection: str, moved: pl.DataFrame, facts: pl.DataFrame
) -> pl.DataFrame:
    """Verdicts with `facts_key`, and `facts` where they are not those of the last verdict.

    `facts` has id and facts, a JSON object.
    """
    keyed = facts.select("id", "facts").with_columns(
        pl.col("facts").hash(seed=0).reinterpret(signed=True).alias("facts_key")
    )
    statement = select(verdicts.c.id, verdicts.c.facts_key.label("last_key")).where(
        verdicts.c.connection == connection,
        LATEST,
        verdicts.c.id.in_(among(transaction, moved["id"])),
    )
    last = read(transaction, statement)
    both = moved.join(keyed, on="id", how="left").join(last, on="id", how="left")
    news = pl.col("facts_key").ne_missing(pl.col("last_key"))
    return both.with_columns(pl.when(news).then("facts").alias("facts")).drop("last_key")


def leave_no_facts(transaction: Connection, connection: str, ids: pl.Series) -> None:
    """Drop the facts of deleted and merged leads; their verdicts stay."""
    here = (verdicts.c.connection == connection, verdicts.c.facts.is_not(None))
    gone = verdicts.c.id.in_(among(transaction, ids))
    transaction.execute(update(verdicts).where(*here, gone).values(facts=None))
