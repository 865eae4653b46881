"""Retention: what is older than the ledger is to keep goes, in small transactions beside any run.

Of an older run its lines go, with their outcomes; the run itself stays in the list, marked as pruned.
Older disagreements go. Of a living lead's older verdicts these stay: the first, from which training
learns how the lead stood then; the one that was in force at the limit, and where its stay in that
stage began, because an undo or a replay of a later day rests on them; and the latest, whenever it
was. Never pruned: conversions (no lead is converted twice), answers, days of interest, models.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select, tuple_, update

from connector.errors import TransientError
from connector.ledger.database import Database
from connector.ledger.history_pruning import prune_gone, prune_verdicts
from connector.ledger.runs import insert_once
from connector.ledger.tables import (
    EPOCH,
    conversions,
    disagreements,
    leads,
    leases,
    lines,
    prunings,
    runs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table

_LOG = logging.getLogger("leadgate.ledger")

EVERY = timedelta(days=1)
"""How often a connection is pruned at the end of a sync."""

AT_MOST = timedelta(seconds=60)
"""How long a sync prunes; what is left then is for the next one."""

BATCH = 5_000
"""About how many rows one transaction deletes."""

FIGURES = 500
"""So many of a connection's latest runs keep their figures: the brake tells from them what is usual."""


@dataclass
class Pruned:
    """What went (or would go), per connection: rows by kind, and up to when.

    `undo` says that an undo is under way, so that no run was touched; `ended` that nothing is left.
    """

    connection: str
    until: datetime
    runs: int = 0
    lines: int = 0
    verdicts: int = 0
    disagreements: int = 0
    undo: bool = False
    ended: bool = True


class Retention(Database):
    """Prunes what is too old. `keep` is how long this ledger keeps; None keeps everything."""

    keep: timedelta | None = None

    def pruned(self, run: str) -> datetime | None:
        """When the lines of a run were pruned; None while they are there."""
        statement = select(runs.c.pruned_at).where(runs.c.id == run)
        with self.reading() as transaction:
            return transaction.execute(statement).scalar()

    def prunings(self) -> dict[str, datetime]:
        """Up to when each connection has been pruned."""
        with self.reading() as transaction:
            found = transaction.execute(select(prunings.c.connection, prunings.c.until))
            return {connection: until for connection, until in found if until > EPOCH}

    def prune_when_due(self, connection: str) -> None:
        """Prune a connection if a day has passed since; never fails because the ledger is busy."""
        if self.keep is None:
            return
        began = self._clock()
        try:
            if not self._claimed(connection, began):
                return
            done = self.prune(connection, self.keep, more=lambda: self._clock() - began < AT_MOST)
            if not done.ended:
                self._note(connection, at=began - EVERY)
        except TransientError as error:
            _LOG.warning("The ledger was not pruned now: %s", error)

    def prune(
        self, connection: str, keep: timedelta, *, more: Callable[[], bool] = lambda: True
    ) -> Pruned:
        """Prune a connection of what is older than `keep`, for as long as `more` says."""
        now = self._clock()
        done = Pruned(connection, now - keep)
        with self.writing() as transaction:
            done.undo = _undo_under_way(transaction, connection, now)
            if not done.undo:
                mark = update(runs).where(*_old_runs(connection, done.until))
                done.runs = transaction.execute(mark.values(pruned_at=now)).rowcount
                _drop_figures(transaction, connection)
        done.ended = all(step(done, more) for step in (self._lines, self._verdicts, self._edits))
        self._note(connection, at=now, until=done.until)
        return done

    def look(self, connection: str, keep: timedelta) -> Pruned:
        """What `prune` would do, without doing it."""
        now = self._clock()
        found = Pruned(connection, now - keep)
        with self.reading() as transaction:
            found.undo = _undo_under_way(transaction, connection, now)
            marked = and_(runs.c.connection == connection, runs.c.pruned_at.is_not(None))
            doomed = (
                [marked] if found.undo else [or_(marked, and_(*_old_runs(connection, found.until)))]
            )
            theirs = select(func.count()).select_from(lines).join(runs, runs.c.id == lines.c.run)
            found.lines = transaction.execute(theirs.where(*doomed)).scalar_one()
            if not found.undo:
                counted = select(func.count()).where(*_old_runs(connection, found.until))
                found.runs = transaction.execute(counted).scalar_one()
            edits = select(func.count()).where(*_old_edits(connection, found.until))
            found.disagreements = transaction.execute(edits).scalar_one()
        for prune in (prune_verdicts, prune_gone):
            found.verdicts += sum(prune(self.reading, connection, found.until, look=True))
        return found

    def known_connections(self) -> list[str]:
        """Every connection of which the ledger knows runs or leads."""
        with self.reading() as transaction:
            names = [
                transaction.execute(select(table.c.connection).distinct()).scalars()
                for table in (runs, leads)
            ]
            return sorted({name for found in names for name in found})

    def _claimed(self, connection: str, now: datetime) -> bool:
        """Whether this caller is the one to prune now; of several at once only one is."""
        due = (prunings.c.connection == connection, prunings.c.at <= now - EVERY)
        last = select(prunings.c.at).where(prunings.c.connection == connection)
        with self.reading() as transaction:
            at = transaction.execute(last).scalar()
        if at is not None and at > now - EVERY:
            return False
        with self.writing() as transaction:
            first = insert_once(transaction, prunings)
            transaction.execute(first.values(connection=connection, at=EPOCH, until=EPOCH))
            return transaction.execute(update(prunings).where(*due).values(at=now)).rowcount == 1

    def _note(self, connection: str, **values: datetime) -> None:
        with self.writing() as transaction:
            first = insert_once(transaction, prunings)
            transaction.execute(first.values(connection=connection, at=EPOCH, until=EPOCH))
            here = update(prunings).where(prunings.c.connection == connection)
            transaction.execute(here.values(**values))

    def _lines(self, done: Pruned, more: Callable[[], bool]) -> bool:
        """Delete the lines of pruned runs; False if time ran out."""
        left = exists().where(lines.c.run == runs.c.id)
        marked = (runs.c.connection == done.connection, runs.c.pruned_at.is_not(None))
        with self.reading() as transaction:
            waiting = list(transaction.execute(select(runs.c.id).where(*marked, left)).scalars())
        while waiting:
            if not more():
                return False
            room = BATCH
            with self.writing() as transaction:
                while waiting and room > 0:
                    count = _delete_some(transaction, lines, lines.c.run == waiting[-1], size=room)
                    if count < room:
                        waiting.pop()
                    room -= count
                    done.lines += count
        return True

    def _verdicts(self, done: Pruned, more: Callable[[], bool]) -> bool:
        for prune in (prune_verdicts, prune_gone):
            for count in prune(self.writing, done.connection, done.until):
                done.verdicts += count
                if not more():
                    return False
        return True

    def _edits(self, done: Pruned, more: Callable[[], bool]) -> bool:
        old = and_(*_old_edits(done.connection, done.until))
        while more():
            with self.writing() as transaction:
                count = _delete_some(transaction, disagreements, old, size=BATCH)
            done.disagreements += count
            if count < BATCH:
                return True
        return False


def _old_runs(connection: str, until: datetime) -> Iterator[ColumnElement[bool]]:
    """Runs that nothing needs any more: not the newest, none that is gone on with or that works."""
    here = runs.c.connection == connection
    newest = _nth_newest(connection, 0, "id")
    working = select(leases.c.holder).where(
        leases.c.connection == connection, leases.c.holder.is_not(None)
    )
    converting = select(conversions.c.run).where(
        conversions.c.connection == connection, conversions.c.state.in_(["intended", "converted"])
    )
    yield from (here, runs.c.started_at < until, runs.c.pruned_at.is_(None))
    yield runs.c.position.is_(None)
    yield runs.c.id != newest
    yield runs.c.id.not_in(working)
    yield runs.c.id.not_in(converting)


def _nth_newest(connection: str, nth: int, column: str) -> ScalarSelect[Any]:
    """A value of the connection's newest run, or of one that has `nth` newer ones."""
    others = runs.alias()
    mine = select(others.c[column]).where(others.c.connection == connection)
    ordered = mine.order_by(others.c.started_at.desc(), others.c.id.desc())
    return ordered.offset(nth).limit(1).scalar_subquery()


def _old_edits(connection: str, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return disagreements.c.connection == connection, disagreements.c.at < until


def _undo_under_way(transaction: Connection, connection: str, now: datetime) -> bool:
    """Whether the connection is held by an undo, or by the plan of one: it reads older lines."""
    statement = (
        select(runs.c.id)
        .join(leases, leases.c.holder == runs.c.id)
        .where(leases.c.connection == connection, leases.c.until > now)
        .where(runs.c.kind.in_(["undo", "plan"]))
    )
    return transaction.execute(statement).first() is not None


def _drop_figures(transaction: Connection, connection: str) -> None:
    """Of pruned runs only the latest keep their figures; a line in the list is left of the others."""
    here = runs.c.connection == connection
    old = runs.c.started_at <= _nth_newest(connection, FIGURES, "started_at")
    pruned = (here, runs.c.pruned_at.is_not(None), runs.c.report.is_not(None), old)
    transaction.execute(update(runs).where(*pruned).values(report=None))


def _delete_some(
    transaction: Connection, table: Table, condition: ColumnElement[bool], *, size: int
) -> int:
    """Delete at most so many of the rows; how many there were."""
    keys = list(table.primary_key.columns)
    some = select(*keys).where(condition).limit(size)
    return transaction.execute(delete(table).where(tuple_(*keys).in_(some))).rowcount
