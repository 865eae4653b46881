"""A verdict of an earlier day as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from connector.cli import show_lead
from scoring.words import stage_name

if TYPE_CHECKING:
    from rich.console import Console

    from connector.engine.replay import Replayed


def replayed(console: Console, found: Replayed) -> None:
    """The verdict in force on a day: as it was stored, and line by line as made again."""
    row = found.stored
    console.print(
        f"[bold]{escape(row['id'])}[/] in {escape(found.connection)} on {found.day.isoformat()}: "
        f"[bold]{stage_name(str(row['stage'])).upper()}[/], score [bold]{row['score']:g}[/], "
        f"grade {row['grade']}{row['engagement_level']:g}, {row['priority']}"
    )
    console.print(
        f"[dim]judged as of {row['as_of']} by model {str(row['model'])[:8]}, run {escape(row['run'])}[/]"
    )
    if found.made_by == "kept model":
        console.print("The model has changed since; this is made with the model of that day.")
    if found.explanation is None:
        console.print(f"[yellow]Not line by line: {escape(str(found.why_not))}.[/]")
        console.print(f"\n  {escape(row['reasons'] or '')}")
        if row["unmet"]:
            console.print(f"Missing {escape(row['unmet'])}")
    else:
        if found.differs:
            names = ", ".join(found.differs)
            console.print(
                f"[yellow]Made again it differs in {escape(names)}: this program judges otherwise.[/]"
            )
        show_lead.score(console, found.explanation, found.shared)
        show_lead.stage(console, found.explanation)
    if row["next_question"]:
        console.print(f"Ask next: [bold]{escape(row['next_question'])}[/]")
    show_lead.answers(console, found.answers)
