"""explain, convert: the commands about one lead."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, emit, out
from connector.cli.options import HERE, Json, OneConnection, ProjectFolder

if TYPE_CHECKING:
    from connector.engine.lead import Found
    from connector.engine.replay import Replayed
    from connector.ledger import SqlLedger
    from connector.settings import Project

LeadName = Annotated[
    str, typer.Argument(metavar="LEAD", help="The record's id or its e-mail address.")
]


MaybeLeadName = Annotated[
    str | None,
    typer.Argument(
        metavar="[LEAD]",
        help="The record's id or its e-mail address; the hottest if none is given.",
    ),
]


def explain(
    lead: MaybeLeadName = None,
    connection: OneConnection = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The verdict that was in force then."),
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Say why a lead has its score and stage, line by line, and what is missing for the next stage."""
    from connector.cli import show_lead, show_replay
    from connector.settings import load_project

    found = load_project(project)
    lead = lead or _hottest(found, connection)
    if as_of is not None:
        replayed = _replayed(found, lead, connection, as_of.date())
        if json:
            emit(replayed.as_json())
        else:
            show_replay.replayed(out(), replayed)
        return
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


def _only(found: Project, connection: str | None) -> str:
    from connector.errors import ConfigurationError

    if connection is not None:
        found.require(connection)
        return connection
    if len(found.connections) == 1:
        return found.connections[0]
    raise ConfigurationError(
        "Which connection? Name it with --connection: " + ", ".join(found.connections) + "."
    )


def find_one(
    found: Project, ledger: SqlLedger, lead: str, connection: str | None
) -> tuple[str, str]:
    """The connection and the id of the one lead with this id or e-mail address.

    Raises `ConfigurationError` when no lead that was read has it, or several.
    """
    from connector.errors import ConfigurationError

    if connection is not None:
        found.require(connection)
    names = [connection] if connection else list(found.connections)
    matches = [(name, record) for name in names for record in ledger.find_lead(name, lead)]
    if not matches:
        raise ConfigurationError(_UNREAD)
    if len({name for name, _ in matches}) > 1:
        several = ", ".join(dict.fromkeys(name for name, _ in matches))
        raise ConfigurationError(
            f"Several connections have it. Name one with --connection: {several}."
        )
    if len(matches) > 1:
        records = ", ".join(record for _, record in matches)
        raise ConfigurationError(
            f"{len(matches)} leads have this address. Name one by id: {records}."
        )
    return matches[0]


def _replayed(found: Project, lead: str, connection: str | None, day: date) -> Replayed:
    from connector import wiring
    from connector.engine.replay import replay

    with closing(wiring.open_ledger(found)) as ledger:
        name, record = find_one(found, ledger, lead, connection)
        files = wiring.load_files(found, name)
        return replay(ledger, name, record, day, (files.judge, files.extra))


_UNREAD = "No lead that was read has this id or e-mail address. Read it first with: leadgate sync"


def _hottest(found: Project, connection: str | None) -> str:
    """The id of the lead with the highest score in the one connection that is meant."""
    from connector import wiring
    from connector.errors import ConfigurationError

    name = _only(found, connection)
    with closing(wiring.open_ledger(found)) as ledger:
        ids = ledger.hottest(name, 1)["id"].to_list()
    if not ids:
        raise ConfigurationError(f"No lead of {name} has been read. Read them with: leadgate sync")
    return str(ids[0])


def _find(found: Project, lead: str, connection: str | None) -> list[Found]:
    """The lead in the ledger of the connections, else in the CRM of the one that was named."""
    from connector import wiring
    from connector.engine.lead import remembered
    from connector.errors import ConfigurationError

    if connection is not None:
        found.require(connection)
    names = [connection] if connection else list(found.connections)
    with closing(wiring.open_ledger(found)) as ledger:
        matches: list[Found] = []
        for name in names:
            ids = ledger.find_lead(name, lead)
            if ids:
                judge = wiring.load_judge(found, name)
                matches += remembered(judge, wiring.own_kinds(judge), ledger, name, ids)
    if not matches:
        raise ConfigurationError(_UNREAD)
    return matches


COMMANDS: dict[str, Any] = {"explain": explain, "convert": convert}
