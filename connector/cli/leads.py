"""explain, convert, funnel: the commands about leads."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, emit, out
from connector.cli.options import HERE, Json, OneConnection, ProjectFolder, SomeConnections

if TYPE_CHECKING:
    import polars as pl

    from connector.engine.lead import Found
    from connector.settings import Project

LeadName = Annotated[
    str, typer.Argument(metavar="LEAD", help="The record's id or its e-mail address.")
]


def explain(
    lead: LeadName,
    connection: OneConnection = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Say why a lead has its score and stage, line by line, and what is missing for the next stage."""
    from connector.cli import show_lead
    from connector.settings import load_project

    found = load_project(project)
    for one in _find(found, lead, connection):
        if json:
            emit(one.as_json())
        else:
            show_lead.explain(out(), one)


def convert(
    lead: LeadName,
    connection: OneConnection = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Turn one lead into an opportunity in one step; only mapped fields move."""
    from connector import wiring
    from connector.cli import show_lead
    from connector.cli.progress import Silent
    from connector.cli.runs import exit_code, ready, show_reports
    from connector.engine.lead import conversion_of
    from connector.settings import load_project

    found = load_project(project)
    name = _only(found, connection)
    files = wiring.load_files(found, name)
    with (
        closing(wiring.open_ledger(found)) as ledger,
        ready(found, ledger, files, Silent()) as runner,
    ):
        lines = conversion_of(runner.connection, ledger, lead, runner.clock().date())
        if not yes:
            show_lead.conversion(out(), lines, json=json)
            raise typer.Exit(DONE)
        report = runner.convert(lines)
        show_reports([report], ledger, json=json)
    raise typer.Exit(exit_code([report]))


def funnel(
    connections: SomeConnections = None,
    by: Annotated[str | None, typer.Option(help="Also by: source.")] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show how many leads reached each stage, where they are lost, and how long it takes."""
    from connector import wiring
    from connector.cli import show_lead
    from connector.settings import load_project

    found = load_project(project)
    names = connections or list(found.connections)
    for name in names:
        _known(found, name)
    now = wiring.clock()
    with closing(wiring.open_ledger(found)) as ledger:
        for name in names:
            history: pl.DataFrame = ledger.stage_history(name)
            if json:
                emit(show_lead.funnel_json(name, history, now, by))
            else:
                show_lead.funnel(out(), name, history, now, by)


def _known(found: Project, name: str) -> None:
    from connector.errors import ConfigurationError
    from scoring.problem import did_you_mean

    if name not in found.connections:
        near = did_you_mean(name, found.connections)
        raise ConfigurationError(f'leadgate.yaml has no connection "{name}". {near}'.strip())


def _only(found: Project, connection: str | None) -> str:
    from connector.errors import ConfigurationError

    if connection is not None:
        _known(found, connection)
        return connection
    if len(found.connections) == 1:
        return found.connections[0]
    raise ConfigurationError(
        "Which connection? Name it with --connection: " + ", ".join(found.connections) + "."
    )


def _find(found: Project, lead: str, connection: str | None) -> list[Found]:
    """The lead in the ledger of the connections, else in the CRM of the one that was named."""
    from connector import wiring
    from connector.engine.lead import remembered
    from connector.errors import ConfigurationError

    if connection is not None:
        _known(found, connection)
    names = [connection] if connection else list(found.connections)
    with closing(wiring.open_ledger(found)) as ledger:
        matches: list[Found] = []
        for name in names:
            ids = ledger.find_lead(name, lead)
            if ids:
                files = wiring.load_files(found, name)
                matches += remembered(files.judge, files.extra, ledger, name, ids)
    if not matches:
        raise ConfigurationError(
            "No lead that was read has this id or e-mail address. Read it first with: leadgate sync"
        )
    return matches


COMMANDS: dict[str, Any] = {"explain": explain, "convert": convert, "funnel": funnel}
