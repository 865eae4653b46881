"""ledger info, copy, prune: the database itself, where it lies and what it is told to keep."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.console import DONE, FAILED, emit, out
from connector.cli.options import HERE, Json, ProjectFolder, SomeConnections
from connector.cli.progress import bars, progress

if TYPE_CHECKING:
    from datetime import timedelta

    from connector.engine.ports import Progress
    from connector.ledger import SqlLedger
    from connector.settings import Project

app = typer.Typer(no_args_is_help=True, help="The ledger: where it is, moving it, pruning it.")


@app.callback()
def ledger() -> None:
    """The database of runs, leads, verdicts and outcomes."""


@app.command()
def info(json: Json = False, project: ProjectFolder = HERE) -> None:
    """Say where the ledger is, how large it is, and how many rows each of its tables has."""
    from connector import wiring
    from connector.cli import show_ledger
    from connector.settings import load_project

    found = load_project(project)
    with closing(wiring.open_ledger(found)) as opened:
        figures = opened.figures()
    days = found.keep.days if found.keep else None
    if json:
        emit(asdict(figures) | {"keep_days": days})
    else:
        show_ledger.info(out(), figures, days)


@app.command()
def copy(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help="postgresql://user:${PASSWORD}@host/database or sqlite:///FILE, as in leadgate.yaml.",
        ),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete what the target holds first.")
    ] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Copy the whole ledger to another database, SQLite or PostgreSQL; all of it or nothing."""
    from connector import wiring
    from connector.cli import show_ledger
    from connector.settings import load_project

    found = load_project(project)
    address = found.other_ledger(to, "--to")
    with (
        closing(wiring.open_ledger(found)) as source,
        closing(wiring.open_ledger(found, address)) as target,
    ):
        with bars() as live:
            told = _Told(progress(live, "ledger"))
            holder = f"copy-{wiring.new_run(wiring.clock())}"
            rows = source.copy_to(target, holder=holder, replace=replace, advance=told)
        places = {"from": source.where, "to": target.where}
    if json:
        emit(places | {"rows": rows})
    else:
        show_ledger.copied(out(), rows, places)


@app.command()
def prune(
    connections: SomeConnections = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show it, and delete nothing.")] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Delete history that is older than `keep` in leadgate.yaml; runs go on meanwhile."""
    from connector import wiring
    from connector.cli import show_ledger
    from connector.settings import load_project

    found = load_project(project)
    keep = _kept(found)
    with closing(wiring.open_ledger(found)) as opened:
        names = connections or opened.known_connections()
        for name in connections or ():
            _require(found, opened, name)
        done = [opened.look(n, keep) if plan else opened.prune(n, keep) for n in names]
    if json:
        for each in done:
            emit(asdict(each) | {"planned": plan})
    else:
        show_ledger.pruned(out(), done, keep.days, plan=plan)
    raise typer.Exit(FAILED if any(each.undo for each in done) else DONE)


class _Told:
    """Tells the progress of a copy, a step per table."""

    def __init__(self, live: Progress) -> None:
        self._live = live
        self._table = ""

    def __call__(self, table: str, rows: int) -> None:
        if table != self._table:
            self._table = table
            self._live.begin(table, None)
        self._live.advance(rows)


def _kept(found: Project) -> timedelta:
    from connector.errors import ConfigurationError

    if found.keep is None:
        raise ConfigurationError(
            'leadgate.yaml says nothing of how long to keep: everything is kept. Write "keep: 400d" '
            "at its top."
        )
    return found.keep


def _require(found: Project, opened: SqlLedger, name: str) -> None:
    """A connection that the ledger knows may be gone from the file."""
    if name not in opened.known_connections():
        found.require(name)
