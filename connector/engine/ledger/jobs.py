"""What schedules and workers ask of the ledger: what was taken care of, and who is alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


DEAD_SECONDS = 30
"""A worker that has shown no sign of life for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What is known of a connection's schedule: up to when its times were taken care of.

    `paused` is why nothing is to be run, `again` whether a run was stopped and is to go on at once,
    `message` what went wrong the last time before a run could begin.
    """

    connection: str
    since: datetime
    paused: str | None
    again: bool
    message: str | None


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works, or did: see connector/engine/process.py for `process`."""

    id: str
    process: str
    started_at: datetime
    seen_at: datetime


class JobStore(Protocol):
    """The state of schedules and workers, shared by all processes."""

    def schedule_states(self, among: Sequence[str] | None = None) -> dict[str, ScheduleState]:
        """What is known of each connection's schedule, or of these connections'."""
        ...

    def interrupted(self) -> dict[str, ScheduleState]:
        """The schedules whose run was stopped and is to go on at once."""
        ...

    def first_seen(self, *connections: str) -> None:
        """Schedules that are met for the first time begin now; the others stay as they are."""
        ...

    def take_due(self, before: ScheduleState, until: datetime) -> bool:
        """Take care of the times up to `until`: True for exactly one of those who try."""
        ...

    def beat(self, worker: str, process: str) -> None:
        """A worker is alive."""
        ...

    def workers(self) -> Sequence[Worker]:
        """Every worker that has not signed off."""
        ...

    def sign_off(self, worker: str) -> bool:
        """A worker has ended; whether it was still there."""
        ...
