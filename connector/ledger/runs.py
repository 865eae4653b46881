"""Runs, leases and watermarks: who works on a connection, since when, and how far it has come."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.engine.ports import instant
from connector.engine.runs import RunReport, RunStart
from connector.errors import RunAbortedError
from connector.ledger.database import Database, Fence, check_fence, translated, writer
from connector.ledger.tables import leases, runs, watermarks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping, Table

_REPORT_FIELDS = frozenset(field.name for field in fields(RunReport))


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may work on a connection; `fence` grows each time that another holder takes it."""

    holder: str | None
    until: datetime
    fence: int
    process: str | None = None
    """Which process holds it: see connector/engine/process.py."""


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
        """Write the run's end and its figures; its position stays."""
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
            return [report_of(row) for row in transaction.execute(statement).mappings()]

    def run(self, run: str) -> RunReport | None:
        """The report of one run, or None for an unknown id."""
        with self.reading() as transaction:
            row = _run_row(transaction, run)
        return None if row is None else report_of(row)

    def last_full_sync(self, connection: str) -> datetime | None:
        """When the latest sync began that has read everything, and came to its end."""
        whole = runs.c.report.contains('"window_from":null') & runs.c.report.contains(
            '"complete_to":"'
        )
        latest = select(func.max(runs.c.started_at)).where(
            runs.c.connection == connection, runs.c.kind == "sync", whole
        )
        with self.reading() as transaction:
            return transaction.execute(latest).scalar()

    def keep_position(self, run: str, position: str | None) -> None:
        """Write how far a run has come, or None: there is nothing to go on with."""
        with self.writing() as transaction:
            here = update(runs).where(runs.c.id == run)
            transaction.execute(here.values(position=position))

    def unfinished_run(self, connection: str) -> tuple[RunStart, str] | None:
        """The oldest run that has a position, and that position; None where all came to an end."""
        left = (runs.c.connection == connection, runs.c.position.is_not(None))
        statement = select(runs).where(*left).order_by(runs.c.started_at, runs.c.id)
        with self.reading() as transaction:
            row = transaction.execute(statement.limit(1)).mappings().first()
        return None if row is None else (_start(row), str(row["position"]))

    def drop_positions(self, connection: str, *, but: str) -> None:
        """No run of the connection is gone on with, `but` this one."""
        left = update(runs).where(runs.c.connection == connection, runs.c.id != but)
        with self.writing() as transaction:
            transaction.execute(left.where(runs.c.position.is_not(None)).values(position=None))

    def bury_runs(self, connection: str, *, but: str) -> None:
        """No run of the connection is running any more, `but` this one, which holds the lease."""
        others = update(runs).where(runs.c.connection == connection, runs.c.id != but)
        with self.writing() as transaction:
            transaction.execute(others.where(runs.c.state == "running").values(state="failed"))

    def run_start(self, run: str) -> RunStart | None:
        """What a run began with (day, model, mapping), or None for an unknown id."""
        with self.reading() as transaction:
            row = _run_row(transaction, run)
        return None if row is None else _start(row)


class Leases(Database):
    """One worker per connection, and how far the connection has been read."""

    def take_lease(  # noqa: PLR0913 — who takes what, for how long, and from whom
        self,
        connection: str,
        holder: str,
        now: datetime,
        seconds: int,
        *,
        process: str | None = None,
        from_dead: str | None = None,
    ) -> bool:
        """Take the connection's lease; False while another holder's has not run out.

        `process` is the new holder's. `from_dead` names a process that is provably gone: a lease of
        its is free.
        """
        free = or_(leases.c.holder.is_(None), leases.c.holder == holder, leases.c.until <= now)
        if from_dead is not None:
            free = or_(free, leases.c.process == from_dead)
        fence = case((leases.c.holder == holder, leases.c.fence), else_=leases.c.fence + 1)
        until = now + timedelta(seconds=seconds)
        here = update(leases).where(leases.c.connection == connection, free)
        taken = here.values(holder=holder, until=until, fence=fence, process=process)
        with self._leasing() as transaction:
            first = insert_once(transaction, leases)
            transaction.execute(first.values(connection=connection, until=now, fence=0))
            return transaction.execute(taken).rowcount == 1

    def prolong_lease(self, connection: str, holder: str, until: datetime) -> bool:
        """Keep the lease until then; False if it is not this holder's any more."""
        mine = (leases.c.connection == connection, leases.c.holder == holder)
        with self._leasing() as transaction:
            kept = transaction.execute(update(leases).where(*mine).values(until=until))
            return kept.rowcount == 1

    def release_lease(self, connection: str, holder: str) -> None:
        """Give the lease back; a lease of another holder stays."""
        mine = (leases.c.connection == connection, leases.c.holder == holder)
        with self._leasing() as transaction:
            transaction.execute(update(leases).where(*mine).values(holder=None, process=None))

    @contextmanager
    def _leasing(self) -> Iterator[Connection]:
        """A writing transaction on the lease itself, which no fence stands before."""
        with translated(), writer(self._engine) as transaction:
            yield transaction

    @contextmanager
    def fenced(self, connection: str, holder: str) -> Iterator[None]:
        """In the block this thread writes only while the lease is as it is now.

        Every write of another holder's time raises LeaseLostError; so does a lease that is
        another's already.
        """
        lease = self.lease(connection)
        outer = self._fence.get()
        self._fence.set(Fence(connection, holder, lease.fence if lease else 0))
        try:
            yield
        finally:
            self._fence.set(outer)

    def lease_process(self, connection: str) -> str | None:
        """Which process holds the connection's lease; None for nobody and for one that is unknown."""
        lease = self.lease(connection)
        return None if lease is None else lease.process

    def check_fence(self) -> None:
        """Raise LeaseLostError if the lease under which this thread works is another's by now."""
        fence = self._fence.get()
        if fence is not None:
            self.check_lease(fence.connection, fence.holder, fence.number)

    def lease(self, connection: str) -> Lease | None:
        """The connection's lease, or None if it was never taken."""
        statement = select(leases).where(leases.c.connection == connection)
        with self.reading() as transaction:
            row = transaction.execute(statement).mappings().first()
        if row is None:
            return None
        return Lease(row["holder"], row["until"], row["fence"], row["process"])

    def check_lease(self, connection: str, holder: str, fence: int) -> None:
        """Raise LeaseLostError if anybody has taken the lease since it had this fence."""
        with self.reading() as transaction:
            check_fence(transaction, Fence(connection, holder, fence), lock=False)

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
            first = insert_once(transaction, watermarks)
            transaction.execute(first.values(connection=connection, **values))
            transaction.execute(update(watermarks).where(*here).values(values))


def connection_of(transaction: Connection, run: str) -> str:
    """The connection of a run. Raises RunAbortedError for a run that was never begun."""
    row = _run_row(transaction, run)
    if row is None:
        raise RunAbortedError(f'The ledger has no run "{run}".')
    return str(row["connection"])


def _start(row: RowMapping) -> RunStart:
    names = [field.name for field in fields(RunStart) if field.name != "run"]
    return RunStart(run=row["id"], **{name: row[name] for name in names})


def _run_row(transaction: Connection, run: str) -> RowMapping | None:
    return transaction.execute(select(runs).where(runs.c.id == run)).mappings().first()


def insert_once(transaction: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that leaves a row of the same key alone, in the database's own dialect."""
    if transaction.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def report_of(row: RowMapping) -> RunReport:
    """The report that a row of a run holds; of one that has not ended what is known."""
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
