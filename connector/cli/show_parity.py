"""The comparison of two connections as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

SHOWN_FACTS = 12


def parity(console: Console, summary: dict[str, Any], persons: Sequence[dict[str, Any]]) -> None:
    """First the models, then the counts, then what sets the copies apart."""
    first, second = summary["connections"]
    _models(console, summary)
    if not summary["persons"]:
        console.print(f"{first} and {second} have no e-mail address in common.", markup=False)
        return
    share = round(100 * summary["same_verdict"] / summary["persons"], 1)
    console.print(
        f"[bold]{summary['persons']:,}[/] persons are in {escape(first)} and {escape(second)}; "
        f"[bold]{summary['same_verdict']:,}[/] ({share:g} %) have the same stage, score, grade and "
        "priority in both."
    )
    parts = [f"{name} of {count:,}" for name, count in summary["different"].items() if count]
    if parts:
        console.print(f"  Different: {', '.join(parts)}.")
    if summary["several_records"]:
        console.print(
            f"  {summary['several_records']:,} have several records with one address; the one that "
            "changed last stands for them. Nothing is merged."
        )
    _facts(console, summary)
    for person in persons:
        _person(console, person)


def _models(console: Console, summary: dict[str, Any]) -> None:
    if summary["same_model"]:
        return
    told = " and ".join(
        f"{escape(name)} by {escape(model['name'])} version {model['version']}"
        for name, model in zip(summary["connections"], summary["models"], strict=True)
    )
    first, second = map(escape, summary["connections"])
    console.print(
        f"[yellow]The models differ[/]: {told}. For {summary['by_model']:,} persons that alone makes "
        f"another verdict in {second}. Below, the model of {first} judges both copies."
    )


def _facts(console: Console, summary: dict[str, Any]) -> None:
    numbers = ("differs for", "changes the verdict of", "points, mean")
    made = table("fact", *numbers, right=numbers)
    for fact in summary["facts"][:SHOWN_FACTS]:
        points = "" if fact["points"] is None else f"{fact['points']:g}"
        made.add_row(fact["fact"], f"{fact['differs']:,}", f"{fact['decides']:,}", points)
    if summary["facts"]:
        console.print(made)
    if summary["not_asked"]:
        names = ", ".join(each["fact"] for each in summary["not_asked"])
        console.print(f"  Also different, but the model does not ask them: {names}\n", markup=False)


def _person(console: Console, person: dict[str, Any]) -> None:
    (first, a), (second, b) = person["verdicts"].items()
    ids = person["records"]
    console.print(
        f"[bold]{escape(ids[first])}[/] in {escape(first)}: {_verdict(a)}   "
        f"[bold]{escape(ids[second])}[/] in {escape(second)}: {_verdict(b)}"
    )
    decisive = [fact for fact in person["facts"] if fact["decides"]]
    for fact in decisive:
        console.print(f"  {_reason(fact)}", markup=False)
    others = [fact["fact"] for fact in person["facts"] if not fact["decides"]]
    if not decisive:
        console.print(f"  only together: {', '.join(others)}", markup=False)


def _verdict(verdict: dict[str, Any]) -> str:
    score = "–" if verdict["score"] is None else f"{verdict['score']:g}"
    return escape(f"{verdict['stage']}, {score}, {verdict['grade']}, {verdict['priority']}")


def _reason(fact: dict[str, Any]) -> str:
    """One fact in words: "employees (180 vs blank) moves the score 62 → 50"."""
    moves = ", ".join(
        f"the {name} {_plain(a)} → {_plain(b)}" for name, (a, b) in fact["moves"].items()
    )
    return f"{fact['fact']} ({_difference(fact)}) moves {moves}"


def _difference(fact: dict[str, Any]) -> str:
    if "values" in fact:
        return " vs ".join("blank" if value is None else value for value in fact["values"].values())
    return f"blank in {fact['blank_in'][0]}" if fact["blank_in"] else "not the same"


def _plain(value: float | str | None) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else f"{value:g}"
