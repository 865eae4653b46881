"""What to ask next: what each answer to a question would do, computed by the scoring itself.

The worth of a question to a lead is the sum, over its answers, of how likely the answer is times what
it would move:

    points by which the score would rise or fall
    + CRITERION_WORTH for each criterion of the open gate that would newly hold
    + STAGE_WORTH if the lead would change its stage

A fall counts as a rise does: to learn that a lead has no chance saves as much work. A question is
asked only where its fact is not known, in its own stages and segment, and of no lead that is spam,
beside the ladder, or a customer. Questions of equal worth come in the order of the model.
"""

from __future__ import annotations

from scoring.asking.answers import Answer, BankQuestion, answers_of, typed
from scoring.asking.effects import CRITERION_WORTH, STAGE_WORTH, Asked, Effect, Effects

__all__ = [
    "CRITERION_WORTH",
    "STAGE_WORTH",
    "Answer",
    "Asked",
    "BankQuestion",
    "Effect",
    "Effects",
    "answers_of",
    "typed",
]
