"""rejects, rejects retry, rejects fix: what was refused, trying it again, and mending its cause."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from connector.cli.console import DONE, REJECTS, emit, out
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder
from connector.cli.progress import bars, progress

if TYPE_CHECKING:
    import polars as pl

    from connector.ledger import SqlLedger
    from connector.settings import Project
    from connector.wiring import Files


_BLOCKED = 20


class _ListsByItself(TyperGroup):
    """The command lists unless it is told what else to do."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and "--help" not in args):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ListsByItself,
    help="What was refused, what could not be read, and who waits for a person's word.",
)


@app.callback()
def rejects() -> None:
    """What was refused, what could not be read, and who waits for a person's word."""


@app.command("list")
def listing(
    connection: Annotated[str | None, typer.Argument(help="Only of this connection.")] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """List what still stands rejected (or was in a run), by cause; also what `rejects` alone does."""
    from connector import wiring
    from connector.cli import show
    from connector.settings import load_project

    found = load_project(project)
    names = [connection] if connection else list(found.connections)
    for name in names:
        found.require(name)
    with closing(wiring.open_ledger(found)) as ledger:
        frames = {
            name: ledger.rejects(name, run) if run else ledger.standing_rejects(name)
            for name in names
        }
        matching = {name: ledger.same_address(name, blocked(frames[name])) for name in names}
        problems = {name: ledger.problem_counts(name) for name in names}
        unsure = {name: ledger.unsure(name) for name in names}
    if json:
        _emit(frames, problems, unsure)
    else:
        show.rejects(out(), frames, matching)
        show.unsure(out(), unsure)
        show.problems(out(), problems)


@app.command()
def retry(
    connection: ConnectionName,
    cause: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only what was refused for this cause.")
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Read, judge and write again the leads that were refused, and no others."""
    from connector import wiring
    from connector.engine.rejects import retried_ids
    from connector.settings import load_project

    found = load_project(project)
    files = wiring.load_files(found, connection)
    with closing(wiring.open_ledger(found)) as ledger:
        rejected = ledger.standing_rejects(connection)
        _require_cause(connection, rejected, cause)
        ids = retried_ids(rejected, cause)
        raise typer.Exit(
            _tried(found, ledger, files, ids, json=json) if ids else _nothing(json=json)
        )


@app.command()
def fix(
    connection: ConnectionName,
    plan: Annotated[bool, typer.Option("--plan", help="Show it, and change nothing.")] = False,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Change the mapping where that is the remedy, try those leads again, and say what is left to whom."""
    from connector import wiring
    from connector.cli import fixing
    from connector.settings import load_project

    found = load_project(project)
    files = wiring.load_files(found, connection)
    with closing(wiring.open_ledger(found)) as ledger:
        rejected = ledger.standing_rejects(connection)
        if rejected.is_empty():
            raise typer.Exit(_nothing(json=json))
        fixed = fixing.mend(found, ledger, files, rejected)
        fixing.show(connection, fixed, planned=plan, json=json)
        if plan:
            raise typer.Exit(DONE)
        fixed.write()
        code = DONE
        if fixed.mended.ids:
            again = wiring.load_files(found, connection)
            code = _tried(found, ledger, again, list(fixed.mended.ids), json=json)
    raise typer.Exit(code or (DONE if fixed.mended.rest.is_empty() else REJECTS))


def blocked(rejected: pl.DataFrame) -> list[str]:
    """Some of the leads that a duplicate rule blocks: as many as are shown, and a few more."""
    import polars as pl

    codes = pl.col("code").str.contains("DUPLICATE").fill_null(value=False)
    return rejected.filter(codes)["id"].unique(maintain_order=True).head(_BLOCKED).to_list()


def _tried(found: Project, ledger: SqlLedger, files: Files, ids: list[str], *, json: bool) -> int:
    """Try these leads again, show what became of them, and the exit code."""
    from connector.cli.runs import exit_code, ready, show_reports

    name = files.settings.name
    with bars() as live, ready(found, ledger, files, progress(live, name)) as runner:
        report = runner.retry(ids)
    show_reports([report], ledger, json=json)
    return exit_code([report])


def _nothing(*, json: bool) -> int:
    if not json:
        out().print("Nothing is rejected.")
    return DONE


def _require_cause(connection: str, rejected: pl.DataFrame, cause: str | None) -> None:
    """Raises `ConfigurationError` for a cause for which nothing was refused."""
    from connector.errors import ConfigurationError
    from scoring.problem import did_you_mean

    known = rejected["code"].drop_nulls().unique().sort().to_list()
    if cause is not None and known and cause not in known:
        near = did_you_mean(cause, known) or f"Known: {', '.join(known)}."
        raise ConfigurationError(
            f'Nothing of "{connection}" was rejected for "{cause}". {near} '
            f"List them: leadgate rejects {connection}"
        )


def _emit(
    frames: dict[str, pl.DataFrame], problems: dict[str, pl.DataFrame], unsure: dict[str, list[str]]
) -> None:
    for name, ids in unsure.items():
        for lead in ids:
            emit({"connection": name, "outcome": "unsure", "id": lead})
    for name, counts in problems.items():
        for row in counts.iter_rows(named=True):
            emit({"connection": name, "outcome": "data problem"} | row)
    for name, frame in frames.items():
        for row in frame.iter_rows(named=True):
            emit({"connection": name} | row)
