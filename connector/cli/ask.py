"""ask, answer: what to ask a lead next, and what it said."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import emit, out
from connector.cli.leads import LeadName, find_one
from connector.cli.options import HERE, Json, OneConnection, ProjectFolder

if TYPE_CHECKING:
    from connector.engine.run import Runner
    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger


def ask(
    lead: LeadName,
    connection: OneConnection = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show the question to ask a lead next, what each answer would change, and the runners-up."""
    from connector import wiring
    from connector.cli import show_ask
    from connector.engine.lead import remembered
    from connector.settings import load_project

    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        name, record = find_one(found, ledger, lead, connection)
        files = wiring.load_files(found, name)
        (one,) = remembered(files.judge, files.extra, ledger, name, [record])
    if json:
        emit(show_ask.as_json(one))
    else:
        show_ask.ask(out(), one)


def answer(
    lead: LeadName,
    answers: Annotated[
        list[str],
        typer.Argument(
            metavar="FACT=VALUE...", help="As authority=yes; a blank value takes an answer back."
        ),
    ],
    by: Annotated[str | None, typer.Option("--by", help="Who was told.")] = None,
    connection: OneConnection = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Take down what a lead answered, judge it again, and write what follows into the CRM."""
    from connector import wiring
    from connector.cli.progress import Silent
    from connector.cli.runs import exit_code, ready
    from connector.engine.answering import given_answers
    from connector.settings import load_project

    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        name, record = find_one(found, ledger, lead, connection)
        files = wiring.load_files(found, name)
        given = given_answers(answers, files.judge, by)
        before = ledger.lead(name, record) or {}
        with ready(found, ledger, files, Silent()) as runner:
            raw = _read_now(runner, record)
            report = runner.answer(raw, given)
        _tell(report, ledger, record, before, json=json)
    raise typer.Exit(exit_code([report]))


def _read_now(runner: Runner, record: str) -> Any:
    """The lead as it stands in the CRM at this moment."""
    from connector.errors import ConfigurationError

    raw = runner.connection.crm.fetch([record], runner.connection.fields)
    if raw.height != 1:
        raise ConfigurationError(f"{record} is no longer in {runner.connection.name}.")
    if raw["@converted"].item():
        raise ConfigurationError(f"{record} is converted already; its opportunity tells more now.")
    return raw


def _tell(
    report: RunReport, ledger: SqlLedger, record: str, before: dict[str, Any], *, json: bool
) -> None:
    from connector.cli import show_ask
    from connector.cli.runs import show_reports

    after = ledger.lead(report.connection, record) or {}
    if json:
        emit(show_ask.answered_json(report, before, after))
    else:
        show_ask.answered(out(), before, after)
        show_reports([report], ledger, json=False)


COMMANDS: dict[str, Any] = {"ask": ask, "answer": answer}
