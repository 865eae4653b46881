"""What training asks the ledger: leads as they stood when they were first judged, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import func, select

from connector.ledger.database import Database
from connector.ledger.frames import read
from connector.ledger.tables import conversions, leads, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select


class Outcomes(Database):
    """Whole connections as they were and as they turned out; all of it read only."""

    def first_facts(self, connection: str) -> pl.DataFrame:
        """Every living lead at its first verdict whose facts were kept: id, judged_at, facts."""
        order = func.row_number().over(
            partition_by=verdicts.c.id, order_by=(verdicts.c.judged_at, verdicts.c.run)
        )
        here = (verdicts.c.connection == connection, verdicts.c.facts.is_not(None))
        columns = (verdicts.c.id, verdicts.c.judged_at, verdicts.c.facts)
        numbered = select(*columns, order.label("nth")).where(*here).subquery()
        alive = (leads.c.connection == connection, leads.c.gone.is_(None))
        statement = (
            select(numbered.c.id, numbered.c.judged_at, numbered.c.facts)
            .join(leads, leads.c.id == numbered.c.id)
            .where(*alive, numbered.c.nth == 1)
            .order_by(numbered.c.judged_at, numbered.c.id)
        )
        with self.reading() as transaction:
            return read(transaction, statement)

    def reached(self, connection: str, stages: Sequence[str]) -> pl.DataFrame:
        """The leads that have come to one of these stages, and when first: id, at.

        `at` is null where a lead is converted and nobody knows since when.
        """
        judged = select(verdicts.c.id, func.min(verdicts.c.judged_at).label("at")).where(
            verdicts.c.connection == connection, verdicts.c.stage.in_(stages)
        )
        with self.reading() as transaction:
            known = read(transaction, judged.group_by(verdicts.c.id))
            if "opportunity" in stages:
                made = read(transaction, _made(connection))
                converted = read(transaction, _converted(connection))
                known = pl.concat(
                    [known, made, converted.select("id", pl.lit(None).alias("at"))],
                    how="vertical_relaxed",
                )
        return known.group_by("id").agg(pl.col("at").min()).sort("id")


def _made(connection: str) -> Select[tuple[object, ...]]:
    """Opportunities that we made, and when."""
    done = conversions.c.state.in_(("converted", "done"))
    return select(conversions.c.id, conversions.c.at).where(
        conversions.c.connection == connection, done
    )


def _converted(connection: str) -> Select[tuple[object, ...]]:
    """Leads that are converted, whoever did it."""
    return select(leads.c.id).where(leads.c.connection == connection, leads.c.converted == 1)
