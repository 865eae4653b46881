"""What is asked of the ledger by whoever looks from outside: the same in every process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connector.engine.ledger.jobs import ScheduleState, Worker
    from connector.engine.runs import RunReport

DURATIONS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
"""Upper bounds of the classes of runs by how long they took, in seconds."""


@dataclass(frozen=True, slots=True)
class RunsEnded:
    """Runs of one kind and state: `within` so many took at most as long as each of `DURATIONS`."""

    kind: str
    state: str
    within: tuple[int, ...]
    count: int
    seconds: float


class TelemetryStore(Protocol):
    """Figures of all connections together."""

    def leads_by_stage(self) -> Sequence[tuple[str, str, int]]:
        """Connection, stage and number of leads; leads that are gone do not count."""
        ...

    def rejected_counts(self) -> dict[str, int]:
        """By connection, how many planned lines were rejected, so far back as runs are kept."""
        ...

    def watermarks(self) -> dict[str, datetime]:
        """Up to when each connection has been read completely."""
        ...

    def latest_runs(self) -> Sequence[RunReport]:
        """The latest run of each connection that was ever read completely, or has a schedule."""
        ...

    def running(self) -> Sequence[str]:
        """The connections that a run is working on."""
        ...

    def runs_ended(self, since: datetime) -> Sequence[RunsEnded]:
        """The runs that have ended since then; they began a day before that at the earliest."""
        ...

    def calls_used(self, family: str) -> dict[str, int]:
        """By account, the calls that are counted against a family of limits."""
        ...

    def schedule_states(self) -> dict[str, ScheduleState]:
        """What is known of each connection's schedule."""
        ...

    def workers(self) -> Sequence[Worker]:
        """Every worker that has not signed off."""
        ...
