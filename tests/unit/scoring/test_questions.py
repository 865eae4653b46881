"""The next question: open, suitable, and with the most at stake."""

from __future__ import annotations

import pytest

BANK = """
segments: {b2b: {company: {known: true}}}
groups: {who: {side: fit}}
rules:
  - {id: a, group: who, when: {authority: true}, points: 5}
  - {id: b, group: who, when: {budget: {known: true}}, points: 20}
  - {id: c, group: who, when: {age: {below: 30}}, points: 50, segment: other}
cycles:
  - name: main
    gates:
      mql: {criteria: [{visits: {at_least: 1}}]}
      sal: {criteria: [{need: true}]}
    disqualify: [{when: {email_bounced: true}, reason: bounces}]
questions:
  - {fact: heard_from, text: How?}
  - {fact: authority, text: Who?}
  - {fact: budget, text: How much?}
  - {fact: need, text: What?, stage: mql_or_lead}
  - {fact: age, text: How old?, segment: other}
""".replace("stage: mql_or_lead", "stage: [mql]")


@pytest.mark.parametrize(
    ("facts", "question"),
    [
        ({"company": "x"}, "How much?"),
        ({"company": "x", "budget": 1}, "Who?"),
        ({"company": "x", "budget": 1, "authority": False}, "How?"),
        ({"company": None}, "How old?"),
        ({"company": "x", "visits": 1}, "What?"),
        ({"company": "x", "visits": 1, "need": False}, "How much?"),
        ({"company": "x", "email_bounced": True}, None),
        ({"company": "x", "budget": 1, "authority": True, "heard_from": "radio"}, None),
    ],
)
def test_the_question_with_the_most_at_stake(judge_of, lead_frame, as_of, facts, question):
    """What the open gate waits for comes first, then points; known facts are not asked again."""
    verdict = judge_of(BANK)(lead_frame(facts), as_of)

    assert question == verdict["next_question"].item()
