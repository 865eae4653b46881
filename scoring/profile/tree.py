"""A tree of values: how near one is to another, and by which value both are held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.criteria.forms import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Tree:
    """Values by their folded names, each with the path that leads to it from the top."""

    paths: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Every value as the file spells it."""
        return tuple(path[-1] for path in self.paths.values())

    def __contains__(self, name: str) -> bool:
        return fold(name) in self.paths

    def name(self, name: str) -> str:
        """A value as the file spells it."""
        return self.paths[fold(name)][-1]

    def common(self, one: str, other: str) -> tuple[str, ...]:
        """The path to the lowest value that holds both, empty if none does."""
        first, second = self.paths[fold(one)], self.paths[fold(other)]
        same = 0
        while same < min(len(first), len(second)) and fold(first[same]) == fold(second[same]):
            same += 1
        return first[:same]

    def nearness(self, name: str, target: str, levels: Sequence[float] | None = None) -> float:
        """How near a value is to a target: 1 if it is the target or lies under it.

        Otherwise by `levels`: what is left one, two … levels up from the target, where both come
        together. Without them it is twice the depth of the lowest common value over the sum of the
        depths of both (Wu and Palmer, 1994: Verb semantics and lexical selection).
        """
        depth, depth_of_target = len(self.paths[fold(name)]), len(self.paths[fold(target)])
        common = len(self.common(name, target))
        up = depth_of_target - common
        if up == 0:
            return 1.0
        if levels is None:
            return 2 * common / (depth + depth_of_target)
        return levels[up - 1] if common and up <= len(levels) else 0.0


def branches(data: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path to every value of nested mappings, lists and texts.

    Raises ValueError for anything else in the tree.
    """
    if isinstance(data, dict):
        for name, below in data.items():
            yield (*above, _text(name, above))
            yield from branches(below, (*above, str(name)))
    elif isinstance(data, list):
        for part in data:
            yield from branches(part, above)
    elif data is not None:
        yield (*above, _text(data, above))


def grow(data: Any) -> Tree:
    """The tree in a file's data. Raises ValueError if a value is in it twice."""
    paths: dict[str, tuple[str, ...]] = {}
    for path in branches(data):
        if fold(path[-1]) in paths:
            raise ValueError(f'"{path[-1]}" is in the tree twice')
        paths[fold(path[-1])] = path
    return Tree(paths)


def _text(value: Any, above: tuple[str, ...]) -> str:
    if not isinstance(value, str) or not value.strip():
        place = f' under "{above[-1]}"' if above else ""
        raise ValueError(f"the values of a tree are texts; {value!r}{place} is none")
    return value
