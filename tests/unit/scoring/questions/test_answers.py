"""The answers that stand for all others: one for each part that the criteria tell apart."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.asking.spans import spans

THRESHOLDS = st.lists(st.integers(-20, 20).map(float), max_size=6, unique=True).map(sorted)
SIDES = st.sampled_from(("at_least", "at_most", "above", "below", "is"))


def holds(side, threshold, number):
    """What a comparison says of a number."""
    return {
        "at_least": number >= threshold,
        "at_most": number <= threshold,
        "above": number > threshold,
        "below": number < threshold,
        "is": number == threshold,
    }[side]


@given(thresholds=THRESHOLDS, sides=st.lists(SIDES, min_size=6, max_size=6))
def test_every_number_is_told_apart_as_its_span_is(thresholds, sides):
    """Any number is treated like the one that stands for its span; neighbours differ."""

    def signatures(numbers):
        pairs = list(zip(sides, thresholds, strict=False))
        return [tuple(holds(side, at, n) for side, at in pairs) for n in numbers]

    found = spans(thresholds, signatures)
    probes = [*thresholds, *(t + d for t in thresholds for d in (-0.25, 0.25)), 0.0, 99.0, -99.0]
    for probe in probes:
        (span,) = [each for each in found if inside(each, probe)]
        assert signatures([probe]) == signatures([span.value])
        assert inside(span, span.value)
    kinds = signatures([span.value for span in found])
    assert all(one != other for one, other in pairwise(kinds))


def inside(span, number):
    """Whether a number is in a span."""
    above = number > span.low or (span.from_low and number == span.low)
    return above and (number < span.high or (span.to_high and number == span.high))


def test_no_thresholds_leave_one_answer():
    """Where nothing tells numbers apart one answer stands for all."""
    (only,) = spans([], lambda numbers: [()] * len(numbers))

    assert (only.low, only.high, only.label) == (-math.inf, math.inf, "any number")


@pytest.mark.parametrize(
    ("fact", "rule", "answers"),
    [
        ("budget", "{at_least: 5000}", [("below 5,000", 0.0), ("5,000 or more", 5000.0)]),
        ("budget", "{above: 0}", [("0 or less", 0.0), ("more than 0", 1.0)]),
        ("budget", "{known: true}", [("any number", 0.0)]),
        ("need", "true", [("yes", True), ("no", False)]),
        (
            "seniority",
            "[vp, c_level]",
            [("vp or c level", "vp"), ("something else", "something else")],
        ),
        ("replacing", "{known: true}", [("any answer", "something else")]),
        (
            "employees",
            "{at_least: 50}",
            [("below 50", {"low": 0.0, "high": 0.0}), ("50 or more", {"low": 50.0, "high": 50.0})],
        ),
        ("created_at", "{within_days: 3}", [("a date", None)]),
    ],
)
def test_answers_come_from_the_criteria(judge_of, fact, rule, answers):
    """A question without choices gets one answer for each part that rules tell apart."""
    judge = judge_of(f"""
groups: {{g: {{side: fit}}}}
rules: [{{id: a, group: g, when: {{{fact}: {rule}}}, points: 5}}]
questions: [{{fact: {fact}, text: Well?}}]
""")
    (question,) = judge.questions.bank

    assert [(answer.label, answer.value) for answer in question.answers] == answers
    assert sum(answer.likely for answer in question.answers) == pytest.approx(1)
