"""Judging again after answers, from the evidence that a judged frame keeps, equals judging anew."""

from __future__ import annotations

import polars as pl
import pytest

FOUND = ["genuine", "genuine:confidence", "score"]
LEADS = (
    {"first_name": "Anna", "last_name": "Berg", "email": "anna.berg@acme.com", "company": "Acme"},
    {"first_name": "xkqzv", "last_name": "qwrtzp", "email": "qwxzk@yopmail.com"},
    {"first_name": "Ann", "email": "ann@denied.com"},
    {"visits": 9.0},
)
SPAM = "We offer SEO services and cheap backlinks, see https://a.example https://b.example"


@pytest.mark.parametrize("weight", [0, 1])
@pytest.mark.parametrize(
    "answers",
    [{"interest": SPAM}, {"need": True, "budget": 9.0}, {"interest": "asdf", "need": True}],
)
def test_parts_that_answers_move_are_weighed_again(judge_of, lead_frame, as_of, weight, answers):
    """Outcome, confidence, score and lines are those of judging the answered leads from scratch."""
    score = "{lamb_or_spam: 1}" if weight else "{rules: 1}"
    asked = "".join(f"- {{fact: {fact}, text: Well?}}\n" for fact in answers)
    rules = "groups: {g: {side: fit}}\nrules: [{id: r, group: g, points: 3, when: {need: true}}]\n"
    judge = judge_of(
        f"lamb_or_spam: {{deny: [denied.com]}}\nscore: {score}\n{rules}questions:\n{asked}"
    )
    leads = lead_frame(*LEADS)
    judged = judge.assess(leads, as_of)
    values = [pl.lit(value).alias(fact) for fact, value in answers.items()]

    again = judge.again(judged.with_columns(values), as_of)
    anew = judge.assess(leads.with_columns(values), as_of)

    keys = [line.key for line in judge.lines]
    assert again.select(FOUND + keys).to_dicts() == anew.select(FOUND + keys).to_dicts()
    assert not again.select("genuine:confidence").equals(judged.select("genuine:confidence"))
