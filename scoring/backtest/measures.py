"""How well each model picks the leads that were won, with how sure that is.

Precision and recall have Wilson's score interval (E. B. Wilson, 1927: Probable inference, the law of
succession, and statistical inference; JASA 22). Lift and the differences between the two models
have percentile intervals of a paired bootstrap (B. Efron, 1979: Bootstrap methods; Annals of
Statistics 7): leads are drawn again with both models' choices, so that what moves both cancels out.
Only the counts of the eight combinations matter (old picks, new picks, won), so the draws are
multinomial; which leads are in the top tenth is not drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LEAST = 10
"""Leads won, and leads not won, below which nothing is said."""

DRAWS = 2_000
CONFIDENCE = 1.959963984540054
"""Standard errors on each side of a 95 % interval."""

Numbers = Any  # numpy.typing.NDArray
Interval = dict[str, float]


@dataclass(frozen=True, slots=True)
class Picked:
    """Which leads each model picks, and which were won; one entry per lead."""

    old: NDArray[np.bool_]
    new: NDArray[np.bool_]
    won: NDArray[np.bool_]

    def cells(self) -> NDArray[np.int64]:
        """How many leads are in each combination, as an array [old, new, won]."""
        code = self.old.astype(int) * 4 + self.new.astype(int) * 2 + self.won.astype(int)
        return np.bincount(code, minlength=8).reshape(2, 2, 2).astype(np.int64)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if of == 0:
        return 0.0, 1.0
    square = CONFIDENCE**2
    share, whole = hits / of, 1 + square / of
    middle = (share + square / (2 * of)) / whole
    half = CONFIDENCE * sqrt(share * (1 - share) / of + square / (4 * of * of)) / whole
    low = 0.0 if hits == 0 else middle - half
    return max(0.0, low), 1.0 if hits == of else min(1.0, middle + half)


def silence(won: Numbers) -> str | None:
    """Why nothing can be said of these outcomes; None if something can."""
    good = int(won.sum())
    bad = len(won) - good
    if min(good, bad) >= LEAST:
        return None
    return (
        f"{len(won):,} leads have a known outcome, {good:,} of them were won and {bad:,} were not; "
        f"at least {LEAST} of each are needed"
    )


def precision_and_recall(picked: Picked, seed: int) -> dict[str, Any]:
    """Precision and recall of both models, and how the new one differs; shares of 1."""
    cells = picked.cells()
    draws = _draws(cells, seed)
    return {
        "precision": _compared(cells, draws, precision),
        "recall": _compared(cells, draws, recall),
    }


def top_tenth(scores: tuple[Numbers, Numbers], won: Numbers, seed: int) -> dict[str, Any]:
    """Lift of the best tenth by score under both models; leads of one score are taken at random."""
    order = np.random.default_rng(seed).permutation(len(won))
    picks = [_best(np.asarray(score, dtype=float), order) for score in scores]
    cells = Picked(picks[0], picks[1], won).cells()
    return _compared(cells, _draws(cells, seed), lift)


def precision(cells: Numbers, side: int) -> tuple[Numbers, Numbers]:
    """Won leads among the picked ones: how many, of how many."""
    mine = _of_side(cells, side)
    return mine[..., 1, 1], mine[..., 1, :].sum(-1)


def recall(cells: Numbers, side: int) -> tuple[Numbers, Numbers]:
    """Picked leads among the won ones: how many, of how many."""
    mine = _of_side(cells, side)
    return mine[..., 1, 1], mine[..., :, 1].sum(-1)


def lift(cells: Numbers, side: int) -> tuple[Numbers, Numbers]:
    """The picked leads' share of won ones, over that of all leads."""
    hits, of = precision(cells, side)
    base = cells[..., 1].sum((-1, -2)) / cells.sum((-1, -2, -3))
    return hits, of * base


def _of_side(cells: Numbers, side: int) -> Numbers:
    """Counts [picked, won] of one model (0: the old one)."""
    return cells.sum(-2 if side == 0 else -3)


def _best(score: Numbers, order: Numbers) -> Numbers:
    ranked = order[np.argsort(-score[order], kind="stable")]
    best = np.zeros(len(score), dtype=bool)
    best[ranked[: max(1, round(len(score) / 10))]] = True
    return best


def _draws(cells: Numbers, seed: int) -> Numbers:
    count = int(cells.sum())
    drawn = np.random.default_rng(seed).multinomial(count, cells.ravel() / count, size=DRAWS)
    return drawn.reshape(DRAWS, 2, 2, 2)


def _compared(
    cells: Numbers, draws: Numbers, measure: Callable[[Numbers, int], tuple[Numbers, Numbers]]
) -> dict[str, Any]:
    """Value and interval of both models, and of the difference; None where nobody was picked."""
    found: dict[str, Any] = {}
    drawn = [_ratio(*measure(draws, side)) for side in (0, 1)]
    for side, name in enumerate(("old", "new")):
        hits, of = measure(cells, side)
        if of == 0:
            found[name] = None
            continue
        low, high = _span(drawn[side]) if measure is lift else wilson(int(hits), int(of))
        found[name] = {"value": float(hits / of), "low": low, "high": high}
        found[name] |= {} if measure is lift else {"hits": int(hits), "of": int(of)}
    found["difference"] = None
    if found["old"] and found["new"]:
        low, high = _span(drawn[1] - drawn[0])
        difference = found["new"]["value"] - found["old"]["value"]
        found["difference"] = {"value": difference, "low": low, "high": high}
    return found


def _ratio(hits: Numbers, of: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(of > 0, hits / np.where(of > 0, of, 1), np.nan)


def _span(values: Numbers) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)
