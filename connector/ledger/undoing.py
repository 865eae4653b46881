"""Taking back: what the ledger knows of leads whose changes or verdicts were undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import delete, func, select, update

from connector.ledger.database import Database
from connector.ledger.frames import among, read, update_rows
from connector.ledger.tables import conversions, disagreements, leads, runs, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_UNDONE = "UNDONE"


class Undoing(Database):
    """What follows an undo, and what follows a run that was stopped."""

    def settle_undone(self, connection: str, of: str, ids: Sequence[str]) -> None:
        """These leads are in the stage that they had before the run began; nothing is settled.

        The verdicts stay in the history: they were given, and undone is what was written.
        """
        with self.writing() as transaction:
            started = transaction.execute(
                select(runs.c.started_at).where(runs.c.id == of)
            ).scalar_one()
            _restore(transaction, connection, pl.Series(ids, dtype=pl.String), started)

    def settle_retracted(self, connection: str, outcomes: pl.DataFrame) -> None:
        """The leads of applied retractions are no longer converted, and may be converted again."""
        taken = outcomes.filter(pl.col("outcome") == "applied")["@id"]
        if taken.is_empty():
            return
        with self.writing() as transaction:
            ids = among(transaction, taken)
            here = (conversions.c.connection == connection, conversions.c.id.in_(ids))
            again = update(conversions).where(*here)
            transaction.execute(
                again.values(state="refused", opportunity_id=None, at=self._clock())
            )
            theirs = (leads.c.connection == connection, leads.c.id.in_(among(transaction, taken)))
            transaction.execute(
                update(leads)
                .where(*theirs)
                .values(
                    converted=False, opportunity_id=None, opportunity_state=None, lost_reason=None
                )
            )

    def release_undone(self, connection: str) -> int:
        """End the hold on what was undone; how many leads were held."""
        here = (leads.c.connection == connection, leads.c.quarantine == _UNDONE)
        free = update(leads).where(*here).values(quarantine=None, quarantine_key=None)
        with self.writing() as transaction:
            return transaction.execute(free).rowcount

    def take_back_verdicts(self, connection: str, run: str) -> None:
        """Forget what a stopped run has decided, as if it had never judged.

        Its verdicts go, and its leads are in the stage of the verdict before, to be judged again;
        what was read of them counts as not yet read, so that a person's move is heeded then.
        """
        mine = (verdicts.c.connection == connection, verdicts.c.run == run)
        edits = (disagreements.c.connection == connection, disagreements.c.run == run)
        with self.writing() as transaction:
            moved = read(transaction, select(verdicts.c.id).where(*mine))["id"]
            touched = select(leads.c.id).where(leads.c.connection == connection, leads.c.run == run)
            unsettled = read(transaction, touched)["id"]
            transaction.execute(delete(verdicts).where(*mine))
            transaction.execute(delete(disagreements).where(*edits))
            _latest_again(transaction, connection, moved)
            _restore(transaction, connection, moved)
            _unsettle(transaction, connection, unsettled)
            theirs = leads.c.id.in_(among(transaction, unsettled))
            here = update(leads).where(leads.c.connection == connection, theirs)
            transaction.execute(here.values(there=None))


def _restore(
    transaction: Connection,
    connection: str,
    ids: pl.Series,
    before: datetime | None = None,
) -> None:
    """Put the leads into the stage of their last verdict before that moment, or into none."""
    history = select(verdicts.c.id, verdicts.c.stage, verdicts.c.score, verdicts.c.judged_at)
    here = (verdicts.c.connection == connection, verdicts.c.id.in_(among(transaction, ids)))
    statement = history.where(*here)
    if before is not None:
        statement = statement.where(verdicts.c.judged_at < before)
    found = read(transaction, statement).sort("id", "judged_at")
    last = found.group_by("id").last().select("id", "stage", "score")
    since = found.group_by("id", "stage").agg(stage_since=pl.col("judged_at").min())
    known = last.join(since, on=["id", "stage"], how="left", nulls_equal=True)
    frame = ids.rename("id").to_frame().unique().join(known, on="id", how="left")
    frame = frame.with_columns(
        connection=pl.lit(connection), verdict_key=pl.lit(None, dtype=pl.String)
    )
    columns = ["connection", "id", "stage", "stage_since", "score", "verdict_key"]
    update_rows(transaction, leads, frame.select(columns), ("connection", "id"))


def _latest_again(transaction: Connection, connection: str, ids: pl.Series) -> None:
    """Mark the newest verdict that is left of each lead."""
    here = (verdicts.c.connection == connection, verdicts.c.id.in_(among(transaction, ids)))
    newest = (
        select(verdicts.c.id, func.max(verdicts.c.judged_at).label("judged_at"))
        .where(*here)
        .group_by(verdicts.c.id)
    )
    left = read(transaction, newest).with_columns(
        connection=pl.lit(connection), latest=pl.lit(value=True)
    )
    update_rows(transaction, verdicts, left, ("connection", "id", "judged_at"))


def _unsettle(transaction: Connection, connection: str, ids: pl.Series) -> None:
    """The leads have to be judged again, whatever version was seen."""
    here = (leads.c.connection == connection, leads.c.id.in_(among(transaction, ids)))
    transaction.execute(update(leads).where(*here).values(verdict_key=None, as_of=None))
