"""Runs, leases and watermarks: who works on a connection, since when, and how far it has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.engine.ports import instant
from connector.engine.runs import RunReport, RunStart
from connector.errors import RunAbortedError
from connector.ledger.database import Database
from connector.ledger.tables import leases, runs, watermarks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping, Table

_REPORT_FIELDS = frozenset(field.name for field in fields(RunReport))


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may work on a connection; `fence` grows each time that another holder takes it."""

    holder: str | None
    until: datetime
    fence: int


class Runs(Database):
    """The runs of every connection."""

    def begin_run(self, start: RunStart) -> None:
        """Write the run before its first call; beginning the same run again changes nothing."""
        values = asdict(start)
        values["id"] = values.pop("run")
        with self.writing() as transaction:
            if _run_row(transaction, start.run) is None:
                transaction.execute(runs.insert().values(state="running", **values))

    def end_run(self, report: RunReport) -> None:
        """Write the run's end and its figures."""
        ended = update(runs).where(runs.c.id == report.run)
        with self.writing() as transaction:
            transaction.execute(
                ended.values(
                    state=report.state,
                    ended_at=self._clock(),
                    report=orjson.dumps(asdict(report)).decode(),
                )
            )

    def runs(self, connection: str | None = None, limit: int = 20) -> list[RunReport]:
        """The latest runs, newest first; one that has not ended has the state "running"."""
        statement = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if connection is not None:
            statement = statement.where(runs.c.connection == connection)
        with self.reading() as transaction:
            return [_report(row) for row in transaction.execute(statement).mappings()]

    def run(self, run: str) -> RunReport | None:
        """The report of one run, or None for an unknown id."""
        with self.reading() as transaction:
            row = _run_row(transaction, run)
        return None if row is None else _report(row)

    def run_start(self, run: str) -> RunStart | None:
        """What a run began with (day, model, mapping), or None for an unknown id."""
        with self.reading() as transaction:
            row = _run_row(transaction, run)
        if row is None:
            return None
        names = [field.name for field in fields(RunStart) if field.name != "run"]
        return RunStart(run=row["id"], **{name: row[name] for name in names})


class Leases(Database):
    """One worker per connection, and how far the connection has been read."""

    def take_lease(self, connection: str, holder: str, now: datetime, seconds: int) -> bool:
        """Take or prolong the connection's lease; False while another holder's has not run out."""
        free = or_(leases.c.holder.is_(None), leases.c.holder == holder, leases.c.until <= now)
        fence = case((leases.c.holder == holder, leases.c.fence), else_=leases.c.fence + 1)
        taken = (
            update(leases)
            .where(leases.c.connection == connection, free)
            .values(holder=holder, until=now + timedelta(seconds=seconds), fence=fence)
        )
        with self.writing() as transaction:
            first = _insert_once(transaction, leases)
            transaction.execute(first.values(connection=connection, until=now, fence=0))
            return transaction.execute(taken).rowcount == 1

    def release_lease(self, connection: str, holder: str) -> None:
        """Give the lease back; a lease of another holder stays."""
        mine = (leases.c.connection == connection, leases.c.holder == holder)
        with self.writing() as transaction:
            transaction.execute(update(leases).where(*mine).values(holder=None))

    def lease(self, connection: str) -> Lease | None:
        """The connection's lease, or None if it was never taken."""
        statement = select(leases).where(leases.c.connection == connection)
        with self.reading() as transaction:
            row = transaction.execute(statement).mappings().first()
        return None if row is None else Lease(row["holder"], row["until"], row["fence"])

    def check_lease(self, connection: str, holder: str, fence: int) -> None:
        """Raise RunAbortedError if anybody has taken the lease since it had this fence."""
        lease = self.lease(connection)
        if lease is None or lease.holder != holder or lease.fence != fence:
            raise RunAbortedError(f'Another worker has taken over the connection "{connection}".')

    def watermark(self, connection: str) -> datetime | None:
        """Up to when the connection has been read completely; None before the first run."""
        statement = select(watermarks.c.at).where(watermarks.c.connection == connection)
        with self.reading() as transaction:
            return transaction.execute(statement).scalar()

    def verdict_key(self, connection: str) -> str | None:
        """The model and mapping under which the watermark was reached."""
        statement = select(watermarks.c.verdict_key).where(watermarks.c.connection == connection)
        with self.reading() as transaction:
            return transaction.execute(statement).scalar()

    def set_watermark(self, connection: str, at: datetime, run: str, verdict_key: str) -> None:
        """Move the watermark; it never moves back."""
        values = {"at": at, "run": run, "verdict_key": verdict_key}
        here = (watermarks.c.connection == connection, watermarks.c.at <= at)
        with self.writing() as transaction:
            first = _insert_once(transaction, watermarks)
            transaction.execute(first.values(connection=connection, **values))
            transaction.execute(update(watermarks).where(*here).values(values))


def connection_of(transaction: Connection, run: str) -> str:
    """The connection of a run. Raises RunAbortedError for a run that was never begun."""
    row = _run_row(transaction, run)
    if row is None:
        raise RunAbortedError(f'The ledger has no run "{run}".')
    return str(row["connection"])


def _run_row(transaction: Connection, run: str) -> RowMapping | None:
    return transaction.execute(select(runs).where(runs.c.id == run)).mappings().first()


def _insert_once(transaction: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that leaves a row of the same key alone, in the database's own dialect."""
    if transaction.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _report(row: RowMapping) -> RunReport:
    if row["report"]:
        kept = orjson.loads(row["report"])
        return RunReport(**{name: value for name, value in kept.items() if name in _REPORT_FIELDS})
    return RunReport(
        run=row["id"],
        connection=row["connection"],
        crm="",
        kind=row["kind"],
        state=row["state"],
        started_at=instant(row["started_at"]),
        as_of=row["as_of"],
        model=row["model"],
        mapping=row["mapping"],
    )
