"""What is remembered of each lead: as last seen, as last judged, what we last wrote to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import func, select, update

from connector.ledger.answers import hand_on_answers, leave_no_answers, with_answers
from connector.ledger.conversions import hand_on_conversions
from connector.ledger.database import Database
from connector.ledger.engagement import hand_on_days, leave_no_days, with_days
from connector.ledger.frames import among, read, update_rows, upsert
from connector.ledger.snapshots import leave_no_facts
from connector.ledger.tables import leads
from connector.ledger.touches import hand_on_touches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from connector.engine.ports import Window

MEMORY = (
    "id", "modified_at", "verdict_key", "stage", "stage_since", "written", "converted",
    "opportunity_id", "opportunity_state", "lost_reason", "quarantine_key",
)  # fmt: skip
"""The columns of the leads table that every frame of remembered leads has."""

FACTS = (
    "id", "modified_at", "facts", "stage", "stage_since", "score", "verdict_key", "written",
    "converted", "opportunity_id",
)  # fmt: skip
"""The columns of the facts frame."""


class Memory(Database):
    """The leads as the ledger knows them."""

    def seen(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """What is remembered of these leads (the memory frame); unknown ids are left out."""
        columns = [leads.c[name] for name in (*MEMORY, "facts", "there", "run")]
        with self.reading() as transaction:
            wanted = leads.c.id.in_(among(transaction, ids))
            known = read(
                transaction, select(*columns).where(leads.c.connection == connection, wanted)
            )
            known = with_days(transaction, connection, known)
            return with_answers(transaction, connection, known)

    def remember(self, connection: str, run: str, leads_frame: pl.DataFrame) -> None:
        """Insert or replace the memory of leads: the columns given replace, the rest stays.

        The frame has `id` and any other columns of the leads table. A lead that was gone lives
        again. A known opportunity is kept where the frame has none.
        """
        constants = {"connection": connection, "run": run, "gone": None, "merged_into": None}
        with self.writing() as transaction:
            upsert(
                transaction,
                leads,
                leads_frame,
                constants,
                keep=("opportunity_id",),
            )

    def forget_gone(self, connection: str, run: str, gone: pl.DataFrame) -> int:
        """Mark deleted and merged leads and drop their facts; how many were new.

        The frame has `@id` and `@merged_into`. What was written to a merged lead and its conversion
        go to the winner, if the winner has none of its own.
        """
        pairs = gone.select(id=pl.col("@id"), merged_into=pl.col("@merged_into"))
        with self.writing() as transaction:
            going = _not_yet_gone(transaction, connection, pairs)
            _hand_on(transaction, connection, run, going.drop_nulls("merged_into"))
            marked = going.with_columns(
                pl.lit(connection).alias("connection"),
                pl.when(pl.col("merged_into").is_null())
                .then(pl.lit("deleted"))
                .otherwise(pl.lit("merged"))
                .alias("gone"),
                pl.lit(run).alias("run"),
                *(pl.lit(None, pl.String).alias(n) for n in ("facts", "there", "verdict_key")),
            )
            update_rows(transaction, leads, marked, ("connection", "id"))
            leave_no_answers(transaction, connection, going["id"])
            leave_no_days(transaction, connection, going["id"])
            leave_no_facts(transaction, connection, going["id"])
        return going.height

    def quarantine(self, connection: str, held: pl.DataFrame) -> None:
        """Leave these leads alone: columns id, why, key; `key` names what must change to end it."""
        frame = held.select("id", quarantine="why", quarantine_key="key")
        with self.writing() as transaction:
            upsert(transaction, leads, frame, {"connection": connection})

    def release(self, connection: str, ids: Sequence[str] | pl.Series | None = None) -> int:
        """End the quarantine of these leads (None: of all); how many were in quarantine."""
        here = (leads.c.connection == connection, leads.c.quarantine.is_not(None))
        statement = update(leads).where(*here).values(quarantine=None, quarantine_key=None)
        with self.writing() as transaction:
            if ids is not None:
                statement = statement.where(leads.c.id.in_(among(transaction, ids)))
            return transaction.execute(statement).rowcount

    def leads_facts(self, connection: str, *, size: int = 50_000) -> Iterator[pl.DataFrame]:
        """Every living lead with the facts last seen (the facts frame), in pages of `size` rows."""
        statement = (
            select(*(leads.c[name] for name in FACTS))
            .where(leads.c.connection == connection, leads.c.gone.is_(None))
            .where(leads.c.facts.is_not(None))
            .order_by(leads.c.id)
            .limit(size)
        )
        last: str | None = None
        while True:
            following = statement if last is None else statement.where(leads.c.id > last)
            with self.reading() as transaction:
                page = read(transaction, following)
            if page.is_empty():
                return
            yield page
            last = page["id"][-1]

    def count_modified(self, connection: str, window: Window) -> int:
        """How many living leads were last changed in the window, as far as we know."""
        known = (leads.c.connection == connection, leads.c.gone.is_(None))
        statement = select(func.count()).where(*known, leads.c.modified_at <= window.until)
        if window.since is not None:
            statement = statement.where(leads.c.modified_at >= window.since)
        with self.reading() as transaction:
            return int(transaction.execute(statement).scalar_one())

    def count_leads(self, connection: str) -> int:
        """How many living leads are remembered."""
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        with self.reading() as transaction:
            found = transaction.execute(select(func.count()).select_from(leads).where(*alive))
            return int(found.scalar_one())


def _not_yet_gone(transaction: Connection, connection: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs whose lead is known and not yet marked as gone in the same way."""
    known = read(
        transaction,
        select(leads.c.id, leads.c.gone).where(
            leads.c.connection == connection, leads.c.id.in_(among(transaction, pairs["id"]))
        ),
    )
    last = pairs.sort("merged_into", nulls_last=True).unique("id", keep="first")
    fresh = known.filter(pl.col("gone").is_null()).join(last, on="id").drop("gone")
    merged_late = known.filter(gone="deleted").join(last.drop_nulls("merged_into"), on="id")
    return pl.concat([fresh, merged_late.drop("gone")])


def _hand_on(transaction: Connection, connection: str, run: str, merged: pl.DataFrame) -> None:
    if merged.is_empty():
        return
    pairs = _last_winners(transaction, connection, merged)
    hand_on_conversions(transaction, connection, pairs)
    hand_on_answers(transaction, connection, pairs)
    hand_on_days(transaction, connection, pairs)
    hand_on_touches(transaction, connection, pairs)
    carried = ("id", "written", "converted", "opportunity_id")
    both = pl.concat([pairs["id"], pairs["winner"]])
    known = read(
        transaction,
        select(*(leads.c[name] for name in carried)).where(
            leads.c.connection == connection, leads.c.id.in_(among(transaction, both))
        ),
    )
    losers = pairs.join(known, on="id").sort("converted", "id", descending=[True, False])
    losers = losers.group_by("winner", maintain_order=True).agg(
        pl.col("written", "opportunity_id").drop_nulls().first(), pl.col("converted").any()
    )
    winners = losers.join(known, left_on="winner", right_on="id", how="left", suffix="_own")
    frame = winners.select(
        pl.col("winner").alias("id"),
        pl.coalesce("written_own", "written").alias("written"),
        (pl.col("converted_own").fill_null(value=False) | pl.col("converted")).alias("converted"),
        pl.coalesce("opportunity_id_own", "opportunity_id").alias("opportunity_id"),
    ).filter(pl.col("converted") | pl.col("written").is_not_null())
    constants = {"connection": connection, "run": run, "verdict_key": None}
    upsert(transaction, leads, frame, constants)


def _last_winners(transaction: Connection, connection: str, merged: pl.DataFrame) -> pl.DataFrame:
    """Columns id, winner: chains of merges followed to the record that is left."""
    into: dict[str, str] = dict(merged.select("id", "merged_into").iter_rows())
    unknown = set(into.values()) - into.keys()
    while unknown:
        statement = select(leads.c.id, leads.c.merged_into).where(
            leads.c.connection == connection,
            leads.c.gone == "merged",
            leads.c.id.in_(among(transaction, sorted(unknown))),
        )
        found: dict[str, str] = dict(transaction.execute(statement).all())
        into |= found
        unknown = set(found.values()) - into.keys()
    ids = merged["id"].to_list()
    winners = [_follow(into, lead) for lead in ids]
    frame = pl.DataFrame(
        {"id": ids, "winner": winners}, schema={"id": pl.String, "winner": pl.String}
    )
    return frame.filter(pl.col("id") != pl.col("winner"))


def _follow(into: dict[str, str], lead: str) -> str:
    passed = {lead}
    while (following := into.get(lead)) is not None and following not in passed:
        lead = following
        passed.add(lead)
    return lead
