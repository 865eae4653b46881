"""One run, in order: lease, window, pull and plan, apply, report. Read this first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.engine.answering import record_answers
from connector.engine.apply import Applied
from connector.engine.lease import leased
from connector.engine.models import keep_model
from connector.engine.observer import working_on
from connector.engine.opportunities import follow_opportunities
from connector.engine.pausing import paused
from connector.engine.ports import Page
from connector.engine.position import Pulled
from connector.engine.pull import take_page
from connector.engine.rescore import heeds_people
from connector.engine.resume import finish_conversions, finish_earlier, take_left_over
from connector.engine.retry import retry_leads
from connector.engine.runs import RunReport, RunStart
from connector.engine.stale import skip_stale
from connector.engine.steps import Steps, with_judged
from connector.engine.undo import follow_undo, plan_undo, refuse_undo
from connector.errors import (
    ConfigurationError,
    ConnectorError,
    LeaseLostError,
    QuotaSpentError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import polars as pl

    from connector.engine.answering import Given
    from connector.engine.plan_file import PlanHeader
    from connector.engine.runs import RunKind


@dataclass(frozen=True)
class Runner(Steps):
    """The runs of one connection: what each kind does, and that it is opened and closed."""

    def plan(self, *, full: bool = False) -> RunReport:
        """Pull and judge, and save the plan; nothing is written to the CRM."""

        def work(held: Runner, report: RunReport) -> RunReport:
            return held.costed(held.planned(report, held.position(full=full)))

        return self._guarded("plan", work)

    def sync(self, *, full: bool = False) -> RunReport:
        """Pull, judge, plan and apply; the watermark moves when all of it is done."""

        def work(held: Runner, report: RunReport) -> RunReport:
            before = held.connection.crm.api_calls
            resumed = finish_earlier(held, full=full)
            used = held.connection.crm.api_calls - before
            report = finish_conversions(held, replace(report, resumed=resumed, api_calls=-used))
            follow_opportunities(held.connection, held.ledger, held.run)
            position = held.position(full=full, kept=True)
            take_left_over(held, report, position)
            report = held.planned(report, position)
            return held.completed(held.unless_braked(report, Applied(), position), position)

        done = self._guarded("sync", work)
        self.ledger.prune_when_due(self.connection.name)
        return done

    def rescore(self) -> RunReport:
        """Judge again what was not judged as of this day, without reading the CRM; then apply.

        A line that heeds what people do (a conversion, a field whose rule looks at what is there)
        reads its own record first, because nobody has pulled their edits.
        Raises `ConfigurationError` when the leads were judged by another model or mapping.
        """
        self._judged_by_these()

        def work(held: Runner, report: RunReport) -> RunReport:
            position = held.local_position()
            held.rescored(position, held.order(report, position))
            report = with_judged(report, position.pulled)
            applied = Applied()
            only = heeds_people(held.connection)
            skip_stale(held.connection, held.ledger, held.run, applied, only=only)
            done = held.unless_braked(report, applied)
            if done.state != "stopped":
                held.ledger.judged_as_of(held.connection.name, held.day)
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
            pulled = Pulled(read=lead.height)
            order = replace(held.order(report, held.local_position()), every_version=True)
            with held.ledger.together():
                record_answers(held.connection, held.ledger, held.run, lead, given)
                take_page(held.connection, held.ledger, order, Page(lead), pulled)
            report = replace(with_judged(report, pulled), read=lead.height, judged=pulled.judged)
            return held.applied(report, Applied())

        return self._guarded("answer", work)

    def retry(self, ids: Sequence[str]) -> RunReport:
        """Try again what was rejected of these leads; nothing else is read or written."""
        return self._guarded("retry", lambda held, report: retry_leads(held, report, ids))

    def undo(self, of: str, *, look: bool = False) -> RunReport:
        """Take a run back where its values still are ours; with `look` nothing is written.

        Raises `ConfigurationError` for a run that is unknown or wrote nothing.
        """
        refuse_undo(self.ledger, self.connection.name, of)

        def work(held: Runner, report: RunReport) -> RunReport:
            refuse_undo(
                held.ledger, held.connection.name, of
            )  # what holds now stays, under the lease
            held.progress.begin("check", None)
            todo, kept = plan_undo(held.connection, held.ledger, of, held.run, held.progress)
            report = replace(report, undo_of=of, planned=todo, skipped=kept)
            if look:
                return report
            done = held.applied(report, Applied())
            follow_undo(held.connection, held.ledger, held.run, of)
            return done

        return self._guarded("plan" if look else "undo", work)

    def _guarded(self, kind: RunKind, work: Callable[[Runner, RunReport], RunReport]) -> RunReport:
        """Take the lease, open the run, and close both whatever happens."""
        started = self.clock()
        report = self.opened(kind, started)
        name = self.connection.name
        with working_on(name, self.run, kind), leased(self.ledger, name, self.run, self.clock):
            self.connection.crm.guard(self.ledger.check_fence)
            self.ledger.begin_run(self._start(report, started))
            self.ledger.bury_runs(name, but=self.run)
            keep_model(self.connection, self.ledger)
            try:
                done = work(self, report)
            except LeaseLostError:  # the run is another process's by now, to the last word
                raise
            except QuotaSpentError as spent:  # its position stays; the next sync goes on from it
                return self.closed(paused(self.connection, self.ledger, report, spent), started)
            except BaseException as error:
                self.closed(replace(report, state="failed", message=_words(error)), started)
                raise
            return self.closed(done, started)

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


def _words(error: BaseException) -> str:
    """An error as the run keeps it: our own messages in full, others by name only."""
    return str(error) if isinstance(error, ConnectorError) else type(error).__name__
