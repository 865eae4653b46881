"""demo and sandbox: local CRMs to try leadgate on, without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli.options import Json

Leads = Annotated[int, typer.Option(min=1, max=1_000_000, help="How many leads the CRM has.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same people.")]


def demo(
    leads: Leads = 2_000,
    seed: Seed = 1,
    keep: Annotated[
        Path | None, typer.Option(help="Leave the project in this folder and say how to go on.")
    ] = None,
    json: Json = False,
) -> None:
    """Sync a local Salesforce org and a local HubSpot portal, from nothing, and show what happened."""
    from connector.cli.demo import run_demo

    raise typer.Exit(run_demo(leads, seed, keep, json=json))


def sandbox(
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")],
    port: Annotated[int, typer.Option(help="Port on loopback; 0 takes a free one.")] = 0,
    leads: Leads = 2_000,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Serve one local org until it is stopped with Ctrl-C."""
    from connector.cli.demo import serve_forever

    serve_forever(crm, port, leads, seed, json=json)


COMMANDS: dict[str, Any] = {"demo": demo, "sandbox": sandbox}
