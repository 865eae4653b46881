"""Who looks at a fact, and how many leads have it: what a change of the CRM's schema comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.engine.ledger import Ledger
    from connector.engine.unaffected import Use
    from mappings.mapping import Mapping
    from scoring.judge import Judge

_NAMING = ("fact", "from", "requires")
"""Keys of a model file whose value may be the name of a fact."""


def who_asks(judge: Judge, fact: str) -> list[str]:
    """The rules, gates, questions and other parts of the model that look at a fact, in words."""
    found = list(dict.fromkeys(_askers(judge.model.document.data, fact)))
    if not found and fact in judge.facts:
        return ["score"]
    return found


def _askers(model: dict[str, Any], fact: str) -> Iterator[str]:
    for key, section in model.items():
        if key == "rules":
            yield from (f"rule {rule.get('id')}" for rule in section if _mentions(rule, fact))
        elif key == "questions":
            asking = (q for q in section if _mentions(q, fact))
            yield from (f'question "{question.get("text")}"' for question in asking)
        elif key == "segments":
            yield from (
                f"segment {name}" for name, node in section.items() if _mentions(node, fact)
            )
        elif key == "cycles":
            for cycle in section:
                yield from _of_cycle(cycle, fact)
        elif _mentions(section, fact):
            yield key


def _of_cycle(cycle: dict[str, Any], fact: str) -> Iterator[str]:
    for key, part in cycle.items():
        if key == "gates":
            for stage, gate in part.items():
                if _mentions(gate, fact):
                    yield f"gate {stage} of cycle {cycle.get('name')}"
        elif _mentions(part, fact):
            yield f"{key} of cycle {cycle.get('name')}"


def _mentions(node: Any, fact: str) -> bool:
    """Whether a part of a model file names the fact, as a key or where a fact is named."""
    if isinstance(node, dict):
        named = (node.get(key) for key in _NAMING)
        if fact in node or any(n == fact or (isinstance(n, list) and fact in n) for n in named):
            return True
        return any(_mentions(each, fact) for each in node.values())
    return isinstance(node, list) and any(_mentions(each, fact) for each in node)


def count_hit(
    connection: str,
    ledger: Ledger,
    mapping: Mapping,
    concerned: Sequence[Sequence[Use]],
    options: Sequence[str | None],
) -> list[int]:
    """Per change of the schema how many living leads have what it takes away, in one pass."""
    hits = [
        pl.any_horizontal(
            [pl.lit(value=False), *(_has(mapping, use, option) for use in theirs)]
        ).alias(str(number))
        for number, (theirs, option) in enumerate(zip(concerned, options, strict=True))
    ]
    counts = [0] * len(hits)
    for page in ledger.leads_facts(connection):
        found = page.select(pl.col("facts", "written")).select(each.sum() for each in hits).row(0)
        counts = [count + int(more) for count, more in zip(counts, found, strict=True)]
    return counts


def _has(mapping: Mapping, use: Use, option: str | None) -> pl.Expr:
    """Whether a lead has the fact, or what we wrote; with an option, whether it is that value."""
    if use.way == "convert":
        return pl.lit(value=False)
    if use.way == "write":
        text = _inside("written", use.field)
        return text.is_not_null() if option is None else text.eq_missing(pl.lit(option))
    text = _inside("facts", use.name)
    if option is None:
        return text.is_not_null()
    return text.str.to_lowercase().eq_missing(pl.lit(_meaning(mapping, use, option).lower()))


def _meaning(mapping: Mapping, use: Use, option: str) -> str:
    """The fact that an option stands for, as the ledger spells it."""
    entry = mapping.extra[use.name] if use.path[1] == "extra" else mapping.read[use.name][use.place]
    folded = {word.strip().lower(): value for word, value in entry.values.items()}
    value = folded.get(option.strip().lower(), option)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and mapping.kind(use.name) == "number":
        return str(float(value))
    return str(value)


def _inside(column: str, name: str) -> pl.Expr:
    return pl.col(column).str.json_path_match(f'$["{name}"]')
