"""The section in the model file: weights, points in the score, the cycle, and what is refused."""

from __future__ import annotations

import polars as pl
import pytest

from scoring.genuine.checks import CHECKS
from scoring.problem import ProblemsError

MASHED = {"first_name": "Xkqzv", "last_name": "Bnmtrwq", "email": "xkqzv4411@gmail.com"}
CYCLE = """
groups: {web: {side: engagement}}
rules: [{id: seen, group: web, points: 5, when: {visits: {at_least: 1}}}]
cycles:
- name: main
  gates:
    mql: {criteria: [{visits: {at_least: 1}}]}
    sal: {criteria: [{accepted: true}]}
    opportunity: {criteria: [{visits: {at_least: 1}}]}
"""

BROKEN = {
    "{spam_abov: 0.9}": ("m.yaml:3: lamb_or_spam.spam_abov", '"spam_abov" is not a key', '"spam_above"'),
    "{spam_above: 1.5}": ("m.yaml:3: lamb_or_spam.spam_above", "less than 1", ""),
    "{spam_above: high}": ("m.yaml:3: lamb_or_spam.spam_above", "valid number", ""),
    "{spam_above: 0.5, unsure_above: 0.6}": ("m.yaml:3: lamb_or_spam", "unsure_above must be below", ""),
    "{weights: {disposable: 2}}": (
        "m.yaml:3: lamb_or_spam.weights.disposable", "is not a check", 'Did you mean "disposable_email"?',
    ),
    "{weights: {free_mail: -1}}": ("m.yaml:3: lamb_or_spam.weights.free_mail", "greater than or equal to 0", ""),
    "{competitors: [not a domain]}": ("m.yaml:3: lamb_or_spam.competitors.0", "must be a domain such as", ""),
    "{own: [ann@ours.com]}": ("m.yaml:3: lamb_or_spam.own.0", "must be a domain such as", ""),
    "{deny: ['a b@c.com']}": ("m.yaml:3: lamb_or_spam.deny.0", "or an address such as", ""),
    "{messages: [intrest]}": (
        "m.yaml:3: lamb_or_spam.messages.0", "is not a fact", 'Did you mean "interest"?',
    ),
    "{messages: [visits]}": ("m.yaml:3: lamb_or_spam.messages.0", "visits is a number", "must be a text"),
    "{form_seconds: secnds}": ("m.yaml:3: lamb_or_spam.form_seconds", "is not a fact", 'Did you mean "seconds"?'),
    "{copies: email}": ("m.yaml:3: lamb_or_spam.copies", "email is a text", "must be a number"),
}  # fmt: skip


@pytest.mark.parametrize("section", BROKEN)
def test_wrong_values_are_refused_with_place_and_fix(judge_of, section):
    """File, line and key are named, what is wrong, and the nearest known name."""
    with pytest.raises(ProblemsError) as caught:
        judge_of(f"lamb_or_spam: {section}\nscore: {{lamb_or_spam: 1}}\n", {"seconds": "number"})

    (problem,) = caught.value.problems
    for part in BROKEN[section]:
        assert part.replace("m.yaml", "model.yaml") in str(problem)


def test_the_section_alone_moves_no_score(judge_of, lead_frame, as_of):
    """Without a weight the verdict is given and the score is what it was."""
    leads = lead_frame(MASHED | {"visits": 1}, {"visits": 1})
    with_section = judge_of(CYCLE + "lamb_or_spam: {}\n")(leads, as_of)
    without = judge_of(CYCLE)(leads, as_of)

    same = ["score", "fit", "engagement", "reasons", "coverage"]
    assert with_section.select(same).equals(without.select(same))
    assert with_section["genuine"].to_list() == ["spam", "unsure"]
    assert without["genuine"].to_list() == [None, None]


def test_a_weight_in_the_score_takes_points_from_junk(judge_of, lead_frame, as_of):
    """Each check is a line of its own: its log-odds times the points, against the lead or for it."""
    judge = judge_of("score: {lamb_or_spam: 1}\nlamb_or_spam: {points: 2}\n")
    points = judge.points(lead_frame(MASHED | {"visits": 6}), as_of)

    prefix = "lamb_or_spam."
    assert points[f"{prefix}first_name_typed_at_random"].item() == pytest.approx(-8.0, abs=0.01)
    assert points[f"{prefix}came_back"].item() == 2.0
    assert points[f"{prefix}decided"].item() == 0.0


def test_a_decision_takes_the_place_of_all_evidence(judge_of, lead_frame, as_of):
    """A person's word is the only line: −100 for junk, nothing against who is genuine."""
    judge = judge_of("score: {lamb_or_spam: 1}\nlamb_or_spam: {}\n")
    points = judge.points(lead_frame(MASHED | {"junk": True}, MASHED | {"junk": False}), as_of)
    found = points.select(pl.sum_horizontal(pl.selectors.starts_with("lamb_or_spam.")))

    assert found.to_series().to_list() == [-100.0, 0.0]


def test_a_weight_of_0_turns_a_check_off(judge_of, lead_frame, as_of):
    """The check gives no line, no reason and no evidence."""
    section = "lamb_or_spam: {weights: {first_name_typed_at_random: 0, plain_name: 2}}\n"
    judge = judge_of("score: {lamb_or_spam: 1}\n" + section)
    frame = judge.evaluate(lead_frame(MASHED), as_of)

    assert "lamb_or_spam.first_name_typed_at_random" not in [line.key for line in judge.lines]
    assert "first name" not in frame["genuine:text"].item()


def test_spam_never_advances_and_is_never_converted(judge_of, lead_frame, as_of):
    """Spam is disqualified with its reasons whatever its gates say; a person's word frees it."""
    judge = judge_of(CYCLE + "lamb_or_spam: {}\n")
    rows = [
        MASHED | {"visits": 9},
        MASHED | {"visits": 9, "stage": "sql"},
        MASHED | {"visits": 9, "junk": False},
        MASHED | {"visits": 9, "accepted": True},
    ]
    verdict = judge(lead_frame(*rows), as_of)

    assert verdict["stage"].to_list()[:2] == ["disqualified", "disqualified"]
    assert verdict["stage_reason"][0].startswith("spam: the first name looks like random typing")
    assert verdict["next_stage"].to_list()[:2] == [None, None]
    assert verdict["stage"].to_list()[2:] == ["mql", "sal"] or verdict["stage"][2] == "mql"
    assert "disqualified" not in verdict["stage"].to_list()[2:]


def test_every_check_has_a_reason_and_known_facts(judge_of):
    """Keys are names, texts are short, and every line's facts exist."""
    judge = judge_of(
        "score: {lamb_or_spam: 1}\nlamb_or_spam: {form_seconds: visits, same_second: visits}\n"
    )
    keys = [line.key for line in judge.lines]

    assert [key for key in CHECKS if f"lamb_or_spam.{key}" not in keys] == []
    assert len({check.text for check in CHECKS.values()}) == len(CHECKS)
    for line in judge.lines:
        assert set(line.facts) <= set(judge.kinds) | {"score"}
        assert len(line.text) <= 60


def test_the_facts_that_the_checks_look_at_are_asked_for(judge_of):
    """Whoever pulls leads learns from the judge which facts to pull."""
    judge = judge_of("score: {lamb_or_spam: 1}\nlamb_or_spam: {}\n")

    assert {"email", "first_name", "last_name", "company", "phone", "junk", "copies", "interest",
            "title", "domain", "visits", "accepted", "need"} <= judge.facts  # fmt: skip
