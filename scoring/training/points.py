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
    possible; `share` is how each feature moved the log-odds on the way to each leaf.
    Trees are read two by two: `pair_value` and `pair_share` (of the `features` alone) have a row for
    each leaf of the first with each of the second.
    """

    features: list[int]
    allowed: tuple[NDArray[np.uint16], ...]
    share: NDArray[np.float32]
    pair_value: NDArray[np.float64]
    pair_share: NDArray[np.float32]
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
                parts[rows, self.forest.features] += shares
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
    leaf = _LOWEST.take(left).T
    both = leaf[0::2].astype(np.intp) * forest.leaves + leaf[1::2]
    # A product of matrices does the same, at the mercy of how many threads the library takes.
    shares = np.zeros((len(codes), len(forest.features)), dtype=np.float32)
    added, moved = np.full(len(codes), -forest.start), np.empty_like(shares)
    for place, value, share in zip(both, forest.pair_value, forest.pair_share, strict=True):
        added += value.take(place)
        shares += share.take(place, axis=0, out=moved, mode="clip")
    return added, shares


def _compile_forest(stored: Mapping[str, Any], sizes: Sequence[int], slope: float) -> Forest:
    nodes = {
        name: np.asarray(stored[name]) for name in ("feature", "split", "left", "right", "count")
    }
    value = np.asarray(stored["value"], dtype=np.float64) * slope
    grown = [_grow(nodes, value, int(root), len(sizes)) for root in stored["root"]]
    leaves = max(len(tree.leaves) for tree in grown)
    even = len(grown) + len(grown) % 2  # the last of an odd number is paired with an empty tree
    allowed = [np.full((size, even), _ALL, dtype=np.uint16) for size in sizes]
    leaf_value = np.zeros((even, leaves))
    share = np.zeros((even, leaves, len(sizes)))
    for number, tree in enumerate(grown):
        for feature, split, bits in tree.ruled_out:
            allowed[feature][split + 1 :, number] &= np.uint16(~bits & _ALL)
        for leaf, (worth, moved) in enumerate(tree.leaves):
            leaf_value[number, leaf] = worth
            share[number, leaf] = moved
    used = [f for f, table in enumerate(allowed) if bool((table != _ALL).any())] or [0]
    return Forest(
        features=used,
        allowed=tuple(allowed[f] for f in used),
        share=share.reshape(even * leaves, -1).astype(np.float32),
        pair_value=_paired(leaf_value[:, :, None])[:, :, 0],
        pair_share=_paired(share[:, :, used]).astype(np.float32),
        trees=even,
        leaves=leaves,
        start=sum(
            tree.average(int(root)) for tree, root in zip(grown, stored["root"], strict=True)
        ),
    )


def _paired(by_leaf: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of numbers by tree and leaf the sums by pair of trees and pair of leaves."""
    first, second = by_leaf[0::2, :, None, :], by_leaf[1::2, None, :, :]
    return np.ascontiguousarray((first + second).reshape(len(first), -1, by_leaf.shape[2]))


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
