"""Nothing that was known only after a lead's outcome moves anything in a backtest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from tests.support import Ran, leadgate
from tests.unit.connector.backtest.conftest import MODEL, START, Place, changed, later, people

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = ("advance: one", "advance: all")
SIGNED = (
    "bands:",
    "  - {id: signed, group: who, when: {deal_note: signed}, points: 60, reason: has signed}\nbands:",
)
"""A rule on what is written only when a deal is won."""


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Weeks in which leads become opportunities and are won; then a note is written to those alone."""
    place = Place(tmp_path_factory.mktemp("decided"), changed(MODEL, AT_ONCE))
    leads = people(140, seed=8)
    for day in (0, 7, 14):
        leads = later(leads, day) if day else leads
        place.put(leads)
        place.sync(day)
    deals = place.folder / "judged.opportunities.csv"
    made = pl.read_csv(deals, infer_schema_length=0).with_columns(state=pl.lit("won"))
    made.write_csv(deals)
    signed = pl.col("id").is_in(made["lead_id"].implode())
    leads = leads.with_columns(
        deal_note=pl.when(signed).then(pl.lit("signed")).otherwise("deal_note")
    )
    for day in (21, 28):
        place.put(leads)
        place.sync(day)
    return place


def figures(place: Place, *changes: tuple[str, str]) -> dict[str, Any]:
    """The backtest of a model with these changes, but for what names the model itself."""
    ran = place.backtest(changed(MODEL, AT_ONCE, *changes), "--window", "14d", "--json", day=28)
    return {n: v for n, v in ran.json.items() if n not in ("models", "notes", "next_run")}


def test_a_fact_written_after_the_outcome_changes_no_figure(decided: Place) -> None:
    """A rule on a note that only won deals bear, written after they were won, moves nobody."""
    honest, leaky = figures(decided), figures(decided, SIGNED)

    assert honest["won"]["leads"] > 15
    assert leaky["flips"]["leads"] == leaky["flips"]["score_only"] == 0
    assert leaky == honest


def test_the_note_is_in_the_ledger_all_the_same(decided: Place) -> None:
    """The plant is real: from the present facts the rule does move the won leads' scores."""
    ran = decided.backtest(changed(MODEL, AT_ONCE, SIGNED), "--json", day=28)

    now = ran.json["next_run"]["flips"]
    assert now["leads"] + now["score_only"] > 15


def test_no_judgement_is_later_than_the_outcome(decided: Place) -> None:
    """A flip of a won lead is of no later day than its becoming an opportunity."""
    moved = figures(decided, ("score: {at_least: 60}", "score: {at_least: 85}"))

    held = moved["won"]["held_back"]
    assert held
    assert all(each["since"] < each["won_on"] for each in held)
    assert {"opportunity"} == {each["stage"]["old"] for each in held}


def test_leads_that_were_deals_at_first_sight_are_left_out(decided: Place, tmp_path: Path) -> None:
    """Of a lead that was converted when first read nothing of before is known."""
    copy = Place(tmp_path, changed(MODEL, AT_ONCE))
    for name in ("leads.csv", "judged.csv", "judged.opportunities.csv"):
        (copy.folder / name).write_bytes((decided.folder / name).read_bytes())
    copy.sync(28)

    found = copy.backtest(changed(MODEL, AT_ONCE, ("hot: 55", "hot: 20")), "--json", day=28).json
    (left,) = found["left_out"]
    deals = pl.read_csv(copy.folder / "judged.opportunities.csv").height
    assert left["leads"] == 140 - found["leads"] == deals > 15
    assert "converted already" in left["reason"]


FILE = """\
ledger: sqlite:///leadgate.db
connections:
  past: {crm: csv, path: leads.csv, out: judged.csv, id: id, mapping: mapping.yaml, model: old.yaml}
"""
READ = """\
history: {target: won, time: day}
read:
  source: source
  visits: visits
  last_visit_at: last_visit_at
  accepted: accepted
  extra: {deal_note: {field: deal_note, type: text}}
"""


def file_of_leads(count: int = 320) -> pl.DataFrame:
    """Old leads: a note and an acceptance that the outcome wrote, and visits of after the row's day."""
    random = np.random.default_rng(2)
    source = random.choice(["partner", "search", "fair"], count)
    won = random.random(count) < np.where(source == "partner", 0.4, 0.12)
    days = [START + timedelta(days=int(n)) for n in random.integers(0, 3, count)]
    after = random.random(count) < 0.1
    visit = [d + timedelta(days=9 if late else -3) for d, late in zip(days, after, strict=True)]
    return pl.DataFrame(
        {
            "id": [f"f{n:04}" for n in range(count)],
            "day": [d.date().isoformat() for d in days],
            "source": source,
            "visits": random.integers(0, 8, count),
            "last_visit_at": [v.isoformat() for v in visit],
            "accepted": np.where(won, "true", ""),
            "deal_note": np.where(won, "signed", "lost interest"),
            "won": np.where(won, "yes", "no"),
        }
    )


def tried(
    folder: Path, leads: pl.DataFrame, *changes: tuple[str, str], options: tuple[str, ...] = ()
) -> Ran:
    """The backtest of a model on a file of old leads."""
    leads.write_csv(folder / "leads.csv")
    texts = {
        "leadgate.yaml": FILE, "mapping.yaml": READ, "old.yaml": MODEL,
        "new.yaml": changed(MODEL, ("version: 1", "version: 2"), *changes),
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return leadgate(folder, "backtest", "--model", "new.yaml", *options)


BETTER = ("source: partner}, points: 30", "source: partner}, points: 50")


def test_columns_that_the_outcome_wrote_are_refused_with_the_reason(tmp_path: Path) -> None:
    """Of a file of old leads, the note and the acceptance are not used, and the report says why."""
    leads = file_of_leads()
    honest = tried(tmp_path, leads, BETTER, options=("--json",)).json
    leaky = tried(tmp_path, leads, BETTER, SIGNED, options=("--json",)).json

    refused = {each["fact"]: each["reason"] for each in leaky["refused"]}
    assert {"deal_note", "accepted", "last_visit_at", "visits"} == set(refused)
    assert "outcome" in refused["deal_note"]
    assert leaky["measures"] == honest["measures"]
    assert leaky["flips"]["leads"] == honest["flips"]["leads"]


def test_what_lies_after_the_row_s_day_is_as_if_unknown(tmp_path: Path) -> None:
    """Visits of after the row's day count no more than if the file had never had them."""
    leads = file_of_leads()
    late = pl.col("last_visit_at").str.slice(0, 10) > pl.col("day")
    blank = leads.with_columns(
        pl.when(~late).then(pl.col(name)).alias(name) for name in ("visits", "last_visit_at")
    )
    whole = tried(tmp_path, leads, BETTER, options=("--json",)).json
    without = tried(tmp_path, blank, BETTER, options=("--json",)).json

    (visits,) = [e["leads"] for e in whole["refused"] if e["fact"] == "visits"]
    assert visits == leads.filter(late).height > 10
    for name in ("flips", "stages", "measures", "won"):
        assert whole[name] == without[name]


def test_a_refused_fact_may_be_allowed(tmp_path: Path) -> None:
    """With --allow a fact speaks though it looks late; the others stay silent."""
    leads = file_of_leads()
    silent = tried(tmp_path, leads, BETTER, SIGNED, options=("--json",)).json
    found = tried(tmp_path, leads, BETTER, SIGNED, options=("--json", "--allow", "deal_note")).json

    assert "deal_note" not in {each["fact"] for each in found["refused"]}
    lifts = [each["measures"]["top_tenth"]["new"]["value"] for each in (silent, found)]
    assert lifts[1] > lifts[0] + 1


def test_each_row_is_judged_as_of_its_own_day(tmp_path: Path) -> None:
    """Interest fades until the row's day, not until today."""
    shown = tried(tmp_path, file_of_leads(), ("hot: 55", "hot: 30"), options=("--json",)).json

    by_visits = [
        each for each in shown["flips"]["list"] if each["priority"] == {"old": "warm", "new": "hot"}
    ]
    assert {36.0} == {each["score"]["new"] for each in by_visits if each["score"]["new"] < 50}
    assert shown["first"] == START.date().isoformat()
