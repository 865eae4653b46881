"""All commands, and what becomes of their errors."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connector.cli import (
    ask,
    backtest,
    jobs,
    leads,
    ledger,
    profile,
    project,
    rehearse,
    rejects,
    reports,
    revive,
    runs,
    safety,
    sandbox,
    train,
    unsubscribe,
)
from connector.cli.console import err
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
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 — its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="text|json",
            help="How stderr is written; json says what a run does line by line.",
        ),
    ] = None,
) -> None:
    """Options before the command."""
    from connector.cli.observing import observe

    context.call_on_close(observe(log_format, verbose=verbose))


for family in (
    sandbox.COMMANDS,
    project.COMMANDS,
    runs.COMMANDS,
    jobs.COMMANDS,
    leads.COMMANDS,
    ask.COMMANDS,
    reports.COMMANDS,
    revive.COMMANDS,
    backtest.COMMANDS,
    safety.COMMANDS,
    rehearse.COMMANDS,
    train.COMMANDS,
    unsubscribe.COMMANDS,
):
    for name, command in family.items():
        app.command(name)(command)


app.add_typer(profile.app, name="profile")
app.add_typer(ledger.app, name="ledger")
app.add_typer(rejects.app, name="rejects")


def run() -> None:
    """Run the command line; every error becomes a message and an exit code, never a traceback."""
    from connector.telemetry.logs import uncaught_as_lines

    try:
        with uncaught_as_lines():
            app()
    except KeyboardInterrupt:
        err().print("Stopped.")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 — the last line of defence before a traceback
        sys.exit(told(error))
