"""One piece of work of the queue: a connection is run, and whatever comes of it is written down."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from connector.errors import ConnectorError, RunAbortedError
from scoring.problem import ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from connector.engine.ports import Progress
    from connector.engine.runs import RunReport

_log = logging.getLogger("leadgate.jobs")


class StoppedError(RunAbortedError):
    """The process is to stop; the run goes on from here in another one."""


class Notes(Protocol):
    """What is kept of work beside the runs themselves: see connector/ledger/jobs.py."""

    def go_on(self, connection: str) -> None:
        """A run was stopped before its end: it is due again at once."""
        ...

    def note(self, connection: str, message: str | None) -> None:
        """Keep why a scheduled run could not begin; None when one could."""
        ...


class UntilStopped:
    """Progress that ends the run between two pages or batches once the process is to stop."""

    def __init__(self, stopping: Event) -> None:
        self._stopping = stopping

    def begin(self, step: str, total: int | None) -> None:  # noqa: ARG002 — the port's signature
        """A step begins."""
        self._look()

    def advance(self, rows: int) -> None:  # noqa: ARG002 — the port's signature
        """So many rows more are through."""
        self._look()

    def _look(self) -> None:
        if self._stopping.is_set():
            raise StoppedError("Stopped on request; the next run goes on from here.")


@dataclass(frozen=True)
class Work:
    """Runs a connection with `run`; never raises, because the queue would not know what to do."""

    run: Callable[[str, Progress], RunReport]
    notes: Notes
    stopping: Event

    def __call__(self, connection: str) -> None:
        """Run the connection once."""
        try:
            self._run(connection)
        except Exception as error:  # noqa: BLE001 — a mistake of ours must not end the worker
            _log.error("%s: failed: %s", connection, type(error).__name__)
            self._note(connection, f"unexpected {type(error).__name__}")

    def _run(self, connection: str) -> None:
        """Our own errors say what to do; a traceback could hold a lead's data."""
        try:
            self.run(connection, UntilStopped(self.stopping))
        except StoppedError:
            self.notes.go_on(connection)
            _log.info(
                "%s: stopped on request; it goes on as soon as a worker is there.", connection
            )
        except (ConnectorError, ProblemsError) as error:
            _log.error("%s: %s", connection, error)
            self._note(connection, str(error))
        else:
            self._note(connection, None)

    def _note(self, connection: str, message: str | None) -> None:
        try:
            self.notes.note(connection, message)
        except ConnectorError as error:
            _log.error("%s: %s", connection, error)
