"""The least change that advances a lead: it does, and nothing smaller would."""

from __future__ import annotations

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.candidates import candidates
from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.least_change import changed, least_change, standing
from scoring.model import load_model
from scoring.verdict import STAGES
from tests.unit.scoring.conftest import AS_OF

MODEL = """
name: test
version: 1
groups: {who: {side: fit}, web: {side: engagement}}
rules:
  - {id: decides, group: who, when: {authority: true}, points: 13}
  - {id: budget, group: who, when: {budget: {at_least: 5000}}, points: 20}
  - {id: need, group: who, when: {need: true}, points: 10}
  - {id: back, group: web, when: {visits: {at_least: 3}}, points: 30}
  - {id: industry, group: who, when: {industry: Software}, points: 28}
cycles:
  - name: main
    advance: ADVANCE
    gates:
      mql: {criteria: [{visits: {at_least: 1}}, {score: {at_least: 20}}]}
      sal: {criteria: [{accepted: true}]}
      sql: {criteria: [{need: true}, {score: {at_least: 71}}]}
      opportunity: {criteria: [{industry: Software}, {timeline: {at_most: 90}}]}
    disqualify: [{when: {need: false, authority: false}, reason: no need and no say}]
questions:
  - {fact: authority, text: Who decides?, answers: {decides: true, not: false}}
  - {fact: need, text: What for?, answers: {fits: true, not: false}}
  - {fact: budget, text: How much?}
"""
JUDGES = {
    way: compile_judge(load_model(parse_yaml(MODEL.replace("ADVANCE", way), "model.yaml")))
    for way in ("all", "one")
}
LEADS = st.fixed_dictionaries(
    {
        "stage": st.sampled_from([None, *STAGES, "disqualified", "recycled"]),
        "visits": st.sampled_from([None, 0.0, 1.0, 2.0, 5.0]),
        "accepted": st.sampled_from([None, True, False]),
        "need": st.sampled_from([None, True, False]),
        "authority": st.sampled_from([None, True, False]),
        "budget": st.sampled_from([None, 0.0, 9000.0]),
        "timeline": st.sampled_from([None, 30.0, 400.0]),
        "industry": st.sampled_from([None, "Software", "Retail"]),
    }
)


def frame(**facts):
    """A lead frame of one row."""
    schema = {"id": pl.String()} | {name: DTYPES[FIELDS[name].kind] for name in facts}
    return pl.DataFrame([{"id": "1"} | facts], schema=schema)


@given(facts=LEADS, way=st.sampled_from(sorted(JUDGES)))
@settings(max_examples=30)
def test_the_change_advances_the_lead_and_nothing_smaller_does(facts, way):
    """Made, it brings the lead to its next stage; no smaller set of the candidates would."""
    judge, lead = JUDGES[way], frame(**facts)
    row = judge.assess(lead, AS_OF).row(0, named=True)
    found = least_change(judge, lead, AS_OF)
    assert found.target == row["next_stage"]
    assert bool(found.changes) == (found.blocked is None)
    if found.target is None:
        return
    here = standing(judge, lead, row)
    possible = candidates(judge, row, AS_OF)
    for size in range(1, len(found.changes) or 3):
        for smaller in combinations(possible, size):
            assert not advances(judge, here, smaller, found.target)
    if found.changes:
        after = judge(changed(judge, here, found.changes), AS_OF)
        assert after["score"].item() == found.new_score
        assert after["stage"].item() == found.new_stage
        assert STAGES.index(found.new_stage) >= STAGES.index(found.target)


def advances(judge, lead, changes, target):
    """Whether the changes can be made together, and bring the lead to the stage or beyond."""
    facts = {}
    for change in changes:
        for fact, value in change.facts.items():
            if facts.setdefault(fact, value) != value:
                return False
    stage = judge(changed(judge, lead, changes), AS_OF)["stage"].item()
    return stage in STAGES and STAGES.index(stage) >= STAGES.index(target)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"stage": "sal", "visits": 3.0, "need": True, "industry": "Software"},
            "the lead decides (score 68 → 81): enough for SQL",
        ),
        (
            {"stage": "mql", "visits": 3.0, "industry": "Software"},
            "a rep accepts the lead (the score stays 58): enough for SAL",
        ),
        (
            {"stage": "sql", "visits": 3.0, "industry": "Retail", "need": True},
            "no 3 changes that are possible are enough for opportunity: industry is Software",
        ),
        (
            {"stage": "sal", "need": False, "authority": False},
            "it is disqualified: no need and no say",
        ),
        ({"stage": "customer", "opportunity_state": "won"}, "it is a customer"),
        ({"stage": "opportunity", "converted": True}, "there is no further gate"),
    ],
)
def test_it_is_said_in_plain_words(facts, words):
    """What to do, from which score to which, for which stage; or what stands in the way."""
    assert least_change(JUDGES["all"], frame(**facts), AS_OF).words == words


def test_too_many_changes_are_no_advice():
    """Where a gate asks for four unknown things at once, it is said that three are not enough."""
    gates = "need: true, authority: true, budget_approved: true, ready_to_buy: true"
    text = f"""
name: test
version: 1
groups: {{g: {{side: fit}}}}
rules: [{{id: a, group: g, points: 1}}]
cycles: [{{name: main, gates: {{mql: {{criteria: [{{{gates}}}]}}}}}}]
"""
    judge = compile_judge(load_model(parse_yaml(text, "model.yaml")))
    found = least_change(judge, frame(visits=1.0), AS_OF)

    assert found.changes == ()
    assert "no 3 changes that are possible are enough for MQL" in found.words


def test_the_same_lead_gets_the_same_advice():
    """Deterministic: twice the same lead gives the same changes in the same order."""
    lead = frame(stage="sal", visits=1.0)

    assert least_change(JUDGES["all"], lead, AS_OF) == least_change(JUDGES["all"], lead, AS_OF)


def test_several_leads_are_refused():
    """It is a question about one lead."""
    with pytest.raises(ValueError, match="one lead"):
        least_change(JUDGES["all"], frame(visits=1.0).vstack(frame(visits=2.0)), AS_OF)
