"""What came of a rehearsal, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.padding import Padding

from connector.cli.console import table
from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from connector.rehearsal.findings import Findings

_BAR = 30
_MOST_FIELDS = 12
_TICK, _CROSS = "[green]✓[/]", "[red]✗[/]"


def findings(console: Console, found: Findings) -> None:
    """Everything, most important last."""
    _head(console, found)
    _stages(console, found)
    _scores(console, found)
    _writes(console, found)
    _runs(console, found)
    _rejects(console, found)
    _faults(console, found)
    _close(console, found)


def _head(console: Console, found: Findings) -> None:
    of = f" of {found.of:,}" if found.of is not None and found.of != found.leads else ""
    console.print(f"[bold]Rehearsal of {escape(found.connection)}[/] ({found.crm})")
    if found.crm == "csv":
        console.print(
            f"  A copy of the file with all its {found.leads:,} lines, values as they are. "
            "The file itself was not touched."
        )
        return
    who = "with stand-ins for everybody" if found.stand_ins else "[yellow]with their real values[/]"
    console.print(
        f"  A local copy of your org with {found.leads:,}{of} leads, {who}.\n"
        f"  The live CRM was only read: {found.live_calls:,} API calls"
        f"{'' if found.left_today is None else f', {found.left_today:,} left today for this connection'}."
    )
    if found.created:
        told = (
            f"[yellow]Missing in the live org[/], and created on the copy: "
            f"{escape(', '.join(found.created))}\n"
            f"[green]→[/] leadgate setup {escape(found.connection)} --yes"
        )
        console.print(Padding(told, (0, 0, 0, 2), expand=False))


def _stages(console: Console, found: Findings) -> None:
    order = [*STAGES, *ASIDE]
    names = [name for name in order if found.before.get(name) or found.after.get(name)]
    rows = table("stage", "now", "after", "", right=["now", "after"])
    most = max([1, *found.after.values()])
    for name in names:
        after = found.after.get(name, 0)
        before = f"{found.before.get(name, 0):,}" if found.before else "–"
        bar = "█" * -(-after * _BAR // most)
        rows.add_row(name, before, f"{after:,}", f"[cyan]{bar}[/]")
    console.print("\n[bold]What would happen to the leads[/]")
    console.print(rows)


def _scores(console: Console, found: Findings) -> None:
    bands = " · ".join(f"{band} [bold]{count:,}[/]" for band, count in found.scores.items())
    console.print(f"  scores of open leads: {bands}")
    if found.priorities:
        told = " · ".join(f"{name} [bold]{n:,}[/]" for name, n in found.priorities.items())
        console.print(f"  priorities: {told}")
    console.print(f"  converted to opportunities: [bold]{found.conversions:,}[/]")


def _writes(console: Console, found: Findings) -> None:
    if not found.writes:
        console.print("\nNothing would be written.")
        return
    console.print(f"\n[bold]What would be written[/] ({sum(found.writes.values()):,} values)")
    rows = table("field", "values", right=["values"])
    for name, count in list(found.writes.items())[:_MOST_FIELDS]:
        rows.add_row(escape(name), f"{count:,}")
    console.print(rows)
    if len(found.writes) > _MOST_FIELDS:
        console.print(f"  … and {len(found.writes) - _MOST_FIELDS} fields more (--json has all)")


def _runs(console: Console, found: Findings) -> None:
    rows = table(
        "run", "state", "read", "written", "rejected", "API calls", "seconds",
        right=["read", "written", "rejected", "API calls", "seconds"],
    )  # fmt: skip
    for place, run in enumerate(found.runs, start=1):
        last = place == len(found.runs) and place > 1 and not found.failed
        rows.add_row(
            f"{place}{' (everything again)' if last else ''}", run.state,
            f"{run.read:,}", f"{run.written:,}", f"{run.rejected:,}", f"{run.api_calls:,}",
            f"{run.seconds:.1f}",
        )  # fmt: skip
    console.print("\n[bold]The syncs[/]")
    console.print(rows)
    for run in found.runs:
        if run.message:
            console.print(f"  {escape(run.message)}")
    if found.brake:
        console.print("  [yellow]The brake would stop this[/]; the rehearsal went on all the same.")
    if found.whole_calls and found.of and found.of > found.leads:
        console.print(
            f"  For all {found.of:,} leads the first sync takes up to about {found.whole_calls:,} calls."
        )


def _rejects(console: Console, found: Findings) -> None:
    if not found.rejects:
        return
    console.print("\n[bold]What would be rejected[/]")
    for each in found.rejects:
        place = f" on {escape(str(each['field']))}" if each["field"] else ""
        console.print(
            f"  {each['leads']:,} × [red]{escape(str(each['code']))}[/]{place}{_made(each)}"
        )
        if each["message"]:
            console.print(f"    the CRM says: {escape(str(each['message']))}")
        if each["remedy"]:
            console.print(f"    [green]→[/] {escape(str(each['remedy']))}")
        console.print(f"    records: {escape(', '.join(each['ids']))}")


def _made(each: Mapping[str, Any]) -> str:
    return f"  [dim](made on purpose: {each['fault']})[/]" if each["fault"] else ""


def _faults(console: Console, found: Findings) -> None:
    if not found.faults:
        return
    console.print("\n[bold]What went wrong on purpose[/]")
    for fault in found.faults:
        times = f"{fault.times} ×" if fault.times else "did not come up"
        told = times if fault.possible else "not possible here"
        style = ("", "") if fault.times else ("[dim]", "[/]")
        console.print(f"  {style[0]}{fault.name:<13}  {told:<17}  {fault.words}{style[1]}")


def _close(console: Console, found: Findings) -> None:
    console.print("\n[bold]What came of it[/]")
    for sound, words in _verdicts(found):
        console.print(f"  {_TICK if sound else _CROSS} {words}")
    if found.waiting:
        console.print(
            f"  [yellow]![/] {found.waiting:,} {'lead was' if found.waiting == 1 else 'leads were'}"
            " refused; their changes wait until the record or the mapping changes"
        )
    console.print(f"\nDone in {found.seconds:.1f} s. Nothing was written to the live CRM.")
    if found.kept:
        console.print(f"The rehearsal's project and ledger are in {escape(found.kept)}.")


def _verdicts(found: Findings) -> list[tuple[bool, str]]:
    if found.paused:
        return [
            (
                False,
                "the calls that are left today do not do; the sync would pause until more are back",
            )
        ]
    if found.failed:
        return [(False, "the sync did not come to its end")]
    return [
        (not found.lost, _count(found.lost, "conversions lost", "nothing lost")),
        (not found.doubled, _count(len(found.doubled), "leads with several opportunities", "nothing doubled")),
        (not found.second, _count(found.second, "lines planned by the last sync", "the last sync, which read everything again, had nothing to do")),
    ]  # fmt: skip


def _count(number: int, what: str, nothing: str) -> str:
    return f"{number:,} {what}" if number else nothing
