"""The long-running process: it finds who is due, works, shows that it lives, and notices the dead."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Protocol

from connector.engine.ledger.jobs import DEAD_SECONDS
from connector.engine.ports import instant
from connector.engine.process import is_gone
from connector.engine.schedule import due
from connector.errors import ConnectorError
from connector.jobs.agenda import Agenda
from scoring.problem import ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from connector.engine.ledger.jobs import JobStore, ScheduleState
    from connector.engine.schedule import ScheduleKeys

TICK_SECONDS = 1.0
BEAT_SECONDS = 5
STOP_SECONDS = 60
"""How long a stopping process waits for its runs to reach a place from where they can go on."""

_log = logging.getLogger("leadgate.jobs")


class Submits(Protocol):
    """What the service needs of the queue: see connector/jobs/queue.py."""

    def submit(self, connection: str, due: str) -> bool:
        """Queue a run for this time; False where one of this connection is queued or running."""
        ...

    def take_over(self, dead: list[str]) -> list[str]:
        """Queue again what dead workers were working on."""
        ...


@dataclass
class Service:
    """One process among any number; all of them share the ledger.

    `connections` reads who has which schedule, whenever it is called. Without `schedules` the
    process only works: some other one finds who is due.
    """

    worker: str
    process: str
    store: JobStore
    queue: Submits
    connections: Callable[[], Mapping[str, ScheduleKeys]]
    clock: Callable[[], datetime]
    schedules: bool = True
    ticked_at: datetime | None = field(default=None, init=False)
    """When it last has looked at everything without an error."""
    _agenda: Agenda = field(init=False)
    _beaten: datetime | None = field(default=None, init=False)
    _stopping: Event = field(default_factory=Event, init=False)

    def __post_init__(self) -> None:
        self._agenda = Agenda(self.connections, self.store)

    def serve(self, stopping: Event) -> None:
        """Work until the event is set. An error of the ledger or a file is told, and tried again."""
        self._stopping = stopping
        while not stopping.is_set():
            try:
                self.tick()
            except (ConnectorError, ProblemsError) as error:
                _log.error("%s", error)
            stopping.wait(TICK_SECONDS)

    def tick(self) -> None:
        """Look once: am I alive, who is not, who is due."""
        self._show_life()
        if self.schedules:
            self._submit_due(self.clock())
        self.ticked_at = self.clock()

    def _show_life(self) -> None:
        now = self.clock()
        if self._beaten is None or (now - self._beaten).total_seconds() >= BEAT_SECONDS:
            self.store.beat(self.worker, self.process)
            self._beaten = now
            self._bury(now)

    def _bury(self, now: datetime) -> None:
        """Hand on the work of those who died, and only then forget them."""
        dead = [
            each.id
            for each in self.store.workers()
            if each.id != self.worker
            and (
                (now - each.seen_at).total_seconds() > DEAD_SECONDS or is_gone(each.process or None)
            )
        ]
        for connection in self.queue.take_over(dead) if dead else []:
            _log.warning("%s: its worker died; another goes on with it.", connection)
        for worker in dead:
            self.store.sign_off(worker)

    def _submit_due(self, now: datetime) -> None:
        """Thousands may be due at once, and queueing them takes longer than the dead are silent."""
        for state, keys in self._agenda.ripe(now):
            last = now if state.paused is not None else self._submit(state, keys, now)
            self._agenda.look_again(state.connection, last, now)
            self._show_life()
            if self._stopping.is_set():
                return

    def _submit(self, state: ScheduleState, keys: ScheduleKeys, now: datetime) -> datetime:
        """Queue first, then remember: dying in between queues the same time again, which is one.

        Up to when the connection's times are taken care of.
        """
        name = state.connection
        until, wanted = due(keys, name, state.since, now)
        if not state.again and until == state.since:
            return until
        at = wanted.at if wanted else now
        if wanted or state.again:
            again = f"+{instant(now)}" if state.again else ""
            if not self.queue.submit(name, instant(at) + again):
                _log.warning("%s: still at work; its time of %s is left out.", name, instant(at))
        self.store.take_due(state, until)
        return until
