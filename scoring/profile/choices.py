"""Values that a fact may have, each with its closeness; looked up in one table per attribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.forms import fold
from scoring.words import label, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.lead import Kind
    from scoring.profile.tree import Tree


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that has some closeness, and what the line says of it."""

    value: str
    closeness: float
    text: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of one attribute, closest first; every other value has none."""

    choices: tuple[Choice, ...]

    def closeness(self, place: pl.Expr) -> pl.Expr:
        """1 to 0 by the place in the table; null where that is."""
        return self._looked_up(place, [c.closeness for c in self.choices] + [0.0], pl.Float64())

    def text(self, place: pl.Expr) -> pl.Expr:
        """What the lead's line says."""
        return self._looked_up(place, [c.text for c in self.choices] + [None], pl.String())

    def place(self, column: pl.Expr, kind: Kind) -> pl.Expr:
        """Where a folded fact stands in the table; of a list its closest value."""
        if kind == "list":
            return column.list.eval(self._place(pl.element())).list.min()
        return self._place(column.cast(pl.String))

    def _place(self, column: pl.Expr) -> pl.Expr:
        names = [fold(choice.value) for choice in self.choices]
        place = column.replace_strict(
            names, list(range(len(names))), default=len(names), return_dtype=pl.Int64
        )
        return pl.when(column.is_not_null()).then(place)

    def _looked_up(
        self, place: pl.Expr, values: Sequence[float | str | None], dtype: pl.DataType
    ) -> pl.Expr:
        found = place.replace_strict(
            list(range(len(values))), list(values), default=None, return_dtype=dtype
        )
        return pl.when(place.is_not_null()).then(found)


def plain(fact: str, wanted: Mapping[str, float]) -> Choices:
    """The choices of a set of values."""
    return _sorted(
        [Choice(v, near, f"{label(fact)} {spoken(v)}") for v, near in wanted.items() if near > 0]
    )


def in_tree(
    fact: str, wanted: Mapping[str, float], tree: Tree, levels: Sequence[float] | None
) -> Choices:
    """The choices of a tree: the wanted values, all that lies under them, and what is near."""
    best: dict[str, Choice] = {}
    for target, closeness in wanted.items():
        for name in tree.names:
            near = closeness * tree.nearness(name, target, levels)
            if near > 0 and (name not in best or near > best[name].closeness):
                best[name] = Choice(name, near, _said(fact, name, target, tree))
    return _sorted(list(best.values()))


def _said(fact: str, name: str, target: str, tree: Tree) -> str:
    said, wanted = f"{label(fact)} {name}", tree.name(target)
    common = tree.common(name, target)
    if fold(name) == fold(target):
        return said
    if fold(common[-1]) == fold(target):
        return f"{said}, in {wanted}"
    return f"{said}, in {common[-1]} like {wanted}"


def _sorted(choices: list[Choice]) -> Choices:
    return Choices(tuple(sorted(choices, key=lambda choice: (-choice.closeness, choice.value))))
