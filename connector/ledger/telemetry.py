"""Figures of all connections, for whoever looks from outside. No lead's data is among them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, case, func, select, type_coerce

from connector.engine.ledger.telemetry import DURATIONS, RunsEnded
from connector.ledger.database import Database
from connector.ledger.runs import report_of
from connector.ledger.tables import (
    REJECTED,
    calls,
    leads,
    leases,
    lines,
    runs,
    schedules,
    watermarks,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from connector.engine.runs import RunReport

_MICROSECONDS = 1_000_000


class Telemetry(Database):
    """Counts by connection, cheap enough to be asked for every few seconds."""

    def leads_by_stage(self) -> list[tuple[str, str, int]]:
        """Connection, stage and number of leads; leads that are gone do not count."""
        names = leads.c.connection, leads.c.stage
        asked = select(*names, func.count()).where(leads.c.gone.is_(None)).group_by(*names)
        return [(name, stage or "none", count) for name, stage, count in self._rows(asked)]

    def rejected_counts(self) -> dict[str, int]:
        """By connection, how many planned lines were rejected, so far back as runs are kept."""
        asked = select(lines.c.connection, func.count()).where(REJECTED)
        return dict(map(tuple, self._rows(asked.group_by(lines.c.connection))))

    def watermarks(self) -> dict[str, datetime]:
        """Up to when each connection has been read completely."""
        return dict(map(tuple, self._rows(select(watermarks.c.connection, watermarks.c.at))))

    def latest_runs(self) -> list[RunReport]:
        """The latest run of each connection that was ever read completely, or has a schedule."""
        known = select(watermarks.c.connection).union(select(schedules.c.connection)).subquery()
        newest = (
            select(runs.c.id)
            .where(runs.c.connection == known.c.connection)
            .order_by(runs.c.started_at.desc(), runs.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        ids = select(newest.label("id")).select_from(known).subquery()
        asked = select(runs).join(ids, runs.c.id == ids.c.id).order_by(runs.c.connection)
        with self.reading() as transaction:
            return [report_of(row) for row in transaction.execute(asked).mappings()]

    def running(self) -> list[str]:
        """The connections that a run is working on."""
        held = leases.c.holder.is_not(None), leases.c.until > self._clock()
        asked = select(leases.c.connection).where(*held).order_by(leases.c.connection)
        return [name for (name,) in self._rows(asked)]

    def runs_ended(self, since: datetime) -> list[RunsEnded]:
        """The runs that have ended since then; they began a day before that at the earliest."""
        took = _number(runs.c.ended_at) - _number(runs.c.started_at)
        within = [
            func.sum(case((took <= bound * _MICROSECONDS, 1), else_=0)) for bound in DURATIONS
        ]
        names = runs.c.kind, runs.c.state
        asked = (
            select(*names, func.count(), func.sum(took), *within)
            # Runs' ids begin with their day, and so the primary key leads to the latest ones.
            .where(runs.c.id >= f"{since - timedelta(days=1):%Y%m%d}", runs.c.ended_at >= since)
            .group_by(*names)
            .order_by(*names)
        )
        return [
            RunsEnded(kind, state, tuple(map(int, counts)), count, float(seconds) / _MICROSECONDS)
            for kind, state, count, seconds, *counts in self._rows(asked)
        ]

    def calls_used(self, family: str) -> dict[str, int]:
        """By account, the calls of the last day that are counted against a family of limits."""
        recent = calls.c.slot >= self._clock() - timedelta(days=1)
        asked = select(calls.c.account, func.sum(calls.c.used)).where(
            calls.c.family == family, recent
        )
        return {name: int(used) for name, used in self._rows(asked.group_by(calls.c.account))}

    def _rows(self, asked: Select[Any]) -> list[Any]:
        with self.reading() as transaction:
            return list(transaction.execute(asked).all())


def _number(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A moment as the microseconds that it is stored as."""
    return type_coerce(column, BigInteger)
