"""Facts become features in one way, for training and for scoring."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from scoring.training.columns import describe
from scoring.training.features import Feature, codes, features

AS_OF = date(2024, 6, 10)


def test_moments_after_the_day_of_scoring_are_blank():
    """A lead is seen as things stood: what lies ahead has not happened."""
    frame = pl.DataFrame(
        {"seen": [datetime(2024, 6, 1, 9, tzinfo=UTC), datetime(2024, 6, 11, tzinfo=UTC), None]}
    )

    found = features(frame, AS_OF, [Feature("seen", "seen", "days", edges=(5.0,))])

    assert found["seen"].to_list() == [9.0, None, None]


def test_a_range_is_its_middle_or_its_lower_end():
    """Employees from 50 to 150 are 100; from 1,000 upwards they are 1,000."""
    frame = pl.DataFrame(
        {"employees": [{"low": 50.0, "high": 150.0}, {"low": 1000.0, "high": None}, None]},
        schema={"employees": pl.Struct({"low": pl.Float64(), "high": pl.Float64()})},
    )

    found = features(frame, AS_OF, [Feature("employees", "employees", "number")])

    assert found["employees"].to_list() == [100.0, 1000.0, None]


@pytest.mark.parametrize("text", ["Select", "N/A", "-", "  ", "-- Select --", "unknown", "?"])
def test_placeholders_are_blank(text):
    """What a form stores where nothing was said counts as nothing."""
    feature = Feature("city", "city", "text", values=("Paris",))

    assert codes(pl.DataFrame({"city": [text]}), AS_OF, [feature])[0, 0] == 0


def test_placeholders_can_be_told_apart():
    """With `merge_blank` off a placeholder is a value of its own."""
    frame = pl.DataFrame({"city": ["Select", None, "Paris"] * 30})

    (column,) = describe(frame, ["city"], as_of=None, merge_blank=False)

    assert set(column.features[0].values) == {"Select", "Paris"}
    assert column.blank.sum() == 30


def test_values_match_without_regard_to_case():
    """Google and Google are one source."""
    feature = Feature("source", "source", "text", values=("Google",))

    found = codes(pl.DataFrame({"source": ["google", "GOOGLE ", "bing"]}), AS_OF, [feature])

    assert found[:, 0].tolist() == [2, 2, 1]


def test_numbers_written_as_text_are_numbers():
    """A CSV column of digits learns steps, not hundreds of values."""
    frame = pl.DataFrame({"visits": [str(n % 40) for n in range(400)] + ["N/A"]})

    (column,) = describe(frame, ["visits"], as_of=None, merge_blank=True)

    assert (column.kind, int(column.blank.sum())) == ("number", 1)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["same"] * 300, "on every lead"),
        ([None] * 300, "blank on every lead"),
        ([f"L-{n}" for n in range(300)], "identifier"),
        (list(range(300)), "identifier"),
        ([f"we talked about plan {n} and liked it a lot" for n in range(300)], "free text"),
        ([f"town {n % 280}" for n in range(300)], "identifier"),
    ],
)
def test_columns_that_cannot_help_are_dropped_with_the_reason(values, says):
    """One value, identifiers and free text make no feature and say why."""
    frame = pl.DataFrame({"column": values}, strict=False)

    (column,) = describe(frame, ["column"], as_of=None, merge_blank=True)

    assert column.features == ()
    assert says in column.useless


def test_a_feature_survives_storage():
    """A feature read from its plain form is the same feature."""
    feature = Feature("a", "b", "number", edges=(1.0, 2.5))

    assert Feature.from_dict(feature.as_dict()) == feature


def test_steps_are_said_in_words():
    """Each code of a number and of a date says its range."""
    days = Feature("seen", "seen", "days", edges=(3.0, 30.0))
    visits = Feature("visits", "visits", "number", edges=(0.0, 1.0))

    assert days.words() == [
        "seen is blank",
        "seen up to 3 days ago",
        "seen 3 to 30 days ago",
        "seen above 30 days ago",
    ]
    assert visits.words() == ["visits is blank", "visits up to 0", "visits 1", "visits above 1"]
