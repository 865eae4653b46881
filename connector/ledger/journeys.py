"""What reports ask the ledger: the way of every lead through the stages, and who has which address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import func, select

from connector.ledger.database import Database
from connector.ledger.frames import INSTANT, among, read
from connector.ledger.tables import leads, verdicts
from connector.ledger.views import text_fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

ABOUT = ("source", "owner")
"""The facts by which a funnel can be told apart, beside the moment of creation."""


class Journeys(Database):
    """Whole connections as a few narrow columns; all of it read only."""

    def journeys(self, connection: str) -> pl.DataFrame:
        """Every stay of every living lead in a stage, by id and time.

        Columns: id, source, owner, created_at (facts), stage, entered_at. A lead that comes back to
        a stage has a row for each time. From the verdicts and from the present stage.
        """
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        present = select(leads.c.id, leads.c.stage, leads.c.stage_since.label("entered_at")).where(
            *alive, leads.c.stage.is_not(None), leads.c.stage_since.is_not(None)
        )
        with self.reading() as transaction:
            facts = (text_fact(transaction, n).label(n) for n in (*ABOUT, "created_at"))
            about = read(transaction, select(leads.c.id, *facts).where(*alive))
            entries = pl.concat(
                [
                    read(transaction, _moves(connection)).with_columns(present=False),
                    read(transaction, present).with_columns(present=True),
                ]
            )
        created = pl.col("created_at").str.to_datetime(
            time_unit="us", time_zone="UTC", strict=False, format="%+"
        )
        stays = _without_repeats(entries)
        joined = about.with_columns(created.cast(INSTANT)).join(stays, on="id")
        return joined.sort("id", "entered_at", maintain_order=True)

    def addresses(self, connection: str) -> pl.DataFrame:
        """The e-mail address of every living lead that has one: id, email, modified_at."""
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        with self.reading() as transaction:
            email = text_fact(transaction, "email")
            statement = select(leads.c.id, email.label("email"), leads.c.modified_at)
            return read(transaction, statement.where(*alive, email.is_not(None)))

    def facts_of(self, connection: str, ids: Sequence[str] | pl.Series) -> pl.DataFrame:
        """The facts last seen of these leads: id, facts (a JSON object); unknown ids are left out."""
        with self.reading() as transaction:
            wanted = leads.c.id.in_(among(transaction, ids))
            statement = select(leads.c.id, leads.c.facts).where(
                leads.c.connection == connection, wanted, leads.c.facts.is_not(None)
            )
            return read(transaction, statement.order_by(leads.c.id))


def _moves(connection: str) -> Select[tuple[object, ...]]:
    """The verdicts that gave a lead another stage than the verdict before."""
    before = func.lag(verdicts.c.stage).over(
        partition_by=verdicts.c.id, order_by=(verdicts.c.judged_at, verdicts.c.run)
    )
    judged = (
        select(verdicts.c.id, verdicts.c.stage, verdicts.c.judged_at, before.label("stage_before"))
        .where(verdicts.c.connection == connection, verdicts.c.stage.is_not(None))
        .subquery()
    )
    return select(judged.c.id, judged.c.stage, judged.c.judged_at.label("entered_at")).where(
        judged.c.stage.is_distinct_from(judged.c.stage_before)
    )


def _without_repeats(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that change the stage: what two sources say of one stay is one stay."""
    ordered = entries.sort("id", "entered_at", "present")
    moved = pl.col("stage").ne_missing(pl.col("stage").shift(1).over("id"))
    return ordered.filter(moved).select("id", "stage", "entered_at")
