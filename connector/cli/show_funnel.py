"""The funnel as people read it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


def funnel(console: Console, figures: dict[str, Any]) -> None:
    """One connection's funnel as a table with bars, for all leads and by each dimension asked."""
    console.print(f"[bold]{escape(figures['connection'])}[/]")
    _window(console, figures)
    console.print(_table(figures["stages"]))
    beside = figures["aside"]
    console.print(
        f"  beside the ladder: {beside['disqualified']:,} disqualified, {beside['recycled']:,} recycled"
    )
    if figures["never_moved"] is not None:
        console.print(
            f"  {figures['never_moved']:g} % ({figures['never_moved_leads']:,} leads) never became "
            f"more than a lead (usual: about {figures['usual_never_moved']:g} %)\n"
        )
    for groups in figures["by"].values():
        for group in groups:
            console.print(f"  [bold]{escape(str(group['value']))}[/]")
            console.print(_table(group["stages"]))


def _window(console: Console, figures: dict[str, Any]) -> None:
    if figures["window_days"] is None:
        return
    counted, days = figures["counted"], f"{figures['window_days']:g}"
    console.print(
        f"  within {days} days of each lead's beginning: {counted['measured']:,} leads are old "
        f"enough, {counted['too_young']:,} are too young and not counted"
    )
    if counted["seen_late"]:
        console.print(
            f"  {counted['seen_late']:,} were first read after their {days} days had ended; "
            "they count with the stage in which they were found"
        )


def _table(stages: Sequence[dict[str, Any]]) -> Any:
    numbers = ("reached", "of those before", "no further", "now", "left after", "waiting")
    made = table("stage", "", *numbers, right=numbers)
    most = max(1, *(stage["reached"] for stage in stages))
    for stage in stages:
        bar = "█" * round(24 * stage["reached"] / most)
        made.add_row(
            stage["stage"],
            f"[cyan]{bar}[/]",
            f"{stage['reached']:,}",
            _unless_none(stage["conversion"], " %"),
            _unless_none(stage["lost"]),
            f"{stage['now']:,}",
            _unless_none(stage["median_days"], " d"),
            _unless_none(stage["waiting_days"], " d"),
        )
    return made


def _unless_none(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    return f"{value:,}{unit}".replace(f".0{unit}", unit)
