"""Whether a process is well: its ledger answers, and it has looked at its schedules lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

SILENT_SECONDS = 30
"""A process that has not looked around for so long is not well."""


class Ticking(Protocol):
    """The process: see connector/jobs/service.py."""

    worker: str
    ticked_at: datetime | None


class Answering(Protocol):
    """The ledger."""

    def workers(self) -> Sequence[object]:
        """Something that takes no time to answer."""
        ...


@dataclass(frozen=True)
class Health:
    """How a process is. `reasons` are empty where it is well; they hold no secret."""

    worker: str
    reasons: list[str] = field(default_factory=list)
    seconds_since_look: float | None = None

    @property
    def well(self) -> bool:
        """Whether there is nothing to complain of."""
        return not self.reasons


def look(process: Ticking, ledger: Answering, clock: Callable[[], datetime]) -> Health:
    """How the process is now."""
    reasons = []
    try:
        ledger.workers()
    except ConnectorError as error:
        reasons.append(f"The ledger does not answer: {error}")
    ticked = process.ticked_at
    seconds = None if ticked is None else (clock() - ticked).total_seconds()
    if seconds is None:
        reasons.append("The process has not looked at its schedules yet.")
    elif seconds > SILENT_SECONDS:
        reasons.append(f"The process has not looked at its schedules for {seconds:.0f} seconds.")
    return Health(process.worker, reasons, seconds)
