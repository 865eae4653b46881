"""revive: bring stalled leads back, and say whether it helps."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import emit, out
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder, Release
from connector.cli.progress import bars, progress

if TYPE_CHECKING:
    from connector.engine.outreach.planning import Book
    from connector.ledger import SqlLedger
    from connector.settings import Project

SHOWN = 20


def revive(
    connection: ConnectionName,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show who would be touched, and touch nobody.")
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--all", help="With --plan: list also those who would not, and why.")
    ] = False,
    lift: Annotated[
        bool, typer.Option("--lift", help="Compare those touched with those held out.")
    ] = False,
    limit: Annotated[
        int, typer.Option(help="Show at most so many leads of a plan; 0 shows all.")
    ] = SHOWN,
    release: Release = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Touch the stalled leads that may be touched now, each step of each cadence exactly once."""
    from connector import wiring
    from connector.settings import load_project

    found = load_project(project)
    found.require(connection)
    with closing(wiring.open_ledger(found)) as ledger:
        if lift:
            _lift(_book(found, ledger, connection), json=json)
        elif plan:
            book = _book(found, ledger, connection)
            _plan(book, limit=0 if json else limit, everybody=everybody, json=json)
        else:
            _revive(found, ledger, connection, release=release, json=json)


def _book(found: Project, ledger: SqlLedger, name: str) -> Book:
    """The connection's leads and its model; nobody is called, and no credentials are needed."""
    from connector import wiring
    from connector.engine.outreach.planning import Book
    from connector.engine.outreach.run import revival_of

    judge = wiring.load_judge(found, name)
    return Book(name, judge, revival_of(judge), ledger)


def _plan(book: Book, *, limit: int, everybody: bool, json: bool) -> None:
    from connector import wiring
    from connector.cli import show_revive
    from connector.engine.outreach.planning import look

    seen = look(book, wiring.clock())
    if json:
        for row in show_revive.plan_json(seen, everybody=everybody):
            emit(row)
    else:
        show_revive.plan(out(), seen, book.connection, limit=limit, everybody=everybody)


def _lift(book: Book, *, json: bool) -> None:
    from connector import wiring
    from connector.cli import show_revive
    from connector.engine.outreach.lift import lift

    found = lift(book.ledger, book.connection, book.revival, wiring.clock())
    if json:
        for each in found:
            emit(each)
    else:
        show_revive.lift(out(), found, book.revival.section.measure_days)


def _revive(
    found: Project, ledger: SqlLedger, name: str, *, release: str | None, json: bool
) -> None:
    from connector import wiring
    from connector.cli.runs import exit_code, show_reports
    from connector.engine.outreach.run import revival_of

    files = wiring.load_files(found, name)
    revival_of(files.judge)
    with bars() as live, wiring.ready(found, ledger, files, progress(live, name)) as runner:
        report = replace(runner, release=release).revive()
    show_reports([report], ledger, json=json)
    raise typer.Exit(exit_code([report]))


COMMANDS: dict[str, Any] = {"revive": revive}
