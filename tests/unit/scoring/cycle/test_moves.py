"""Moves of a cycle: acceptance, required answers, ways back and down, lost opportunities."""

from __future__ import annotations

import pytest

from scoring.problem import ProblemsError

HEAD = "groups: {}\nrules: []\ncycles:\n  - name: main\n"
MODEL = (
    HEAD
    + """
    gates:
      mql: {criteria: [{visits: {at_least: 2}}]}
      sal: %s
      sql: {requires: %s}
      opportunity: {criteria: [{ready_to_buy: true}]}
    return: [{from: recycled, when: {visits: {at_least: 9}}, to: sql}]
    back:
      - {from: sql, to: mql, when: {need: false}, reason: the needs do not fit}
    lost:
      - {when: {lost_reason: {contains: competitor}}}
      - {when: {lost_reason: {contains: no need}}, to: disqualified, reason: never needed it}
"""
)
NEEDS = "[need, authority]"


@pytest.fixture
def judged(judge_of, lead_frame, as_of):
    """The verdict of one lead under a variant of the model."""

    def row(facts, sal="{}", requires=NEEDS):
        frame = lead_frame({"visits": None, **facts})
        return judge_of(MODEL % (sal, requires))(frame, as_of).row(0, named=True)

    return row


@pytest.mark.parametrize(
    ("sal", "accepted", "stage", "unmet"),
    [
        ("{}", None, "mql", "for SAL: a rep must accept the lead"),
        ("{}", False, "mql", "for SAL: a rep must accept the lead"),
        ("{}", True, "sal", "for SQL: need must be known; authority must be known"),
        ("{criteria: [{budget: 1}]}", True, "mql", "for SAL: budget is 1"),
        ("{criteria: [{accepted: false}]}", False, "sal", None),
        ("{automatic: true, criteria: [{visits: 2}]}", False, "sal", None),
    ],
)
def test_a_rep_accepts_unless_the_model_says_otherwise(judged, sal, accepted, stage, unmet):
    """Sales acceptance waits for a person; only `automatic` or own words replace that."""
    verdict = judged({"visits": 2, "accepted": accepted}, sal)

    assert verdict["stage"] == stage
    assert unmet is None or verdict["unmet"] == unmet


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({"need": True}, "sal"),
        ({"need": False, "authority": False}, "sql"),
        ({"need": True, "authority": True}, "sql"),
    ],
)
def test_required_answers_must_be_known_whatever_they_are(judged, facts, stage):
    """A no is an answer, too."""
    assert judged({"visits": 2, "accepted": True, **facts})["stage"] == stage


def test_required_answers_have_words_of_their_own(judged):
    """What a rep reads is what the model says."""
    verdict = judged({"stage": "sal", "authority": True}, requires="{need: ask for the need}")

    assert verdict["unmet"] == "for SQL: ask for the need"


def test_a_rule_takes_a_lead_down_and_it_stays_down_in_that_run(judged):
    """Going back has its reason, and the gates above do not undo it at once."""
    facts = {"stage": "sql", "need": False, "authority": True, "accepted": True}
    verdict = judged(facts)

    assert verdict["stage"] == "mql"
    assert verdict["stage_reason"] == "back to MQL: the needs do not fit"
    assert verdict["next_stage"] == "sal"


def test_no_rule_takes_down_what_is_an_opportunity(judged):
    """Once sold, the sales process decides."""
    verdict = judged({"stage": "sql", "need": False, "converted": True})

    assert verdict["stage"] == "opportunity"


@pytest.mark.parametrize(
    ("reason", "stage", "said"),
    [
        (None, "recycled", "its opportunity was lost"),
        ("Price", "recycled", "its opportunity was lost: Price"),
        ("a Competitor", "recycled", "its opportunity was lost: a Competitor"),
        ("No need", "disqualified", "never needed it"),
    ],
)
def test_a_lost_opportunity_leads_where_its_reason_says(judged, reason, stage, said):
    """The first rule that matches decides; without one the lead is recycled."""
    lost = {"stage": "opportunity", "opportunity_state": "lost", "converted": True}
    verdict = judged(lost | {"lost_reason": reason})

    assert (verdict["stage"], verdict["stage_reason"]) == (stage, said)


def test_what_is_said_of_a_lost_lead_stays(judged):
    """Judged again, it is where it was, for the reason that it was: nothing has to be written."""
    lost = {"opportunity_state": "lost", "converted": True, "lost_reason": "Price"}
    verdicts = [judged(lost | {"stage": stage}) for stage in ("opportunity", "recycled")]

    assert [v["stage"] for v in verdicts] == ["recycled", "recycled"]
    assert {v["unmet"] for v in verdicts} == {"recycled: its opportunity was lost: Price"}


def test_a_lost_lead_does_not_become_the_same_opportunity_again(judged):
    """It may return and climb, but only a new opportunity makes it one."""
    lost = {"opportunity_state": "lost", "converted": True, "visits": 9, "ready_to_buy": True}
    verdict = judged(lost | {"stage": "recycled"})

    assert verdict["stage"] == "sql"
    assert (
        verdict["unmet"]
        == "for opportunity: its last opportunity was lost; a new one must be opened"
    )
    assert judged(lost | {"stage": "sql"})["stage"] == "sql"
    assert judged(lost | {"stage": "sql", "opportunity_state": "open"})["stage"] == "opportunity"


REFUSED = {
    "gates: {mql: {}}": "cycles.0.gates.mql: asks nothing",
    "gates: {sal: {automatic: true}}": "cycles.0.gates.sal: asks nothing",
    "gates: {mql: {criteria: [{need: true}], automatic: true}}": "gates.mql.automatic: mql is automatic anyway",
    "gates: {sql: {requires: [ned]}}": 'gates.sql.requires.0: "ned" is not a fact. Did you mean "need"?',
    "gates: {sql: {requires: {ned: a}}}": 'gates.sql.requires.ned: "ned" is not a fact.',
    "gates: {sal: {within_days: 0}}": "gates.sal.within_days: input should be greater than or equal to 1",
    "gates: {sal: {}}, dwell: {mql: {at_least_days: 5, at_most_days: 5}}": "dwell.mql: at_least_days (5) must be less than at_most_days (5)",
    "gates: {sal: {}}, dwell: {opportunity: {at_most_days: 5}}": "cycles.0.dwell.opportunity",
    "gates: {sal: {}}, back: [{from: mql, to: sql, when: {need: true}, reason: x}]": "cycles.0.back.0: sql is not below mql",
    "gates: {sal: {}}, stalled: [{after_days: 5, to: mql}]": "cycles.0.stalled.0.to",
    "gates: {sal: {}}, stalled: [{after_dys: 5}]": 'cycles.0.stalled.0.after_dys: "after_dys" is not a key here. Did you mean "after_days"?',
    "gates: {sal: {}}, return: [{when: {ned: true}, cool_off_days: 3}]": 'cycles.0.return.0.when.ned: "ned" is not a fact.',
    "gates: {sal: {}}, lost: [{when: {lost_resn: x}}]": 'Did you mean "lost_reason"?',
}  # fmt: skip


@pytest.mark.parametrize("keys", REFUSED)
def test_what_cannot_be_meant_is_refused_in_its_place(judge_of, keys):
    """Each refusal names file, line and key, and what was allowed."""
    with pytest.raises(ProblemsError) as refused:
        judge_of(f"groups: {{}}\nrules: []\ncycles:\n  - {{name: main, {keys}}}")

    assert any(REFUSED[keys] in str(problem) for problem in refused.value.problems), str(
        refused.value
    )
    assert all(str(problem).startswith("model.yaml:6:") for problem in refused.value.problems)
