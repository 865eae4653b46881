"""What is known of the opportunities that leads have become."""

from __future__ import annotations

import polars as pl
from sqlalchemy import or_, select

from connector.ledger.database import Database
from connector.ledger.frames import read, update_rows
from connector.ledger.tables import leads


class Opportunities(Database):
    """The states of opportunities, as last asked."""

    def unsettled_opportunities(self, connection: str) -> pl.DataFrame:
        """Converted leads whose opportunity is open or unknown: id, opportunity_id, state."""
        statement = select(
            leads.c.id, leads.c.opportunity_id, leads.c.opportunity_state.label("state")
        ).where(
            leads.c.connection == connection,
            leads.c.gone.is_(None),
            leads.c.converted == 1,
            leads.c.opportunity_id.is_not(None),
            or_(leads.c.opportunity_state.is_(None), leads.c.opportunity_state == "open"),
        )
        with self.reading() as transaction:
            return read(transaction, statement.order_by(leads.c.id))

    def record_opportunities(self, connection: str, run: str, states: pl.DataFrame) -> None:  # noqa: ARG002 — the run judges and remembers these leads itself
        """Keep states (id, state, reason); leads whose opportunity is closed are to be judged again."""
        if states.is_empty():
            return
        closed = pl.col("state") != "open"
        frame = states.select(
            pl.lit(connection).alias("connection"),
            "id",
            pl.col("state").alias("opportunity_state"),
            pl.col("reason").alias("lost_reason"),
        )
        with self.writing() as transaction:
            update_rows(transaction, leads, frame, ("connection", "id"))
            again = frame.filter(states.select(closed).to_series()).select("connection", "id")
            if not again.is_empty():
                update_rows(
                    transaction,
                    leads,
                    again.with_columns(
                        *(pl.lit(None, pl.String).alias(n) for n in ("as_of", "verdict_key"))
                    ),
                    ("connection", "id"),
                )
