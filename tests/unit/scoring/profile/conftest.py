"""The helpers of scoring's tests for property tests, which share them between examples."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model


@cache
def _judge(text):
    return compile_judge(load_model(parse_yaml("name: t\nversion: 1\n" + text, "model.yaml")))


@pytest.fixture(scope="session")
def judge_of_once():
    """Compile a model once however many examples ask for it."""
    return _judge


@pytest.fixture(scope="session")
def lead_frame_once():
    """Make a lead frame of one row."""

    def make(row):
        schema = {"id": pl.String()} | {name: DTYPES[FIELDS[name].kind] for name in row}
        return pl.DataFrame([{"id": "1", **row}], schema=schema)

    return make


@pytest.fixture(scope="session")
def day():
    """The day as of which property tests judge."""
    return date(2026, 11, 20)
