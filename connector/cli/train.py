"""train: learn from leads of the past how likely a lead is to convert."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.console import DONE, FAILED, emit, err, out
from connector.cli.options import HERE, ConnectionName, Json, ProjectFolder

if TYPE_CHECKING:
    from connector.engine.history import Past, Wanted
    from connector.settings import Project
    from connector.wiring import Files
    from scoring.training import TrainingResult

MissingOk = list[str] | None


@dataclass(frozen=True)
class _Training:
    """One training: for which connection, what is wanted, and where it goes."""

    project: Project
    name: str
    wanted: Wanted
    file: Path
    model: str | None
    html: Path | None = None


def train(
    connection: ConnectionName,
    target: Annotated[
        str | None, typer.Option(help="What to predict: converted, customer, or a column.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where to write; beside the model if not given.")
    ] = None,
    include: Annotated[
        MissingOk, typer.Option(help="Learn from these facts alone; may be given again.")
    ] = None,
    exclude: Annotated[
        MissingOk, typer.Option(help="Leave a fact out; may be given again.")
    ] = None,
    allow: Annotated[
        MissingOk, typer.Option(help="Learn from a fact that the leak check keeps out.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Learn from the leads of one segment, for them alone.")
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Days within which an outcome counts.")] = 90,
    full: Annotated[
        bool, typer.Option("--full", help="Read the CRM as it is now if the ledger is too young.")
    ] = False,
    recalibrate: Annotated[
        bool, typer.Option("--recalibrate", help="Only move the base rate to recent outcomes.")
    ] = False,
    drift: Annotated[
        bool, typer.Option("--drift", help="Only show how leads differ from those learned from.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the card as one HTML file, too.")
    ] = None,
    json: Json = False,
    project: ProjectFolder = HERE,
) -> None:
    """Learn from leads of the past how likely a lead is to convert, and say how well it works."""
    from connector import wiring
    from connector.cli import train_file
    from connector.engine.history import Wanted
    from connector.settings import load_project

    if not (recalibrate or drift):
        _require_library()
    found = load_project(project)
    files = wiring.load_files(found, connection, trained=False)
    wanted = Wanted(
        target=target,
        window=window,
        segment=segment,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        allow=tuple(allow or ()),
        name=connection if segment is None else f"{connection} {segment}",
    )
    model = found.document.data["connections"][connection].get("model")
    file = out_file or train_file.beside(found, model, segment)
    order = _Training(found, connection, wanted, file, model, html)
    if drift:
        _show_drift(order, files, json=json)
    elif recalibrate:
        _recalibrate(order, files, json=json)
    else:
        _learn(order, _past(order, files, full=full), json=json)


def _require_library() -> None:
    from importlib.util import find_spec

    from connector.errors import ConfigurationError

    if find_spec("sklearn") is None:
        raise ConfigurationError(
            "Training needs scikit-learn, which is not installed. Install it with: "
            "pip install 'leadgate[train]'"
        )


def _past(order: _Training, files: Files, *, full: bool) -> Past:
    """The leads of the past, by the way that the mapping and the ledger allow."""
    from connector import wiring
    from connector.engine import history

    now = wiring.clock()
    given = files.mapping.history
    if given is None:
        with closing(wiring.open_ledger(order.project)) as ledger:
            past = history.from_ledger(ledger, order.name, files.judge, order.wanted, now)
        if not (full and past.scarce):
            return past
    opened = wiring.open_connection(order.project, files)
    with closing(opened.crm):
        connection = wiring.compile_connection(opened)
        if given is not None:
            return history.from_columns(connection, given, order.wanted, now)
        return history.from_crm(connection, order.wanted, now)


def _learn(order: _Training, past: Past, *, json: bool) -> None:
    from connector.cli import show_training, train_file
    from scoring.training import Trained
    from scoring.training import train as learned

    result = _described(learned(past.frame, past.settings), past)
    trained = isinstance(result.model, Trained)
    if isinstance(result.model, Trained):
        train_file.write(order.file, {**result.model.stored, "basis": past.basis})
    told = show_training.as_json(order.name, result, past, order.file if trained else None)
    if order.html is not None:
        _write_page(order.html, told)
    if json:
        emit(told)
    else:
        show_training.card(out(), order.name, result, past)
        if trained:
            segment = order.wanted.segment
            written = train_file.Written(order.file, order.model, segment, order.name)
            show_training.next_steps(out(), written, past, order.project)
    raise typer.Exit(DONE if trained else FAILED)


def _write_page(path: Path, told: dict[str, Any]) -> None:
    from connector.errors import ConfigurationError
    from connector.report.training import training_page

    try:
        path.write_text(training_page(told), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"Cannot write {path}: {error.strerror}.") from None
    err().print(f"Written: {path}", markup=False)


def _described(result: TrainingResult, past: Past) -> TrainingResult:
    """The card with the dates of leads whose order is a number, and what else must be known."""
    from dataclasses import replace

    if result.card is None:
        return result
    card = replace(result.card, warnings=(*past.warnings, *result.card.warnings))
    if past.first:
        card = replace(card, first=past.first, last=past.last)
    return replace(result, card=card)


def _recalibrate(order: _Training, files: Files, *, json: bool) -> None:
    from connector.cli import train_file
    from scoring.training import recalibrate
    from scoring.training.settings import FEWEST

    stored = train_file.read(order.file, order.name)
    past = _past(order, files, full=False).recent()
    before = stored["calibration"]["intercept"]
    told = {"connection": order.name, "file": str(order.file), "leads": past.frame.height}
    if past.scarce:
        reason = (
            f"The newest {past.frame.height:,} leads have fewer than {FEWEST} outcomes of one kind; "
            "the model stays as it is."
        )
        _tell(told | {"recalibrated": False, "reason": reason}, reason, json=json)
        raise typer.Exit(FAILED)
    moved = recalibrate(stored, past.frame, as_of=past.settings.as_of)
    train_file.write(order.file, moved)
    by = moved["calibration"]["intercept"] - before
    words = (
        f"Moved the base rate of {order.file} by {by:+.3f} log-odds, to the outcomes of the newest "
        f"{past.frame.height:,} leads. The order of the leads is the same."
    )
    _tell(told | {"recalibrated": True, "moved": by}, words, json=json)


def _show_drift(order: _Training, files: Files, *, json: bool) -> None:
    from dataclasses import asdict

    from connector import wiring
    from connector.cli import train_file
    from connector.engine.history import open_leads
    from scoring.training import drift

    stored = train_file.read(order.file, order.name)
    if files.mapping.history is None:
        with closing(wiring.open_ledger(order.project)) as ledger:
            now = open_leads(ledger, order.name, files.judge)
        found = drift(stored, now, as_of=wiring.clock().date())
    else:
        recent = _past(order, files, full=False).recent()
        now = recent.frame
        found = drift(stored, now, as_of=recent.settings.as_of)
    told = {"connection": order.name, "leads": now.height, **asdict(found)}
    _tell(told, f"{now.height:,} leads.\n{found.to_text()}", json=json)


def _tell(value: dict[str, Any], words: str, *, json: bool) -> None:
    if json:
        emit(value)
    else:
        console = out() if value.get("recalibrated", True) else err()
        console.print(words, markup=False)


COMMANDS: dict[str, Any] = {"train": train}
