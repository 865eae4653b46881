"""Helpers for the tests of scoring: models from YAML text, frames from rows."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model

AS_OF = date(2026, 11, 20)


@pytest.fixture
def as_of():
    """The day as of which tests judge."""
    return AS_OF


@pytest.fixture
def judge_of():
    """Compile a model from the YAML text of its sections."""

    def make(text, extra_facts=None):
        document = parse_yaml("name: test\nversion: 1\n" + text, "model.yaml")
        return compile_judge(load_model(document), extra_facts or {})

    return make


@pytest.fixture
def lead_frame():
    """Make a lead frame from rows that name only the facts that matter."""

    def make(*rows, **kinds):
        names = dict.fromkeys(name for row in rows for name in row if name != "id")
        schema = {"id": pl.String()} | {
            name: DTYPES[kinds.get(name) or FIELDS[name].kind] for name in names
        }
        numbered = [{"id": str(index), **row} for index, row in enumerate(rows)]
        return pl.DataFrame(numbered, schema=schema)

    return make
