"""A stored model scores leads: lines that sum, probabilities in range, nothing that crashes."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.methods import predictive
from scoring.training.candidates import candidates
from scoring.training.columns import describe
from scoring.training.features import codes
from scoring.training.points import compile_points

AS_OF = date(2024, 12, 1)

LEADS = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.none()
            | st.sampled_from(["referral", "ADS", "Select", "-"])
            | st.text(max_size=8),
            "visits": st.none() | st.floats(allow_infinity=False),
            "employees": st.none() | st.floats(0, 1e7),
            "interests": st.none()
            | st.lists(st.sampled_from(["webinar", "news", "other"]), max_size=3),
            "newsletter": st.none() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=12,
)
SCHEMA = {
    "source": pl.String(),
    "visits": pl.Float64(),
    "employees": pl.Float64(),
    "interests": pl.List(pl.String()),
    "newsletter": pl.Boolean(),
}
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(rows=LEADS)
def test_lines_sum_to_the_probability(trained, rows):
    """Whatever the leads hold, the lines add up to 100 × probability, which lies within 0 and 1."""
    method = predictive.compile(trained.stored)

    found = method.evaluate(pl.DataFrame(rows, schema=SCHEMA), AS_OF)

    total = found.select(pl.sum_horizontal([line.key for line in method.lines])).to_series()
    np.testing.assert_allclose(total, 100 * found["probability"], atol=1e-9)
    assert found["probability"].is_between(0, 1).all()


@quick
@given(rows=LEADS)
def test_no_line_leaves_its_bounds(trained, rows):
    """`most` and `least` hold for every lead."""
    method = predictive.compile(trained.stored)

    found = method.evaluate(pl.DataFrame(rows, schema=SCHEMA), AS_OF)

    for line in method.lines:
        assert found[line.key].is_between(line.least - 1e-6, line.most + 1e-6).all()


@quick
@given(rows=LEADS)
def test_a_lead_is_scored_alike_alone_and_in_company(trained, rows):
    """Scores do not depend on the other leads of the frame."""
    method = predictive.compile(trained.stored)
    leads = pl.DataFrame(rows, schema=SCHEMA)

    alone = [method.probability(leads[n : n + 1], AS_OF)[0] for n in range(leads.height)]

    np.testing.assert_allclose(alone, method.probability(leads, AS_OF), rtol=1e-12)


def test_json_round_trip_scores_identically(trained, history):
    """A model written as JSON and read again gives the very same numbers and words."""
    leads = history(seed=9, leads=200)
    before = predictive.compile(trained.stored).evaluate(leads, AS_OF)

    after = predictive.compile(json.loads(json.dumps(trained.stored))).evaluate(leads, AS_OF)

    assert after.equals(before)


def test_missing_columns_count_as_blank(trained, history):
    """A frame without a column scores like one where the column is null."""
    leads = history(seed=9, leads=100)
    method = predictive.compile(trained.stored)
    nulled = leads.with_columns(pl.lit(None, dtype=pl.String).alias("source"))

    assert method.evaluate(leads.drop("source"), AS_OF).equals(method.evaluate(nulled, AS_OF))


def test_lines_say_what_they_are_about(trained):
    """Each line's text names the fact and its value in words."""
    leads = pl.DataFrame(
        {"source": ["referral", "Mars", None], "interests": [["webinar"], [], None]}
    )

    found = predictive.compile(trained.stored).evaluate(leads, AS_OF)

    assert found["source:text"].to_list() == [
        "source is referral",
        "source is a value seldom seen",
        "source is blank",
    ]
    assert found["interests:text"][0] == "interests includes webinar"


def test_better_facts_score_higher(trained):
    """What made leads convert in the history gives points, and what did not takes some."""
    leads = pl.DataFrame({"source": ["referral", "cold"], "visits": [6, 0]})

    found = predictive.compile(trained.stored).evaluate(leads, AS_OF)

    assert found["source"][0] > 0 > found["source"][1]
    assert found["visits"][0] > 0 > found["visits"][1]


def test_an_empty_frame_gives_no_rows(trained, history):
    """No leads, no verdicts, the same columns."""
    method = predictive.compile(trained.stored)

    found = method.evaluate(history(leads=50)[:0], AS_OF)

    assert found.height == 0
    assert {line.key for line in method.lines} <= set(found.columns)


def test_a_model_of_another_version_is_refused(trained):
    """A stored model that this version does not know is not guessed at."""
    with pytest.raises(ValueError, match="train it again"):
        predictive.compile(trained.stored | {"version": 99})


@pytest.mark.parametrize("number", range(4))
def test_stored_parts_equal_the_fitted_model(history, number):
    """Points and trees as plain arrays give what scikit-learn's own model gives."""
    frame = history(seed=2)
    names = ["source", "visits", "employees", "interests", "phone_kind"]
    spec = [f for c in describe(frame, names, as_of=None, merge_blank=True) for f in c.features]
    coded = np.ascontiguousarray(codes(frame, None, spec))
    outcome = frame["converted"].cast(pl.Float64).to_numpy()
    fitted = candidates(spec, outcome, seed=3)[number].fit(coded, outcome)
    parts = fitted.parts()
    stored = {
        "intercept": parts.intercept,
        "points": [table.tolist() for table in parts.points],
        "trees": parts.trees,
        "calibration": {"slope": 1.0, "intercept": 0.0},
        "offsets": [0.0] * len(spec),
    }

    found, _ = compile_points(json.loads(json.dumps(stored))).log_odds(coded)

    np.testing.assert_allclose(found, fitted.log_odds(coded), atol=1e-6)
