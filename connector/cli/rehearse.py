"""rehearse: the whole sync on a copy of the team's own org, before the live one sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, REJECTS, emit, out
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder
from connector.cli.progress import bars, progress


def rehearse(
    connection: ConnectionName,
    sample: Annotated[
        int, typer.Option(min=1, max=5_000, help="How many leads to copy: newest, of every stage.")
    ] = 500,
    faults: Annotated[
        str,
        typer.Option(
            help="none, usual, all, or names: 429, timeout, lost-answer, row-lock, bad-value, "
            "expired-token, bulk-failed."
        ),
    ] = "usual",
    keep_values: Annotated[
        bool, typer.Option("--keep-values", help="Copy names, addresses and texts as they are.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Leave the rehearsal's project and ledger in this folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same stand-ins.")] = 1,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Run the whole sync on a local copy of the live org, with faults, and report what would happen.

    The live CRM is only read; the project's ledger is not touched.
    """
    from connector.cli import show_rehearse
    from connector.rehearsal.faults import chosen_faults
    from connector.rehearsal.running import Order, rehearse
    from connector.settings import load_project

    order = Order(sample, chosen_faults(faults), keep_values, seed, keep)
    found = load_project(project)
    found.require(connection)
    with bars(wanted=not json) as live:
        findings = rehearse(found, connection, order, lambda part: progress(live, part))
    if json:
        emit(findings)
    else:
        show_rehearse.findings(out(), findings)
    if not (findings.sound or findings.paused):
        raise typer.Exit(FAILED)
    raise typer.Exit(REJECTS if findings.rejects or findings.brake or findings.paused else DONE)


COMMANDS: dict[str, Any] = {"rehearse": rehearse}
