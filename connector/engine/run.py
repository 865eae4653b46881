"""One run, in order: lease, window, pull and plan, apply, report. Read this first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.engine.apply import Applied, apply_lines
from connector.engine.lease import leased
from connector.engine.page import PullOrder
from connector.engine.ports import RunReport, RunStart, Window, instant
from connector.engine.pull import Pulled, pull_and_plan
from connector.engine.stale import skip_stale
from connector.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    import polars as pl

    from connector.engine.connection import Connection
    from connector.engine.plan_file import PlanHeader
    from connector.engine.ports import Ledger, Progress, RunKind


@dataclass(frozen=True)
class Runner:
    """Runs one connection. Time and ids come in from outside."""

    connection: Connection
    ledger: Ledger
    progress: Progress
    clock: Callable[[], datetime]
    run: str
    as_of: date | None = None

    def plan(self, *, full: bool = False) -> RunReport:
        """Pull and judge, and save the plan; nothing is written to the CRM."""
        return self._guarded("plan", lambda held, report: held.planned(report, full=full)[0])

    def sync(self, *, full: bool = False) -> RunReport:
        """Pull, judge, plan and apply; the watermark moves when all of it is done."""

        def work(held: Runner, report: RunReport) -> RunReport:
            report, window = held.planned(held.resumed(report), full=full)
            return held.completed(held.applied(report, Applied()), window)

        return self._guarded("sync", work)

    def apply(self, header: PlanHeader, lines: pl.DataFrame) -> RunReport:
        """Apply a saved plan; what has changed in the CRM since is skipped, and said.

        Raises `ConfigurationError` when the model or the mapping is not the plan's any more.
        """
        self._fits(header)

        def work(held: Runner, report: RunReport) -> RunReport:
            applied = Applied()
            held.ledger.save_lines(held.run, lines)
            held.progress.begin("check", lines.height)
            skip_stale(held.connection, held.ledger, held.run, applied)
            return held.applied(replace(report, planned=lines.height), applied)

        return self._guarded("apply", work)

    def convert(self, lines: pl.DataFrame) -> RunReport:
        """Apply conversion lines that a person asked for."""

        def work(held: Runner, report: RunReport) -> RunReport:
            held.ledger.save_lines(held.run, lines)
            return held.applied(replace(report, planned=lines.height), Applied())

        return self._guarded("convert", work)

    def _guarded(self, kind: RunKind, work: Callable[[Runner, RunReport], RunReport]) -> RunReport:
        """Take the lease, open the run, and close both whatever happens."""
        started = self.clock()
        report = self._open(kind, started)
        name = self.connection.name
        with leased(self.ledger, name, self.run, self.progress, self.clock) as progress:
            self.ledger.begin_run(self._start(report, started))
            try:
                done = work(replace(self, progress=progress), report)
            except BaseException as error:
                self._close(replace(report, state="failed", message=_words(error)), started)
                raise
            return self._close(done, started)

    def _open(self, kind: RunKind, started: datetime) -> RunReport:
        return RunReport(
            run=self.run,
            connection=self.connection.name,
            crm=self.connection.crm.name,
            kind=kind,
            state="running",
            started_at=instant(started),
            as_of=self._day().isoformat(),
            model=self.connection.model.digest,
            mapping=self.connection.mapping.digest,
        )

    def _start(self, report: RunReport, started: datetime) -> RunStart:
        return RunStart(
            run=report.run,
            connection=report.connection,
            kind=report.kind,
            started_at=started,
            as_of=report.as_of,
            model=report.model,
            mapping=report.mapping,
        )

    def _close(self, report: RunReport, started: datetime) -> RunReport:
        state = report.state
        if state == "running":
            state = "done with rejects" if report.rejected else "done"
        seconds = round((self.clock() - started).total_seconds(), 2)
        report = replace(
            report, state=state, seconds=seconds, api_calls=self.connection.crm.api_calls
        )
        self.ledger.end_run(report)
        return report

    def _window(self, *, full: bool) -> Window:
        crm = self.connection.crm
        watermark = None if full else self.ledger.watermark(self.connection.name)
        since = watermark - timedelta(seconds=crm.overlap_seconds) if watermark else None
        return Window(since, crm.now())

    def planned(self, report: RunReport, *, full: bool) -> tuple[RunReport, Window]:
        """A new model or mapping judges everything again; otherwise only what has changed."""
        known = self.ledger.verdict_key(self.connection.name)
        window = self._window(full=full or known != self.connection.verdict_key)
        order = PullOrder(
            run=self.run,
            window=window,
            as_of=self._day(),
            now=self.clock(),
            every_version=full or report.kind == "plan",
            remember=report.kind == "sync",
        )
        self.progress.begin("pull", None)
        pulled = pull_and_plan(self.connection, self.ledger, order, self.progress)
        return _with_pulled(report, pulled, window), window

    def applied(self, report: RunReport, before: Applied) -> RunReport:
        """Do what is planned; `before` are the lines that were decided already."""
        self.progress.begin("apply", report.planned - before.skipped)
        done = apply_lines(self.connection, self.ledger, self.run, self.progress)
        return replace(
            report,
            written=done.written,
            converted=done.converted + report.converted,
            rejected=done.rejected,
            skipped=report.skipped + done.skipped + before.skipped,
        )

    def completed(self, report: RunReport, window: Window) -> RunReport:
        """Everything read and decided upon: the next run begins where this one ends."""
        if report.gap is not None:
            return report
        name, key = self.connection.name, self.connection.verdict_key
        self.ledger.set_watermark(name, window.until, self.run, key)
        return replace(report, complete_to=instant(window.until))

    def _day(self) -> date:
        return self.as_of or self.clock().date()

    def resumed(self, report: RunReport) -> RunReport:
        """Finish conversions that an earlier run began and nobody knows the end of."""
        converted = 0
        for run in _unfinished_runs(self.ledger, self.connection.name):
            done = apply_lines(self.connection, self.ledger, run, self.progress, kinds=("convert",))
            converted += done.converted
        return replace(report, converted=converted)

    def _fits(self, header: PlanHeader) -> None:
        connection = self.connection
        if header.connection != connection.name:
            raise ConfigurationError(
                f'This plan is for "{header.connection}", not for "{connection.name}".'
            )
        for what, then, now in (
            ("model", header.model, connection.model.digest),
            ("mapping", header.mapping, connection.mapping.digest),
        ):
            if then != now:
                raise ConfigurationError(
                    f"The {what} has changed since this plan was made. Plan again with: "
                    f"leadgate plan {connection.name} --out FILE"
                )


def _unfinished_runs(ledger: Ledger, connection: str) -> Iterator[str]:
    yield from ledger.unfinished_conversions(connection)["run"].unique(maintain_order=True)


def _with_pulled(report: RunReport, pulled: Pulled, window: Window) -> RunReport:
    total = pulled.read + pulled.again
    short = pulled.expected is not None and total < pulled.expected
    return replace(
        report,
        read=pulled.read,
        judged=pulled.judged,
        unchanged=pulled.unchanged,
        planned=pulled.planned,
        skipped=pulled.quarantined,
        gone=pulled.gone,
        data_problems=pulled.data_problems,
        stages=pulled.stages,
        priorities=pulled.priorities,
        window_from=instant(window.since) if window.since else None,
        gap=f"{total} of {pulled.expected} leads were read" if short else None,
    )


def _words(error: BaseException) -> str:
    """An error as the run keeps it: our own messages in full, others by name only."""
    return str(error) if isinstance(error, ConnectorError) else type(error).__name__
