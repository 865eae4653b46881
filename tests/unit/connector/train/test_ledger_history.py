"""Leads of the ledger as training sees them: as they stood, once each, when their outcome is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
import pytest

from connector.engine.history import SEEN, Wanted, from_ledger
from connector.errors import ConfigurationError
from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.model import load_model

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


class Told:
    """A ledger that says what it is given: id → (days since first judged, facts, days since then)."""

    def __init__(self, told):
        self.told = told

    def first_facts(self, connection):
        """The first facts of every lead."""
        rows = [
            (name, NOW - timedelta(days=ago), orjson.dumps(facts).decode())
            for name, (ago, facts, _) in self.told.items()
        ]
        schema = {"id": pl.String, "judged_at": INSTANT, "facts": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def reached(self, connection, stages):
        """When leads converted; "unknown" when nobody knows."""
        rows = [
            (name, None if at == "unknown" else NOW - timedelta(days=at))
            for name, (_, _, at) in self.told.items()
            if at is not None
        ]
        return pl.DataFrame(rows, schema={"id": pl.String, "at": INSTANT}, orient="row")


@pytest.fixture(scope="module")
def judge():
    """A judge of two segments."""
    text = "name: m\nversion: 1\nscore: {rules: 1}\ngroups: {}\nrules: []\n"
    segments = "segments: {b2b: {company: {known: true}}}\n"
    return compile_judge(load_model(parse_yaml(text + segments, "m.yaml")))


def past(told, judge, **wanted):
    """The frame that training gets."""
    return from_ledger(Told(told), "acme", judge, Wanted(**wanted), NOW)


def outcomes(found):
    """The outcome of each lead that counts."""
    return dict(found.frame.select("id", found.settings.target).iter_rows())


def test_an_outcome_counts_within_the_window_after_the_first_verdict(judge):
    """Conversion in time is a yes, later conversion and none are a no."""
    told = {"soon": (200, {}, 150), "late": (200, {}, 20), "never": (200, {}, None)}

    assert outcomes(past(told, judge)) == {"soon": True, "late": False, "never": False}


def test_leads_whose_outcome_is_not_known_yet_are_left_out(judge):
    """Young leads count neither as yes, though some converted quickly, nor as no."""
    told = {"old": (100, {}, None), "young": (89, {}, None), "quick": (30, {}, 10)}

    found = past(told, judge)

    assert outcomes(found) == {"old": False}
    assert "2 leads were first judged less than 90 days ago" in found.warnings[0]


def test_leads_that_were_never_seen_open_are_left_out(judge):
    """A lead that came in converted, or converted nobody knows when, teaches nothing."""
    told = {
        "came_converted": (200, {"converted": True}, 200),
        "unknown": (200, {}, "unknown"),
        "open": (200, {"converted": False}, None),
    }

    assert outcomes(past(told, judge)) == {"open": False}


def test_moments_lie_as_many_days_back_as_they_did_then(judge):
    """A visit two days before the verdict is two days old, whenever the verdict was."""
    then = NOW - timedelta(days=150)
    visit = (then - timedelta(days=2)).isoformat().replace("+00:00", "Z")
    told = {"lead": (150, {"last_visit_at": visit}, None)}

    found = past(told, judge)

    row = found.frame.row(0, named=True)
    assert row["last_visit_at"].date() == NOW.date() - timedelta(days=2)
    assert row[SEEN] == (then.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
    assert found.first == str(then.date())


def test_a_segment_has_its_own_history(judge):
    """Only the leads of the named segment are learned from."""
    told = {"firm": (200, {"company": "Acme"}, None), "person": (200, {}, None)}

    assert outcomes(past(told, judge, segment="b2b")) == {"firm": False}


def test_unknown_outcomes_and_segments_are_named(judge):
    """A misspelt choice names the nearest one."""
    with pytest.raises(ConfigurationError, match='Did you mean "converted"'):
        past({}, judge, target="convertd")
    with pytest.raises(ConfigurationError, match='Did you mean "b2b"'):
        past({"a": (200, {}, None)}, judge, segment="b2bb")
