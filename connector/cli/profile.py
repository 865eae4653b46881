"""profile learn: what customers have more often than other leads, as a section of a model file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, emit, err, out
from connector.cli.options import HERE, Json, ProjectFolder

if TYPE_CHECKING:
    from connector.settings import Project
    from scoring.lead import Kind
    from scoring.training.profile import NothingLearned, Proposal

app = typer.Typer(no_args_is_help=True, help="The ideal customer profile.")


@app.callback()
def profile() -> None:
    """The ideal customer profile: whom the team wants as a customer."""


@app.command()
def learn(
    connection: Annotated[
        str | None, typer.Argument(metavar="[CONNECTION]", help="A name in leadgate.yaml.")
    ] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(help="Look at these facts instead of the usual ones; may be given again."),
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the section into this new file.")
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Propose a profile from the leads that became customers, with the evidence beside each line."""
    from connector import wiring
    from connector.engine.facts import known_leads
    from connector.settings import load_project
    from scoring.training.profile import NothingLearned, learn_profile

    found = load_project(project)
    name = _only(found, connection)
    kinds = _kinds(wiring.load_files(found, name).extra, fact)
    with closing(wiring.open_ledger(found)) as ledger:
        leads = known_leads(ledger.leads_facts(name), kinds)
    learned = learn_profile(leads, kinds)
    if isinstance(learned, NothingLearned):
        _nothing(name, learned, json=json)
        raise typer.Exit(FAILED)
    _show(name, learned, kinds, out_file, json=json)
    raise typer.Exit(DONE)


def _show(
    name: str, learned: Proposal, kinds: dict[str, Kind], out_file: Path | None, *, json: bool
) -> None:
    from rich.markup import escape

    from scoring.training.profile_file import section

    text = section(learned, kinds)
    if out_file is not None:
        _write(out_file, text)
    if json:
        emit(_as_json(name, learned, text))
    elif out_file is None:
        typer.echo(text, nl=False)
    else:
        out().print(
            f"Wrote a profile of {len(learned.attributes)} attributes to {escape(str(out_file))}. "
            "Read it, edit it, and put it into the model of the connection."
        )


def _as_json(name: str, learned: Proposal, text: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {"connection": name, "learned": True, **asdict(learned), "yaml": text}


def _nothing(name: str, learned: NothingLearned, *, json: bool) -> None:
    from dataclasses import asdict

    from rich.markup import escape

    if json:
        emit({"connection": name, "learned": False, **asdict(learned)})
    else:
        err().print(f"No profile for {escape(name)}: {escape(learned.reason)}")


def _write(path: Path, text: str) -> None:
    from connector.errors import ConfigurationError

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already. Choose another file.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None


def _kinds(extra: dict[str, Kind], named: list[str] | None) -> dict[str, Kind]:
    """The facts to look at, by kind. Raises `ConfigurationError` for one that does not exist."""
    from connector.errors import ConfigurationError
    from scoring.lead import FIELDS
    from scoring.problem import did_you_mean
    from scoring.training.profile import FACTS

    known: dict[str, Kind] = {name: field.kind for name, field in FIELDS.items()} | extra
    for name in named or ():
        if name not in known:
            raise ConfigurationError(f'"{name}" is not a fact. {did_you_mean(name, known)}'.strip())
    return {name: known[name] for name in named or FACTS}


def _only(found: Project, connection: str | None) -> str:
    from connector.errors import ConfigurationError
    from scoring.problem import did_you_mean

    if connection is None and len(found.connections) == 1:
        return found.connections[0]
    if connection is None:
        raise ConfigurationError("Which connection? Name one: " + ", ".join(found.connections))
    if connection not in found.connections:
        near = did_you_mean(connection, found.connections)
        raise ConfigurationError(f'leadgate.yaml has no connection "{connection}". {near}'.strip())
    return connection
