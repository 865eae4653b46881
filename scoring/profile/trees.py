"""The trees that a profile may use: the places of the world and the team's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.profile.places import PLACES
from scoring.profile.tree import Tree, grow

if TYPE_CHECKING:
    from scoring.criteria import Scope
    from scoring.profile.schema import Profile

WORLD = "places"
"""The name of the tree that ships with the program."""


def trees_of(profile: Profile, scope: Scope) -> dict[str, Tree]:
    """Every tree by name; what is wrong with one is noted in the scope."""
    trees = {WORLD: grow(PLACES)}
    for name, data in profile.trees.items():
        at = ("profile", "trees", name)
        if name == WORLD:
            scope.wrong(at, f'"{WORLD}" ships with the program.', "Choose another name.")
            continue
        try:
            trees[name] = grow(data)
        except ValueError as error:
            scope.wrong(at, f"{error}.")
    return trees
