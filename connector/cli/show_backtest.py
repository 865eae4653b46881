"""A backtest as people read it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import table
from scoring.backtest.flips import why_words
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_DEALS = {
    "missed": "would have been missed",
    "newly_caught": "newly caught",
    "held_back": "held back: no opportunity by then under the new model",
}
_MEASURES = ("precision", "recall")


def backtest(console: Console, figures: dict[str, Any], *, limit: int) -> None:
    """All of it, the most important first; of each list of leads the first `limit`."""
    _head(console, figures)
    _flips(console, figures["flips"], limit)
    _won(console, figures, limit)
    _stages(console, figures["stages"])
    _load(console, figures["load"])
    _measures(console, figures["measures"])
    _next_run(console, figures["next_run"], limit)
    _basis(console, figures)


def _head(console: Console, figures: dict[str, Any]) -> None:
    old, new = (_model(figures["models"][side]) for side in ("old", "new"))
    console.print(f"[bold]{escape(figures['connection'])}[/]: {old} → [bold]{new}[/]")
    console.print(
        f"[dim]{figures['leads']:,} leads as they stood from {figures['first']} to "
        f"{figures['last']}, {_when(figures['reviews'])}[/]"
    )
    for note in figures["notes"]:
        console.print(f"[yellow]{escape(note)}[/]")


def _when(reviews: Sequence[str]) -> str:
    if not reviews:
        return "each on the day of its row"
    return f"each judged whenever it was, and on {len(reviews)} day{'s' * (len(reviews) > 1)} of review"


def _model(model: dict[str, Any]) -> str:
    return escape(f"{model['name']} {model['version']} ({model['digest'][:8]})")


def _flips(console: Console, flips: dict[str, Any], limit: int) -> None:
    console.print(
        f"\n[bold]{flips['leads']:,} leads flip[/] ({_share(flips['share'])} of {flips['of']:,}): "
        f"{flips['up']:,} get further, {flips['down']:,} less far; {flips['stage']:,} are in another "
        f"stage, {flips['priority']:,} have another priority"
    )
    console.print(
        f"[dim]{flips['for_a_while']:,} more differed for a while; of {flips['score_only']:,} more only "
        "the score differs[/]"
    )
    _leads(console, flips["list"], limit)


def _leads(console: Console, leads: Sequence[dict[str, Any]], limit: int) -> None:
    for lead in leads[:limit]:
        won = (
            f"  [green]won{' ' + lead['won_on'] if lead['won_on'] else ''}[/]"
            if lead["won"]
            else ""
        )
        console.print(
            f"  [bold]{escape(lead['id'])}[/]  {_way(lead, 'stage')} · {_way(lead, 'priority')} · "
            f"score {_way(lead, 'score')}  [dim]since {lead['since'] or '–'}[/]{won}"
        )
        for words in why_words(lead):
            console.print(f"      {escape(words)}")
    if len(leads) > limit:
        console.print(f"  [dim]and {len(leads) - limit:,} more: --limit, --json or --html[/]")


def _way(lead: dict[str, Any], name: str) -> str:
    old, new = (lead[name][side] for side in ("old", "new"))
    if old is None or new is None:
        old, new = (lead["score_at_end"][side] for side in ("old", "new"))
    said = [stage_name(str(each)) if name == "stage" else str(each) for each in (old, new)]
    if name == "score":
        said = [f"{each:g}" for each in (old, new)]
    return said[0] if old == new else f"{said[0]} → {said[1]}"


def _won(console: Console, figures: dict[str, Any], limit: int) -> None:
    won = figures["won"]
    if not won["leads"]:
        console.print(f"\nNone of these leads was won ({escape(figures['target'])}) so far.")
        return
    bar = f"reached {stage_name(won['bar'])} and was not cold" if won["bar"] else "was not cold"
    console.print(
        f"\n[bold]{won['leads']:,} won[/] ({escape(figures['target'])}); caught, that is, {bar} before "
        f"the outcome: {won['caught']['old']:,} → {won['caught']['new']:,}"
    )
    for name, words in _DEALS.items():
        console.print(f"  [bold]{len(won[name]):,} {words}[/]")
        _leads(console, won[name], limit)


def _stages(console: Console, stages: Sequence[dict[str, Any]]) -> None:
    made = table("stage", "old", "new", "change", "reached: old", "new", "change")
    for column in made.columns[1:]:
        column.justify = "right"
    for row in stages:
        reached = row["reached"]
        ever = ("", "", "") if reached is None else _pair(reached)
        made.add_row(stage_name(row["stage"]), *_pair(row["now"]), *ever)
    console.print("\n[bold]Where they end[/]")
    console.print(made)


def _pair(pair: dict[str, Any]) -> tuple[str, str, str]:
    change = round(pair["new"] - pair["old"], 1)
    return f"{pair['old']:,}", f"{pair['new']:,}", f"{change:+,}" if change else "·"


def _load(console: Console, load: dict[str, Any]) -> None:
    console.print("[bold]The reps' load[/]: leads a week that come to a stage or become hot")
    if load["silent"]:
        console.print(f"  not told: {escape(load['silent'])}")
    there = any(pair[side] for pair in load["backlog"].values() for side in ("old", "new"))
    start = ("there at the start: old", "new") if there or load["silent"] else ()
    headings = start if load["silent"] else ("old", "new", "change", *start)
    made = table("", *headings)
    for column in made.columns[1:]:
        column.justify = "right"
    for kind, pair in load["per_week"].items():
        backlog = load["backlog"][kind]
        name = kind if kind == "hot" else stage_name(kind)
        weekly = () if load["silent"] else _pair(pair)
        there_first = (f"{backlog['old']:,}", f"{backlog['new']:,}") if start else ()
        made.add_row(name, *weekly, *there_first)
    console.print(made)


def _measures(console: Console, found: dict[str, Any]) -> None:
    console.print("[bold]How well they pick[/]")
    if found["silent"]:
        console.print(f"  precision, recall and lift are not told: {escape(found['silent'])}.\n")
        return
    console.print(
        f"  {found['won']:,} of {found['leads']:,} leads with a known outcome were won "
        f"({found['base_rate']:.1%}); 95 % intervals"
    )
    made = table("", "old", "new", "new − old")
    for kind, measured in found["picks"].items():
        name = "ranked hot" if kind == "hot" else f"reached {stage_name(kind)}"
        for measure in _MEASURES:
            made.add_row(f"{name}: {measure}", *_interval(measured[measure], share=True))
    made.add_row("lift of the top tenth by score", *_interval(found["top_tenth"], share=False))
    console.print(made)


def _interval(measured: dict[str, Any], *, share: bool) -> list[str]:
    def said(value: float | None) -> str:
        if value is None:
            return "–"
        text = f"{100 * value:.1f} %" if share else f"{value:.2f}"
        return text.replace("-", "−")

    cells = []
    for name in ("old", "new", "difference"):
        each = measured[name]
        if each is None:
            cells.append("nobody was picked" if name != "difference" else "–")
        else:
            sign = "+" if name == "difference" and each["value"] > 0 else ""
            span = f"({said(each['low'])} to {said(each['high'])})"
            cells.append(f"{sign}{said(each['value'])} [dim]{span}[/]")
    return cells


def _next_run(console: Console, switch: dict[str, Any] | None, limit: int) -> None:
    if switch is None:
        return
    flips = switch["flips"]
    console.print(
        f"[bold]If the model is changed today[/], {flips['leads']:,} of {switch['leads']:,} leads flip "
        f"in the next run (as of {switch['day']}): {flips['up']:,} up, {flips['down']:,} down"
    )
    _leads(console, flips["list"], limit)


def _basis(console: Console, figures: dict[str, Any]) -> None:
    recorded = figures["as_recorded"]
    if recorded["judgements"]:
        console.print(
            f"\n[dim]{recorded['same']:,} of {recorded['judgements']:,} recorded judgements of the old "
            "model come out the same when made again[/]"
        )
    for each in figures["left_out"]:
        console.print(f"[dim]left out: {each['leads']:,} leads {escape(each['reason'])}[/]")
    for each in figures["refused"]:
        some = "" if each["leads"] is None else f" on {each['leads']:,} leads"
        console.print(
            f"[yellow]not used{some}[/]: [bold]{escape(each['fact'])}[/]: {escape(each['reason'])}"
        )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:g} %"
