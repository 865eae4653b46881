"""A stored model is kept true without learning anew."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from scoring.methods import predictive
from scoring.training import drift, recalibrate

AS_OF = date(2024, 12, 1)


def test_recalibration_moves_the_mean_and_keeps_the_ranking(trained, history):
    """On leads that convert less, the mean prediction follows and no two leads change places."""
    recent = history(seed=21, rate=-2.5)
    before = predictive.compile(trained.stored).probability(recent, AS_OF)

    moved = recalibrate(trained.stored, recent)

    after = predictive.compile(moved).probability(recent, AS_OF)
    assert before.mean() > 1.3 * recent["converted"].mean()
    assert after.mean() == pytest.approx(recent["converted"].mean(), abs=0.01)
    assert after.rank("min").equals(before.rank("min"))


def test_recalibrated_lines_still_sum(trained, history):
    """The base line moves with the intercept, so that the lines still add up."""
    recent = history(seed=21, rate=-2.5, leads=300)
    method = predictive.compile(recalibrate(trained.stored, recent))

    found = method.evaluate(recent, AS_OF)

    total = found.select(pl.sum_horizontal([line.key for line in method.lines])).to_series()
    assert (total - 100 * found["probability"]).abs().max() < 1e-9


def test_drift_is_small_on_the_same_kind_of_leads(trained, history):
    """New leads from the same world show no moved feature."""
    found = drift(trained.stored, history(seed=22))

    assert max(found.stability.values()) < 0.1
    assert found.actual == pytest.approx(found.base_rate, abs=0.03)


def test_drift_names_the_feature_that_moved(trained, history):
    """When the sources change, the report puts the source first and says so."""
    changed = history(seed=23).with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.lit("cold"))
        .otherwise("source")
        .alias("source")
    )

    found = drift(trained.stored, changed.drop("converted"))

    assert found.stability["source"] > 0.25
    assert found.actual is None
    assert found.to_text().splitlines()[1].startswith("  source:")
