"""The `revival:` section: what is refused, where and why; and that it judges nobody."""

from __future__ import annotations

import pytest

from scoring.document import parse_yaml
from scoring.model import load_model
from scoring.problem import ProblemsError
from tests.unit.scoring.revival.conftest import MODEL, TASKS, judge_with


@pytest.mark.parametrize(
    ("section", "place", "words"),
    [
        ("  hold_out: 95%\n" + TASKS, "revival.hold_out", "0.9"),
        (
            "  time_zone: Europe/Berln\n" + TASKS,
            "revival.time_zone",
            'Did you mean "Europe/Berlin"',
        ),
        ("  stalled: {mqls: 30}\n" + TASKS, "revival.stalled", 'Did you mean "mql"?'),
        ('  quiet: {from: "25:00"}\n' + TASKS, "revival.quiet.from", '"18:00"'),
        ("  writing: {opt_in: [Germany]}\n" + TASKS, "revival.writing.opt_in", 'Write "DE"'),
        ("  writing: {opt_in: [DE], opt_out: [DE]}\n" + TASKS, "revival.writing", "two lists: DE"),
        ("  writing: {consent: {consented: true}}\n" + TASKS, "writing.consent", "not a fact"),
        (
            "  caps: {mql: {touches: 9, days: 7, total: 9}}\n" + TASKS,
            "revival.caps",
            "easily spooked",
        ),
        ("  caps: {lead: {touches: 3, days: 7, total: 2}}\n" + TASKS, "caps.lead", "not be less"),
        ("  capps: {}\n" + TASKS, "revival.capps", 'Did you mean "caps"'),
        ("  cadences: [{name: a, steps: [{channel: email}]}]\n", "steps.0", "needs a template"),
        ("  cadences: [{name: a, steps: [{channel: list}]}]\n", "steps.0", "needs a target"),
        (
            "  cadences: [{name: a, steps: [{channel: task}, {channel: task}]}]\n",
            "cadences.0",
            "step 2 needs after_days",
        ),
        (
            "  cadences: [{name: a, steps: [{channel: task, after_days: 3}]}]\n",
            "cadences.0",
            "comes at once",
        ),
        (
            "  stalled: {lead: 5}\n  cadences: [{name: a, stages: [mql], steps: [{channel: task}]}]\n",
            "stages.0",
            "never stall as mql",
        ),
    ],
)
def test_what_is_wrong_is_said_in_its_place(section, place, words):
    """Every mistake names the file, the key, and what was meant or allowed."""
    with pytest.raises(ProblemsError) as refused:
        judge_with(section)

    (problem,) = refused.value.problems
    assert problem.where.startswith("model.yaml:")
    assert place in problem.where
    assert words in str(problem)


def test_a_change_of_revival_judges_nobody_anew():
    """The model's digest leaves the section out, and revival has a digest of its own."""
    one, other = (judge_with(f"  hold_out: {share}\n" + TASKS) for share in ("10%", "20%"))
    without = load_model(parse_yaml(MODEL.replace("revival:", ""), "model.yaml"))

    assert one.model.digest == other.model.digest == without.digest
    assert one.revival.digest != other.revival.digest
