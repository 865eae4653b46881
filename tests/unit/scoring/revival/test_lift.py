"""Arms and lift: an arm is the person's for ever, and too few leads prove nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.revival import measure_lift
from scoring.revival.lift import interval
from scoring.revival.persons import arms, companies, persons


def test_about_the_share_is_held_out_and_differs_by_cadence():
    """A tenth of many, others in another cadence, and the same whenever it is asked."""
    keys = pl.Series([f"p{n}@x.example" for n in range(4000)])

    one, other = (arms(keys, name, 0.1, "salt") for name in ("one", "other"))

    assert 330 < (one == "held_out").sum() < 470
    assert one.equals(arms(keys, "one", 0.1, "salt"))
    assert 20 < ((one == "held_out") & (other == "held_out")).sum() < 70


@given(st.text(min_size=1, max_size=30), st.floats(0, 0.9), st.floats(0, 0.9))
def test_a_greater_share_holds_out_nobody_less(key, one, other):
    """Who is held out of a small share is held out of every greater one."""
    small, great = sorted((one, other))
    held = arms(pl.Series([key]), "wake", small, "").item() == "held_out"

    assert not held or arms(pl.Series([key]), "wake", great, "").item() == "held_out"


def test_persons_and_companies_are_known_across_connections():
    """One address however it is spelled; one company by its domain, not by free mail."""
    leads = pl.DataFrame(
        {
            "id": ["1", "2", "3", "4", "5"],
            "email": [" Ann@ACME.example", "ann@acme.example", "b@gmail.com", None, None],
            "phone": [None, None, None, "+4930123", None],
            "domain": [None, None, "www.bolt.example", None, None],
            "company": ["Acme", None, "Bolt", "  Acme  GmbH ", None],
        }
    )

    assert persons(leads).to_list() == ["ann@acme.example"] * 2 + [
        "b@gmail.com",
        "tel:+4930123",
        "id:5",
    ]
    assert companies(leads).to_list() == ["acme.example", "acme.example", "bolt.example", "name:acme gmbh", None]  # fmt: skip


def test_the_interval_is_newcombe_s():
    """The published example: 56 of 70 against 48 of 80 (Newcombe 1998, table II, method 10)."""
    low, high = interval((56, 70), (48, 80))

    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


@pytest.mark.parametrize(
    ("treated", "held", "words"),
    [
        ((10, 40), (1, 20), "too few"),
        ((120, 400), (10, 100), "more often"),
        ((20, 400), (30, 100), "less often"),
        ((40, 400), (10, 100), "no difference"),
    ],
)
def test_lift_is_said_in_words(treated, held, words):
    """Counts of both arms, and what can be said of them."""
    rows = [("treated", n < treated[0]) for n in range(treated[1])]
    rows += [("held_out", n < held[0]) for n in range(held[1])]
    frame = pl.DataFrame(rows, schema=["arm", "back"], orient="row").with_columns(
        cadence=pl.lit("a")
    )

    (found,) = measure_lift(frame)

    assert (found.treated, found.treated_back) == (treated[1], treated[0])
    assert (found.held_out, found.held_out_back) == (held[1], held[0])
    assert words in found.words
