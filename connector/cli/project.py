"""init, check, fields, setup: the commands that prepare a project."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, MISUSED, emit, err, out, say_problems, table
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder, SomeConnections

if TYPE_CHECKING:
    from connector.engine.ports import FieldOutcome
    from connector.settings import Project
    from connector.wiring import Opened
    from mappings.schema import NewField, ObjectSchema
    from scoring.problem import Problem


def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the project.")] = HERE,
    crm: Annotated[
        list[str] | None,
        typer.Option(help="salesforce, hubspot or csv; may be given several times."),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(help="Where a CRM is, as CRM=ADDRESS; may be given several times."),
    ] = None,
) -> None:
    """Make a project folder: leadgate.yaml, mappings and a model, ready to be edited and put in Git."""
    from connector.template import write_project

    addresses = dict(_address(text) for text in url or ())
    made = write_project(folder, crm or [*addresses] or ["salesforce", "hubspot"], addresses)
    console = out()
    for path in made:
        console.print(f"[green]+[/] {path}")
    console.print(
        "\nNext: set the variables named in leadgate.yaml, then\n"
        "  leadgate check        does everything fit?\n"
        "  leadgate setup NAME   create the custom fields that leadgate writes\n"
        "  leadgate plan NAME    see what would change"
    )


def _address(text: str) -> tuple[str, str]:
    crm, sign, address = text.partition("=")
    if not sign:
        raise typer.BadParameter(f'"{text}" must be CRM=ADDRESS.', param_hint="--url")
    return crm, address


def check(
    connections: SomeConnections = None,
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Take the CRM's schema as it is now.")
    ] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Prove connections, mappings and models against the live CRMs before anything runs."""
    from connector import wiring
    from connector.errors import ConfigurationError
    from connector.settings import load_project
    from scoring.problem import Problem, ProblemsError

    found = load_project(project)
    errors: dict[str, list[Problem]] = {}
    warnings: dict[str, list[Problem]] = {}
    for name in connections or found.connections:
        errors[name], warnings[name] = [], []
        try:
            loaded = wiring.load_files(found, name)
            errors[name], warnings[name] = wiring.check_model(loaded)
            opened = wiring.open_connection(found, loaded)
            with closing(opened.crm):
                errors[name] += opened.checked.errors
                warnings[name] += opened.checked.warnings
                wrong, doubtful = wiring.check_outreach(found, opened)
                errors[name] += wrong
                warnings[name] += doubtful
                if accept_drift and not errors[name]:
                    wiring.accept_schema(found, opened)
        except ProblemsError as error:
            errors[name] += error.problems
        except ConfigurationError as error:
            at = found.document.where("connections", name)
            errors[name] += error.problems or [Problem(at, error.message)]
    _show_check(errors, warnings, json=json)
    raise typer.Exit(MISUSED if any(errors.values()) else DONE)


def _show_check(
    errors: dict[str, list[Problem]], warnings: dict[str, list[Problem]], *, json: bool
) -> None:
    for name, found in errors.items():
        if json:
            emit({"connection": name, "errors": found, "warnings": warnings[name]})
            continue
        if warnings[name]:
            err().print(f"[bold]{name}[/]: [yellow]worth knowing[/]")
            say_problems("", warnings[name])
        if found:
            say_problems(f"{name}: {len(found)} to mend.", found)
        else:
            out().print(f"[bold]{name}[/]: [green]everything fits[/]")


def fields(
    connection: ConnectionName,
    object_: Annotated[str, typer.Option("--object", help="lead or opportunity.")] = "lead",
    matching: Annotated[str, typer.Option(help="Only names or labels with this text.")] = "",
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """List the CRM's fields with type, length, rights and picklist values, to write mappings with."""
    from dataclasses import asdict

    with closing_crm(project, connection) as opened:
        schema = opened.schema.lead if object_ == "lead" else opened.schema.opportunity
    wanted = _matching(schema, matching.casefold())
    if json:
        for field in wanted:
            emit(asdict(field))
        return
    rows = table("field", "label", "type", "length", "rights", "values", right=["length"])
    for field in wanted:
        rights = "write" if field.writable else "read"
        size = str(field.length or (f"{field.precision},{field.scale}" if field.precision else ""))
        values = ", ".join(field.values[:6]) + (" …" if len(field.values) > 6 else "")  # noqa: PLR2004
        rows.add_row(field.name, field.label, field.type, size, rights, values)
    out().print(rows)


def _matching(schema: ObjectSchema | None, text: str) -> list[Any]:
    from connector.errors import ConfigurationError

    if schema is None:
        raise ConfigurationError("This connection has no such object, or may not see it.")
    return [
        field
        for name, field in sorted(schema.fields.items())
        if text in name.casefold() or text in field.label.casefold()
    ]


def setup(
    connection: ConnectionName,
    yes: Annotated[bool, typer.Option("--yes", help="Create them.")] = False,
    task_keys: Annotated[
        bool, typer.Option("--task-keys", help="And the field by which tasks are known again.")
    ] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show which fields the mapping writes and the CRM lacks, and create them with --yes."""
    from connector import wiring

    with closing_crm(project, connection) as opened:
        keys = wiring.key_fields(opened) if task_keys else []
        missing = [*opened.checked.missing, *keys]
        outcomes = opened.crm.setup(missing) if yes and missing else []
    if json:
        _emit_setup(missing, outcomes)
    else:
        _show_setup(connection, missing, outcomes)
    failed = any(outcome.outcome == "rejected" for outcome in outcomes)
    raise typer.Exit(FAILED if failed else DONE)


def closing_crm(project: Path, connection: str) -> Any:
    """The opened connection of a project as a context that closes it."""
    from contextlib import contextmanager

    from connector import wiring
    from connector.settings import load_project

    @contextmanager
    def opened_connection() -> Any:
        found: Project = load_project(project)
        opened: Opened = wiring.open_connection(found, wiring.load_files(found, connection))
        with closing(opened.crm):
            yield opened

    return opened_connection()


def _emit_setup(missing: list[NewField], outcomes: list[FieldOutcome]) -> None:
    told = {outcome.field.name: outcome for outcome in outcomes}
    for field in missing:
        outcome = told.get(field.name)
        emit(
            {
                "object": field.object,
                "field": field.name,
                "type": field.type,
                "outcome": outcome.outcome if outcome else "missing",
                "message": outcome.message if outcome else "",
            }
        )


def _show_setup(connection: str, missing: list[NewField], outcomes: list[FieldOutcome]) -> None:
    console = out()
    if not missing:
        console.print(f"[bold]{connection}[/]: nothing is missing.")
        return
    told = {outcome.field.name: outcome for outcome in outcomes}
    for field in missing:
        outcome = told.get(field.name)
        state = outcome.outcome if outcome else "missing"
        words = {"applied": "[green]created[/]", "missing": "[yellow]missing[/]"}.get(
            state, f"[red]{state}[/]"
        )
        values = f" ({', '.join(field.values)})" if field.values else ""
        message = f" – {outcome.message}" if outcome and outcome.message else ""
        console.print(f"{words} {field.object}.{field.name}, {field.type}{values}{message}")
    if not outcomes:
        console.print(f"\nCreate them with: leadgate setup {connection} --yes")


COMMANDS: dict[str, Any] = {"init": init, "check": check, "fields": fields, "setup": setup}
