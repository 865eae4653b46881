"""Revival sections from YAML text, and judged leads from rows that name only what matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.model import load_model
from scoring.revival import Past, companies, persons
from scoring.revival.activity import NEEDED

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
"""A Wednesday, 16:00 in Berlin and 07:00 in Los Angeles."""

MODEL = """
name: test
version: 1
groups: {web: {side: engagement}}
rules: [{id: visited, group: web, when: {visits: {at_least: 1}}, points: 5, reason: visited}]
revival:
"""

TASKS = "  cadences: [{name: wake, steps: [{channel: task}, {channel: task, after_days: 7}]}]\n"

TEXTS = ("id", "stage", "stage_was", "region", "phone", "mobile", "company", "domain", "time_zone")


def ago(days):
    """The moment so many days before the tests' now."""
    return NOW - timedelta(days=days)


def judge_with(section):
    """The judge of a model with this `revival:` section (its keys, indented by two)."""
    return compile_judge(load_model(parse_yaml(MODEL + section, "model.yaml")))


def judged_frame(*rows):
    """Judged leads that stalled long ago, unless a row says otherwise."""
    schema = dict.fromkeys(TEXTS, pl.String()) | {"email_consent": pl.Boolean()} | NEEDED
    usual = {
        "stage": "lead", "stage_was": "lead", "stage_since": ago(200), "created_at": ago(200),
        "score": 50.0, "country": "DE",
    }  # fmt: skip
    every = [{"id": f"L{number}"} | usual | row for number, row in enumerate(rows)]
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in every], schema=schema)
    keys = persons(frame)
    return frame.with_columns(
        keys.alias("arm_key"), keys.alias("person"), companies(frame).alias("company_key")
    )


@pytest.fixture
def now():
    """The moment of the decisions."""
    return NOW


@pytest.fixture
def decide():
    """Decide on rows by a section: the decisions as rows."""

    def run(section, *rows, past=None, now=NOW):
        revival = judge_with("  hold_out: 0\n" + section).revival
        return revival.decide(judged_frame(*rows), past or Past(), now).to_dicts()

    return run
