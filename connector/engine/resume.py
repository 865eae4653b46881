"""Going on with runs that did not come to their end: killed, failed, stopped by hand or paused.

There is one mechanism for all of them. A run keeps its *position* in the ledger: what it was ordered
to do (the frozen window, the day, the model and mapping) and how far it has come (the step, the
place in the CRM's pages, the figures). What a page comes to and the position after it are written in
one transaction, so a position never says more or less than the ledger holds. It goes when the run
ends.

The next sync finds such positions, and first brings those runs to their end as themselves: under
their own ids, over their own windows, as of their own days, each from its place on. Finished pages
are not read again. Then it does its own work, from the watermark that they have moved.

Before anything is written for a run of a dead process, what it may have sent is read back (see
stale.py): a change that stands in the CRM is recorded as applied, one whose record somebody else has
changed is left to the new run, which reads those records by id. A conversion whose intent is on record is asked for again: the CRM
finds it by its unique key.

A run is not gone on with but given up, and the sync begins anew from the watermark, if the model,
the mapping or the fields have changed since, or if `--full` is asked for. A run that the brake has
stopped has come to its end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.apply import Applied, apply_lines
from connector.engine.ports import Page
from connector.engine.position import Position
from connector.engine.pull import take_page
from connector.engine.stale import CHUNK, STALE, look_back
from connector.engine.undo import follow_undo, undoing

if TYPE_CHECKING:
    from connector.engine.runs import RunReport, RunStart
    from connector.engine.steps import Steps


def finish_earlier(steps: Steps, *, full: bool) -> list[str]:
    """Bring the connection's unfinished runs to their end; their ids. The others are given up."""
    finished: list[str] = []
    ledger, name = steps.ledger, steps.connection.name
    while (left := ledger.unfinished_run(name)) is not None:
        start, text = left
        position = _position(text, start.run)
        if full or position is None or position.verdict_key != steps.connection.verdict_key:
            _give_up(steps, start, position)
        else:
            _finish(steps, start, position)
            finished.append(start.run)
    return finished


def finish_conversions(steps: Steps, report: RunReport) -> RunReport:
    """Finish conversions of any other run that were begun and of which nobody knows the end."""
    converted = 0
    ledger, connection = steps.ledger, steps.connection
    unfinished = ledger.unfinished_conversions(connection.name)["run"]
    for run in unfinished.unique(maintain_order=True):
        done = apply_lines(connection, ledger, run, steps.progress, kinds=("convert",))
        converted += done.converted
    return replace(report, converted=converted)


def take_left_over(steps: Steps, report: RunReport, position: Position) -> None:
    """Read the records by id that resumed runs have left to this one, and judge them first.

    They were changed a moment ago, perhaps by ourselves: a window may not show them yet.
    """
    connection, ledger = steps.connection, steps.ledger
    for run in report.resumed:
        for lines in ledger.lines(run, size=CHUNK):
            ids = lines.filter(pl.col("code") == STALE)["id"].unique(maintain_order=True)
            if ids.is_empty():
                continue
            leads = connection.crm.fetch(ids.to_list(), connection.fields)
            position.resumed = True  # the window may bring them once more
            pulled = position.pulled
            pulled.expected = (pulled.expected or 0) + leads.height
            with ledger.together():
                order = steps.order(report, position)
                take_page(connection, ledger, order, Page(leads), pulled)
                position.keep(ledger)


def _position(text: str, run: str) -> Position | None:
    """A run's position; None for one that another version of the program has written."""
    try:
        return Position.from_text(text, run)
    except (ValueError, KeyError, TypeError):
        return None


def _give_up(steps: Steps, start: RunStart, position: Position | None) -> None:
    """Leave a run as it is; what it may have sent is known all the same."""
    if position is None or position.step == "apply":
        _look_back(steps, start.run, position)
    steps.ledger.keep_position(start.run, None)


def _finish(steps: Steps, start: RunStart, position: Position) -> None:
    """Bring a run to its end, as if its process had never died."""
    again = replace(steps, run=start.run, as_of=position.as_of)
    began, calls = steps.clock(), steps.connection.crm.api_calls
    report = replace(
        again.opened(start.kind, start.started_at),
        undo_of=position.undo_of,
        planned=position.pulled.planned,
        api_calls=-calls,
    )
    before = _look_back(steps, start.run, position)
    work = _finish_sync if start.kind == "sync" else _finish_other
    again.closed(work(again, report, position, before), began)


def _look_back(steps: Steps, run: str, position: Position | None) -> Applied:
    """Read back what a run may have sent; what has become of all its lines by now."""
    connection, ledger = steps.connection, steps.ledger
    steps.progress.begin("check", None)
    if position is not None and position.undo_of:
        look_back(undoing(connection, ledger, run), ledger, run, ("change",))
    else:
        look_back(connection, ledger, run)
    return Applied.so_far(ledger, run)


def _finish_sync(steps: Steps, report: RunReport, position: Position, before: Applied) -> RunReport:
    report = steps.planned(report, position)
    return steps.completed(steps.unless_braked(report, before, position), position)


def _finish_other(
    steps: Steps, report: RunReport, position: Position, before: Applied
) -> RunReport:
    """Carry out what is left of the lines that a person or a rescoring has planned."""
    report = steps.unless_braked(report, before, position)
    if report.kind == "rescore":
        steps.ledger.judged_as_of(report.connection, position.as_of)
    if report.undo_of:
        follow_undo(steps.connection, steps.ledger, report.run, report.undo_of)
    return report
