"""The steps of a run: where it begins, what is ordered, planned, stopped, applied and completed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.engine.apply import Applied, apply_lines
from connector.engine.brake import Brake, check_brake, stop_words
from connector.engine.observer import tell_end
from connector.engine.opportunities import opportunity_news
from connector.engine.page import PullOrder
from connector.engine.ports import Window, instant
from connector.engine.position import Position, Pulled
from connector.engine.pull import pull_and_plan
from connector.engine.quota import forecast
from connector.engine.rescore import rescore_and_plan
from connector.engine.runs import ENDED, RunReport
from connector.engine.sharing import open_sharing
from connector.engine.undo import undoing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from connector.engine.connection import Connection
    from connector.engine.drift import Watched
    from connector.engine.ledger import Ledger
    from connector.engine.ports import Progress
    from connector.engine.runs import RunKind

INSTANT_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Steps:
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
    reread: timedelta | None = None
    """How long a sync may go without reading everything: calculated fields change unseen."""

    def opened(self, kind: RunKind, started: datetime) -> RunReport:
        """The report of a run that begins."""
        return RunReport(
            run=self.run,
            connection=self.connection.name,
            crm=self.connection.crm.name,
            kind=kind,
            state="running",
            started_at=instant(started),
            as_of=self.day.isoformat(),
            model=self.connection.model.digest,
            mapping=self.connection.mapping.digest,
            drift=[each.as_json() for each in self.watched.drifts] if self.watched else [],
        )

    def closed(self, report: RunReport, started: datetime) -> RunReport:
        """The report of a run that ends, kept; what has come to its end is never gone on with."""
        state = report.state
        if state == "running":
            state = "done with rejects" if report.rejected else "done"
        seconds = round((self.clock() - started).total_seconds(), 2)
        calls = report.api_calls + self.connection.crm.api_calls
        report = replace(report, state=state, seconds=seconds, api_calls=calls)
        with self.ledger.together():
            self.ledger.end_run(report)
            if state in ENDED:
                self.ledger.keep_position(report.run, None)
        tell_end(report)
        return report

    def position(self, *, full: bool = False, kept: bool = False) -> Position:
        """The beginning of a sync or a plan: a new model or mapping reads everything again."""
        full = full or self._reread_due()
        known = self.ledger.verdict_key(self.connection.name)
        window = self._window(full=full or known != self.connection.verdict_key)
        found = self._at(window, overlap=self._overlap(window), full=full, kept=kept)
        found.keep(self.ledger)
        return found

    def _reread_due(self) -> bool:
        if self.reread is None:
            return False
        last = self.ledger.last_full_sync(self.connection.name)
        return last is None or self.clock() - last >= self.reread

    def local_position(self) -> Position:
        """The beginning of a run that reads no window of the CRM."""
        return self._at(Window(None, self.clock()))

    def _at(
        self,
        window: Window,
        *,
        overlap: Window | None = None,
        full: bool = False,
        kept: bool = False,
    ) -> Position:
        key, run = self.connection.verdict_key, self.run if kept else None
        return Position(window, overlap, full, self.day, key, kept_for=run)

    def _window(self, *, full: bool) -> Window:
        name, now = self.connection.name, self.connection.crm.now()
        reached = self.ledger.watermark(name)
        known = reached is not None or self.ledger.count_modified(name, Window(None, now)) > 0
        return Window(None if full else reached, now, gone=known)

    def _overlap(self, window: Window) -> Window | None:
        """The time before the window in which changes may have turned up since."""
        seconds = self.connection.crm.overlap_seconds
        if window.since is None or not seconds:
            return None
        return Window(window.since - timedelta(seconds=seconds), window.since - INSTANT_BEFORE)

    def planned(self, report: RunReport, position: Position) -> RunReport:
        """Do what the position has left to read and to judge; the plan is in the ledger then."""
        order = self.order(report, position)
        if not order.remember:
            order = replace(order, news=opportunity_news(self.connection, self.ledger))
        self.progress.begin("pull", None)
        pull_and_plan(self.connection, self.ledger, order, position, self.progress)
        window, gap = position.window, _gap(position.pulled)
        if gap is None and window.since is not None and position.step == "rescore":
            self.rescored(position, order)  # else all were read, or edits may be missing
        if order.overlap is not None and order.overlap.since is not None:
            report = replace(report, overlap_from=instant(order.overlap.since))
        return _with_pulled(report, position.pulled, window, gap)

    def rescored(self, position: Position, order: PullOrder) -> None:
        """Judge the leads that this run has not met, if a day has passed since they were judged."""
        self.progress.begin("rescore", None)
        rescore_and_plan(self.connection, self.ledger, order, position, self.progress)

    def order(self, report: RunReport, position: Position) -> PullOrder:
        """What is ordered of the pull and the rescoring."""
        return PullOrder(
            run=self.run,
            window=position.window,
            overlap=position.overlap,
            as_of=position.as_of,
            now=self.clock(),
            every_version=position.full or report.kind == "plan",
            remember=report.kind != "plan",
            resumed=position.resumed,
            sharing=open_sharing(self.connection, self.ledger),
        )

    def costed(self, report: RunReport) -> RunReport:
        """Say how many calls the plan needs; one that is applied later reads its records again."""
        later = report.kind == "plan"
        found = forecast(self.connection, self.ledger, self.run, reads=later)
        return replace(report, quota=found.as_json())

    def unless_braked(
        self, report: RunReport, before: Applied, position: Position | None = None
    ) -> RunReport:
        """Do what is planned, unless it is far more than usual: then the run is stopped.

        A run that was let go on before is not asked again.
        """
        if position is not None and position.step == "apply":
            report = replace(report, decisions=position.decisions, released=position.released)
            return self.applied(report, before, position=position)
        report = self.checked(self.costed(report))
        if report.state != "stopped":
            return self.applied(report, before, position=position)
        if report.kind != "apply":
            with self.ledger.together():
                self.ledger.take_back_verdicts(self.connection.name, self.run)
                self.ledger.keep_position(self.run, None)
        return report

    def checked(self, report: RunReport) -> RunReport:
        """What the plan decides; stopped if that is far more than usual and nobody lets it go on."""
        decided, found = check_brake(self.brake, self.connection, self.ledger, report)
        report = replace(report, decisions=decided)
        if found and self.release is None:
            return replace(report, state="stopped", message=stop_words(report, found))
        return replace(report, released=self.release if found else None)

    def applied(
        self,
        report: RunReport,
        before: Applied,
        *,
        position: Position | None = None,
    ) -> RunReport:
        """Do what is planned; `before` are the lines that were decided already."""
        self.enter_apply(report, position or self.local_position())
        self.progress.begin("apply", report.planned - before.skipped)
        kinds = ("retract", "convert", "change") if report.undo_of else ("change", "convert")
        connection = (
            undoing(self.connection, self.ledger, self.run) if report.undo_of else self.connection
        )
        done = apply_lines(connection, self.ledger, self.run, self.progress, kinds=kinds)
        return replace(
            report,
            written=done.written + before.written,
            converted=done.converted + before.converted + report.converted,
            rejected=done.rejected + before.rejected,
            skipped=report.skipped + done.skipped + before.skipped,
        )

    def enter_apply(self, report: RunReport, position: Position) -> None:
        """From here on lines may have been sent: whoever goes on looks for them in the CRM."""
        position.enter("apply")
        position.kept_for = self.run
        position.pulled.planned = report.planned
        position.decisions, position.released = report.decisions, report.released
        position.undo_of = report.undo_of
        position.keep(self.ledger)

    def completed(self, report: RunReport, position: Position) -> RunReport:
        """Everything read and decided upon: the next run begins where this one ends."""
        if report.gap is not None or report.state == "stopped":
            return report
        name, key, until = self.connection.name, self.connection.verdict_key, position.window.until
        with self.ledger.together():
            if self.watched is not None and not self.watched.drifts:
                watched = self.watched
                self.ledger.keep_schema(name, self.run, watched.digest, watched.fields)
            self.ledger.judged_as_of(name, self.day)
            self.ledger.set_watermark(name, until, self.run, key)
        return replace(report, complete_to=instant(until))

    @property
    def day(self) -> date:
        """As of which day leads are judged."""
        return self.as_of or self.clock().date()


def _gap(pulled: Pulled) -> str | None:
    total = pulled.read + pulled.again
    short = pulled.expected is not None and total < pulled.expected
    return f"{total} of {pulled.expected} leads were read" if short else None


def _with_pulled(report: RunReport, pulled: Pulled, window: Window, gap: str | None) -> RunReport:
    return replace(
        with_judged(report, pulled),
        read=pulled.read,
        judged=pulled.judged,
        gone=pulled.gone,
        data_problems=pulled.data_problems,
        window_from=instant(window.since) if window.since else None,
        gap=gap,
    )


def with_judged(report: RunReport, pulled: Pulled) -> RunReport:
    """The report with what was judged and planned."""
    return replace(
        report,
        rescored=pulled.rescored,
        unchanged=pulled.unchanged,
        planned=pulled.planned,
        skipped=pulled.quarantined,
        stages=pulled.stages,
        priorities=pulled.priorities,
    )
