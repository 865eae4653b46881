"""One run, in order: lease, window, pull and plan, apply, report. Read this first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.engine.answering import record_answers
from connector.engine.apply import Applied, apply_lines
from connector.engine.brake import Brake, check_brake, stop_words
from connector.engine.lease import leased
from connector.engine.models import keep_model
from connector.engine.opportunities import follow_opportunities
from connector.engine.page import PullOrder
from connector.engine.ports import Page, Window, instant
from connector.engine.pull import Pulled, pull_and_plan, take_page
from connector.engine.rescore import heeds_people, rescore_and_plan
from connector.engine.runs import RunReport, RunStart
from connector.engine.stale import skip_stale
from connector.engine.undo import follow_undo, plan_undo, refuse_undo, undoing
from connector.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    import polars as pl

    from connector.engine.answering import Given
    from connector.engine.connection import Connection
    from connector.engine.drift import Watched
    from connector.engine.ledger import Ledger
    from connector.engine.plan_file import PlanHeader
    from connector.engine.ports import Progress
    from connector.engine.runs import RunKind

INSTANT_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Runner:
    """Runs one connection. Time and ids come in from outside.

    `release` is why a run may go on that the brake would stop; `watched` what has become of the
    CRM's schema since the last sync.
    """

    connection: Connection
    ledger: Ledger
    progress: Progress
    clock: Callable[[], datetime]
    run: str
    as_of: date | None = None
    brake: Brake = field(default_factory=Brake)
    release: str | None = None
    watched: Watched | None = None

    def plan(self, *, full: bool = False) -> RunReport:
        """Pull and judge, and save the plan; nothing is written to the CRM."""
        return self._guarded("plan", lambda held, report: held.planned(report, full=full)[0])

    def sync(self, *, full: bool = False) -> RunReport:
        """Pull, judge, plan and apply; the watermark moves when all of it is done."""

        def work(held: Runner, report: RunReport) -> RunReport:
            report = held.resumed(report)
            follow_opportunities(held.connection, held.ledger, held.run)
            report, window = held.planned(report, full=full)
            return held.completed(held.unless_braked(report, Applied()), window)

        return self._guarded("sync", work)

    def rescore(self) -> RunReport:
        """Judge again what was not judged as of this day, without reading the CRM; then apply.

        A line that heeds what people do (a conversion, a field whose rule looks at what is there)
        reads its own record first, because nobody has pulled their edits.
        Raises `ConfigurationError` when the leads were judged by another model or mapping.
        """
        self._judged_by_these()

        def work(held: Runner, report: RunReport) -> RunReport:
            pulled = Pulled()
            held.rescored(pulled, held._order(report, Window(None, held.clock())))
            applied = Applied()
            only = heeds_people(held.connection)
            skip_stale(held.connection, held.ledger, held.run, applied, only=only)
            done = held.unless_braked(_with_judged(report, pulled), applied)
            if done.state != "stopped":
                held.ledger.judged_as_of(held.connection.name, held._day())
            return done

        return self._guarded("rescore", work)

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
            return held.unless_braked(replace(report, planned=lines.height), applied)

        return self._guarded("apply", work)

    def convert(self, lines: pl.DataFrame) -> RunReport:
        """Apply conversion lines that a person asked for."""

        def work(held: Runner, report: RunReport) -> RunReport:
            held.ledger.save_lines(held.run, lines)
            return held.applied(replace(report, planned=lines.height), Applied())

        return self._guarded("convert", work)

    def answer(self, lead: pl.DataFrame, given: Sequence[Given]) -> RunReport:
        """Keep answers of one lead (its raw page), judge it again, and write what follows."""

        def work(held: Runner, report: RunReport) -> RunReport:
            record_answers(held.connection, held.ledger, held.run, lead, given)
            pulled = Pulled(read=lead.height)
            order = held._order(report, Window(None, held.clock()), full=True)
            take_page(held.connection, held.ledger, order, Page(lead), pulled)
            report = replace(_with_judged(report, pulled), read=lead.height, judged=pulled.judged)
            return held.applied(report, Applied())

        return self._guarded("answer", work)

    def undo(self, of: str, *, look: bool = False) -> RunReport:
        """Take a run back where its values still are ours; with `look` nothing is written.

        Raises `ConfigurationError` for a run that is unknown or wrote nothing.
        """
        refuse_undo(self.ledger, self.connection.name, of)

        def work(held: Runner, report: RunReport) -> RunReport:
            held.progress.begin("check", None)
            todo, kept = plan_undo(held.connection, held.ledger, of, held.run, held.progress)
            report = replace(report, undo_of=of, planned=todo, skipped=kept)
            if look:
                return report
            done = held.applied(report, Applied(), kinds=("retract", "convert", "change"))
            follow_undo(held.connection, held.ledger, held.run, of)
            return done

        return self._guarded("plan" if look else "undo", work)

    def _guarded(self, kind: RunKind, work: Callable[[Runner, RunReport], RunReport]) -> RunReport:
        """Take the lease, open the run, and close both whatever happens."""
        started = self.clock()
        report = self._open(kind, started)
        name = self.connection.name
        with leased(self.ledger, name, self.run, self.progress, self.clock) as progress:
            self.ledger.begin_run(self._start(report, started))
            keep_model(self.connection, self.ledger)
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
            drift=[each.as_json() for each in self.watched.drifts] if self.watched else [],
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
        watermark = None if full else self.ledger.watermark(self.connection.name)
        now = self.connection.crm.now()
        known = self.ledger.count_modified(self.connection.name, Window(None, now)) > 0
        return Window(watermark, now, gone=known)

    def _overlap(self, window: Window) -> Window | None:
        """The time before the window in which changes may have turned up since."""
        seconds = self.connection.crm.overlap_seconds
        if window.since is None or not seconds:
            return None
        return Window(window.since - timedelta(seconds=seconds), window.since - INSTANT_BEFORE)

    def planned(self, report: RunReport, *, full: bool) -> tuple[RunReport, Window]:
        """A new model or mapping judges everything again; otherwise only what has changed."""
        known = self.ledger.verdict_key(self.connection.name)
        window = self._window(full=full or known != self.connection.verdict_key)
        order = self._order(report, window, full=full)
        self.progress.begin("pull", None)
        pulled = pull_and_plan(self.connection, self.ledger, order, self.progress)
        gap = _gap(pulled)
        if gap is None and window.since is not None:  # else all were read, or edits may be missing
            self.rescored(pulled, order)
        if order.overlap is not None and order.overlap.since is not None:
            report = replace(report, overlap_from=instant(order.overlap.since))
        return _with_pulled(report, pulled, window, gap), window

    def rescored(self, pulled: Pulled, order: PullOrder) -> None:
        """Judge the leads that this run has not met, if a day has passed since they were judged."""
        self.progress.begin("rescore", None)
        rescore_and_plan(self.connection, self.ledger, order, pulled, self.progress)

    def _order(self, report: RunReport, window: Window, *, full: bool = False) -> PullOrder:
        return PullOrder(
            run=self.run,
            window=window,
            overlap=self._overlap(window),
            as_of=self._day(),
            now=self.clock(),
            every_version=full or report.kind == "plan",
            remember=report.kind != "plan",
        )

    def unless_braked(self, report: RunReport, before: Applied) -> RunReport:
        """Do what is planned, unless it is far more than usual: then the run is stopped."""
        decided, found = check_brake(self.brake, self.connection, self.ledger, report)
        report = replace(report, decisions=decided)
        if found and self.release is None:
            if report.kind != "apply":
                self.ledger.take_back_verdicts(self.connection.name, self.run)
            return replace(report, state="stopped", message=stop_words(report, found))
        return self.applied(replace(report, released=self.release if found else None), before)

    def applied(
        self,
        report: RunReport,
        before: Applied,
        *,
        kinds: Sequence[str] = ("change", "convert"),
    ) -> RunReport:
        """Do what is planned; `before` are the lines that were decided already."""
        self.progress.begin("apply", report.planned - before.skipped)
        connection = (
            undoing(self.connection, self.ledger, self.run) if report.undo_of else self.connection
        )
        done = apply_lines(connection, self.ledger, self.run, self.progress, kinds=kinds)
        return replace(
            report,
            written=done.written,
            converted=done.converted + report.converted,
            rejected=done.rejected,
            skipped=report.skipped + done.skipped + before.skipped,
        )

    def completed(self, report: RunReport, window: Window) -> RunReport:
        """Everything read and decided upon: the next run begins where this one ends."""
        if report.gap is not None or report.state == "stopped":
            return report
        if self.watched is not None and not self.watched.drifts:
            watched = self.watched
            self.ledger.keep_schema(report.connection, self.run, watched.digest, watched.fields)
        name, key = self.connection.name, self.connection.verdict_key
        self.ledger.judged_as_of(name, self._day())
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

    def _judged_by_these(self) -> None:
        name = self.connection.name
        if self.ledger.verdict_key(name) != self.connection.verdict_key:
            raise ConfigurationError(
                f'"{name}" was not read by this model and mapping yet. Do it with: '
                f"leadgate sync {name}"
            )

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


def _gap(pulled: Pulled) -> str | None:
    total = pulled.read + pulled.again
    short = pulled.expected is not None and total < pulled.expected
    return f"{total} of {pulled.expected} leads were read" if short else None


def _with_pulled(report: RunReport, pulled: Pulled, window: Window, gap: str | None) -> RunReport:
    return replace(
        _with_judged(report, pulled),
        read=pulled.read,
        judged=pulled.judged,
        gone=pulled.gone,
        data_problems=pulled.data_problems,
        window_from=instant(window.since) if window.since else None,
        gap=gap,
    )


def _with_judged(report: RunReport, pulled: Pulled) -> RunReport:
    return replace(
        report,
        rescored=pulled.rescored,
        unchanged=pulled.unchanged,
        planned=pulled.planned,
        skipped=pulled.quarantined,
        stages=pulled.stages,
        priorities=pulled.priorities,
    )


def _words(error: BaseException) -> str:
    """An error as the run keeps it: our own messages in full, others by name only."""
    return str(error) if isinstance(error, ConnectorError) else type(error).__name__
