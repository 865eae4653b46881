"""Leads walked through their days under two models, on histories small enough to follow by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from scoring.backtest import PastPage, Span, Summary, no_days, replay
from scoring.backtest.flips import why_words
from scoring.document import parse_yaml
from scoring.judge import Judge, compile_judge
from scoring.model import load_model

MODEL = """\
name: small
version: 1
groups: {web: {side: engagement}}
rules:
  - {id: visits, group: web, when: {visits: {at_least: 3}}, points: 50, reason: visited}
bands: {priority: {hot: 50, warm: 20}}
cycles:
  - name: all
    gates:
      mql: {criteria: [{score: {at_least: 50}}]}
      sal: {criteria: [{accepted: true}]}
      sql: {criteria: [{need: true}]}
      opportunity: {criteria: [{budget: {at_least: 100}}]}
"""
MONDAY = date(2026, 3, 2)


def judge(*changes: tuple[str, str]) -> Judge:
    """The model with other words."""
    text = MODEL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return compile_judge(load_model(parse_yaml(text, "model.yaml")))


def page(*leads: dict[str, Any]) -> PastPage:
    """A page of leads: each with `seen`, its facts by day from the Monday, and how it ended."""
    rows, facts = [], []
    for lead in leads:
        for nth, (day, known) in enumerate(lead["seen"].items()):
            on = MONDAY + timedelta(days=day)
            rows.append(
                {
                    "id": lead["id"], "day": on, "nth": 0,
                    "at": datetime(on.year, on.month, on.day, 9, tzinfo=UTC),
                    "said": nth == 0 or "stage" in known, "stage": known.get("stage"),
                    "stage_since": None, "recorded": None, "row": len(facts),
                }
            )  # fmt: skip
            facts.append(known)
    kinds = {"visits": pl.Float64, "accepted": pl.Boolean, "need": pl.Boolean, "budget": pl.Float64}
    ends = [MONDAY + timedelta(days=e["ended"]) if "ended" in e else None for e in leads]
    about = pl.DataFrame(
        {
            "id": [each["id"] for each in leads],
            "ended": pl.Series(ends, dtype=pl.Date),
            "won": [each.get("won", False) for each in leads],
            "won_on": pl.Series(
                [e if x.get("won") else None for e, x in zip(ends, leads, strict=True)],
                dtype=pl.Date,
            ),
        }
    )
    schema = {"stage": pl.String, "stage_since": pl.Datetime("us", "UTC"), "recorded": pl.String}
    snapshots = pl.DataFrame(rows, schema_overrides=schema).sort("day", "id")
    known = pl.DataFrame({n: [each.get(n) for each in facts] for n in kinds}, schema=kinds)
    return PastPage(about, snapshots, known, no_days())


def tried(
    history: PastPage, *changes: tuple[str, str], days: int = 14, every: int = 7
) -> dict[str, Any]:
    """The figures of the changed model against the model, reviewed each so many days."""
    reviews = tuple(MONDAY + timedelta(days=n) for n in range(0, days + 1, every))
    summary = Summary(Span(MONDAY, MONDAY + timedelta(days=days), reviews, 90))
    summary.add(replay(history, (judge(), judge(*changes)), reviews, backlog=MONDAY))
    return summary.figures()


HARDER = ("visits: {at_least: 3}", "visits: {at_least: 5}")
READY = {"visits": 4.0, "accepted": True, "need": True}


def test_a_flip_says_from_where_to_where_since_when_and_why() -> None:
    """The lead that a harder rule holds back is named with the line and the criterion that did it."""
    found = tried(page({"id": "a", "seen": {0: {"visits": 1.0}, 3: {"visits": 4.0}}}), HARDER)

    (flip,) = found["flips"]["list"]
    assert flip["stage"] == {"old": "mql", "new": "lead"}
    assert flip["priority"] == {"old": "hot", "new": "cold"}
    assert flip["score"] == {"old": 50.0, "new": 0.0}
    assert flip["since"] == (MONDAY + timedelta(days=3)).isoformat()
    assert why_words(flip) == [
        "the new model says: for MQL: score at least 50", "−50 visited (+50 → 0)",
    ]  # fmt: skip


def test_a_band_that_begins_elsewhere_is_the_reason_of_another_priority() -> None:
    """Where no line and no gate differs, the band's beginning is named."""
    found = tried(page({"id": "a", "seen": {0: {"visits": 4.0}}}), ("hot: 50", "hot: 80"))

    (flip,) = found["flips"]["list"]
    assert why_words(flip) == ["hot begins at 80 instead of 50"]
    assert flip["stage"]["old"] == flip["stage"]["new"] == "mql"


def test_each_model_goes_on_from_its_own_stage() -> None:
    """What was reached stays reached: a lead that only the old model let up keeps its place there."""
    seen = {0: {"visits": 4.0}, 3: {"visits": 0.0, "accepted": True}}
    found = tried(page({"id": "a", "seen": seen}), HARDER)

    (flip,) = found["flips"]["list"]
    assert flip["stage"] == {"old": "sal", "new": "lead"}


def test_what_a_person_says_of_the_stage_counts_for_both() -> None:
    """A rep's move to a stage makes both models go on from there."""
    seen = {0: {"visits": 4.0}, 3: {"stage": "sql", "visits": 4.0}}
    found = tried(page({"id": "a", "seen": seen}), HARDER)

    assert {row["stage"]: row["now"] for row in found["stages"]}["sql"] == {"old": 1, "new": 1}
    assert found["flips"]["stage"] == 0


def test_open_leads_are_judged_on_review_days_and_ended_ones_are_not() -> None:
    """A lead that became an opportunity is on no later review day."""
    history = page(
        {"id": "ended", "seen": {0: READY}, "ended": 3},
        {"id": "open", "seen": {0: READY}},
    )
    found = tried(history, HARDER)

    counts = [sum(s["old"] for s in day["stages"].values()) for day in found["timeline"]]
    assert counts == [2, 1, 1]


def test_missed_newly_caught_and_held_back_deals_are_named() -> None:
    """Won leads are sorted by what each model let them reach before their outcome."""
    history = page(
        {"id": "missed", "seen": {0: READY}, "ended": 5, "won": True},
        {"id": "caught", "seen": {0: READY | {"visits": 9.0}}, "ended": 5, "won": True},
        {
            "id": "held",
            "seen": {0: READY | {"visits": 9.0, "budget": 150.0}},
            "ended": 0,
            "won": True,
        },
        {"id": "lost", "seen": {0: READY}, "ended": 5},
    )
    change = ("budget: {at_least: 100}", "budget: {at_least: 200}")
    won = tried(history, HARDER, change)["won"]
    easier = tried(
        page({"id": "new", "seen": {0: READY | {"visits": 2.0}}, "ended": 5, "won": True}),
        ("visits: {at_least: 3}", "visits: {at_least: 2}"),
    )["won"]

    assert (won["leads"], won["bar"], won["caught"]) == (3, "sql", {"old": 3, "new": 2})
    assert [each["id"] for each in won["missed"]] == ["missed"]
    assert [each["id"] for each in won["held_back"]] == ["held"]
    assert [each["id"] for each in easier["newly_caught"]] == ["new"]


def test_load_counts_each_stage_that_is_passed_in_the_week_it_happens() -> None:
    """A lead that runs through three gates is work at each; who was there first is not."""
    history = page(
        {"id": "there", "seen": {0: READY}},
        {"id": "later", "seen": {0: {"visits": 0.0}, 8: READY}},
        {"id": "new", "seen": {9: {"visits": 4.0}}},
    )
    load = tried(history, HARDER)["load"]

    assert [week["mql"] for week in load["weeks"]] == [
        {"old": 0, "new": 0}, {"old": 2, "new": 0}, {"old": 0, "new": 0},
    ]  # fmt: skip
    assert load["weeks"][1]["sql"] == {"old": 1, "new": 0}
    assert load["weeks"][1]["hot"] == {"old": 2, "new": 0}
    assert load["backlog"]["sql"] == {"old": 1, "new": 0}
    assert load["per_week"]["mql"] == {"old": 0.7, "new": 0.0}


def test_a_lead_that_differs_for_a_while_is_no_flip() -> None:
    """Who ends in the same place is only counted as having differed."""
    found = tried(page({"id": "a", "seen": {0: {"visits": 4.0}, 5: {"visits": 6.0}}}), HARDER)[
        "flips"
    ]

    assert (found["leads"], found["for_a_while"], found["list"]) == (0, 1, [])


def test_leads_younger_than_the_window_are_not_measured() -> None:
    """What has not had its days yet is neither won nor not won, and the silence says so."""
    found = tried(page({"id": "a", "seen": {0: READY}}), HARDER)["measures"]

    assert found["leads"] == 0
    assert "1 more began less than 90 days before the end" in found["silent"]


@pytest.mark.parametrize("every", [1, 3, 7])
def test_pages_add_up_to_the_whole(every: int) -> None:
    """Cut into pages, a history has the same figures as in one piece."""
    leads = [
        {
            "id": f"l{n}",
            "seen": {n % 5: {"visits": float(n % 7)}, 6: READY | {"visits": float(n % 9)}},
        }
        for n in range(20)
    ]
    whole = tried(page(*leads), HARDER, every=every)
    reviews = tuple(MONDAY + timedelta(days=n) for n in range(0, 15, every))
    parts = Summary(Span(MONDAY, MONDAY + timedelta(days=14), reviews, 90))
    for part in (leads[:7], leads[7:]):
        parts.add(replay(page(*part), (judge(), judge(HARDER)), reviews, backlog=MONDAY))

    assert parts.figures() == whole
