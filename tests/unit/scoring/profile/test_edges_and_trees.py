"""Soft edges, trees and places by themselves."""

from __future__ import annotations

import polars as pl
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.profile.choices import in_tree
from scoring.profile.edges import Span, position, shown
from scoring.profile.places import PLACES
from scoring.profile.tree import grow

LINEAR = Span(50, 100, below=20, above=50)
LOG = Span(50, 1000, below=4, above=4, scale="log")
INDUSTRIES = {
    "Manufacturing": {"Machinery": ["Pumps"], "Automotive": None},
    "Services": ["Banking"],
}


def near(span, *values):
    """The closeness of some numbers."""
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    found = frame.select(span.closeness(pl.col("x"))).to_series()
    return [None if each is None else round(each, 6) for each in found]


def test_linear_edges():
    """Inside is 1; outside it falls evenly to 0 over each margin."""
    assert near(LINEAR, 50, 75, 100, 40, 30, 29, 125, 150, 1e9, None) == [
        1, 1, 1, 0.5, 0, 0, 0.5, 0, 0, None,
    ]  # fmt: skip


def test_logarithmic_edges():
    """On a logarithmic scale half the margin is half way as a factor: 25 is half way from 50 to 12.5."""
    assert near(LOG, 50, 25, 12.5, 1, 0, -5, 2000, 4000, 10_000) == [
        1, 0.5, 0, 0, 0, 0, 0.5, 0, 0,
    ]  # fmt: skip


def test_smooth_edges_have_the_same_ends_and_middle():
    """A smooth edge is gentler at both ends and meets the linear one half way."""
    smooth = Span(50, 100, below=20, above=50, edge="smooth")

    assert near(smooth, 50, 45, 40, 35, 30) == [1, 0.84375, 0.5, 0.15625, 0]


def test_hard_edges():
    """Without a margin there is nothing outside."""
    assert near(Span(50, None), 49.999, 50, 1e12) == [0, 1, 1]


@given(
    span=st.sampled_from(
        [LINEAR, LOG, Span(None, 10, above=3, edge="smooth"), Span(5, None, below=1)]
    ),
    one=st.floats(-1e6, 1e9),
    other=st.floats(-1e6, 1e9),
)
def test_closeness_falls_with_the_distance(span, one, other):
    """On either side of the span, of two numbers the one further out is never closer."""
    first, second = near(span, one, other)

    assert 0 <= first <= 1
    if span.low is not None and one <= other <= span.low:
        assert first <= second
    if span.high is not None and span.high <= one <= other:
        assert first >= second


@pytest.mark.parametrize(
    ("low", "high", "place", "words"),
    [
        (180.0, 180.0, 180.0, "180"),
        (10.0, 1000.0, 100.0, "10–1,000"),
        (1000.0, None, 1000.0, "1,000+"),
        (None, 9.5, 9.5, "at most 9.50"),
        (0.0, 10.0, 5.0, "0–10"),
        (None, None, None, None),
    ],
)
def test_ranges_stand_at_their_middle(low, high, place, words):
    """On a logarithmic scale the middle is the geometric one; an open range stands at its end."""
    kind = pl.Struct({"low": pl.Float64, "high": pl.Float64})
    frame = pl.DataFrame({"employees": pl.Series([{"low": low, "high": high}], dtype=kind)})

    found = frame.select(
        position("employees", "range", "log").alias("place"),
        shown("employees", "range").alias("words"),
    )

    assert found["place"].item() == (None if place is None else pytest.approx(place))
    assert found["words"].item() == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0.0, "0"), (7.0, "7"), (1e3, "1,000"), (1_234_567.0, "1,234,567"), (-1200.5, "−1,200.50")],
)
def test_numbers_are_written_as_people_do(number, words):
    """Thousands are set apart by commas."""
    frame = pl.DataFrame({"budget": pl.Series([number], dtype=pl.Float64)})
    assert frame.select(shown("budget", "number")).item() == words


def test_nearness_in_a_tree():
    """The value itself and all under it are 1; others by what they have in common."""
    tree = grow(INDUSTRIES)

    assert tree.nearness("pumps", "Manufacturing") == 1
    assert tree.nearness("Machinery", "machinery") == 1
    assert tree.nearness("Automotive", "Machinery") == 0.5  # 2 · 1 / (2 + 2)
    assert tree.nearness("Manufacturing", "Machinery") == pytest.approx(2 / 3)  # less exact
    assert tree.nearness("Banking", "Machinery") == 0
    assert tree.nearness("Automotive", "Pumps", [0.7, 0.3]) == 0.3
    assert tree.nearness("Machinery", "Pumps", [0.7, 0.3]) == 0.7
    assert tree.nearness("Automotive", "Pumps", [0.7]) == 0
    assert tree.nearness("Banking", "Pumps", [0.7, 0.3, 0.2]) == 0


def test_the_best_of_several_targets_counts():
    """A value near to two targets is as near as to the nearer one, and says which."""
    choices = in_tree("industry", {"Pumps": 0.4, "Automotive": 1.0}, grow(INDUSTRIES), [0.5, 0.5])

    texts = {choice.value: (choice.closeness, choice.text) for choice in choices.choices}
    assert texts["Pumps"] == (0.5, "industry Pumps, in Manufacturing like Automotive")
    assert texts["Automotive"] == (1.0, "industry Automotive")
    assert "Banking" not in texts


def test_every_country_is_in_one_place():
    """The shipped tree has every ISO 3166-1 country exactly once, and no other."""
    codes = [code for parts in PLACES.values() for region in parts.values() for code in region]

    assert sorted(codes) == sorted(country.alpha_2 for country in pycountry.countries)
