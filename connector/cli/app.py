"""All commands, and what becomes of their errors."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connector.cli import ask, leads, profile, project, reports, runs, safety, sandbox, train
from connector.cli.console import err, start_logging
from connector.cli.failure import told

app = typer.Typer(
    name="leadgate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Judge the leads of Salesforce, HubSpot or a CSV file by one logic, and write the results back.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"leadgate {version('leadgate')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[  # noqa: ARG001 — its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
) -> None:
    """Options before the command."""
    start_logging(verbose=verbose)


for family in (
    sandbox.COMMANDS,
    project.COMMANDS,
    runs.COMMANDS,
    leads.COMMANDS,
    ask.COMMANDS,
    reports.COMMANDS,
    safety.COMMANDS,
    train.COMMANDS,
):
    for name, command in family.items():
        app.command(name)(command)


app.add_typer(profile.app, name="profile")


def run() -> None:
    """Run the command line; every error becomes a message and an exit code, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        err().print("Stopped.")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 — the last line of defence before a traceback
        sys.exit(told(error))
