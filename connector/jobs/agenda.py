"""When to look at which connection, so that ten thousand of them are not all asked every second.

A schedule is asked only at moments at which its answer can change.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connector.engine.schedule import next_look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from connector.engine.ledger.jobs import JobStore, ScheduleState
    from connector.engine.schedule import ScheduleKeys

LONGEST = timedelta(minutes=10)
"""Each connection is looked at that often in any case: clocks can be set."""

TOGETHER = 100
"""Connections whose state is read at once: so fresh that two schedulers seldom queue the same."""


class Agenda:
    """The connections that have a schedule, and the moment at which each is to be looked at next.

    `connections` gives the same object again as long as nothing in it has changed.
    """

    def __init__(
        self, connections: Callable[[], Mapping[str, ScheduleKeys]], store: JobStore
    ) -> None:
        self._connections = connections
        self._store = store
        self._known: Mapping[str, ScheduleKeys] = {}
        self._looks: dict[str, datetime] = {}

    def ripe(self, now: datetime) -> Iterator[tuple[ScheduleState, ScheduleKeys]]:
        """The schedules that may be due, as the ledger has them at this moment.

        A process that was told to stop has left runs that are due at once. All others stay ripe
        until `look_again`.
        """
        self._read(now)
        again = self._store.interrupted()
        ripe = [name for name, moment in self._looks.items() if moment <= now and name not in again]
        yield from ((state, self._known[name]) for name, state in again.items() if self.has(name))
        for first in range(0, len(ripe), TOGETHER):
            states = self._store.schedule_states(ripe[first : first + TOGETHER])
            yield from ((state, self._known[name]) for name, state in states.items())

    def has(self, connection: str) -> bool:
        """Whether the connection has a schedule."""
        return connection in self._known

    def look_again(self, connection: str, last: datetime, now: datetime) -> None:
        """The connection was looked at; its times up to `last` are taken care of."""
        coming = next_look(self._known[connection], connection, last, now)
        latest = now + LONGEST
        self._looks[connection] = min(coming, latest) if coming else latest

    def _read(self, now: datetime) -> None:
        """Begin anew when a schedule has changed, or a connection was added or taken away."""
        found = self._connections()
        if found is self._known:
            return
        states = self._store.schedule_states()
        self._store.first_seen(*(name for name in found if name not in states))
        self._known, self._looks = found, dict.fromkeys(found, now)
