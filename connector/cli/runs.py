"""plan, apply, sync, rescore, runs: the commands that run connections and look at runs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import CHANGES, DONE, FAILED, MISUSED, REJECTS, emit, out
from connector.cli.failure import told
from connector.cli.options import (
    HERE,
    ConnectionName,
    Full,
    Json,
    ProjectFolder,
    Release,
    SomeConnections,
)
from connector.cli.progress import bars, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.engine.ports import Progress
    from connector.engine.run import Runner
    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger
    from connector.settings import Project
    from connector.wiring import Files


@contextmanager
def ready(found: Project, ledger: SqlLedger, files: Files, live: Progress) -> Iterator[Runner]:
    """A runner of one connection: described, checked and compiled; closed afterwards."""
    from connector import wiring

    with wiring.ready(found, ledger, files, live) as runner:
        yield runner


def plan(
    connection: ConnectionName,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Save the plan for `apply`.")
    ] = None,
    full: Full = False,
    detailed_exitcode: Annotated[
        bool, typer.Option(help="Exit with 0: nothing to do, 1: error, 2: changes.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Show at most so many records; 0 shows all.")] = 20,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Show what a sync would change, line by line with reasons, and write nothing."""
    from connector import wiring
    from connector.cli import show
    from connector.engine.plan_file import PlanHeader, readable_lines, write_plan
    from connector.settings import load_project

    found = load_project(project)
    files = wiring.load_files(found, connection)
    with closing(wiring.open_ledger(found)) as ledger:
        with bars() as live, ready(found, ledger, files, progress(live, connection)) as runner:
            report = runner.plan(full=full)
        if out_file is not None:
            header = PlanHeader(
                connection=connection,
                crm=report.crm,
                run=report.run,
                made_at=report.started_at,
                as_of=report.as_of,
                model=report.model,
                mapping=report.mapping,
                lines=report.planned,
            )
            write_plan(out_file, header, ledger.lines(report.run))
        if json:
            for page in ledger.lines(report.run):
                for line in readable_lines(page):
                    emit(line)
            if report.quota:
                emit({"kind": "forecast"} | report.quota)
        else:
            pages = ledger.lines(report.run, size=limit or 50_000)
            show.plan(out(), report, pages, limit=limit, saved=out_file)
    if report.state == "paused: quota":
        raise typer.Exit(REJECTS)
    raise typer.Exit(CHANGES if detailed_exitcode and report.planned else DONE)


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan saved by `plan --out`.")],
    release: Release = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Do exactly what a saved plan says; records that have changed since are skipped."""
    from connector import wiring
    from connector.engine.plan_file import read_plan
    from connector.settings import load_project

    header, lines = read_plan(file)
    found = load_project(project)
    files = wiring.load_files(found, header.connection)
    with closing(wiring.open_ledger(found)) as ledger:
        with (
            bars() as live,
            ready(found, ledger, files, progress(live, header.connection)) as runner,
        ):
            report = replace(runner, release=release).apply(header, lines)
        show_reports([report], ledger, json=json)
    raise typer.Exit(exit_code([report]))


def sync(
    connections: SomeConnections = None,
    full: Full = False,
    redo: Annotated[bool, typer.Option("--redo", help="Do again what was undone.")] = False,
    release: Release = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Read what has changed, judge it, and write stages, scores and opportunities back."""

    def act(runner: Runner) -> RunReport:
        if redo:
            runner.ledger.release_undone(runner.connection.name)
        return replace(runner, release=release).sync(full=full or redo)

    _run_each(project, connections, act, json=json)


def rescore(
    connections: SomeConnections = None,
    release: Release = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Judge again what was not judged today, without reading the CRM, and write what has moved."""
    _run_each(
        project, connections, lambda runner: replace(runner, release=release).rescore(), json=json
    )


def runs(
    connection: Annotated[str | None, typer.Argument(help="Only of this connection.")] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """List the latest runs: what they read, wrote and rejected, and up to when they are complete."""
    from connector import wiring
    from connector.cli import show
    from connector.settings import load_project

    found = load_project(project)
    if connection is not None:
        found.require(connection)
    with closing(wiring.open_ledger(found)) as ledger:
        reports = ledger.runs(connection, limit)
    if json:
        for report in reports:
            emit(report)
    else:
        show.runs(out(), reports)


def _run_each(
    project: Path,
    connections: list[str] | None,
    act: Callable[[Runner], RunReport],
    *,
    json: bool,
) -> None:
    """Run several connections one after the other, show the reports, and exit."""
    from connector import wiring
    from connector.settings import load_project

    found = load_project(project)
    names = connections or list(found.connections)
    all_files = load_all(found, names)
    reports: list[RunReport] = []
    failures: list[Exception] = []
    with closing(wiring.open_ledger(found)) as ledger:
        with bars() as live:
            for files in all_files:
                name = files.settings.name
                with (
                    _collected(failures, one_of_many=len(names) > 1),
                    ready(found, ledger, files, progress(live, name)) as runner,
                ):
                    report = act(runner)
                    earlier = [ledger.run(run) for run in report.resumed]
                    reports += [*(each for each in earlier if each is not None), report]
        show_reports(reports, ledger, json=json)
    raise typer.Exit(_worst(reports, failures))


def load_all(found: Project, names: list[str]) -> list[Files]:
    """The files of several connections; raises with the problems of all of them together."""
    from connector import wiring
    from scoring.problem import Problem, ProblemsError

    problems: list[Problem] = []
    loaded: list[Files] = []
    for name in names:
        try:
            loaded.append(wiring.load_files(found, name))
        except ProblemsError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemsError(dict.fromkeys(problems))
    return loaded


def exit_code(reports: list[RunReport]) -> int:
    """3 when something is left to do (rejected, stopped, paused, drifted), 1 when a run failed, else 0.

    A run that left a gap has failed, too, unless a later one has closed it.
    """
    if any(r.state == "failed" or _open_gap(r, reports[n:]) for n, r in enumerate(reports, 1)):
        return FAILED
    wanting = (r.rejected or r.drift or r.state in ("stopped", "paused: quota") for r in reports)
    return REJECTS if any(wanting) else DONE


def _open_gap(report: RunReport, later: list[RunReport]) -> bool:
    closed = (r.connection == report.connection and r.complete_to and not r.gap for r in later)
    return bool(report.gap) and not any(closed)


@contextmanager
def _collected(failures: list[Exception], *, one_of_many: bool) -> Iterator[None]:
    """With several connections one that fails is told, and the others go on."""
    from connector.errors import ConnectorError
    from scoring.problem import ProblemsError

    try:
        yield
    except (ConnectorError, ProblemsError) as error:
        if not one_of_many:
            raise
        told(error)
        failures.append(error)


def _worst(reports: list[RunReport], failures: list[Exception]) -> int:
    from connector.errors import ConfigurationError, QuotaSpentError
    from scoring.problem import ProblemsError

    if any(isinstance(error, ConfigurationError | ProblemsError) for error in failures):
        return MISUSED
    if any(not isinstance(error, QuotaSpentError) for error in failures):
        return FAILED
    return exit_code(reports) or (REJECTS if failures else DONE)


def show_reports(reports: list[RunReport], ledger: SqlLedger, *, json: bool) -> None:
    """Print reports, with what was rejected and why."""
    from connector.cli import show

    for report in reports:
        if json:
            emit(report)
        else:
            show.report(out(), report)
            if report.data_problems:
                show.problems(
                    out(), {report.connection: ledger.problem_counts(report.connection)}, most=4
                )
            if report.rejected:
                show.rejects(
                    out(), {report.connection: ledger.rejects(report.connection, report.run)}
                )


COMMANDS: dict[str, Any] = {
    "plan": plan,
    "apply": apply,
    "sync": sync,
    "rescore": rescore,
    "runs": runs,
}
