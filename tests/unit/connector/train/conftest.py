"""A project over a file of leads whose outcome is known, and a model trained on it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from tests.support import Ran, leadgate

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
ledger: sqlite:///leadgate.db
connections:
  history: {crm: csv, path: leads.csv, out: judged.csv, mapping: mapping.yaml, model: scoring/model.yaml}
"""
MAPPING = """\
history: {target: won, time: number}
read:
  source: source
  visits: visits
  extra:
    verdict_note: {field: verdict_note, type: text}
write:
  score: leadgate_score
  probability: leadgate_probability
"""
MODEL = """\
name: m
version: 1
score: {rules: 0.5, predictive: 0.5}
predictive: {file: predictive.json}
groups: {origin: {side: fit}}
rules:
  - {id: referral, group: origin, when: {source: referral}, points: 40, reason: came by a referral}
"""


def leads(count: int = 900, *, seed: int = 1, rate: float = -1.2) -> pl.DataFrame:
    """Leads of the past: source and visits are honest, the note was written after the outcome."""
    random = np.random.default_rng(seed)
    source = random.choice(["referral", "ads", "search"], count, p=[0.25, 0.4, 0.35])
    visits = random.poisson(4, count)
    pull = np.select([source == "referral", source == "ads"], [2.0, -1.2], 0.0)
    won = random.random(count) < 1 / (1 + np.exp(-(rate + pull + 0.35 * (visits - 4))))
    note = np.where(won, "signed the contract", "lost interest")
    return pl.DataFrame(
        {
            "id": [f"lead-{n}" for n in range(count)],
            "number": range(count),
            "source": source,
            "visits": visits,
            "verdict_note": np.where(random.random(count) < 0.03, "lost interest", note),
            "won": np.where(won, "yes", "no"),
        }
    )


class Place:
    """A project's folder, and commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trained = folder / "scoring" / "predictive.json"

    def run(self, *arguments: str) -> Ran:
        """Run one command."""
        return leadgate(self.folder, *arguments)

    def judged(self) -> pl.DataFrame:
        """The file that a sync has written."""
        return pl.read_csv(self.folder / "judged.csv", infer_schema_length=None)


def write(folder: Path, frame: pl.DataFrame) -> Place:
    """Make a project of these leads."""
    (folder / "scoring").mkdir(parents=True)
    (folder / "leadgate.yaml").write_text(SETTINGS)
    (folder / "mapping.yaml").write_text(MAPPING)
    (folder / "scoring" / "model.yaml").write_text(MODEL)
    frame.write_csv(folder / "leads.csv")
    return Place(folder)


@pytest.fixture
def place(tmp_path) -> Place:
    """A project in which nothing was trained yet."""
    return write(tmp_path / "project", leads())


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "project"
    ran = write(folder, leads()).run("train", "history")
    assert ran.code == 0, ran.err
    (folder / "card.txt").write_text(ran.out)
    return folder


@pytest.fixture
def trained(_trained_once, tmp_path) -> Place:
    """A project with a trained model; `card.txt` is what training printed."""
    shutil.copytree(_trained_once, tmp_path / "project")
    return Place(tmp_path / "project")
