"""The shape of a criterion: read once from the file's data, with every complaint in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
from pydantic import PlainValidator
from pydantic_core import PydanticCustomError, ValidationError

from scoring.criteria.operators import OPERATORS
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import InitErrorDetails

    from scoring.document import Path

RESERVED = ("all", "any", "not", "at_least", "words")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator applied to one fact; `path` leads to it from the criterion's root."""

    fact: str
    operator: str
    value: Any
    path: Path
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """Several criteria: all of them, any of them, at least `count` of them, or not (the one)."""

    kind: Literal["all", "any", "at_least", "not"]
    parts: tuple[Node, ...]
    path: Path
    count: int = 0
    words: str | None = None


Node = Comparison | Combination


class _Reader:
    """Reads the data of one criterion and collects what is wrong with it."""

    def __init__(self) -> None:
        self.errors: list[InitErrorDetails] = []

    def wrong(self, path: Path, what: str) -> None:
        # A template, because what the user wrote may hold braces.
        error = PydanticCustomError("criterion", "{what}", {"what": what})
        self.errors.append({"type": error, "loc": path, "input": None})

    def node(self, data: Any, path: Path) -> Node:
        if not isinstance(data, dict):
            self.wrong(path, "a criterion maps facts to what they must be, as in {visits: 2}")
            return Combination("all", (), path)
        parts = [
            part
            for key, value in data.items()
            if key != "words"
            for part in self.entry(str(key), value, (*path, key))
        ]
        whole = parts[0] if len(parts) == 1 else Combination("all", tuple(parts), path)
        return replace(whole, words=self.words(data, path) or whole.words)

    def words(self, data: dict[str, Any], path: Path) -> str | None:
        words = data.get("words")
        if words is not None and not isinstance(words, str):
            self.wrong((*path, "words"), "the words of a criterion must be a text")
            return None
        return words

    def entry(self, key: str, value: Any, path: Path) -> list[Node]:
        if key in ("all", "any"):
            parts = self.nodes(value, path)
            return [Combination("all" if key == "all" else "any", parts, path)]
        if key == "not":
            return [Combination("not", (self.node(value, path),), path)]
        if key == "at_least":
            return [self.at_least(value, path)]
        return self.comparisons(key, value, path)

    def nodes(self, data: Any, path: Path) -> tuple[Node, ...]:
        if not isinstance(data, list) or not data:
            self.wrong(path, "must be a list of criteria")
            return ()
        return tuple(self.node(part, (*path, index)) for index, part in enumerate(data))

    def at_least(self, data: Any, path: Path) -> Node:
        if not isinstance(data, dict) or set(data) != {"of", "criteria"}:
            self.wrong(path, "must be {of: how many, criteria: [which]}")
            return Combination("at_least", (), path)
        parts = self.nodes(data["criteria"], (*path, "criteria"))
        count = data["of"]
        if not _is_integer(count) or not 1 <= count <= max(len(parts), 1):
            self.wrong((*path, "of"), f"must be a whole number from 1 to {len(parts)}")
            count = 1
        return Combination("at_least", parts, path, count=count)

    def comparisons(self, fact: str, value: Any, path: Path) -> list[Node]:
        if value is None:
            self.wrong(path, f"{fact} is compared with nothing. Write {{known: false}} for unknown")
            return []
        if isinstance(value, list):
            return [Comparison(fact, "in", value, path)]
        if not isinstance(value, dict):
            return [Comparison(fact, "is", value, path)]
        if not value:
            self.wrong(path, f"{fact} is compared with nothing")
        return [
            Comparison(fact, str(operator), operand, (*path, operator))
            for operator, operand in value.items()
            if self.right(str(operator), operand, (*path, operator))
        ]

    def right(self, operator: str, operand: Any, path: Path) -> bool:
        if operator not in OPERATORS:
            hint = did_you_mean(operator, OPERATORS)
            self.wrong(path, f'"{operator}" is not an operator. {hint}'.strip())
        elif operator == "matches" and not _is_pattern(operand):
            self.wrong(path, "is not a regular expression (Rust syntax: no look-around)")
        else:
            return True
        return False


def parse(data: Any) -> Node:
    """The criterion in the file's data. Raises pydantic's ValidationError with every complaint."""
    if isinstance(data, Comparison | Combination):
        return data
    reader = _Reader()
    node = reader.node(data, ())
    if reader.errors:
        raise ValidationError.from_exception_data("criterion", reader.errors)
    return node


if TYPE_CHECKING:
    Criterion = Node
else:
    Criterion = Annotated[Any, PlainValidator(parse)]
    """A criterion as a field of a file's schema."""


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        pl.Series([""]).str.contains(value)
    except pl.exceptions.ComputeError:
        return False
    return True
