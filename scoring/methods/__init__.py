"""The ways to score a lead: one file per method and one table.

A method turns a lead frame into lines: a column of points per line, on the method's own scale of
0 to 100. `scoring.score` weighs, rounds and sums them; whatever it sums is what people are shown.
"""

from __future__ import annotations

from scoring.methods.base import Context, Entry, Line, Method, Side
from scoring.methods.lamb_or_spam import LambOrSpamSection, compile_lamb_or_spam
from scoring.methods.predictive_section import PredictiveSection, compile_predictive
from scoring.methods.profile import ProfileSection, compile_profile
from scoring.methods.rules import RulesSection, compile_rules

METHODS: dict[str, Entry] = {
    "lamb_or_spam": Entry(LambOrSpamSection, compile_lamb_or_spam),
    "rules": Entry(RulesSection, compile_rules),
    "profile": Entry(ProfileSection, compile_profile),
    "predictive": Entry(PredictiveSection, compile_predictive),
}
"""Every method by name; the name is also its key under `score` in the model file."""

__all__ = ["METHODS", "Context", "Entry", "Line", "Method", "Side"]
