"""Precision, recall and lift with their intervals, against known values and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.backtest.measures import (
    LEAST,
    Picked,
    precision_and_recall,
    silence,
    top_tenth,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_wilson_s_interval_is_the_published_one(
    hits: int, of: int, low: float, high: float
) -> None:
    """The bounds are those of the formula's published tables."""
    found = wilson(hits, of)

    assert pytest.approx((low, high), abs=1e-4) == found


@given(st.integers(0, 500), st.integers(1, 500))
@settings(max_examples=50)
def test_the_interval_holds_the_share_and_narrows_with_more_leads(hits: int, more: int) -> None:
    """Whatever the counts, the share lies inside, and tenfold the leads say it more exactly."""
    of = hits + more
    low, high = wilson(hits, of)
    surer = wilson(10 * hits, 10 * of)

    assert 0 <= low <= hits / of <= high <= 1
    assert surer[1] - surer[0] < high - low


def picked(seed: int, *, same: bool) -> Picked:
    """Two models' choices among a thousand leads; the new one's are better unless they are the same."""
    random = np.random.default_rng(seed)
    won = random.random(1000) < 0.2
    old = random.random(1000) < np.where(won, 0.5, 0.3)
    new = old if same else random.random(1000) < np.where(won, 0.8, 0.2)
    return Picked(old, new, won)


def test_the_figures_are_those_counted_by_hand() -> None:
    """Precision is won among picked, recall picked among won."""
    case = picked(1, same=False)
    found = precision_and_recall(case, seed=0)

    hits = int((case.new & case.won).sum())
    assert found["precision"]["new"]["value"] == hits / case.new.sum()
    assert found["recall"]["new"]["value"] == hits / case.won.sum()
    assert found["recall"]["new"]["of"] == case.won.sum()


def test_the_same_choices_do_not_differ_at_all() -> None:
    """Paired draws cancel out what moves both: the interval of no difference is nothing wide."""
    found = precision_and_recall(picked(2, same=True), seed=0)

    assert found["precision"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_real_difference_has_an_interval_beside_zero_and_the_seed_repeats_it() -> None:
    """The better model's recall is surely higher, and a second look says the same to the digit."""
    case = picked(3, same=False)
    found = precision_and_recall(case, seed=5)

    assert found["recall"]["difference"]["low"] > 0.1
    assert precision_and_recall(case, seed=5) == found


def test_nobody_picked_has_no_precision() -> None:
    """A model that picks nobody has a recall of nothing and no precision."""
    case = picked(4, same=False)
    found = precision_and_recall(Picked(case.old, np.zeros(1000, dtype=bool), case.won), seed=0)

    assert found["precision"]["new"] is None
    assert found["precision"]["difference"] is None
    assert found["recall"]["new"]["value"] == 0


def test_lift_is_the_share_of_the_best_tenth_over_that_of_all() -> None:
    """A perfect score has the greatest lift there is; one score for all has about none."""
    won = np.arange(1000) % 10 == 0
    found = top_tenth((np.zeros(1000), won.astype(float)), won, seed=0)

    assert found["new"]["value"] == pytest.approx(10)
    assert found["old"]["low"] < 1 < found["old"]["high"]


@pytest.mark.parametrize(("won", "lost"), [(LEAST - 1, 500), (500, LEAST - 1), (0, 0)])
def test_too_few_outcomes_are_said_with_their_numbers(won: int, lost: int) -> None:
    """With fewer than the least of either kind it says how many there are and how many are needed."""
    said = silence(np.repeat([True, False], [won, lost]))

    assert said is not None
    assert f"{won:,} of them were won and {lost:,} were not" in said
    assert f"at least {LEAST} of each" in said


def test_enough_outcomes_are_not_silent() -> None:
    """From the least of both kinds on figures are given."""
    assert silence(np.repeat([True, False], [LEAST, LEAST])) is None
