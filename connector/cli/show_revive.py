"""Revival as people read it: who would be touched, why the others not, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from rich.markup import escape

from connector.cli.console import table
from scoring.revival import REASONS
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from connector.engine.outreach.planning import Look
    from scoring.revival import Lift

_HIDDEN = ("person", "company_key", "new")
"""Columns of decisions that mean nothing to people."""

_STATE = {"applied": "green", "rejected": "red", "unknown": "yellow", "intended": "cyan"}


def plan(console: Console, seen: Look, connection: str, *, limit: int, everybody: bool) -> None:
    """Who would be touched now and who held out; then why the others would not."""
    planned = seen.planned
    console.print(
        f"[bold]{_touched(planned):,}[/] would be touched now, {_held(planned):,} held out\n"
    )
    shown = planned if limit == 0 else planned.head(limit)
    if not shown.is_empty():
        console.print(_planned(shown))
    if shown.height < planned.height:
        console.print(f"… and {planned.height - shown.height:,} more (--limit 0 shows all)\n")
    others = _others(seen)
    console.print(_reasons(seen))
    if everybody:
        console.print(_refused(others if limit == 0 else others.head(limit)))
        if limit and others.height > limit:
            console.print(f"… and {others.height - limit:,} more (--limit 0 shows all)")
    if planned.height:
        console.print(f"Touch them with: leadgate revive {escape(connection)}")


def plan_json(seen: Look, *, everybody: bool) -> Iterator[dict[str, Any]]:
    """A line per lead that would be touched or held out; then one of counts by reason.

    With `everybody` a line per lead that is stalled or in a cadence.
    """
    rows = seen.decisions if everybody else seen.planned
    for row in rows.drop(_HIDDEN).iter_rows(named=True):
        yield row | {"codes": list(row["codes"] or [])}
    planned = seen.planned
    yield {
        "leads": seen.leads,
        "touch": _touched(planned),
        "hold": _held(planned),
        "not": {code: count for code, count, _ in _counts(seen)},
    }


def _touched(planned: pl.DataFrame) -> int:
    return planned.filter(decision="touch").height


def _held(planned: pl.DataFrame) -> int:
    return planned.filter(decision="hold").height


def _planned(rows: pl.DataFrame) -> Any:
    made = table(
        "lead", "stage", "score", "why", "cadence", "step", "channel", right=("score", "step")
    )
    for row in rows.iter_rows(named=True):
        held = row["decision"] == "hold"
        made.add_row(
            escape(row["id"]), stage_name(row["stage"]), f"{row['score'] or 0:g}",
            escape(row["why"]), row["cadence"], str(row["step"]),
            "[dim]held out[/]" if held else row["channel"],
        )  # fmt: skip
    return made


def _others(seen: Look) -> pl.DataFrame:
    rest = seen.decisions.filter(pl.col("decision").is_in(["later", "no"]))
    return rest.sort("score", "id", descending=[True, False], nulls_last=True)


def _counts(seen: Look) -> list[tuple[str, int, str | None]]:
    """Why the others would not be touched, by the first reason of each: code, leads, next moment."""
    found = _others(seen).with_columns(pl.col("codes").list.first().alias("code"))
    groups = found.group_by("code").agg(pl.len(), pl.col("due").min())
    by_code = {code: (count, due) for code, count, due in groups.iter_rows()}
    rows = [
        (
            code,
            by_code[code][0],
            f"{by_code[code][1]:%Y-%m-%d %H:%M} UTC" if by_code[code][1] else None,
        )
        for code in REASONS
        if code in by_code
    ]
    return [("not_stalled", seen.not_stalled, None), *rows] if seen.not_stalled else rows


def _reasons(seen: Look) -> Any:
    made = table("would not", "leads", "at the earliest", right=("leads",))
    for code, count, due in _counts(seen):
        made.add_row(REASONS[code], f"{count:,}", due or "")
    return made


def _refused(rows: pl.DataFrame) -> Any:
    made = table("lead", "stage", "why it stalled", "why not")
    for row in rows.iter_rows(named=True):
        made.add_row(
            escape(row["id"]),
            stage_name(row["stage"]),
            escape(row["why"] or ""),
            escape(row["why_not"]),
        )
    return made


def lift(console: Console, found: Sequence[Lift], days: int) -> None:
    """Both arms of every cadence, their difference with its interval, and what it says."""
    if not any(each.treated or each.held_out for each in found):
        console.print("Nobody was touched or held out yet.")
        return
    names = ("touched", "came back", "held out", "came back", "difference", "95 % interval")
    made = table("cadence", *names, "", right=names)
    for each in found:
        made.add_row(
            escape(each.cadence),
            f"{each.treated:,}", _share(each.treated_back, each.treated),
            f"{each.held_out:,}", _share(each.held_out_back, each.held_out),
            _points(each.difference), _interval(each), each.words,
        )  # fmt: skip
    console.print(made)
    console.print(f"Back is who shows interest or moves up within {days} days of the first step.")


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.1%})" if of else "–"


def _points(difference: float | None) -> str:
    return "–" if difference is None else f"{difference * 100:+.1f} points"


def _interval(each: Lift) -> str:
    if each.low is None or each.high is None:
        return "–"
    return f"{each.low * 100:+.1f} to {each.high * 100:+.1f}"


def touches(console: Console, made: Sequence[Mapping[str, Any]]) -> None:
    """Every touch and hold-out of one lead, oldest first."""
    if made:
        console.print("\nRevival")
    for row in made:
        if row["state"] == "held_out":
            what = f"held out of {escape(row['cadence'])}"
        else:
            colour = _STATE.get(row["state"], "white")
            what = (
                f"{escape(row['cadence'])}, step {row['step']} by {row['channel']}: "
                f"[{colour}]{row['state']}[/]"
            )
        told = " – ".join(escape(str(row[n])) for n in ("message", "reason") if row.get(n))
        console.print(f"  {row['at']:%Y-%m-%d %H:%M}  {what} [dim]{told}[/]")
