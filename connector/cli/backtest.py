"""backtest: replay history as it stood under another model, before it goes live."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import emit, err, out
from connector.cli.options import HERE, Json, ProjectFolder

if TYPE_CHECKING:
    from connector.engine.backtest import Order
    from connector.settings import Project
    from mappings.mapping import Mapping


def backtest(
    connection: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONNECTION]", help="A name in leadgate.yaml, if there are several."
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="NEW.yaml", help="The model to try.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="OLD.yaml", help="Compare with this one, not the connection's own."),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="As if the new model had come that day."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Until that day; today if not given."),
    ] = None,
    every: Annotated[str, typer.Option(help="Judge open leads again each so many days.")] = "7d",
    window: Annotated[str, typer.Option(help="Days within which an outcome counts.")] = "90d",
    target: Annotated[
        str | None,
        typer.Option(help="What counts as won: customer, converted, or a column of the history."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Let a fact speak that looks as if it were written after the outcome."),
    ] = None,
    seed: Annotated[int, typer.Option(help="For what is drawn at random.")] = 0,
    limit: Annotated[int, typer.Option(min=0, help="Show so many leads of a kind.")] = 15,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as one HTML file with pictures.")
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Replay history as it stood under the present and a new model: who flips, what was missed."""
    from connector import wiring
    from connector.cli import show_backtest
    from connector.engine.backtest import Order
    from connector.settings import load_project

    found = load_project(project)
    name = _only(found, connection)
    mapping, judges = _judged(found, name, _model_path(found, model), against)
    order = Order(
        name,
        judges,
        today=wiring.clock().date(),
        first=_date(first),
        last=_date(last),
        every=_days("--every", every),
        window=_days("--window", window),
        target=target,
        allow=tuple(allow or ()),
        seed=seed,
    )
    figures = _figures(found, order, mapping)
    if html:
        _write_page(html, figures)
    if json:
        emit(figures)
    elif html is None:
        show_backtest.backtest(out(), figures, limit=limit)


def _judged(found: Project, name: str, model: str, against: Path | None) -> tuple[Mapping, Any]:
    """The mapping, and the judges of the present (or another) and the new model."""
    from connector import wiring
    from mappings.mapping import load_mapping

    old = None if against is None else _place(found, "--against", against)
    judges = wiring.load_judge(found, name, old), wiring.load_judge(found, name, model)
    given = found.document.data["connections"][name]
    return load_mapping(wiring.mapping_document(found, given)), judges


def _figures(found: Project, order: Order, mapping: Mapping) -> dict[str, Any]:
    """From the leads whose day and outcome the mapping's `history` names, else from the ledger."""
    from connector import wiring
    from connector.engine.backtest import (
        backtest_columns,
        backtest_remembered,
        next_run,
        reading_only,
    )

    given = mapping.history
    with closing(wiring.open_ledger(found)) as ledger:
        if given is None or (given.time is None and ledger.recorded_days(order.connection)):
            return backtest_remembered(ledger, order, mapping)
    files = wiring.load_files(found, order.connection)
    files = replace(files, mapping=reading_only(files.mapping))
    opened = wiring.open_connection(found, files)
    with closing(opened.crm):
        connection = wiring.compile_connection(opened)
        figures = backtest_columns(connection, given, order, wiring.clock())
    with closing(wiring.open_ledger(found)) as ledger:
        return figures | {"next_run": next_run(ledger, order, mapping)}


def _write_page(path: Path, figures: dict[str, Any]) -> None:
    from connector.errors import ConfigurationError
    from connector.report.backtest import backtest_page

    try:
        path.write_text(backtest_page(figures), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"Cannot write {path}: {error.strerror}.") from None
    err().print(f"Written: {path}", markup=False)


def _model_path(found: Project, path: Path | None) -> str:
    from connector.errors import ConfigurationError

    if path is None:
        raise ConfigurationError(
            "Which model shall be tried? Name its file: leadgate backtest --model new.yaml"
        )
    return _place(found, "--model", path)


def _place(found: Project, option: str, path: Path) -> str:
    """A model file as the project names it: of its folder, else of the folder one is in."""
    from connector.errors import ConfigurationError

    if (found.root / path).is_file():
        return str(path)
    if path.is_file():
        return str(path.resolve())
    there = [str(p.relative_to(found.root)) for p in sorted(found.root.glob("**/*.yaml"))[:500]]
    near = get_close_matches(str(path), there, n=1, cutoff=0.4)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    raise ConfigurationError(f"{option}: {path} does not exist.{hint}")


def _days(option: str, text: str) -> int:
    from connector.errors import ConfigurationError

    match = re.fullmatch(r"([1-9][0-9]{0,4})\s*d?(?:ays?)?", text.strip())
    if match is None:
        raise ConfigurationError(f'{option}: "{text}" is not a number of days. Write it as 7d.')
    return int(match[1])


def _date(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _only(found: Project, connection: str | None) -> str:
    from connector.errors import ConfigurationError

    if connection is not None:
        found.require(connection)
        return connection
    if len(found.connections) == 1:
        return found.connections[0]
    raise ConfigurationError("Which connection? Name one of: " + ", ".join(found.connections) + ".")


COMMANDS: dict[str, Any] = {"backtest": backtest}
