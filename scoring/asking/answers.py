"""The answers that a question can get: the model's own choices, or one for each different effect.

A number or a text can be anything, but the model tells only some of them apart: its criteria divide
what can be said into parts, and one answer stands for each part ("below 5,000", "5,000 or more").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel

from scoring.asking.spans import spans
from scoring.criteria import Compiled, Scope, compile_criterion, prepare
from scoring.criteria.tree import Combination, Comparison
from scoring.document import Document
from scoring.lead import DTYPES
from scoring.words import one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scoring.lead import Kind
    from scoring.model import Model, Question

SOMETHING = "something else"
"""The text that stands for all texts that no criterion names."""

_ANY_DAY = date(2000, 1, 1)
"""No criterion on numbers and texts depends on the day."""

_LISTED = ("is", "is_not", "in", "not_in", "contains", "starts_with", "ends_with")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what people call it, the fact's value, and how likely it is.

    A value of None is the day as of which leads are judged. The answers of a question make 1.
    """

    label: str
    value: Any
    likely: float

    def on(self, as_of: date) -> Any:
        """The fact's value on this day."""
        return as_of if self.value is None else self.value


@dataclass(frozen=True)
class BankQuestion:
    """A question of the model with the answers that it can get."""

    question: Question
    kind: Kind
    answers: tuple[Answer, ...]

    @property
    def fact(self) -> str:
        """The fact that the answer sets."""
        return self.question.fact

    @property
    def text(self) -> str:
        """What the rep asks."""
        return self.question.text


def answers_of(question: Question, kind: Kind, comparisons: Sequence[Comparison]) -> BankQuestion:
    """The question with its answers; `comparisons` are those of the model that look at its fact."""
    if question.answers:
        named = [(str(label), typed(value, kind)) for label, value in question.answers.items()]
        weights = [
            question.likely.get(label, 0.0 if question.likely else 1.0) for label, _ in named
        ]
    else:
        named = _representatives(question.fact, kind, comparisons)
        weights = [1.0] * len(named)
    total = sum(weights)
    answers = tuple(
        Answer(label, value, weight / total)
        for (label, value), weight in zip(named, weights, strict=True)
    )
    return BankQuestion(question, kind, answers)


def typed(value: Any, kind: Kind) -> Any:
    """A value of the model file as the fact's column holds it."""
    if kind == "range":
        return {"low": float(value), "high": float(value)}
    if kind == "list":
        return [value]
    return float(value) if kind == "number" else value


def comparisons_by_fact(model: Model) -> dict[str, list[Comparison]]:
    """Every comparison in the model's criteria, by the fact that it looks at."""
    found: dict[str, list[Comparison]] = {}
    for comparison in _comparisons([model.file, *model.sections.values()]):
        found.setdefault(comparison.fact, []).append(comparison)
    return found


def _comparisons(part: Any) -> Iterator[Comparison]:
    if isinstance(part, Comparison):
        yield part
    elif isinstance(part, Combination):
        yield from _comparisons(part.parts)
    elif isinstance(part, BaseModel):
        yield from _comparisons([getattr(part, name) for name in type(part).model_fields])
    elif isinstance(part, dict):
        yield from _comparisons(list(part.values()))
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _comparisons(each)


def _representatives(
    fact: str, kind: Kind, comparisons: Sequence[Comparison]
) -> list[tuple[str, Any]]:
    """One answer for each part of what can be said that the criteria treat differently."""
    if kind == "boolean":
        return [("yes", True), ("no", False)]
    if kind in ("date", "datetime"):
        return [("a date", None)]
    compiled = _compiled(fact, kind, comparisons)
    if kind in ("number", "range"):
        found = spans(
            _numbers(comparisons), lambda values: _signatures(fact, kind, compiled, values)
        )
        return [(span.label, typed(span.value, kind)) for span in found]
    return _texts(fact, kind, compiled, comparisons)


def _compiled(fact: str, kind: Kind, comparisons: Sequence[Comparison]) -> list[Compiled]:
    scope = Scope(Document("", {}), {fact: kind})
    return [compile_criterion(comparison, (), scope) for comparison in comparisons]


def _signatures(
    fact: str, kind: Kind, compiled: Sequence[Compiled], values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """What each comparison says of each value."""
    if not compiled:
        return [()] * len(values)
    column = pl.Series(fact, [typed(value, kind) for value in values], dtype=DTYPES[kind])
    forms = frozenset(form for criterion in compiled for form in criterion.forms)
    frame = prepare(column.to_frame(), forms, _ANY_DAY)
    checks = (criterion.expression.alias(str(n)) for n, criterion in enumerate(compiled))
    return frame.select(*checks).rows()


def _numbers(comparisons: Iterable[Comparison]) -> list[float]:
    operands = (
        each
        for comparison in comparisons
        if comparison.operator != "known"
        for each in (comparison.value if isinstance(comparison.value, list) else [comparison.value])
    )
    return sorted({float(each) for each in operands if math.isfinite(each)})


def _texts(
    fact: str, kind: Kind, compiled: Sequence[Compiled], comparisons: Sequence[Comparison]
) -> list[tuple[str, Any]]:
    """The texts that criteria name, those of the same effect together, and any other text."""
    named = [
        str(text)
        for comparison in comparisons
        if comparison.operator in _LISTED
        for text in (comparison.value if isinstance(comparison.value, list) else [comparison.value])
    ]
    texts = [*dict.fromkeys(named), SOMETHING]
    groups: dict[tuple[Any, ...], list[str]] = {}
    for text, signature in zip(texts, _signatures(fact, kind, compiled, texts), strict=True):
        groups.setdefault(signature, []).append(text)
    if len(groups) == 1:
        return [("any answer", typed(SOMETHING, kind))]
    return [(one_of(group), typed(group[0], kind)) for group in groups.values()]
