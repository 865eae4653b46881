"""Leads as they were and as they turned out, as training asks for them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.unit.connector.ledger.conftest import START

FACTS = pl.col("source").map_elements(lambda text: f'{{"source":"{text}"}}', return_dtype=pl.String)


@pytest.fixture
def known(ledger, clock):
    """Lead a: first seen through search, then ads, then an opportunity; b stays; c is converted."""
    for run, stage, source in (
        ("r1", "lead", "search"),
        ("r2", "mql", "ads"),
        ("r3", "opportunity", "ads"),
    ):
        frame = pl.DataFrame(
            {"id": ["a", "b"], "stage": [stage, "lead"], "source": [source, "fair"]}
        )
        ledger.record_verdicts("acme", run, frame, date(2026, 11, 22), "m1", facts=FACTS)
        clock.forward(3600)
    leads = pl.DataFrame({"id": ["a", "b", "c"], "converted": [True, False, True]})
    ledger.remember("acme", "r3", leads)
    return ledger


def test_first_facts_are_those_of_the_first_verdict(known):
    """What was learned of a lead later does not count; a lead without kept facts is left out."""
    found = known.first_facts("acme")

    assert found["id"].to_list() == ["a", "b"]
    assert found["facts"].to_list() == ['{"source":"search"}', '{"source":"fair"}']
    assert set(found["judged_at"]) == {START}


def test_the_moment_of_conversion_is_the_first_verdict_that_said_so(known):
    """Where nobody knows since when a lead is converted, the moment is blank."""
    found = dict(known.reached("acme", ("opportunity", "customer")).iter_rows())

    assert set(found) == {"a", "c"}
    assert (found["a"] - START).total_seconds() == 7200
    assert found["c"] is None
    assert known.reached("acme", ("customer",)).is_empty()


def test_other_connections_and_gone_leads_stay_out(known):
    """A deleted lead teaches nothing."""
    gone = pl.DataFrame(
        {"@id": ["b"], "@merged_into": [None]}, schema={"@id": pl.String, "@merged_into": pl.String}
    )
    known.forget_gone("acme", "r4", gone)

    assert known.first_facts("acme")["id"].to_list() == ["a"]
    assert known.first_facts("other").is_empty()
