"""A file of leads whose facts change over weeks, read by runs of a model, with the time in hand."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest

from connector import wiring
from connector.cli.progress import Silent
from connector.engine.run import Runner
from connector.settings import load_project
from tests.support import Ran, leadgate

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS = (0, 10, 20, 30)
"""On which days after the start the runs are."""

SETTINGS = """\
ledger: sqlite:///leadgate.db
connections:
  leads: {crm: csv, path: leads.csv, out: judged.csv, id: id, mapping: mapping.yaml, model: old.yaml}
"""
MAPPING = """\
read:
  email: email
  source: source
  visits: visits
  last_visit_at: last_visit_at
  need: need
  accepted: accepted
  stage: {field: our_stage, values: {lead: lead, mql: mql, sal: sal, sql: sql, opportunity: opportunity, customer: customer, recycled: recycled, disqualified: disqualified}}
  extra:
    deal_note: {field: deal_note, type: text}
write:
  score: our_score
  stage: {field: our_stage, rule: unless_edited}
convert:
  opportunity:
    name: {template: "{email}"}
"""
MODEL = """\
name: tried
version: 1
groups: {who: {side: fit}, web: {side: engagement}}
rules:
  - {id: partner, group: who, when: {source: partner}, points: 30, reason: came by a partner}
  - {id: need, group: who, when: {need: true}, points: 20, reason: has a need}
  - {id: visits, group: web, when: {visits: {at_least: 3}}, points: 40, decay: {half_life_days: 20, from: last_visit_at}, reason: visited}
bands:
  priority: {hot: 55, warm: 35}
cycles:
  - name: all
    advance: one
    gates:
      mql: {criteria: [{score: {at_least: 30}}]}
      sal: {criteria: [{accepted: true}]}
      sql: {criteria: [{need: true}, {active_days: {at_least: 2}}]}
      opportunity: {criteria: [{score: {at_least: 60}}]}
    stalled:
      - {from: [mql], after_days: 15, to: recycled, when: {last_visit_at: {older_than_days: 12}}}
    return:
      - {from: recycled, when: {visits: {at_least: 5}}, cool_off_days: 5, to: lead}
"""
NEW = (
    ("version: 1", "version: 2"),
    ("source: partner}, points: 30", "source: partner}, points: 12"),
    ("half_life_days: 20", "half_life_days: 8"),
    ("hot: 55", "hot: 45"),
    ("after_days: 15", "after_days: 8"),
)
"""What the new model says otherwise."""


def people(count: int = 80, seed: int = 4) -> pl.DataFrame:
    """Leads on the first day."""
    random = np.random.default_rng(seed)
    yes = ["true", "false", ""]
    visited = [START - timedelta(days=int(d)) for d in random.integers(0, 25, count)]
    return pl.DataFrame(
        {
            "id": [f"p{n:03}" for n in range(count)],
            "email": [f"person{n}@firm{n % 9}.example" for n in range(count)],
            "source": random.choice(["partner", "search", "fair"], count),
            "visits": random.integers(0, 7, count).astype(str),
            "last_visit_at": [each.isoformat() for each in visited],
            "need": random.choice(yes, count),
            "accepted": random.choice(["true", ""], count),
            "deal_note": [""] * count,
        }
    )


def later(leads: pl.DataFrame, day: int) -> pl.DataFrame:
    """The same leads after some days: a third came back, and some have told more."""
    random = np.random.default_rng(100 + day)
    back = pl.Series(random.random(leads.height) < 0.3)
    told = pl.Series(random.random(leads.height) < 0.25)
    visit = (START + timedelta(days=day - int(random.integers(0, 5)))).isoformat()
    return leads.with_columns(
        visits=pl.when(back)
        .then((pl.col("visits").cast(pl.Int64) + 2).cast(pl.String))
        .otherwise("visits"),
        last_visit_at=pl.when(back).then(pl.lit(visit)).otherwise("last_visit_at"),
        need=pl.when(told).then(pl.lit("true")).otherwise("need"),
        accepted=pl.when(told).then(pl.lit("true")).otherwise("accepted"),
    )


class Place:
    """A project's folder whose runs happen when the test says."""

    def __init__(self, folder: Path, model: str = MODEL, mapping: str = MAPPING) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("leadgate.yaml", SETTINGS),
            ("mapping.yaml", mapping),
            ("old.yaml", model),
        ):
            (folder / name).write_text(text, encoding="utf-8")
        self.now = START
        self._runs = 0

    def put(self, leads: pl.DataFrame) -> None:
        """Replace the leads of the file."""
        leads.write_csv(self.folder / "leads.csv")

    def sync(self, day: int) -> None:
        """One run so many days after the start."""
        self.now = START + timedelta(days=day)
        self._runs += 1
        with patch.object(wiring, "clock", lambda: self.now):
            project = load_project(self.folder)
            files = wiring.load_files(project, "leads")
            with closing(wiring.open_ledger(project)) as ledger:
                opened = wiring.open_connection(project, files)
                with closing(opened.crm) as crm:
                    if opened.checked.missing:
                        crm.setup(opened.checked.missing)
                opened = wiring.open_connection(project, files)
                with closing(opened.crm):
                    connection = wiring.compile_connection(opened)
                    run = f"run{self._runs:03}"
                    Runner(connection, ledger, Silent(), lambda: self.now, run).sync(full=True)

    def backtest(self, new: str, *options: str, day: int) -> Ran:
        """`leadgate backtest` of this model, so many days after the start."""
        (self.folder / "new.yaml").write_text(new, encoding="utf-8")
        with patch.object(wiring, "clock", lambda: START + timedelta(days=day)):
            return leadgate(self.folder, "backtest", "--model", "new.yaml", *options)

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """The last verdict on every lead, by id."""
        with closing(wiring.open_ledger(load_project(self.folder))) as ledger:
            return {i: ledger.verdicts("leads", i).to_dicts()[-1] for i in self._ids()}

    def journey(self, lead: str) -> list[str]:
        """The stages of a lead's verdicts in order."""
        with closing(wiring.open_ledger(load_project(self.folder))) as ledger:
            return ledger.verdicts("leads", lead)["stage"].to_list()

    def copy(self, folder: Path) -> Place:
        """All of it in another folder."""
        other = Place(folder)
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        other._runs, other.now = self._runs, self.now
        return other

    def _ids(self) -> list[str]:
        return pl.read_csv(self.folder / "leads.csv", infer_schema_length=0)["id"].to_list()


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A model with other words; each of them must be there."""
    for old, new in changes or NEW:
        assert old in text
        text = text.replace(old, new)
    return text


def played(folder: Path, model: str) -> Place:
    """A place where a month of runs has happened under a model."""
    place = Place(folder, model)
    leads = people()
    for day in DAYS:
        leads = later(leads, day) if day else leads
        place.put(leads)
        place.sync(day)
    return place


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A month under the old model; tests only read it, or copy it."""
    return played(tmp_path_factory.mktemp("old"), MODEL)


@pytest.fixture(scope="session")
def month_of_new(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same month under the new model from the first day."""
    return played(tmp_path_factory.mktemp("new"), changed(MODEL))


def day(number: int) -> date:
    """The day so many days after the start."""
    return (START + timedelta(days=number)).date()
