"""What training came to: the model card as people read it, and as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli import train_file
from connector.cli.show_reliability import reliability
from scoring.training import NotTrained
from scoring.words import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from connector.cli.train_file import Written
    from connector.engine.history import Past
    from connector.settings import Project
    from scoring.training import ModelCard, TrainingResult
    from scoring.training.card import Factor
    from scoring.training.measures import Figures

_WIDTH = 30
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = {
    "refused": "Kept out, written too late",
    "doubtful": "Kept out, doubtful",
    "dropped": "Cannot help",
    "note": "Worth knowing",
}


def card(console: Console, connection: str, result: TrainingResult, past: Past) -> None:
    """The model card: what was learned from, how good it is, what counts and what was kept out."""
    if result.card is not None:
        for line in _card(result.card, past):
            console.print(line)
    for line in _findings(result):
        console.print(line)
    if isinstance(result.model, NotTrained):
        if result.card is None:
            console.print(f"Looked at: {escape(past.basis)}")
            for warning in past.warnings:
                console.print(f"[yellow]![/] {escape(warning)}")
        console.print(
            f"[bold]{escape(connection)}[/]: [red]not trained[/]. {escape(result.model.reason)}"
        )


def next_steps(console: Console, written: Written, past: Past, project: Project) -> None:
    """Where the model is, and the lines that put it to work."""
    console.print(f"\nWritten: {escape(str(written.file))}")
    unread = {fact: field for fact, field in past.unread.items() if fact in _used(written)}
    if unread:
        console.print("The mapping must read what it learned from. Put under read:")
        console.print("  extra:")
        for fact, field in unread.items():
            console.print(f"    {fact}: {{field: {_quoted(field)}, type: text}}", markup=False)
    if not train_file.names(project, written):
        inner = f"{{file: {_quoted(written.file.name)}}}"
        whole = f"{{{written.segment}: {inner}}}" if written.segment else inner
        where = written.model or "a model (this connection has none of its own)"
        console.print(f"Put into {escape(where)}:")
        console.print(f"  predictive: {whole}", markup=False)
        console.print("and give it a weight:  score: {rules: 0.6, predictive: 0.4}", markup=False)
    console.print(f"Then look at what it changes: leadgate plan {escape(written.connection)}")


def as_json(
    connection: str, result: TrainingResult, past: Past, file: Path | None
) -> dict[str, Any]:
    """The card, the findings and the reason as plain data."""
    silent = isinstance(result.model, NotTrained)
    return {
        "connection": connection,
        "trained": not silent,
        "reason": result.model.reason if isinstance(result.model, NotTrained) else None,
        "file": None if file is None else str(file),
        "basis": past.basis,
        "warnings": list(past.warnings),
        "card": None if result.card is None else asdict(result.card),
        "findings": [asdict(finding) for finding in result.findings],
    }


def _used(written: Written) -> set[str]:
    stored = train_file.read(written.file, written.connection)
    return {feature["column"] for feature in stored["features"]}


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][\w.-]*", text) else '"' + text.replace('"', '\\"') + '"'


def _card(found: ModelCard, past: Past) -> Iterator[str]:
    rate = found.conversions / found.leads
    yield f"[bold]Model {escape(found.name)}[/]: how likely is {escape(found.target)}?"
    when = f", {escape(found.order)} {found.first} to {found.last}" if found.order else ""
    yield f"Learned from {found.leads:,} leads, {found.conversions:,} converted ({rate:.1%}){when}"
    yield f"Basis: {escape(past.basis)}"
    yield f"Facts: {escape(', '.join(label(name) for name in found.columns))}"
    yield from (f"[yellow]![/] {escape(warning)}" for warning in found.warnings)
    yield ""
    yield from _figures(found.random, found.forward)
    yield from _calibration(found.random)
    yield from _lift(found.random)
    yield "[bold]What moves the probability most[/]"
    yield from (f"  {escape(_factor(factor))}" for factor in found.factors)
    yield ""


def _figures(random: Figures, forward: Figures | None) -> Iterator[str]:
    yield f"{'':34}{'at random':>24}{'forward in time' if forward else '':>24}"
    both = [random] if forward is None else [random, forward]
    rows = {
        "leads held out": [f"{f.leads:,}" for f in both],
        "AUC (95 %)": [f"{f.auc:.3f} ({f.auc_low:.3f}–{f.auc_high:.3f})" for f in both],
        "Brier (constant)": [f"{f.brier:.4f} ({f.brier_constant:.4f})" for f in both],
        "calibration error (by chance)": [f"{f.ece:.1%} ({f.ece_by_chance:.1%})" for f in both],
        "lift of the best tenth": [f"{f.top_decile_lift:.2f}" for f in both],
    }
    for name, values in rows.items():
        yield f"  {name:32}" + "".join(f"{value:>24}" for value in values)
    if forward is None:
        yield "  [dim]forward in time: not measured; no order of the leads is known, or too few[/]"
    yield ""


def _calibration(figures: Figures) -> Iterator[str]:
    yield "[bold]Calibration[/]: tenths of the leads by prediction; what was predicted, what happened"
    for group in figures.bins:
        yield f"  predicted {group.predicted:6.1%} [cyan]{_bar(group.predicted)}[/]"
        yield f"  happened  {group.actual:6.1%} [green]{_bar(group.actual)}[/]"
    yield ""
    yield "  happened [dim](● a tenth of the leads; ····· true probabilities)[/]"
    yield from reliability(figures.bins)
    yield ""


def _lift(figures: Figures) -> Iterator[str]:
    yield "[bold]Lift[/]: conversion among the best so many, as a multiple of the average"
    most = max(figures.lift)
    for tenth, value in enumerate(figures.lift, start=1):
        yield f"  {tenth * 10:>4} % {value:5.2f} {_bar(value / most)}"
    yield ""


def _bar(share: float) -> str:
    """A bar of up to thirty characters, drawn to an eighth of one."""
    eighths = round(max(0.0, min(1.0, share)) * _WIDTH * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def _factor(factor: Factor) -> str:
    named = label(factor.column)
    best, worst = (text.replace(factor.column, named, 1) for text in (factor.best, factor.worst))
    return f"{best} ({factor.best_gives:+.2f}); at worst {worst} ({factor.worst_gives:+.2f})"


def _findings(result: TrainingResult) -> Iterator[str]:
    for level, headline in _LEVELS.items():
        chosen = [finding for finding in result.findings if finding.level == level]
        if chosen:
            yield f"[bold]{headline}[/]"
        for finding in chosen:
            used = " [yellow]Used all the same.[/]" if finding.used and level != "note" else ""
            yield f"  [bold]{escape(finding.column)}[/]: {escape(finding.reason)}{used}"
