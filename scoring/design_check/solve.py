"""Whether criteria can hold together: a search over masks of values, one mask per fact.

What the search rules out is ruled out for every lead; a text that must contain three things at once,
and whatever takes too long, counts as possible.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from scoring.criteria.tree import Combination, Comparison, Node
from scoring.design_check.values import PARTS, Mode, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Goal = tuple[Node | None, Mode]
State = dict[str, int]
"""For each fact that matters the mask of values that it may have."""

_STEPS = 4_000
_OPPOSITE: dict[Mode, Mode] = {
    "true": "false",
    "false": "true",
    "not true": "not false",
    "not false": "not true",
}


class UndecidedError(Exception):
    """The search took too long: nothing is known."""


@dataclass
class Solver:
    """Finds states in which goals hold together. `possible` refines complete states, or drops them."""

    values: Values
    possible: Callable[[Solver, State], Iterator[State]]
    _left: int = field(default=_STEPS, init=False)

    def satisfiable(self, goals: Iterable[Goal], ignore: frozenset[str] = frozenset()) -> bool:
        """Whether some lead may satisfy all goals; True where it cannot be decided."""
        try:
            return next(self.states(goals, ignore), None) is not None
        except UndecidedError:
            return True

    def some(self, goals: Iterable[Goal], ignore: frozenset[str] = frozenset()) -> list[State]:
        """A few states in which the goals hold; none if there is none or nobody knows."""
        found: list[State] = []
        try:
            for state in self.states(goals, ignore):
                found.append(state)
                if len(found) == 4:  # noqa: PLR2004 — enough to try
                    break
        except UndecidedError:
            pass
        return found

    def states(
        self, goals: Iterable[Goal], ignore: frozenset[str] = frozenset()
    ) -> Iterator[State]:
        """Every state in which the goals hold, facts to `ignore` aside. Raises UndecidedError."""
        self._left = _STEPS
        for state in self.search(tuple(goals), {}, ignore):
            yield from self.possible(self, state)

    def search(
        self, goals: tuple[Goal, ...], state: State, ignore: frozenset[str] = frozenset()
    ) -> Iterator[State]:
        """The states below this one in which the goals hold."""
        self._left -= 1
        if self._left < 0:
            raise UndecidedError
        if not goals:
            yield state
            return
        (node, mode), rest = goals[0], goals[1:]
        if isinstance(node, Comparison):
            narrowed = state if node.fact in ignore else self._narrowed(state, node, mode)
            if narrowed is not None:
                yield from self.search(rest, narrowed, ignore)
            return
        ways = list(_ways(node, mode))
        if len(ways) > 1 and any(not _forks(goal) for goal in rest):  # what is certain goes first
            rest = tuple(sorted((*rest, goals[0]), key=_forks))
            yield from self.search(rest, state, ignore)
            return
        for way in ways:
            yield from self.search((*way, *rest), state, ignore)

    def _narrowed(self, state: State, node: Comparison, mode: Mode) -> State | None:
        before = state.get(node.fact, self.values.all(node.fact))
        after = before & self.values.mask(node, mode)
        if after:
            return state | {node.fact: after}
        if node.operator in PARTS and mode == "true" and not self.values.spelled(node.fact, before):
            raise UndecidedError  # the values do not stand for every combination of parts
        return None


def _forks(goal: Goal) -> bool:
    node, mode = goal
    return not isinstance(node, Comparison) and len(list(_ways(node, mode))) != 1


def _ways(node: Combination | None, mode: Mode) -> Iterator[tuple[Goal, ...]]:
    """The alternatives, each a conjunction, that make the combination so."""
    if node is None or not node.parts:
        if mode in ("true", "not false"):
            yield ()
        return
    if node.kind == "not":
        yield ((node.parts[0], _OPPOSITE[mode]),)
        return
    needed = {"all": len(node.parts), "any": 1, "at_least": node.count}[node.kind]
    if mode in ("false", "not true"):
        needed = len(node.parts) - needed + 1
    for parts in combinations(node.parts, needed):
        yield tuple((part, mode) for part in parts)


def comparisons(node: Node | None) -> Iterator[Comparison]:
    """Every comparison in a criterion."""
    if isinstance(node, Comparison):
        yield node
    elif node is not None:
        for part in node.parts:
            yield from comparisons(part)
