"""The next question: open, suitable, and expected to move the most."""

from __future__ import annotations

import pytest

from scoring.problem import ProblemsError

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
  - {fact: need, text: What?, stage: [mql]}
  - {fact: age, text: How old?, segment: other}
"""


@pytest.mark.parametrize(
    ("facts", "question"),
    [
        ({"company": "x"}, "How much?"),
        ({"company": "x", "budget": 1}, "Who?"),
        ({"company": "x", "budget": 1, "authority": False}, "How?"),
        ({"company": None}, "How old?"),
        ({"company": "x", "visits": 1, "accepted": True}, "What?"),
        ({"company": "x", "visits": 1, "accepted": True, "need": False}, "How much?"),
        ({"company": "x", "email_bounced": True}, None),
        ({"company": "x", "disqualified": True}, None),
        ({"company": "x", "opportunity_state": "won", "converted": True}, None),
        ({"company": "x", "budget": 1, "authority": True, "heard_from": "radio"}, None),
    ],
)
def test_the_question_with_the_most_at_stake(judge_of, lead_frame, as_of, facts, question):
    """What opens the gate comes before points; known facts and leads put aside are not asked."""
    verdict = judge_of(BANK)(lead_frame(facts), as_of)

    assert question == verdict["next_question"].item()


def test_likely_answers_weigh_more(judge_of, lead_frame, as_of):
    """An answer that hardly anybody gives makes its question worth less than a sure one."""
    model = """
groups: {who: {side: fit}}
rules:
  - {id: a, group: who, when: {authority: true}, points: 40}
  - {id: n, group: who, when: {need: true}, points: 30}
questions:
  - {fact: authority, text: Who?, answers: {decides: true, not: false}LIKELY}
  - {fact: need, text: What?, answers: {fits: true, not: false}}
"""
    unlikely = model.replace("LIKELY", ", likely: {decides: 1, not: 9}")
    even = model.replace("LIKELY", "")

    assert judge_of(even)(lead_frame({"visits": 1}), as_of)["next_question"].item() == "Who?"
    asked = judge_of(unlikely).ask(lead_frame({"visits": 1}), as_of)
    assert [(each.text, each.worth) for each in asked] == [("What?", 15.0), ("Who?", 4.0)]


@pytest.mark.parametrize(
    ("likely", "words"),
    [("{decide: 1}", 'Did you mean "decides"'), ("{decides: 0}", "no answer is likely")],
)
def test_wrong_shares_are_refused(judge_of, likely, words):
    """Shares of answers that there are not, or that are all nothing, are complaints with a place."""
    model = f"""
groups: {{who: {{side: fit}}}}
rules: [{{id: a, group: who, points: 1}}]
questions: [{{fact: authority, text: Who?, answers: {{decides: true}}, likely: {likely}}}]
"""

    with pytest.raises(ProblemsError) as error:
        judge_of(model)

    assert words in str(error.value)
    assert "model.yaml:6" in str(error.value)


def test_a_question_asked_of_one_lead_only(judge_of, lead_frame, as_of):
    """Asking several leads at once is refused; there is one next question per lead."""
    with pytest.raises(ValueError, match="one lead"):
        judge_of(BANK).ask(lead_frame({"visits": 1}, {"visits": 2}), as_of)
