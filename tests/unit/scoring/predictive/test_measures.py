"""Figures of predictions agree with their definitions and with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from scoring.training.calibration import fit_intercept, fit_slope_and_intercept, sigmoid
from scoring.training.measures import auc, auc_with_error, brier, figures, lifts
from scoring.training.validation import folds

PAIRS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda n: n / 20)), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(y for y, _ in rows) < len(rows))


@given(rows=PAIRS)
def test_auc_and_brier_are_the_usual_ones(rows):
    """Ties included, the area and the Brier score equal scikit-learn's."""
    outcome, probability = (np.array(column, dtype=float) for column in zip(*rows, strict=True))

    assert auc(outcome, probability) == pytest.approx(roc_auc_score(outcome, probability))
    assert brier(outcome, probability) == pytest.approx(brier_score_loss(outcome, probability))


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """DeLong's error is the spread that the area really has over repeated samples."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(300):
        outcome = (np.arange(200) < 60).astype(float)
        found.append(auc_with_error(outcome, random.normal(outcome, 1)))
    areas, errors = np.array(found).T

    assert errors.mean() == pytest.approx(areas.std(), rel=0.15)


def test_lift_of_a_perfect_ranking():
    """The best tenth of a perfect ranking converts entirely."""
    outcome = np.array([1.0] * 20 + [0.0] * 80)

    assert lifts(outcome, outcome, seed=0)[0] == pytest.approx(5.0)
    assert lifts(outcome, outcome, seed=0)[-1] == pytest.approx(1.0)


def test_calibrated_predictions_have_a_small_error():
    """Probabilities that are the truth show next to no calibration error; squeezed ones do."""
    random = np.random.default_rng(1)
    truth = random.random(50_000)
    outcome = (random.random(50_000) < truth).astype(float)

    assert figures(outcome, truth, seed=0).ece < 0.01
    assert figures(outcome, 0.5 + (truth - 0.5) / 3, seed=0).ece > 0.1


def test_chance_alone_makes_an_error_of_the_size_that_is_told():
    """True probabilities show the calibration error by chance, and are not called miscalibrated."""
    random = np.random.default_rng(4)
    truth = random.beta(1, 2, 400)
    found = [figures((random.random(400) < truth).astype(float), truth, seed=0) for _ in range(200)]

    assert np.mean([one.ece for one in found]) == pytest.approx(found[0].ece_by_chance, rel=0.1)
    assert np.mean([one.miscalibrated for one in found]) < 0.1
    assert figures((random.random(400) < truth).astype(float), truth / 2, seed=0).miscalibrated


def test_calibration_undoes_a_shift():
    """Log-odds that are too bold by half and shifted are put back."""
    random = np.random.default_rng(2)
    truth = random.normal(0, 1.5, 20_000)
    outcome = (random.random(20_000) < sigmoid(truth)).astype(float)

    slope, intercept = fit_slope_and_intercept(1.5 * truth + 0.6, outcome)

    assert slope == pytest.approx(1 / 1.5, abs=0.03)
    assert intercept == pytest.approx(-0.4, abs=0.05)


def test_the_intercept_meets_the_mean():
    """After moving the intercept, the mean prediction is the share that converted."""
    random = np.random.default_rng(3)
    log_odds = random.normal(0, 1, 5_000)
    outcome = (random.random(5_000) < 0.1).astype(float)

    moved = fit_intercept(log_odds, outcome)

    assert sigmoid(log_odds + moved).mean() == pytest.approx(outcome.mean(), abs=0.002)


def test_folds_share_the_conversions():
    """Every fold has its share of conversions, and every lead is in one fold."""
    outcome = (np.arange(103) < 23).astype(float)

    found = folds(outcome, seed=0)

    assert sorted(np.concatenate(found)) == list(range(103))
    assert {int(outcome[rows].sum()) for rows in found} <= {4, 5}
