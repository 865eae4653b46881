"""Training as a whole: when it speaks, when it stays silent, and what the card says."""

from __future__ import annotations

import json
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
    frame = history(leads=700)

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


def test_outcomes_may_be_written_in_many_ways(history):
    """Booleans, 0 and 1, yes and no, won and lost are the same outcome."""
    frame = history(leads=600)
    expected = train(frame, SETTINGS).model
    for outcome in (
        pl.when("converted").then(1).otherwise(0),
        pl.when("converted").then(pl.lit("Yes")).otherwise(pl.lit("no")),
        pl.when("converted").then(pl.lit("Won")).otherwise(pl.lit("LOST")),
        pl.col("converted").cast(pl.Float64),
    ):
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


def test_a_value_that_never_occurs_is_named_with_the_nearest():
    """A misspelt value for converted is refused with the values there are."""
    frame = pl.DataFrame({"stage": ["new", "met", "signed"] * 40})

    with pytest.raises(ProblemsError, match=r'"singed" is no value of stage.*mean "signed"'):
        train(frame, TrainingSettings(target="stage", positive="singed"))


def test_words_put_no_leads_in_order():
    """A column of words as time is refused rather than taken for an order."""
    frame = pl.DataFrame({"city": ["Rome", "Oslo"] * 60, "converted": [True, False] * 60})

    with pytest.raises(ProblemsError, match=r"time city.*must hold dates"):
        train(frame, TrainingSettings(target="converted", time="city"))


def test_columns_of_odd_types_are_left_out_with_the_reason(history):
    """Structs that are no ranges, bytes and times of day cannot be learned from, and harm nothing."""
    frame = history(leads=400).with_columns(
        place=pl.struct(pl.lit("Rome").alias("town"), pl.lit(1).alias("zone")),
        raw=pl.lit(b"x"),
        hour=pl.time(9, 30),
    )

    found = {f.column: f.reason for f in train(frame, SETTINGS).findings}

    assert all("cannot be learned from" in found[name] for name in ("place", "raw", "hour"))


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


def test_a_base_rate_that_moves_is_a_warning(history):
    """Where the newest fifth converts far less often than the older leads did, the card says so."""
    frame = history(leads=2500)
    late = pl.int_range(pl.len()) >= 2000
    fewer = pl.col("converted") & ~(late & (pl.int_range(pl.len()) % 5 > 0))

    moved = train(frame.with_columns(fewer.alias("converted")), SETTINGS).card
    steady = train(frame, SETTINGS).card

    assert any("The newest fifth converted less often" in w for w in moved.warnings)
    assert not any("The newest fifth" in w for w in steady.warnings)


def test_the_libraries_are_held_to_one_thread_from_the_start():
    """In a fresh process, which has not loaded them yet, they are held all the same."""
    code = (
        "from scoring.training.candidates import one_thread\n"
        "from threadpoolctl import threadpool_info\n"
        "with one_thread():\n"
        "    print([each['num_threads'] for each in threadpool_info()])"
    )
    environment = {"PATH": "", "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )

    assert set(json.loads(ran.stdout)) == {1}
