"""Leads as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import emit
from connector.cli.show_revive import touches
from connector.engine.plan_file import readable_lines
from scoring.words import label, stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from rich.console import Console

    from connector.engine.lead import Found, Shared
    from scoring.explanation import Explanation

_PRIORITY = {"hot": "red", "warm": "yellow", "cold": "blue"}
_MET = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def explain(console: Console, found: Found) -> None:
    """One lead: the score line by line, the gates, what is missing, what to ask."""
    why = found.explanation
    colour = _PRIORITY.get(why.priority, "white")
    console.print(
        f"[bold]{escape(why.id)}[/] in {escape(found.connection)}: [bold]{stage_name(why.stage)}[/], "
        f"score [bold]{why.score:g}[/] ({why.low:g}–{why.high:g}, {why.coverage:.0f} % of its inputs known), "
        f"grade {why.grade}{why.engagement_level}, [{colour}]{why.priority}[/]"
    )
    if not found.current:
        console.print("[yellow]The model has changed since; this is what the present one says.[/]")
    score(console, why, found.shared)
    stage(console, why)
    _ahead(console, found)
    for problem in found.known.get("problems") or ():
        console.print(
            f"[yellow]data problem[/]: {escape(problem['fact'])} from {escape(problem['field'])}: "
            f"{escape(problem['what'])}"
        )
    _history(console, found)


def score(console: Console, why: Explanation, shared: Shared | None) -> None:
    """The score line by line, and what of it rests on facts from other connections."""
    origins = shared.lines if shared else {}
    console.print(f"\nScore ({escape(why.segment)})")
    for line in sorted(why.lines, key=lambda each: -abs(each.points)):
        if line.points:
            origin = f" (from {escape(origins[line.key])})" if line.key in origins else ""
            console.print(f"  {line.points:+7g}  {escape(line.text)}{origin} [dim]({line.side})[/]")
    console.print(f"  {why.score:7g}  [bold]together[/]")
    if shared is not None:
        _shared(console, shared)


def _shared(console: Console, shared: Shared) -> None:
    """The facts that came from other connections, beside what is known here."""
    for name, fact in shared.facts.items():
        own = "not known here" if fact.own is None else f"here {_value(fact.own)}"
        console.print(
            f"  [dim]{escape(label(name))}: {_value(fact.value)} from {escape(fact.origin)} ({own})[/]"
        )
    if shared.apart:
        console.print(f"  [yellow]no engagement is shared: {escape(shared.apart)}[/]")


def _value(value: Any) -> str:
    """A fact as people read it; of a moment the day."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return escape(str(value)[:10])


def _ahead(console: Console, found: Found) -> None:
    """What would bring the lead on, and what to ask it."""
    if found.least.changes:
        console.print(f"Least change: [bold]{escape(found.least.words)}[/]")
    elif found.explanation.next_stage:
        console.print(f"Least change: none found, {escape(found.least.words)}")
    if found.explanation.next_question:
        console.print(f"Ask next: [bold]{escape(found.explanation.next_question)}[/]")
        for effect in found.asked[0].effects if found.asked else ():
            console.print(
                f"    {escape(effect.answer)}: score {effect.score:g} → {effect.new_score:g}, "
                f"{stage_name(effect.stage)} → {stage_name(effect.new_stage)}"
            )


def _history(console: Console, found: Found) -> None:
    """Every move with its reason, every verdict with its day and model, every answer, oldest first."""
    if found.moves:
        console.print("\nMoves")
    for move in found.moves:
        was = f"{stage_name(move.origin)} → " if move.origin else ""
        why = f"  [dim]{escape(move.reason)}[/]" if move.reason else ""
        console.print(f"  {move.as_of}  {was}{stage_name(move.to)}{why}")
    if found.history:
        console.print("\nVerdicts")
    for row in found.history:
        console.print(
            f"  {row['as_of']}  {stage_name(str(row['stage'])):<12} {row['score']:>5g}  "
            f"{row['priority']:<5} [dim]model {str(row['model'])[:8]}, run {escape(row['run'])}[/]"
        )
    answers(console, found.answers)
    touches(console, found.touches)


def answers(console: Console, given: Sequence[Mapping[str, Any]]) -> None:
    """What people took down of a lead: when, what, who."""
    if given:
        console.print("\nAnswers")
    for row in given:
        said = escape(row["label"]) if row["value"] is not None else "taken back"
        who = f" by {escape(row['person'])}" if row["person"] else ""
        console.print(f"  {row['at']:%Y-%m-%d}  {escape(row['fact'])}: {said}{who}")


def stage(console: Console, why: Explanation) -> None:
    """The stage, and every gate of the lead's cycle criterion by criterion."""
    console.print(f"\nStage{f' (cycle {escape(why.cycle)})' if why.cycle else ''}")
    if why.stage_reason:
        console.print(f"  {escape(why.stage_reason)}")
    for gate in why.gates:
        state = "[green]open[/]" if gate.met else "[dim]closed[/]"
        console.print(f"  [bold]{stage_name(gate.stage)}[/] {state}")
        for criterion in gate.criteria:
            console.print(f"    {_MET[criterion.met]} {escape(criterion.words)}")
    if why.unmet:
        console.print(f"\nMissing {escape(why.unmet)}")


def conversion(console: Console, lines: pl.DataFrame, *, json: bool) -> None:
    """What a conversion would move."""
    for line in readable_lines(lines):
        if json:
            emit(line)
            continue
        console.print(f"[bold]{escape(line['id'])}[/] would become an opportunity with")
        for name, value in line["opportunity"].items():
            console.print(f"  [green]+[/] {escape(name):<24} {escape(str(value))}")
        console.print("Every other field keeps the CRM's default. Do it with --yes.")
