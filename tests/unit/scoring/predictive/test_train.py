"""Training as a whole: when it speaks, when it stays silent, and what the card says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from scoring.methods import predictive
from scoring.problem import ProblemsError
from scoring.training import NotTrained, Trained, TrainingSettings, train
from scoring.training.measures import figures

SETTINGS = TrainingSettings(target="converted")


def test_the_same_seed_gives_the_same_model(history):
    """Two trainings on the same history with the same seed store the same model."""
    frame = history(leads=1500)

    first, second = train(frame, SETTINGS), train(frame, SETTINGS)

    assert isinstance(first.model, Trained)
    assert first.model == second.model


def test_the_model_knows_what_the_history_teaches(history):
    """On leads it has not seen it ranks nearly as well as the truth allows, and is calibrated."""
    model = train(history(leads=4000), SETTINGS).model
    fresh = history(leads=4000, seed=99)
    assert isinstance(model, Trained)
    outcome = fresh["converted"].cast(pl.Float64).to_numpy()
    probability = predictive.compile(model.stored).probability(fresh, fresh["created_at"][-1])

    found = figures(outcome, probability.to_numpy(), seed=0)

    assert found.auc > 0.83
    assert found.brier < 0.85 * found.brier_constant
    assert found.ece < 0.03


def test_below_fifty_conversions_it_stays_silent(history):
    """Too little history gives no model and a reason with the numbers."""
    frame = history(leads=3000)
    few = pl.concat([frame.filter("converted")[:49], frame.filter(~pl.col("converted"))])

    found = train(few, SETTINGS).model

    assert isinstance(found, NotTrained)
    assert "49 leads converted" in found.reason


def test_from_fifty_conversions_it_speaks(history):
    """Fifty conversions among a few hundred leads are enough for a cautious model."""
    frame = history(leads=3000)
    few = pl.concat([frame.filter("converted")[:60], frame.filter(~pl.col("converted"))[:200]])

    found = train(few, SETTINGS)

    assert isinstance(found.model, Trained)
    assert found.card.random.auc > 0.65
    assert "Little history" in found.card.to_text()


@pytest.mark.parametrize("seed", range(3))
def test_noise_publishes_no_probability(seed):
    """Where nothing predicts the outcome, no model is given out."""
    random = np.random.default_rng(seed)
    noise = pl.DataFrame(
        {
            "city": random.choice(["a", "b", "c"], 600),
            "visits": random.poisson(4, 600),
            "converted": random.random(600) < 0.3,
        }
    )

    found = train(noise, SETTINGS)

    assert isinstance(found.model, NotTrained)
    assert "no better than" in found.model.reason
    assert found.card is not None


@pytest.mark.parametrize(
    "outcome",
    [
        pl.when("converted").then(1).otherwise(0),
        pl.when("converted").then(pl.lit("Yes")).otherwise(pl.lit("no")),
        pl.when("converted").then(pl.lit("Won")).otherwise(pl.lit("LOST")),
        pl.col("converted").cast(pl.Float64),
    ],
)
def test_outcomes_may_be_written_in_many_ways(history, outcome):
    """Booleans, 0 and 1, yes and no, won and lost are the same outcome."""
    frame = history(leads=800)
    expected = train(frame, SETTINGS).model

    found = train(frame.with_columns(outcome.alias("converted")), SETTINGS).model

    assert found == expected


def test_leads_without_an_outcome_are_left_out(history):
    """An unknown outcome is neither yes nor no, and the card counts them."""
    frame = history(leads=900).with_columns(
        pl.when(pl.int_range(pl.len()) % 9 == 0)
        .then(None)
        .otherwise("converted")
        .alias("converted")
    )

    found = train(frame, SETTINGS)

    assert found.card.leads == 800
    assert any("100 leads have no outcome" in warning for warning in found.card.warnings)


def test_unknown_columns_are_named_with_the_nearest():
    """A misspelt setting is a problem that says where, what and which name was meant."""
    frame = pl.DataFrame({"converted": [True], "source": ["a"]})

    with pytest.raises(ProblemsError, match=r'exclude: "sorce".*Did you mean "source"'):
        train(frame, TrainingSettings(target="converted", exclude=("sorce",)))


def test_an_outcome_of_many_values_is_refused():
    """A target that is no outcome asks for the value that means converted."""
    frame = pl.DataFrame({"stage": ["new", "met", "signed"] * 40})

    with pytest.raises(ProblemsError, match="positive"):
        train(frame, TrainingSettings(target="stage"))


def test_include_uses_exactly_the_named_columns(history):
    """Named columns are used, flagged or not; no others."""
    frame = history(leads=1500)

    found = train(frame, TrainingSettings(target="converted", include=("source", "visits")))

    assert found.card.columns == ("source", "visits")


def test_the_card_measures_forward_in_time(history):
    """With an order of the leads, the newest fifth is judged by the older ones."""
    card = train(history(leads=2500), SETTINGS).card

    assert card.order == "created_at"
    assert card.forward.leads == 500
    assert card.forward.auc > 0.75


def test_the_card_says_it_all_in_lines(history):
    """Size, figures, calibration, candidates, factors and dropped columns are all in the text."""
    frame = history(leads=1500).with_columns(pl.lit("x").alias("constant"))

    text = train(frame, SETTINGS).card.to_text()

    for part in (
        "1,500 leads",
        "AUC",
        "Brier",
        "calibration error",
        "Lift",
        "← chosen",
        "source is referral",
    ):
        assert part in text
    assert 'constant: It is "x" on every lead.' in text


def test_findings_leave_identifiers_out(history):
    """Persons are not learned by heart: e-mail addresses and identifiers make no feature."""
    frame = history(leads=600).with_columns(
        pl.format("{}@example.com", pl.col("id")).alias("email"), (pl.col("id") + "x").alias("key")
    )

    found = train(frame, SETTINGS)

    assert {"email", "key"} <= {f.column for f in found.findings if f.level == "dropped"}


@pytest.mark.parametrize("name", ["phone", "contact_as_written"])
def test_telephone_numbers_are_no_numbers(history, name):
    """No telephone number gets into a stored model, not even as the step of a number."""
    phones = pl.format("+1415{}", pl.int_range(5_550_000, 5_550_000 + pl.len())).alias(name)

    found = train(history(leads=600).with_columns(phones), SETTINGS)

    assert "415555" not in str(found.model)
    assert [f.level for f in found.findings if f.column == name] == ["dropped"]


def test_scoring_needs_no_scikit_learn():
    """Importing the scoring side does not import the training library."""
    program = "import sys, scoring.methods.predictive, scoring.training; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
