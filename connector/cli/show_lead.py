"""Leads and the funnel as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import emit, table
from connector.engine.plan_file import readable_lines
from scoring.funnel import USUAL_SHARE_LOST, aside, never_moved
from scoring.funnel import funnel as count_funnel

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl
    from rich.console import Console

    from connector.engine.lead import Found
    from scoring.explanation import Explanation

_PRIORITY = {"hot": "red", "warm": "yellow", "cold": "blue"}
_MET = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]?[/]"}


def explain(console: Console, found: Found) -> None:
    """One lead: the score line by line, the gates, what is missing, what to ask."""
    why = found.explanation
    colour = _PRIORITY.get(why.priority, "white")
    console.print(
        f"[bold]{escape(why.id)}[/] in {escape(found.connection)}: [bold]{why.stage.upper()}[/], "
        f"score [bold]{why.score:g}[/] ({why.low:g}–{why.high:g}, {why.coverage:.0f} % of its inputs known), "
        f"grade {why.grade}{why.engagement_level}, [{colour}]{why.priority}[/]"
    )
    if not found.current:
        console.print("[yellow]The model has changed since; this is what the present one says.[/]")
    console.print(f"\nScore ({escape(why.segment)})")
    for line in sorted(why.lines, key=lambda each: -abs(each.points)):
        if line.points:
            console.print(f"  {line.points:+7g}  {escape(line.text)} [dim]({line.side})[/]")
    console.print(f"  {why.score:7g}  [bold]together[/]")
    _stage(console, why)
    for problem in found.known.get("problems") or ():
        console.print(
            f"[yellow]data problem[/]: {escape(problem['fact'])} from {escape(problem['field'])}: "
            f"{escape(problem['what'])}"
        )


def _stage(console: Console, why: Explanation) -> None:
    console.print(f"\nStage{f' (cycle {escape(why.cycle)})' if why.cycle else ''}")
    if why.stage_reason:
        console.print(f"  {escape(why.stage_reason)}")
    for gate in why.gates:
        console.print(f"  [bold]{gate.stage.upper()}[/] {'[green]open[/]' if gate.met else ''}")
        for criterion in gate.criteria:
            console.print(f"    {_MET[criterion.met]} {escape(criterion.words)}")
    if why.unmet:
        console.print(f"\nMissing {escape(why.unmet)}")
    if why.next_question:
        console.print(f"Ask next: [bold]{escape(why.next_question)}[/]")


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


def funnel(
    console: Console, name: str, history: pl.DataFrame, now: datetime, by: str | None
) -> None:
    """The funnel as a table with bars, for all and by one column."""
    rows = count_funnel(history, now)
    console.print(f"[bold]{escape(name)}[/]")
    console.print(_funnel_table(rows))
    beside = aside(history)
    console.print(
        f"  beside the ladder: {beside['disqualified']:,} disqualified, {beside['recycled']:,} recycled"
    )
    stuck = never_moved(rows)
    if stuck is not None:
        console.print(
            f"  {stuck:g} % never became more than a lead (usual: about {USUAL_SHARE_LOST:g} %)\n"
        )
    if by:
        for (value,), part in count_funnel(history, now, by=by).group_by(by, maintain_order=True):
            console.print(f"  [bold]{escape(str(value or '(unknown)'))}[/]")
            console.print(_funnel_table(part))


def _funnel_table(rows: pl.DataFrame) -> Any:
    numbers = ("reached", "of those before", "lost", "now", "median days")
    made = table("stage", "", *numbers, right=numbers)
    most = max(1, *rows["reached"].to_list())
    for row in rows.iter_rows(named=True):
        bar = "█" * round(24 * row["reached"] / most)
        share = "" if row["conversion"] is None else f"{row['conversion']:g} %"
        days = "" if row["median_days"] is None else f"{row['median_days']:g}"
        lost = "" if row["lost"] is None else f"{row['lost']:,}"
        made.add_row(
            row["stage"],
            f"[cyan]{bar}[/]",
            f"{row['reached']:,}",
            share,
            lost,
            f"{row['now']:,}",
            days,
        )
    return made


def funnel_json(name: str, history: pl.DataFrame, now: datetime, by: str | None) -> dict[str, Any]:
    """The funnel as one JSON object."""
    rows = count_funnel(history, now)
    shown: dict[str, Any] = {
        "connection": name,
        "stages": rows.to_dicts(),
        "aside": aside(history),
        "never_moved": never_moved(rows),
    }
    if by:
        shown["by"] = {by: count_funnel(history, now, by=by).to_dicts()}
    return shown
