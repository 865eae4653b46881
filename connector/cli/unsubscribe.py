"""unsubscribe: somebody wants no more mail."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, emit, out
from connector.cli.options import HERE, Json, ProjectFolder

if TYPE_CHECKING:
    from connector.outreach.opt_out import Written


def unsubscribe(
    who: Annotated[
        str,
        typer.Argument(
            metavar="EMAIL-or-TOKEN", help="An e-mail address, or the token of a mail's link."
        ),
    ],
    connection: Annotated[
        str | None,
        typer.Argument(metavar="[CONNECTION]", help="Write into this CRM only; else into all."),
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Write to this person no more: kept in the ledger for every connection, and told to the CRMs."""
    from connector import wiring
    from connector.settings import load_project

    found = load_project(project)
    if connection is not None:
        found.require(connection)
    with closing(wiring.open_ledger(found)) as ledger:
        no = wiring.opt_out(found, ledger, who)
        names = [connection] if connection else list(found.connections)
        written = [each for name in names for each in wiring.tell_opt_out(found, ledger, no, name)]
    if json:
        emit({"new": no.new, "leads": [asdict(each) for each in written]})
    else:
        _tell(written, new=no.new)
    raise typer.Exit(FAILED if any(each.outcome == "rejected" for each in written) else DONE)


def _tell(written: list[Written], *, new: bool) -> None:
    console = out()
    said = "Nobody writes to this person any more." if new else "This was known already."
    console.print(f"[green]✓[/] {said}")
    for each in written:
        why = f": {each.message}" if each.message else ""
        console.print(f"  {each.connection} {each.lead}: {each.outcome}{why}", highlight=False)
    if not written:
        console.print("  No lead with this address has been read; the opt-out counts all the same.")


COMMANDS: dict[str, Any] = {"unsubscribe": unsubscribe}
