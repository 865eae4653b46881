"""Stages: which cycle applies, how far gates let a lead come, who is put aside, who comes back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.methods import METHODS, Entry
from scoring.methods.rules import RulesSection
from scoring.model import load_model

LADDER = """
groups: {web: {side: engagement}}
rules:
  - {id: v, group: web, when: {visits: {at_least: 2}}, points: 30}
cycles:
  - name: main
    advance: %s
    gates:
      mql: {criteria: [{score: {at_least: 30}}]}
      sal: {criteria: [{accepted: true}]}
      sql: {criteria: [{need: true}, {at_least: {of: 1, criteria: [{authority: true}, {budget: {known: true}}]}}]}
      opportunity: {criteria: [{ready_to_buy: true, words: must be ready}]}
    disqualify: [{when: {country: XX}, reason: no such country}]
    recycle: [{when: {last_activity_at: {older_than_days: 90}}, reason: no contact for 90 days}]
    return:
      - {from: disqualified, when: {forms: {at_least: 1}}, to: lead}
      - {from: recycled, when: {visits: {at_least: 9}}, to: mql}
"""
GOOD = {"visits": 3, "accepted": True, "need": True, "authority": True, "ready_to_buy": True}


@pytest.fixture
def stage_of(judge_of, lead_frame, as_of):
    """The stage of one lead under the ladder model."""
    judge = judge_of(LADDER % "all")
    return lambda **facts: judge(lead_frame({"visits": None, **facts}), as_of)["stage"].item()


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({}, "lead"),
        ({"visits": 3}, "mql"),
        ({"accepted": True, "need": True, "authority": True, "ready_to_buy": True}, "lead"),
        ({"visits": 3, "need": True, "authority": True, "ready_to_buy": True}, "mql"),
        ({"visits": 3, "accepted": True}, "sal"),
        ({"visits": 3, "accepted": True, "need": True}, "sal"),
        ({"visits": 3, "accepted": True, "need": True, "budget": 5}, "sql"),
        (GOOD, "opportunity"),
    ],
)
def test_a_lead_comes_as_far_as_its_gates_let_it(stage_of, facts, stage):
    """Gates are passed in order; none is skipped, whatever higher ones would say."""
    assert stage == stage_of(**facts)


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({"stage": "sal"}, "sal"),
        ({"stage": " MQL "}, "mql"),
        ({"stage": "sal", "need": True, "authority": True}, "sql"),
        ({"stage": "opportunity"}, "opportunity"),
        ({"stage": "customer"}, "customer"),
        ({"stage": "nonsense"}, "lead"),
        ({"stage": "mql", "converted": True}, "opportunity"),
        ({"converted": True, "opportunity_state": "won"}, "customer"),
        ({"converted": True, "opportunity_state": "lost"}, "recycled"),
        ({"stage": "customer", "disqualified": True}, "customer"),
        ({"stage": "opportunity", "converted": True, "country": "XX"}, "opportunity"),
        ({"stage": "opportunity", "disqualified": True}, "disqualified"),
        ({**GOOD, "disqualified": True}, "disqualified"),
        ({**GOOD, "country": "xx"}, "disqualified"),
        ({"stage": "disqualified", **GOOD}, "disqualified"),
        ({"stage": "disqualified", **GOOD, "forms": 1}, "opportunity"),
        ({"stage": "disqualified", "forms": 1}, "lead"),
        ({"stage": "disqualified", "forms": 1, "disqualified": True}, "disqualified"),
        ({"stage": "recycled", "visits": 3}, "recycled"),
        ({"stage": "recycled", "converted": True, "opportunity_state": "open"}, "opportunity"),
        ({"stage": "recycled", "visits": 9}, "mql"),
        (
            {"stage": "recycled", "visits": 9, "converted": True, "opportunity_state": "lost"},
            "mql",
        ),
        ({"stage": "mql", "converted": True, "opportunity_state": "lost"}, "mql"),
    ],
)
def test_no_lead_goes_back_without_a_rule(stage_of, facts, stage):
    """Where a lead is counts; people and opportunities outrank gates; rules bring back."""
    assert stage == stage_of(**facts)


def test_one_step_a_day(judge_of, lead_frame, as_of):
    """A cycle that advances by one names the next gate, though it would pass it."""
    verdict = judge_of(LADDER % "one")(lead_frame(GOOD, GOOD | {"stage": "mql"}), as_of)

    assert verdict["stage"].to_list() == ["mql", "sal"]
    assert verdict["next_stage"].to_list() == ["sal", "sql"]
    assert verdict["unmet"].to_list() == [f"for {s}: moves one stage a day" for s in ("SAL", "SQL")]


def test_one_step_judged_again(judge_of, lead_frame, as_of):
    """The same day it stays and says the same; a day later, or if nobody knows since when, it goes on."""
    judge = judge_of(LADDER % "one")
    since = [datetime.combine(as_of - timedelta(days), time(8), UTC) for days in (0, 1)]
    came = [GOOD | {"stage": "mql", "stage_since": each} for each in (*since, None)]
    fresh = [GOOD | {"stage": "lead", "stage_since": since[0]}]
    verdict = judge(lead_frame(*came, *fresh), as_of)

    assert verdict["stage"].to_list() == ["mql", "sal", "sal", "mql"]
    assert verdict["unmet"][0] == "for SAL: moves one stage a day"


def test_what_is_missing_is_said_in_plain_words(judge_of, lead_frame, as_of):
    """The next gate's open criteria are named; for leads put aside, the reason."""
    verdict = judge_of(LADDER % "all")(
        lead_frame(
            {"visits": 1, "country": "DE"},
            {"visits": 2, "country": "DE"},
            GOOD | {"ready_to_buy": None},
            GOOD,
            {"country": "XX"},
        ),
        as_of,
    )

    assert verdict["unmet"].to_list() == [
        "for MQL: score at least 30",
        "for SAL: a rep has accepted the lead",
        "for opportunity: must be ready",
        None,
        "disqualified: no such country",
    ]


def test_moves_carry_their_reason(judge_of, lead_frame, as_of):
    """A stage that changes says which criteria or rule changed it; one that stays says nothing."""
    verdict = judge_of(LADDER % "all")(
        lead_frame(
            {"visits": 2},
            {"visits": 2, "stage": "mql"},
            {"visits": 2, "disqualified": True, "disqualified_reason": "a student"},
            {"visits": 9, "stage": "recycled"},
            {"converted": True},
            {"opportunity_state": "won"},
        ),
        as_of,
    )

    assert verdict["stage_reason"].to_list() == [
        "score at least 30",
        None,
        "a student",
        "it has come back",
        "it is an opportunity",
        "its opportunity was won",
    ]


TWO = """
groups: {}
rules: []
cycles:
  - {name: any, gates: {mql: {criteria: [{visits: {at_least: 1}}]}}}
  - {name: web, when: {source: web}, priority: 5, gates: {sql: {criteria: [{need: true}]}}}
  - {name: also_web, when: {source: web}, priority: 5, gates: {mql: {criteria: [{}]}}}
  - {name: never, when: {source: fax}, priority: 9, gates: {mql: {criteria: [{}]}}}
"""


def test_the_cycle_of_the_highest_priority_applies(judge_of, lead_frame, as_of):
    """Of the cycles whose condition holds the highest wins, the first of equals; stages it lacks are passed over."""
    leads = lead_frame(
        {"source": "Web", "visits": 1, "need": None},
        {"source": "Web", "visits": 0, "need": True},
        {"source": None, "visits": 1},
    )
    verdict = judge_of(TWO)(leads, as_of)

    assert verdict["cycle"].to_list() == ["web", "web", "any"]
    assert verdict["stage"].to_list() == ["lead", "sql", "mql"]
    assert verdict["next_stage"].to_list() == ["sql", None, None]


def test_without_a_cycle_a_lead_stays(judge_of, lead_frame, as_of):
    """A lead that no cycle is for keeps its stage and has no next."""
    judge = judge_of("groups: {}\nrules: []")
    verdict = judge(lead_frame({"stage": "sal"}, {"stage": None}), as_of)

    assert verdict["stage"].to_list() == ["sal", "lead"]
    assert verdict["next_stage"].to_list() == [None, None]


class Guard:
    """A method that finds spam in every lead called spam."""

    name = "guard"
    lines = ()

    def evaluate(self, leads, as_of):
        """Judge by the first name."""
        spam = pl.col("first_name") == "spam"
        return leads.select(
            pl.when(spam).then(pl.lit("spam")).otherwise(pl.lit("lamb")).alias("genuine"),
            pl.when(spam).then(pl.lit("a junk name")).alias("genuine:text"),
        )


def test_spam_is_put_aside_until_a_rep_accepts_it(monkeypatch, lead_frame, as_of):
    """Spam is disqualified with its reason, but a rep's word and an opportunity stand above it."""
    monkeypatch.setitem(METHODS, "guard", Entry(RulesSection, lambda section, context: Guard()))
    text = "name: t\nversion: 1\n" + LADDER % "all"
    judge = compile_judge(load_model(parse_yaml(text, "m.yaml")))
    spam = {"first_name": "spam", "visits": 3}
    leads = lead_frame(
        spam, spam | {"accepted": True}, spam | {"converted": True}, spam | {"first_name": "Ann"}
    )
    verdict = judge(leads, as_of)

    assert verdict["stage"].to_list() == ["disqualified", "sal", "opportunity", "mql"]
    assert verdict["unmet"][0] == "disqualified: spam: a junk name"
    assert verdict["priority"].head(1).to_list() == ["cold"]
    assert verdict["genuine"].to_list() == ["spam", "spam", "spam", "lamb"]


def test_explain_tells_each_criterion(judge_of, lead_frame, as_of):
    """Every criterion of every gate of the lead's cycle is told: met, not met, or not known."""
    told = judge_of(LADDER % "all").explain(
        lead_frame({"visits": 2, "accepted": False, "need": None}), as_of
    )

    assert (told.stage, told.stage_before, told.next_stage) == ("mql", None, "sal")
    assert [(g.stage, [(c.words, c.met) for c in g.criteria]) for g in told.gates] == [
        ("mql", [("score at least 30", True)]),
        ("sal", [("a rep has accepted the lead", False)]),
        (
            "sql",
            [
                ("the needs fit the product", None),
                ("at least 1 of: the lead decides, budget is known", None),
            ],
        ),
        ("opportunity", [("must be ready", None)]),
    ]
    assert [gate.met for gate in told.gates] == [True, False, False, False]


def test_explain_takes_one_lead(judge_of, lead_frame, as_of):
    """More than one row is refused."""
    judge = judge_of("groups: {}\nrules: []")

    with pytest.raises(ValueError, match="one lead, not 2"):
        judge.explain(lead_frame({"visits": 1}, {"visits": 2}), as_of)
