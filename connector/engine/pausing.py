"""A run whose calls of the day are spent: it ends as paused, with all that it has come to.

Its position stays in the ledger (see connector/engine/position.py), so the next run goes on from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.engine.apply import Applied
from connector.engine.position import Position, Pulled
from connector.engine.quota import PAUSED, forecast, paused_words

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.runs import RunReport
    from connector.errors import QuotaSpentError


def paused(
    connection: Connection, ledger: Ledger, report: RunReport, spent: QuotaSpentError
) -> RunReport:
    """The report of a run that ends here: what is done, what remains, and when it can go on.

    What remains may be an earlier run's, which this one was to bring to its end first; the forecast
    is of that.
    """
    unfinished = ledger.unfinished_run(report.connection)
    oldest, text = (unfinished[0].run, unfinished[1]) if unfinished else (report.run, "")
    mine = oldest == report.run and text
    pulled = Position.from_text(text, report.run).pulled if mine else Pulled()
    done = Applied.so_far(ledger, report.run)
    left = ledger.undecided_counts(oldest)
    again = "plan" if report.kind == "plan" else "sync"
    return replace(
        report,
        state=PAUSED,
        message=paused_words(spent, left, report.connection, again),
        quota=forecast(connection, ledger, oldest).as_json(),
        read=max(report.read, pulled.read),
        judged=max(report.judged, pulled.judged),
        planned=max(report.planned, pulled.planned),
        written=done.written,
        converted=max(report.converted, done.converted),
        rejected=done.rejected,
        skipped=max(report.skipped, done.skipped),
    )
