"""The syncs of a rehearsal: until one comes to its end, and everything once more."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector import wiring
from connector.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.engine.ports import Progress
    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger
    from connector.rehearsal.local import Local
    from connector.settings import Project
    from connector.wiring import Files

MOST_RUNS = 4
"""How often a run that failed is gone on with, as its schedule would."""

_BETWEEN_SECONDS = 5.0
"""How much time passes for the copy between two runs."""

_RELEASE = "rehearsal"
_ENDED = ("done", "done with rejects")


@dataclass
class Syncs:
    """The syncs of one connection on a copy of its CRM, and what they left behind.

    `brake` says why the brake would have stopped the first one; `created` are the fields that were
    made for it.
    """

    project: Project
    files: Files
    ledger: SqlLedger
    watch: Callable[[str], Progress]
    local: Local | None = None
    reports: list[RunReport] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    brake: str | None = None

    @property
    def done(self) -> bool:
        """Whether the last run came to its end."""
        return bool(self.reports) and self.reports[-1].state in _ENDED

    @property
    def working(self) -> list[RunReport]:
        """The runs but the last, which reads everything once more."""
        return self.reports[:-1] if self.done else self.reports

    def run(self, trouble: Callable[[], None] = lambda: None) -> None:
        """Set up, make `trouble`, and sync; what goes wrong on purpose stays out of the log."""
        with _hushed():
            self._set_up()
            trouble()
            while not self._over:
                self._sync(full=False)
                if self.local is not None:
                    self.local.advance(_BETWEEN_SECONDS)
            if self.done:
                self._sync(full=True)
        self.reports = [self.ledger.run(report.run) or report for report in self.reports]

    @property
    def _over(self) -> bool:
        """Whether going on is of no use: it is done, out of calls, or has failed again and again."""
        paused = bool(self.reports) and self.reports[-1].state == "paused: quota"
        return self.done or paused or len(self.reports) >= MOST_RUNS

    def _set_up(self) -> None:
        """Create the fields that the mapping needs, as `leadgate setup` would."""
        self.watch("copy").begin("setup", None)
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm) as crm:
            outcomes = crm.setup(opened.checked.missing) if opened.checked.missing else []
        for each in outcomes:
            name = f"{each.field.object}.{each.field.name}"
            if each.outcome == "rejected":
                raise ConnectorError(f"{name} could not be created on the copy: {each.message}")
            self.created.append(name)

    def _sync(self, *, full: bool) -> None:
        """One sync; a run that fails stays in the ledger, and one that the brake stops is released."""
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm):
            connection = wiring.compile_connection(opened)
            brake = wiring.brake_of(self.project, self.files.settings)
            progress = self.watch("copy again" if full else "copy")
            runner: Any = wiring.runner(connection, self.ledger, progress, brake=brake)
            release = _RELEASE if self.brake is not None else None
            report = self._report(replace(runner, release=release), full=full)
        self.reports.append(report)
        if report.state == "stopped":
            self.brake = report.message

    def _report(self, runner: Any, *, full: bool) -> RunReport:
        try:
            report: RunReport = runner.sync(full=full)
        except ConfigurationError:
            raise
        except ConnectorError:
            failed = self.ledger.run(runner.run)
            if failed is None:
                raise
            return failed
        return report


@contextmanager
def _hushed() -> Iterator[None]:
    log = logging.getLogger("leadgate.crm")
    before = log.level
    log.setLevel(max(logging.ERROR, before))
    try:
        yield
    finally:
        log.setLevel(before)
