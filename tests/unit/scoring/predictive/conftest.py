"""Synthetic histories with known truths: honest columns, and columns written after the outcome."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from scoring.training import Trained, TrainingSettings, train

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = {"search": 0.0, "ads": -0.8, "referral": 3.2, "event": 0.8, "cold": -2.0}


def make_history(*, leads: int = 2500, seed: int = 0, rate: float = -1.0) -> pl.DataFrame:
    """Leads whose conversion depends on source, visits, size and interests, all known at capture."""
    random = np.random.default_rng(seed)
    source = random.choice(list(SOURCES), leads, p=[0.35, 0.25, 0.1, 0.1, 0.2])
    visits = random.poisson(3, leads)
    employees = np.exp(random.normal(4, 1.5, leads))
    webinar = random.random(leads) < 0.3
    pull = np.array([SOURCES[name] for name in source]) + 0.3 * (visits - 3)
    pull += 0.4 * (np.log(employees) - 4) + 0.8 * webinar
    converted = random.random(leads) < 1 / (1 + np.exp(-(rate + pull)))
    no_phone = random.random(leads) < np.where(converted, 0.25, 0.4)
    kinds = random.choice(["mobile", "landline"], leads).tolist()
    return pl.DataFrame(
        {
            "id": [f"lead-{n}" for n in range(leads)],
            "created_at": [
                date(2024, 1, 1) + timedelta(days=n * 300 // leads) for n in range(leads)
            ],
            "source": source,
            "visits": visits,
            "employees": employees,
            "interests": [["webinar", "news"] if w else ["news"] for w in webinar],
            "phone_kind": [None if no else kind for no, kind in zip(no_phone, kinds, strict=True)],
            "referrer": [
                f"partner {n % 9}" if s == "referral" else None for n, s in enumerate(source)
            ],
            "newsletter": random.random(leads) < 0.5,
            "converted": converted,
        }
    )


@pytest.fixture(scope="session")
def history() -> Callable[..., pl.DataFrame]:
    """Makes a history; takes `leads`, `seed` and `rate` (log-odds of a plain lead)."""
    return make_history


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A model of boosted trees and what it was learned from."""
    model = train(make_history(), TrainingSettings(target="converted", allow=("referrer",))).model
    assert isinstance(model, Trained)
    return model
