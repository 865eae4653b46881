"""Criteria: conditions on facts, as customers write them, as polars expressions and as plain words.

A criterion is a mapping of facts to what they must be; several facts in one mapping all must hold:

    seniority: [c_level, vp]                 # one of these
    employees: {at_least: 50, at_most: 999}  # operators, see `scoring.criteria.operators`
    any: [{forms: {at_least: 1}}, {events: {at_least: 1}}]
    not: {industry: {contains: student}}
    at_least: {of: 2, criteria: [{need: true}, {authority: true}, {budget: {known: true}}]}
    words: what people should read instead of the words made from the condition

A fact that is not known satisfies nothing: neither a comparison nor its negation. Only `known` asks
whether it is known, and `at_least … of` counts what surely holds. Texts are compared without regard
to case and surrounding blanks, dates by the whole day.
"""

from __future__ import annotations

from scoring.criteria.compile import Compiled, Scope, always, compile_criterion
from scoring.criteria.forms import Form, known, prepare
from scoring.criteria.operators import KIND_NAMES, fits
from scoring.criteria.tree import Criterion

__all__ = [
    "KIND_NAMES",
    "Compiled",
    "Criterion",
    "Form",
    "Scope",
    "always",
    "compile_criterion",
    "fits",
    "known",
    "prepare",
]
