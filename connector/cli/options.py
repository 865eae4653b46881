"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project", "-C", help="The folder with leadgate.yaml.", show_default="this folder"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
ConnectionName = Annotated[
    str, typer.Argument(metavar="CONNECTION", help="A name in leadgate.yaml.")
]
SomeConnections = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CONNECTION]...", help="Names in leadgate.yaml; all if none is given."),
]
OneConnection = Annotated[
    str | None,
    typer.Option("--connection", "-c", help="The lead's connection, if there are several."),
]
Full = Annotated[bool, typer.Option("--full", help="Read everything, not only what has changed.")]
Release = Annotated[
    str | None,
    typer.Option(
        "--release",
        metavar="WHY",
        help="Go on though it is far more than usual; kept with the run.",
    ),
]
HERE = Path()
