"""Questions, what their answers would do, and what answers did, as people read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from rich.markup import escape

from connector.cli.console import table
from scoring.words import stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from connector.engine.lead import Found
    from connector.engine.runs import RunReport
    from scoring.asking import Asked, Effect

RUNNERS_UP = 4
"""How many questions are shown beside the next one."""


def as_json(found: Found) -> dict[str, Any]:
    """The open questions of a lead, the next one first."""
    why = found.explanation
    return {
        "connection": found.connection,
        "id": why.id,
        "score": why.score,
        "stage": why.stage,
        "next_stage": why.next_stage,
        "next_question": why.next_question,
        "questions": [asdict(each) for each in found.asked],
        "least_change": asdict(found.least),
    }


def ask(console: Console, found: Found) -> None:
    """The next question with the effect of each answer, then the runners-up."""
    why = found.explanation
    console.print(
        f"[bold]{escape(why.id)}[/] in {escape(found.connection)}: "
        f"[bold]{stage_name(why.stage)}[/], score [bold]{why.score:g}[/]"
    )
    if not found.asked:
        console.print(f"Nothing to ask: {_nothing(found)}.")
        return
    first, *others = found.asked
    console.print(f"\nAsk next: [bold]{escape(first.text)}[/] [dim]({first.fact})[/]")
    console.print(_effects(first))
    if not any(_moves(effect) for effect in first.effects):
        console.print("  [dim]No answer moves the score or the open gate just now.[/]")
    for other in others[:RUNNERS_UP]:
        console.print(
            f"  then  {escape(other.text)} [dim]({other.fact}, worth {other.worth:.3g})[/]"
        )
    console.print(f"\nTake the answer down: leadgate answer {escape(why.id)} {first.fact}=…")


def _nothing(found: Found) -> str:
    aside = found.explanation.stage in ("disqualified", "recycled", "customer")
    return escape(found.least.words) if aside else "all that the model asks about is known"


def _effects(asked: Asked) -> Any:
    made = table("answer", "likely", "score", "stage", "newly met", right=("likely",))
    for effect in asked.effects:
        met = "; ".join(effect.met)
        made.add_row(
            escape(effect.answer),
            f"{effect.likely:.0%}",
            _score(effect),
            _stage(effect),
            escape(met),
        )
    return made


def _moves(effect: Effect) -> bool:
    """Whether the answer changes the score, the stage or a criterion of the open gate."""
    return (
        bool(effect.met)
        or _score(effect) != f"{effect.score:g}"
        or effect.stage != effect.new_stage
    )


def _score(effect: Effect) -> str:
    if effect.score == effect.new_score:
        return f"{effect.score:g}"
    return f"{effect.score:g} → {effect.new_score:g}"


def _stage(effect: Effect) -> str:
    if effect.stage == effect.new_stage:
        return stage_name(effect.stage)
    return f"{stage_name(effect.stage)} → [bold]{stage_name(effect.new_stage)}[/]"


def answered(console: Console, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What the answers did to the lead."""
    was, now = before.get("verdict") or {}, after.get("verdict") or {}
    console.print(f"[bold]{escape(str(after.get('id')))}[/]")
    console.print(f"  score  {_moved(was.get('score'), now.get('score'))}")
    stages = (stage_name(str(each.get("stage"))) for each in (was, now))
    console.print(f"  stage  {_moved(*stages)}")
    if now.get("unmet"):
        console.print(f"  missing {escape(now['unmet'])}")
    if now.get("next_question"):
        console.print(f"  ask next: [bold]{escape(now['next_question'])}[/]\n")


def _moved(was: Any, now: Any) -> str:
    texts = [f"{each:g}" if isinstance(each, float) else escape(str(each)) for each in (was, now)]
    return texts[1] if texts[0] == texts[1] else f"{texts[0]} → [bold]{texts[1]}[/]"


def answered_json(
    report: RunReport, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """The run, and the lead's verdict before and after."""
    run: dict[str, Any] = orjson.loads(orjson.dumps(asdict(report), default=str))
    return {
        "id": after.get("id"),
        "before": _short(before),
        "after": _short(after),
        "run": run,
    }


def _short(known: Mapping[str, Any]) -> dict[str, Any] | None:
    verdict = known.get("verdict")
    names = ("score", "stage", "priority", "unmet", "next_question")
    return {name: verdict[name] for name in names} if verdict else None
