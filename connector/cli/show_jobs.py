"""How schedules and workers look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import table
from connector.engine.ports import utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from connector.engine.ledger.jobs import Worker

MINUTE, HOUR = 60, 3600


def schedule(
    console: Console, rows: Sequence[dict[str, Any]], workers: Sequence[Worker], now: datetime
) -> None:
    """One line per connection, then who works."""
    shown = table("connection", "schedule", "next", "then", "state")
    for row in rows:
        first, *later = [_when(utc(at), now) for at in row["next"]] or ["–"]
        cron = f"{row['cron']} {row['time_zone']}" if row["cron"] else "none"
        shown.add_row(row["connection"], cron, first, ", ".join(later) or "–", escape(_state(row)))
    console.print(shown)
    for worker in workers:
        seconds = round((now - worker.seen_at).total_seconds())
        console.print(f"worker {worker.id}: seen {seconds} s ago")
    if not workers:
        console.print("Nobody works. Start with: leadgate run")


def _state(row: dict[str, Any]) -> str:
    if row["paused"] is not None:
        return f"paused: {row['paused']}"
    if row["message"]:
        return f"could not run: {row['message'].splitlines()[0]}"
    return "on schedule" if row["cron"] else "by hand"


def _when(at: datetime, now: datetime) -> str:
    seconds = max(0.0, (at - now).total_seconds())
    if seconds < MINUTE:
        far = f"in {seconds:.0f} s"
    elif seconds < HOUR:
        far = f"in {seconds / MINUTE:.0f} min"
    else:
        far = f"in {seconds / HOUR:.1f} h"
    return f"{at:%a %H:%M} UTC ({far})"
