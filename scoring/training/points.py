"""The stored model as arrays: from codes to log-odds, and how much of them each feature gave.

A model is a sum of points tables (one number per code) and of small trees over codes. The leaf of
a tree is found for all leads at once: each code of each feature rules out some leaves, and the
lowest leaf that is left is the lead's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MAX_LEAVES = 16
"""Leaves of a tree at most: they are told apart by the bits of one 16-bit number."""

_CHUNK = 2048
_ALL = 0xFFFF
_LOWEST = np.array([(n & -n).bit_length() - 1 for n in range(1 << MAX_LEAVES)], dtype=np.int8)


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees over codes, compiled.

    `allowed[f][code]` are the leaves (as bits) of every tree that a code of feature f leaves
    possible; `value` is the log-odds of each leaf, `share` how each feature moved it there.
    """

    features: tuple[int, ...]
    allowed: tuple[NDArray[np.uint16], ...]
    value: NDArray[np.float64]
    share: NDArray[np.float32]
    trees: int
    leaves: int
    start: float


@dataclass(frozen=True, slots=True)
class Points:
    """A compiled model: log-odds = `start` + what each feature gives.

    `start` is the log-odds of a lead of which nothing is known but the base rate.
    """

    start: float
    tables: tuple[NDArray[np.float64], ...]
    forest: Forest | None

    def log_odds(self, codes: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The log-odds of each lead, and the part of each feature in them (rows × features)."""
        parts = np.empty(codes.shape, dtype=np.float64)
        for position, table in enumerate(self.tables):
            parts[:, position] = table[codes[:, position]]
        total = self.start + parts.sum(axis=1)
        if self.forest is not None:
            for first in range(0, len(codes), _CHUNK):
                rows = slice(first, first + _CHUNK)
                added, shares = _walk(self.forest, codes[rows])
                total[rows] += added
                parts[rows] += shares
        return total, parts

    def bounds(self) -> list[tuple[float, float]]:
        """The least and the most log-odds that each feature can give."""
        low = [float(table.min()) for table in self.tables]
        high = [float(table.max()) for table in self.tables]
        if self.forest is not None:
            share = self.forest.share.reshape(self.forest.trees, self.forest.leaves, -1)
            low = [a + float(b) for a, b in zip(low, share.min(axis=1).sum(axis=0), strict=True)]
            high = [a + float(b) for a, b in zip(high, share.max(axis=1).sum(axis=0), strict=True)]
        return list(zip(low, high, strict=True))


def compile_points(stored: Mapping[str, Any]) -> Points:
    """Points from the stored model's `intercept`, `points`, `offsets`, `trees` and `calibration`.

    Calibration is linear in log-odds, so it scales every part alike and parts still add up.
    """
    slope = float(stored["calibration"]["slope"])
    tables = [np.asarray(table, dtype=np.float64) * slope for table in stored["points"]]
    sizes = [len(table) for table in tables]
    forest = _compile_forest(stored["trees"], sizes, slope) if stored["trees"]["root"] else None
    start = slope * float(stored["intercept"]) + float(stored["calibration"]["intercept"])
    if forest is not None:
        start += forest.start
    offsets = [float(offset) for offset in stored["offsets"]]
    tables = [table + offset for table, offset in zip(tables, offsets, strict=True)]
    return Points(start - sum(offsets), tuple(tables), forest)


def _walk(
    forest: Forest, codes: NDArray[np.int16]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    left = forest.allowed[0][codes[:, forest.features[0]]]
    for feature, table in zip(forest.features[1:], forest.allowed[1:], strict=True):
        left &= table[codes[:, feature]]
    # `take` and flat places: several times as fast as the same by tables of indices.
    leaf = np.arange(forest.trees, dtype=np.int32) * forest.leaves + _LOWEST.take(left)
    chosen = np.zeros((len(codes), forest.trees * forest.leaves), dtype=np.float32)
    chosen.ravel()[leaf + np.arange(len(codes))[:, None] * chosen.shape[1]] = 1.0
    return forest.value.take(leaf).sum(axis=1) - forest.start, chosen @ forest.share


def _compile_forest(stored: Mapping[str, Any], sizes: Sequence[int], slope: float) -> Forest:
    nodes = {
        name: np.asarray(stored[name]) for name in ("feature", "split", "left", "right", "count")
    }
    value = np.asarray(stored["value"], dtype=np.float64) * slope
    grown = [_grow(nodes, value, int(root), len(sizes)) for root in stored["root"]]
    leaves = max(len(tree.leaves) for tree in grown)
    allowed = [np.full((size, len(grown)), _ALL, dtype=np.uint16) for size in sizes]
    leaf_value = np.zeros((len(grown), leaves))
    share = np.zeros((len(grown), leaves, len(sizes)))
    for number, tree in enumerate(grown):
        for feature, split, bits in tree.ruled_out:
            allowed[feature][split + 1 :, number] &= np.uint16(~bits & _ALL)
        for leaf, (worth, moved) in enumerate(tree.leaves):
            leaf_value[number, leaf] = worth
            share[number, leaf] = moved
    used = tuple(f for f, table in enumerate(allowed) if bool((table != _ALL).any())) or (0,)
    return Forest(
        features=used,
        allowed=tuple(allowed[f] for f in used),
        value=leaf_value.ravel(),
        share=share.reshape(len(grown) * leaves, -1).astype(np.float32),
        trees=len(grown),
        leaves=leaves,
        start=sum(
            tree.average(int(root)) for tree, root in zip(grown, stored["root"], strict=True)
        ),
    )


def _grow(
    nodes: Mapping[str, NDArray[Any]], value: NDArray[np.float64], root: int, features: int
) -> _Tree:
    tree = _Tree(nodes, value)
    tree.grow(root, np.zeros(features))
    return tree


class _Tree:
    """One stored tree, walked from its root: leaves from left to right and what leads to them."""

    def __init__(self, nodes: Mapping[str, NDArray[Any]], value: NDArray[np.float64]) -> None:
        self.nodes, self.value = nodes, value
        self.mean: dict[int, float] = {}
        self.leaves: list[tuple[float, NDArray[np.float64]]] = []
        self.ruled_out: list[tuple[int, int, int]] = []

    def grow(self, node: int, moved: NDArray[np.float64]) -> int:
        """Visit the leaves below a node; returns them as bits. `moved`: by each feature so far."""
        feature = int(self.nodes["feature"][node])
        if feature < 0:
            self.leaves.append((float(self.value[node]), moved))
            return 1 << (len(self.leaves) - 1)
        here = self.average(node)
        below = 0
        for side in ("left", "right"):
            child = int(self.nodes[side][node])
            step = moved.copy()
            step[feature] += self.average(child) - here
            bits = self.grow(child, step)
            if side == "left":
                self.ruled_out.append((feature, int(self.nodes["split"][node]), bits))
            below |= bits
        return below

    def average(self, node: int) -> float:
        """The mean value of the training leads that came through a node."""
        if node not in self.mean:
            if self.nodes["feature"][node] < 0:
                self.mean[node] = float(self.value[node])
            else:
                left, right = int(self.nodes["left"][node]), int(self.nodes["right"][node])
                counts = self.nodes["count"]
                a, b = float(counts[left]), float(counts[right])
                self.mean[node] = (a * self.average(left) + b * self.average(right)) / (a + b)
        return self.mean[node]
