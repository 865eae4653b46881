"""Undo, drift and forgetting as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rich.markup import escape

from connector.cli.console import emit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl
    from rich.console import Console

    from connector.engine.runs import RunReport
    from connector.ledger.forget import Forgotten

_FEW = 5
_KEPT = ("keep", "retract")


def drift(console: Console, found: Mapping[str, Any]) -> None:
    """One change of the CRM's schema and its consequence."""
    console.print(
        f"  [yellow]the CRM has changed[/]: {escape(found['object'])}: {escape(found['what'])}"
    )
    asks = ", ".join(found["asks"])
    hit = f"{found['leads']:,} leads" + (f"; {asks}" if asks else "")
    console.print(f"    hits {escape(hit)}")
    for entry in found["entries"]:
        console.print(f"    {escape(entry)}")
    console.print(f"    until it is mended: {escape(found['then'])}")
    console.print(
        "    [green]→[/] Mend the mapping, or take it as it is: leadgate check --accept-drift"
    )


def undo(
    console: Console, run: RunReport, pages: Iterable[pl.DataFrame], *, look: bool, limit: int
) -> None:
    """What goes back, what stays and why."""
    shown = 0
    counts = dict.fromkeys(("change", "retract", "convert"), 0)
    stays: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for page in pages:
        for line in page.iter_rows(named=True):
            if line["outcome"] in (None, "applied"):
                counts[line["kind"]] += 1
                if look and shown < limit:
                    _line(console, line)
                    shown += 1
            else:
                key = (line["code"] or "", line["message"] or "", line["outcome"])
                stays.setdefault(key, []).append((line["id"], _stays(line)))
    _kept(console, stays)
    does = "would go back" if look else "gone back"
    console.print(
        f"{'Undo' if look else 'Undone'} of {run.undo_of}: [bold]{counts['change']:,}[/] records "
        f"{does}, [bold]{counts['retract']:,}[/] opportunities taken back"
        + (f", [bold]{counts['convert']:,}[/] made again" if counts["convert"] else "")
        + f", {sum(map(len, stays.values())):,} values left as they are."
    )
    if not look and (counts["change"] or counts["retract"]):
        console.print(
            "What was undone stays so until the record, the mapping or the model changes, or with: "
            f"leadgate sync {run.connection} --redo"
        )


def _line(console: Console, line: Mapping[str, Any]) -> None:
    console.print(f"[bold]{escape(line['id'])}[/]")
    body = orjson.loads(line["body"])
    if line["kind"] != "change":
        words = "take the opportunity back" if line["kind"] == "retract" else "convert again"
        console.print(f"  [red]-[/] {words} {escape(body.get('@opportunity_id') or '')}")
        return
    for name, (ours, before) in _pairs(body):
        console.print(f"  [yellow]~[/] {escape(name):<32} {_value(ours)} → {_value(before)}")


def _pairs(body: Mapping[str, Any]) -> Iterator[tuple[str, list[str | None]]]:
    yield from ((name, pair) for name, pair in body.items() if pair is not None)


def _value(value: str | None) -> str:
    return "[dim](blank)[/]" if value is None else escape(value[:60].replace("\n", " "))


def _stays(line: Mapping[str, Any]) -> str:
    return line["field"] or line["remedy"] or ""


def _kept(console: Console, stays: Mapping[tuple[str, str, str], list[tuple[str, str]]]) -> None:
    for (code, message, outcome), found in stays.items():
        colour = "red" if outcome == "rejected" else "yellow"
        console.print(f"{len(found):,} × [{colour}]{escape(code)}[/]: {escape(message)}")
        for record, words in found[:_FEW]:
            console.print(f"  {escape(record)}  {escape(words)}")
        if len(found) > _FEW:
            console.print(f"  … and {len(found) - _FEW:,} more (--json shows all)")


def undo_json(run: RunReport, pages: Iterable[pl.DataFrame]) -> None:
    """One object per line of the undo, then the report."""
    for page in pages:
        for line in page.iter_rows(named=True):
            body = orjson.loads(line["body"])
            if line["kind"] in ("change", "keep"):
                body = {name: pair for name, pair in body.items() if pair is not None}
            names = ("id", "kind", "outcome", "code", "field", "message", "remedy")
            emit({name: line[name] for name in names} | {"body": body})
    emit(run)


def forgotten(console: Console, done: Forgotten) -> None:
    """What was erased, by table, and the proof; no value of the person."""
    if not done.leads:
        console.print("The ledger knows nobody with this address.")
    else:
        where = ", ".join(done.connections)
        console.print(f"Erased: [bold]{done.leads:,}[/] records of {escape(where)}")
        for table, count in done.erased.items():
            console.print(f"  {escape(table):<16} {count:,} rows")
    if done.hashes:
        console.print(
            f"  kept: {done.hashes:,} salted hashes of record ids, so that nobody is converted twice"
        )
    searched = ", ".join(done.looked_for)
    count = sum(done.left.values())
    colour = "green" if done.clean else "red"
    console.print(
        f"Searched every text of {done.searched} tables for: {searched}. "
        f"Rows left: [{colour}]{count:,}[/]; files of the database with it: [{colour}]{done.files}[/]"
    )
    for table, found in done.others.items():
        console.print(
            f"  {found:,} rows of {escape(table)} are other leads' with the same number or name"
        )
    console.print(
        "If the CRM still has the person, the next full read takes it in anew, as an unknown lead: "
        "delete it there, too. Saved plans, backups and files that the CRM wrote are not searched."
    )
