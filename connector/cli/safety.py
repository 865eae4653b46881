"""undo, forget: the commands that take something back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, emit, out
from connector.cli.options import HERE, Json, ProjectFolder
from connector.cli.progress import bars, progress

if TYPE_CHECKING:
    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger

SHOWN = 20


def undo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id; `runs` lists them.")],
    plan: Annotated[bool, typer.Option("--plan", help="Show it, and write nothing.")] = False,
    limit: Annotated[
        int, typer.Option(help="Show at most so many records of a plan; 0 shows all.")
    ] = SHOWN,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Put back what a run has written, wherever it still is what the run wrote."""
    from connector import wiring
    from connector.cli import show_safety
    from connector.cli.runs import exit_code, ready
    from connector.settings import load_project

    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        name = _run_of(ledger, run).connection
        files = wiring.load_files(found, name)
        with bars() as live, ready(found, ledger, files, progress(live, name)) as runner:
            report = runner.undo(run, look=plan)
        if json:
            show_safety.undo_json(report, ledger.lines(report.run))
        else:
            most = limit or report.planned
            pages = ledger.lines(report.run)
            show_safety.undo(out(), report, pages, look=plan, limit=most)
    raise typer.Exit(exit_code([report]))


def forget(
    address: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")],
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Erase a person from the ledger, and prove that nothing is left there."""
    from connector import wiring
    from connector.cli import show_safety
    from connector.errors import ConfigurationError
    from connector.settings import load_project

    if "@" not in address.strip(" @"):
        raise ConfigurationError("This is not an e-mail address. Name the person by one.")
    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        done = ledger.forget_person(address, holder=f"forget-{wiring.new_run(wiring.clock())}")
    if json:
        emit(asdict(done) | {"clean": done.clean})
    else:
        show_safety.forgotten(out(), done)
    raise typer.Exit(DONE if done.clean else FAILED)


def _run_of(ledger: SqlLedger, run: str) -> RunReport:
    from connector.errors import ConfigurationError
    from scoring.problem import nearest

    report = ledger.run(run)
    if report is None:
        near = nearest(run, [each.run for each in ledger.runs(limit=100)])
        hint = f'Did you mean "{near}"? ' if near else ""
        raise ConfigurationError(f'There is no run "{run}". {hint}List them: leadgate runs')
    return report


COMMANDS: dict[str, Any] = {"undo": undo, "forget": forget}
