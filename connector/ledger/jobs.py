"""Schedules and workers: what was taken care of, what is paused, and who is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from connector.engine.ledger.jobs import ScheduleState, Worker
from connector.ledger.database import Database
from connector.ledger.runs import insert_once
from connector.ledger.tables import schedules, workers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select


class Jobs(Database):
    """The state of schedules and workers. Holds no lead's data."""

    def schedule_states(self, among: Sequence[str] | None = None) -> dict[str, ScheduleState]:
        """What is known of each connection's schedule, or of these connections'."""
        asked = select(schedules)
        return self._states(asked if among is None else asked.where(_one_of(among)))

    def interrupted(self) -> dict[str, ScheduleState]:
        """The schedules whose run was stopped and is to go on at once."""
        return self._states(select(schedules).filter_by(again=True))

    def first_seen(self, *connections: str) -> None:
        """Schedules that are met for the first time begin now; the others stay as they are."""
        now = self._clock()
        rows = [{"connection": name, "since": now, "again": False} for name in connections]
        if rows:
            with self.writing() as transaction:
                transaction.execute(insert_once(transaction, schedules), rows)

    def take_due(self, before: ScheduleState, until: datetime) -> bool:
        """Take care of the times up to `until`: True for exactly one of those who try."""
        taken = (
            update(schedules)
            .where(
                schedules.c.connection == before.connection,
                schedules.c.since == before.since,
                schedules.c.again == before.again,
                schedules.c.paused.is_(None),
            )
            .values(since=until, again=False)
        )
        with self.writing() as transaction:
            return transaction.execute(taken).rowcount == 1

    def go_on(self, connection: str) -> None:
        """A run was stopped before its end: it is due again at once."""
        self._change(connection, again=True)

    def pause(self, connection: str, why: str) -> None:
        """Nothing is run for this connection until it is resumed."""
        self._change(connection, paused=why)

    def resume(self, connection: str) -> bool:
        """Go on with the times from now on; whether it was paused."""
        with self.writing() as transaction:
            was = transaction.execute(
                select(schedules.c.paused).where(schedules.c.connection == connection)
            ).scalar()
            transaction.execute(
                update(schedules)
                .where(schedules.c.connection == connection)
                .values(paused=None, since=self._clock())
            )
        return was is not None

    def note(self, connection: str, message: str | None) -> None:
        """Keep why a scheduled run could not begin; None when one could."""
        self._change(connection, message=message)

    def beat(self, worker: str, process: str) -> None:
        """A worker is alive."""
        now = self._clock()
        with self.writing() as transaction:
            alive = update(workers).where(workers.c.id == worker).values(seen_at=now)
            if transaction.execute(alive).rowcount == 0:
                row = {"id": worker, "process": process, "started_at": now, "seen_at": now}
                transaction.execute(insert(workers).values(**row))

    def workers(self) -> list[Worker]:
        """Every worker that has not signed off, the oldest first."""
        with self.reading() as transaction:
            rows = (
                transaction.execute(select(workers).order_by(workers.c.started_at)).mappings().all()
            )
        return [Worker(**row) for row in rows]

    def sign_off(self, worker: str) -> bool:
        """A worker has ended; whether it was still there: of several who notice, one is told so."""
        with self.writing() as transaction:
            return transaction.execute(delete(workers).where(workers.c.id == worker)).rowcount == 1

    def _states(self, asked: Select[Any]) -> dict[str, ScheduleState]:
        with self.reading() as transaction:
            rows = transaction.execute(asked).mappings().all()
        return {row["connection"]: ScheduleState(**row) for row in rows}

    def _change(self, connection: str, **values: object) -> None:
        self.first_seen(connection)
        with self.writing() as transaction:
            transaction.execute(
                update(schedules).where(schedules.c.connection == connection).values(**values)
            )


def _one_of(connections: Sequence[str]) -> ColumnElement[bool]:
    return schedules.c.connection.in_(list(connections))
