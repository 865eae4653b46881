"""The ledger as people read it: what it holds, what was copied, what was pruned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from connector.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from connector.ledger.figures import LedgerFigures
    from connector.ledger.retention import Pruned

_THOUSAND = 1000


def info(console: Console, found: LedgerFigures, keep_days: int | None) -> None:
    """Where it is, how large, and the rows of each table."""
    console.print(f"[bold]{escape(found.where)}[/]")
    kept = f"{keep_days} days" if keep_days else "for ever (leadgate.yaml: keep)"
    console.print(
        f"{found.database}, schema {found.schema}, {_size(found.size)}, history is kept {kept}"
    )
    _rows(console, found.rows)
    for connection, until in sorted(found.pruned.items()):
        console.print(f"{escape(connection)}: pruned up to {until:%Y-%m-%d}")


def copied(console: Console, rows: Mapping[str, int], places: Mapping[str, str]) -> None:
    """What was copied, and what to do next."""
    _rows(console, rows)
    console.print(
        f"Copied {sum(rows.values()):,} rows from {escape(places['from'])} to "
        f"{escape(places['to'])}; every table has as many there as here."
    )
    console.print(
        "  [green]→[/] Name the new one in leadgate.yaml (ledger: …) before the next run."
    )


def pruned(console: Console, done: Sequence[Pruned], keep_days: int, *, plan: bool) -> None:
    """What went, per connection."""
    kinds = ("runs", "lines", "verdicts", "disagreements")
    shown = table("connection", "before", *kinds, right=kinds)
    for each in done:
        counts = (f"{getattr(each, kind):,}" for kind in kinds)
        shown.add_row(escape(each.connection), f"{each.until:%Y-%m-%d}", *counts)
    console.print(shown)
    for each in done:
        if each.undo:
            console.print(
                f"{escape(each.connection)}: an undo or a plan is under way; its runs stay. Prune "
                "again when it has ended."
            )
    does = "would go" if plan else "went"
    console.print(
        f"What is older than {keep_days} days {does}. Runs stay in the list, without their lines."
    )


def _rows(console: Console, rows: Mapping[str, int]) -> None:
    shown = table("table", "rows", right=("rows",))
    for name, count in sorted(rows.items()):
        shown.add_row(name, f"{count:,}")
    console.print(shown)


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < _THOUSAND:
            return f"{size:,.3g} {unit}"
        size /= _THOUSAND
    return f"{size:,.2f} GB"
