"""One run of revival; and plans and syncs that carry its touches where the model says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector.engine.lease import leased
from connector.engine.outreach.lift import note_returns
from connector.engine.outreach.lines import KINDS, touch_lines
from connector.engine.outreach.planning import Book, look
from connector.engine.outreach.sending import Sender
from connector.engine.run import Runner
from connector.engine.sharing import open_sharing
from connector.errors import ConfigurationError, LeaseLostError, RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.engine.apply import Applied
    from connector.engine.channel import Channel
    from connector.engine.position import Position
    from connector.engine.runs import RunReport
    from scoring.judge import Judge
    from scoring.revival import Revival

EVERYBODY = "@revival"
"""The lease under which touches are made: caps hold over all connections together."""


_LATER = "Another run is touching leads just now; plan these touches again with: leadgate revive"


def revival_of(judge: Judge) -> Revival:
    """The model's revival; raises `ConfigurationError` if it has none."""
    if judge.revival is None:
        raise ConfigurationError(
            f'The model "{judge.model.name}" says nothing of revival. Add a section "revival:", as '
            "in the models that ship: leadgate init"
        )
    return judge.revival


def _no_channels() -> Mapping[str, Channel]:
    return {}


@dataclass(frozen=True)
class RevivingRunner(Runner):
    """A runner that touches leads, too. `channels` opens those that are set up."""

    channels: Callable[[], Mapping[str, Channel]] = field(default=_no_channels)

    def revive(self) -> RunReport:
        """Plan, finish what was cut off, and touch. Raises `ConfigurationError` without a model."""
        revival_of(self.connection.judge)

        def work(held: Runner, report: RunReport) -> RunReport:
            # What `_guarded` hands on is a runner of this very kind.
            return held.revived(report) if isinstance(held, RevivingRunner) else report

        return self._guarded("revive", work)

    def planned(self, report: RunReport, position: Position) -> RunReport:
        """The plan of a sync, with its touches where the model says `run: with_sync`."""
        done = super().planned(report, position)
        revival = self.connection.judge.revival
        if revival is None or revival.section.run != "with_sync" or self._has_touches():
            return done
        return self._with_touches(done, revival, watch=done.kind != "plan")

    def applied(
        self, report: RunReport, before: Applied, *, position: Position | None = None
    ) -> RunReport:
        """Do what is planned, then touch, if the plan has any touches or the model says so."""
        done = super().applied(report, before, position=position)
        revival = self.connection.judge.revival
        if revival is None or done.undo_of or not self._is_touching():
            return done
        try:
            with leased(self.ledger, EVERYBODY, self.run, self.clock):
                sender = self._sender(revival)
                sender.finish()
                return self._touched(done, sender)
        except RunAbortedError as error:
            if isinstance(error, LeaseLostError):
                raise
            return replace(done, message=_LATER)

    def revived(self, report: RunReport) -> RunReport:
        """Planned, and unless it is far more than usual, touched; the lease is held.

        What was cut off counts as touched, and is brought to its end before anybody else is.
        """
        revival = revival_of(self.connection.judge)
        with leased(self.ledger, EVERYBODY, self.run, self.clock):
            self.progress.begin("touch", None)
            report = self.checked(self._with_touches(report, revival, watch=True))
            if report.state == "stopped":
                return report
            sender = self._sender(revival)
            sender.finish()
            return self._touched(report, sender)

    def _sender(self, revival: Revival) -> Sender:
        return Sender(
            self.connection,
            revival,
            self.ledger,
            self.channels(),
            self.run,
            self.clock,
            sharing=open_sharing(self.connection, self.ledger),
        )

    def _with_touches(self, report: RunReport, revival: Revival, *, watch: bool) -> RunReport:
        """Add the lines of those to touch and to hold out to the run's plan."""
        now = self.clock()
        name, judge = self.connection.name, self.connection.judge
        if watch:
            note_returns(self.ledger, name, revival, now)
        found = look(Book(name, judge, revival, self.ledger), now, watch=watch)
        lines = touch_lines(found.planned, name, now, first=report.planned)
        if not lines.is_empty():
            self.ledger.save_lines(self.run, lines)
        return replace(report, planned=report.planned + lines.height)

    def _touched(self, report: RunReport, sender: Sender) -> RunReport:
        """Do the touch and hold lines that the run has left."""
        for kind in KINDS:
            for lines in self.ledger.lines(self.run, kind=kind, undecided_only=True):
                sender.send(lines)
                self.progress.advance(lines.height)
        sent = sender.sent
        return replace(
            report,
            touched=sent.touched,
            held_out=sent.held_out,
            skipped=report.skipped + sent.skipped,
            rejected=report.rejected + sent.rejected + sent.unknown,
        )

    def _is_touching(self) -> bool:
        """Whether this run's plan has touches, or some of an earlier run were cut off."""
        revival = self.connection.judge.revival
        with_sync = revival is not None and revival.section.run == "with_sync"
        cut_off = with_sync and not self.ledger.unfinished_touches(self.connection.name).is_empty()
        return cut_off or self._has_touches()

    def _has_touches(self) -> bool:
        pages = (self.ledger.lines(self.run, kind=kind, size=1) for kind in KINDS)
        return any(next(page, None) is not None for page in pages)
