"""Cadences that the caps cut off, and those that never begin."""

from __future__ import annotations

import polars as pl
import pytest

from scoring.design_check import check_design
from scoring.revival import Past
from tests.unit.scoring.revival.conftest import NOW, judge_with, judged_frame

STEPS = "steps: [{channel: task}, {channel: task, after_days: 9}, {channel: task, after_days: 9}]"


def test_a_cadence_longer_than_the_caps_allow_is_found():
    """Three steps for MQLs who may be touched twice in all; the same steps for others are fine."""
    section = (
        "  caps: {mql: {touches: 1, days: 14, total: 2}}\n"
        f"  cadences: [{{name: a, {STEPS}}}, {{name: b, stages: [mql], {STEPS}}}]\n"
    )
    model = judge_with(section).model

    (found,) = (
        each for each in check_design(model, model.document) if "cadences" in each.problem.where
    )

    assert found.level == "warning"
    assert "revival.cadences.1.steps" in found.problem.where
    assert "has 3 steps, and caps.mql allows 2 touches" in found.problem.what


ONE = "steps: [{channel: task}]"
CONSENT = "  writing: {consent: {email_consent: true}, opt_in: [DE], elsewhere: opt_in}\n"


@pytest.mark.parametrize(
    ("section", "place", "words"),
    [
        (f"  cadences: [{{name: a, when: {{visits: {{at_least: 3, below: 2}}}}, {ONE}}}]\n", "when", "contradicts itself"),
        (f"  cadences: [{{name: a, when: {{score: {{above: 100}}}}, {ONE}}}]\n", "when", "contradicts itself"),
        (f"  cadences: [{{name: a, when: {{email_opt_out: true}}, {ONE}}}]\n", "when", "have opted out"),
        (f"  stalled: {{lead: 90}}\n  cadences: [{{name: a, causes: [gate], {ONE}}}]\n", "causes", "dropped or silent"),
        (f"  cadences: [{{name: a, causes: [gate, silent], stages: [recycled], {ONE}}}]\n", "causes", "of dropped"),
        ("  cadences: [{name: a, steps: [{channel: list, target: '7'}]}]\n", "steps.0.channel", "nobody may be written to"),
    ],
)  # fmt: skip
def test_a_cadence_that_never_begins_is_found(section, place, words):
    """In its place and with a lead that is stalled, and that it does not take."""
    judge = judge_with(section)

    (found,) = (
        e for e in check_design(judge.model, judge.model.document) if "cadences" in e.problem.where
    )

    assert found.level == "error"
    assert found.problem.where.endswith(f"revival.cadences.0.{place}")
    assert words in found.problem.what
    row = {name: value for name, value in found.witness.items() if name in judged_frame({}).columns}
    lead = judged_frame({**row, "stage_was": row["stage"], "email": "a@acme.example"})
    seen = lead.with_columns(pl.lit(value=None, dtype=pl.Float64).alias("visits"))
    (decided,) = judge.revival.decide(seen, Past(), NOW).to_dicts()
    assert decided["stalled"]
    assert decided["decision"] == "no"


@pytest.mark.parametrize(
    "section",
    [
        f"  cadences: [{{name: a, causes: [gate], {ONE}}}]\n",
        f"  cadences: [{{name: a, causes: [dropped], stages: [recycled], {ONE}}}]\n",
        CONSENT + "  cadences: [{name: a, steps: [{channel: list, target: '7'}]}]\n",
        "  writing: {opt_out: [US]}\n  cadences: [{name: a, steps: [{channel: list, target: '7'}]}]\n",
    ],
)
def test_a_cadence_that_may_begin_raises_no_alarm(section):
    """What some lead may come into is not reported."""
    model = judge_with(section).model

    assert not [e for e in check_design(model, model.document) if "revival" in e.problem.where]
