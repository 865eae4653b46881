"""funnel, parity: the commands that look at whole connections."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import emit, err, out
from connector.cli.options import HERE, Json, ProjectFolder, SomeConnections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connector.ledger import SqlLedger
    from connector.report.figures import Asked
    from connector.settings import Project

PAGE = 10_000
"""So many leads are told their segment at a time."""

HOTTEST = 12
"""So many of the hottest leads are in the HTML file."""


def funnel(
    connections: SomeConnections = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Also by source, owner, segment or month.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(help="Measure within so many days of each lead's beginning, such as 90d."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as one HTML file with pictures.")
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Name persons in the HTML file.")
    ] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show how many leads reached each stage, where they are lost, and how long it takes."""
    from connector import wiring
    from connector.cli import show_funnel
    from connector.report.figures import DIMENSIONS, Asked
    from connector.settings import load_project

    found = load_project(project)
    chosen = _dimensions(by or ())
    asked = Asked(
        by=DIMENSIONS if html else chosen,
        window_days=None if window is None else _days(window),
        names=with_names or html is None,
    )
    with closing(wiring.open_ledger(found)) as ledger:
        names = connections or list(found.connections)
        figures = [_figures(found, ledger, name, wiring.clock(), asked) for name in names]
        if html:
            _write_page(html, figures, ledger, names=with_names)
    for each in figures:
        shown = each | {"by": {name: each["by"][name] for name in chosen}}
        if json:
            emit(shown)
        elif html is None or chosen:
            show_funnel.funnel(out(), shown)


def parity(
    connections: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[A B]", help="Two names in leadgate.yaml; the first two if none is given."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show so many persons, widest gap first.")] = 20,
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Show the values of facts that differ.")
    ] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show whether the copies of a person in two connections get the same verdict, and why not."""
    from connector import wiring
    from connector.cli import show_parity
    from connector.engine.remembered import compare_connections
    from connector.report.parity import ParityReport
    from connector.settings import load_project

    found = load_project(project)
    first, second = _two(found, connections or found.connections[:2])
    judges = wiring.load_judge(found, first), wiring.load_judge(found, second)
    report = ParityReport((first, second), judges, limit=limit, with_values=with_values)
    with closing(wiring.open_ledger(found)) as ledger:
        as_of = wiring.clock().date()
        for page in compare_connections(ledger, (first, second), judges, as_of):
            report.add(page)
    if json:
        emit(report.summary())
        for person in report.persons():
            emit(person)
    else:
        show_parity.parity(out(), report.summary(), report.persons())


def _figures(
    found: Project, ledger: SqlLedger, name: str, now: datetime, asked: Asked
) -> dict[str, Any]:
    """The figures of one connection; segments are told by the model as it is now."""
    from connector import wiring
    from connector.engine.remembered import segments
    from connector.report.figures import funnel_figures

    found.require(name)
    history = ledger.journeys(name)
    if "segment" in asked.by:
        judge = wiring.load_judge(found, name)
        told = segments(judge, ledger.leads_facts(name, size=PAGE), now.date())
        history = history.join(told, on="id", how="left", maintain_order="left")
    return funnel_figures(name, history, now, asked)


def _write_page(
    path: Path, figures: Sequence[dict[str, Any]], ledger: SqlLedger, *, names: bool
) -> None:
    from connector.errors import ConfigurationError
    from connector.report.figures import hottest_figures
    from connector.report.page import funnel_page

    for each in figures:
        hottest = ledger.hottest(each["connection"], HOTTEST)
        each["hottest"] = hottest_figures(hottest, names=names)
    try:
        path.write_text(funnel_page(figures), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"Cannot write {path}: {error.strerror}.") from None
    err().print(f"Written: {path}", markup=False)


def _dimensions(names: Sequence[str]) -> tuple[str, ...]:
    from connector.errors import ConfigurationError
    from connector.report.figures import DIMENSIONS
    from scoring.problem import did_you_mean

    for name in names:
        if name not in DIMENSIONS:
            raise ConfigurationError(
                f'--by: "{name}" is not one of {", ".join(DIMENSIONS)}. '
                f"{did_you_mean(name, DIMENSIONS)}".strip()
            )
    return tuple(dict.fromkeys(names))


def _days(text: str) -> int:
    from connector.errors import ConfigurationError

    match = re.fullmatch(r"([1-9][0-9]{0,4})\s*d?(?:ays?)?", text.strip())
    if match is None:
        raise ConfigurationError(
            f'--window: "{text}" is not a number of days. Write it as 90d (1d to 99999d).'
        )
    return int(match[1])


def _two(found: Project, names: Sequence[str]) -> tuple[str, str]:
    from connector.errors import ConfigurationError

    for name in names:
        found.require(name)
    if len(set(names)) != 2 or len(names) != 2:  # noqa: PLR2004 — parity is between two
        raise ConfigurationError(
            "parity compares two connections. Name two of: " + ", ".join(found.connections) + "."
        )
    return names[0], names[1]


COMMANDS: dict[str, Any] = {"funnel": funnel, "parity": parity}
