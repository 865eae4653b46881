"""Random leads with every kind of gap, and the shipped models."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MOMENTS = [NOW - timedelta(days=days) for days in range(0, 220, 7)]
POOLS = {
    "company": ["Acme", "Bolt"],
    "email": ["ada@acme.example", "bob@gmail.com"],
    "phone": ["+442071838750"],
    "industry": ["Software", "Education", "Retail"],
    "source": ["Referral", "Web", "Purchased list"],
    "seniority": ["vp", "director", "staff", "junior"],
    "visits": [0.0, 1.0, 2.0, 9.0],
    "page_views": [1.0, 20.0],
    "forms": [0.0, 1.0, 2.0],
    "emails_clicked": [0.0, 1.0],
    "emails_opened": [0.0, 3.0],
    "last_visit_at": MOMENTS,
    "last_form_at": MOMENTS,
    "last_email_click_at": MOMENTS,
    "last_activity_at": MOMENTS,
    "accepted": [True, True, False],
    "need": [True, False],
    "authority": [True, False],
    "budget_approved": [True, False],
    "ready_to_buy": [True, False],
    "budget": [0.0, 5_000.0],
    "timeline": [30.0, 120.0, 400.0],
    "replacing": ["an old one"],
    "heard_from": ["radio"],
    "interest": ["the blue one"],
    "age": [15.0, 30.0, 70.0],
    "disqualified": [True, *[False] * 9],
    "converted": [False, False, True],
    "stage": ["lead", "mql", "sal", "sql", "opportunity", "recycled"],
    "employees": [{"low": n, "high": n} for n in (1.0, 20.0, 60.0, 5_000.0)],
}
"""What may be known of a random lead."""


@pytest.fixture
def random_leads():
    """Make so many random leads, each fact known of about half of them."""

    def make(count, seed=1):
        draw = random.Random(seed)
        columns = {
            fact: pl.Series(
                [None if draw.random() < 0.5 else draw.choice(pool) for _ in range(count)],
                dtype=DTYPES[FIELDS[fact].kind],
            )
            for fact, pool in POOLS.items()
        }
        return pl.DataFrame({"id": [str(n) for n in range(count)]} | columns)

    return make


@pytest.fixture
def shipped():
    """Compile one of the models that ship with the program."""

    def make(name):
        text = files("scoring").joinpath("models", f"{name}.yaml").read_text(encoding="utf-8")
        return compile_judge(load_model(parse_yaml(text, name)))

    return make
