"""Runs, plans and rejects as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli import show_safety
from connector.cli.console import table
from connector.engine.plan_file import readable_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl
    from rich.console import Console

    from connector.engine.runs import RunReport

_STATE = {
    "done": "green",
    "done with rejects": "yellow",
    "failed": "red",
    "running": "cyan",
    "stopped": "red",
    "paused: quota": "yellow",
}


_ALWAYS = {"revive": ("touched", "held out", "rejected")}
"""What is said of a run of this kind even where it is nothing."""

FEW = 8
"""How many ids are shown as examples."""

FEW_REJECTS = 3
"""How many records are shown of each cause."""


def report(console: Console, run: RunReport) -> None:
    """What one run did, in a few lines."""
    colour = _STATE.get(run.state, "white")
    console.print(
        f"[bold]{escape(run.connection)}[/] ({run.crm}) · {run.kind} {run.run} · [{colour}]{run.state}[/]"
        f" · {run.seconds:.1f} s · {run.api_calls:,} API calls"
    )
    facts = [
        ("read", run.read), ("judged", run.judged), ("rescored", run.rescored), ("unchanged", run.unchanged),
        ("written", run.written), ("converted", run.converted), ("touched", run.touched),
        ("held out", run.held_out), ("skipped", run.skipped),
        ("rejected", run.rejected), ("gone", run.gone), ("data problems", run.data_problems),
    ]  # fmt: skip
    always = _ALWAYS.get(run.kind, ("read", "judged", "written", "converted", "rejected"))
    shown = [f"{name} [bold]{number:,}[/]" for name, number in facts if number or name in always]
    console.print("  " + " · ".join(shown))
    if run.stages:
        console.print("  stages: " + " · ".join(f"{k} {v:,}" for k, v in _by_ladder(run.stages)))
    if run.gap:
        console.print(f"  [red]not complete[/]: {escape(run.gap)}; the next run reads it again")
    elif run.complete_to:
        console.print(f"  complete to {run.complete_to}")
    _worth_knowing(console, run)


def _worth_knowing(console: Console, run: RunReport) -> None:
    """What is out of the ordinary about a run."""
    if run.resumed:
        console.print(f"  resumed: {', '.join(run.resumed)}, which had not come to the end")
    for each in run.drift:
        show_safety.drift(console, each)
    if run.released:
        console.print(f"  [yellow]released[/]: {escape(run.released)}")
    if run.quota.get("needs", 0) > run.quota.get("left", run.quota.get("needs", 0)):
        console.print(f"  [yellow]short of calls[/]: {forecast(run.quota)}")
    if run.message:
        console.print(f"  {escape(run.message)}")


def plan(
    console: Console,
    run: RunReport,
    pages: Iterator[pl.DataFrame],
    *,
    limit: int,
    saved: Path | None,
) -> None:
    """A plan in the manner of terraform: what, from, to, why; then the counts."""
    shown = changes = conversions = touches = 0
    for page in pages:
        kinds = page["kind"].value_counts()
        counts: dict[str, int] = dict(kinds.iter_rows())
        changes += counts.get("change", 0)
        conversions += counts.get("convert", 0)
        touches += counts.get("touch", 0) + counts.get("hold", 0)
        room = page.height if limit == 0 else max(0, limit - shown)
        for line in readable_lines(page.head(room)):
            _line(console, line)
            shown += 1
    every = changes + conversions + touches
    if every > shown:
        console.print(f"… and {every - shown:,} more (--limit 0 shows all)\n")
    again = f"{run.rescored:,} judged again, " if run.rescored else ""
    console.print(
        f"Plan: [bold]{changes:,}[/] to change, [bold]{conversions:,}[/] to convert"
        f"{f', [bold]{touches:,}[/] to touch or hold out' if touches else ''}; "
        f"{run.unchanged:,} unchanged, {run.skipped:,} left alone ({run.read:,} read, {again}"
        f"{run.api_calls:,} API calls)."
    )
    if run.quota:
        console.print(f"This plan {forecast(run.quota)}.")
    if run.message:
        console.print(f"[yellow]{escape(run.state)}[/]: {escape(run.message)}")
    if saved is not None:
        console.print(f"Saved to {saved}. Apply it with: leadgate apply {saved}")


def forecast(quota: Mapping[str, Any]) -> str:
    """How many calls something needs, and how many the day has left for us."""
    needs = f"needs about {quota['needs']:,} call{'s' if quota['needs'] != 1 else ''}"
    if "left" not in quota:
        return needs
    words = f"{needs}; {quota['left']:,} of {quota['of']:,} left today"
    if quota["needs"] > quota["left"] and quota["back_at"]:
        words += f", more from {quota['back_at']} on; conversions go first"
    return words


def _line(console: Console, line: dict[str, Any]) -> None:
    if line["kind"] == "change":
        console.print(f"[bold]{escape(line['id'])}[/]")
        for name, pair in line["fields"].items():
            sign, colour = _sign(pair)
            old, new = _value(pair["from"]), _value(pair["to"])
            console.print(f"  [{colour}]{sign}[/] {escape(name):<32} {old} → {new}")
    elif "touch" in line:
        what = line["touch"]
        held = "held out" if line["kind"] == "hold" else f"touch by {what['channel']}"
        console.print(
            f"[bold]{escape(line['id'])}[/]  [green]{held}[/] "
            f"({escape(what['cadence'])}, step {what['step']})"
        )
    else:
        console.print(f"[bold]{escape(line['id'])}[/]  [green]convert to an opportunity[/]")
        for name, value in line["opportunity"].items():
            console.print(f"  [green]+[/] {escape(name):<32} {_value(value)}")
    console.print(f"    [dim]{escape(_cut(line['reason'] or '', 160))}[/]\n")


def _sign(pair: dict[str, str | None]) -> tuple[str, str]:
    if pair["from"] is None:
        return "+", "green"
    return ("-", "red") if pair["to"] is None else ("~", "yellow")


def _value(value: str | None) -> str:
    return "[dim](blank)[/]" if value is None else escape(_cut(value, 70))


def _cut(text: str, length: int) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= length else text[: length - 1] + "…"


def runs(console: Console, reports: list[RunReport]) -> None:
    """The latest runs as a table."""
    if not reports:
        console.print("No run yet. Start one with: leadgate sync")
        return
    numbers = ("read", "written", "converted", "rejected", "API calls", "seconds")
    rows = table("run", "connection", "kind", "state", *numbers, "complete to", right=numbers)
    for run in reports:
        colour = _STATE.get(run.state, "white")
        figures = (run.read, run.written, run.converted, run.rejected, run.api_calls)
        rows.add_row(
            run.run, run.connection, run.kind, f"[{colour}]{run.state}[/]",
            *(f"{number:,}" for number in figures), f"{run.seconds:.1f}", run.complete_to or run.gap or "–",
        )  # fmt: skip
    console.print(rows)


def rejects(
    console: Console,
    frames: Mapping[str, pl.DataFrame],
    matching: Mapping[str, Mapping[str, list[str]]] | None = None,
) -> None:
    """What was refused, grouped by cause, with the remedy and some of the records.

    `matching` names the records with the same address, of leads that a duplicate rule blocks.
    """
    total = 0
    for connection, frame in frames.items():
        total += frame.height
        for (code, field, remedy), group in frame.group_by(
            "code", "field", "remedy", maintain_order=True
        ):
            place = f" on {escape(str(field))}" if field else ""
            console.print(
                f"[bold]{escape(connection)}[/]: {group.height:,} × [red]{escape(str(code))}[/]{place}"
            )
            message = group["message"].drop_nulls().first()
            if message:
                console.print(f"  the CRM says: {escape(str(message))}")
            if remedy:
                console.print(f"  [green]→[/] {escape(str(remedy))}")
            ids = group["id"].unique(maintain_order=True)
            few = ", ".join(ids.head(FEW_REJECTS).to_list())
            console.print(f"  records: {escape(few)}{' …' if ids.len() > FEW_REJECTS else ''}")
            _matches(console, ids.head(FEW_REJECTS).to_list(), (matching or {}).get(connection, {}))
    if not total:
        console.print("Nothing is rejected.")


def _matches(console: Console, ids: list[str], matching: Mapping[str, list[str]]) -> None:
    for lead in ids:
        if others := matching.get(lead):
            few = ", ".join(others[:FEW_REJECTS]) + (" …" if len(others) > FEW_REJECTS else "")
            console.print(f"  {escape(lead)} has the address of: {escape(few)}")


def unsure(console: Console, leads: Mapping[str, list[str]]) -> None:
    """Leads that may be junk: a person looks, and the answer is remembered."""
    for connection, ids in leads.items():
        if ids:
            few = ", ".join(ids[:FEW]) + (" …" if len(ids) > FEW else "")
            console.print(
                f"[bold]{escape(connection)}[/]: {len(ids):,} leads may be junk: {escape(few)}\n"
                f"  [green]→[/] Look with: leadgate explain LEAD -c {escape(connection)}, and say so "
                f"with: leadgate answer LEAD junk=true (or junk=false) -c {escape(connection)}"
            )


def problems(console: Console, counts: Mapping[str, pl.DataFrame], *, most: int = 1_000) -> None:
    """Values that could not be read: kept in the CRM as they are, unknown to the score."""
    for connection, frame in counts.items():
        for row in frame.head(most).iter_rows(named=True):
            console.print(
                f"  [yellow]data problem[/] {escape(connection)}: {row['leads']:,} × "
                f"{escape(row['fact'])} from {escape(row['field'])}: {escape(row['what'])}"
            )
        if frame.height > most:
            console.print(
                f"  … and {frame.height - most} more kinds: leadgate rejects {connection}"
            )


def _by_ladder(stages: dict[str, int]) -> list[tuple[str, int]]:
    from scoring.verdict import ASIDE, STAGES

    order = {name: place for place, name in enumerate((*STAGES, *ASIDE))}
    return sorted(stages.items(), key=lambda item: order.get(item[0], len(order)))
