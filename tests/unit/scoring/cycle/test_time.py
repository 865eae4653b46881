"""Time in a cycle: service levels, dwell times, stalled leads, cool-offs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

MODEL = """
groups: {}
rules: []
cycles:
  - name: main
    gates:
      mql: {criteria: [{visits: {at_least: 2}}]}
      sal: {within_days: 3}
      sql: {criteria: [{need: true}]}
    dwell:
      mql: {at_least_days: 2}
      sal: {at_most_days: 10}
    stalled:
      - {from: [mql], after_days: 60, reason: nobody has looked at it}
      - {from: [sal], after_days: 30, when: {budget: {known: false}}, to: disqualified}
    return:
      - {from: recycled, when: {visits: {at_least: 5}}, cool_off_days: 14, to: lead}
"""


@pytest.fixture
def judged(judge_of, lead_frame, as_of):
    """The verdict of one lead that has been in its stage for so many days (None: unknown)."""
    judge = judge_of(MODEL)
    today = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)

    def row(days, **facts):
        since = None if days is None else today - timedelta(days=days)
        return judge(lead_frame({"stage_since": since, **facts}), as_of).row(0, named=True)

    return row


@pytest.mark.parametrize(
    ("days", "overdue", "unmet"),
    [
        (3, None, "for SAL: a rep must accept the lead"),
        (4, 1.0, "for SAL: a rep must accept the lead; overdue, was due on 2026-11-19"),
        (10, 7.0, "for SAL: a rep must accept the lead; overdue, was due on 2026-11-13"),
        (None, None, "for SAL: a rep must accept the lead; must have been MQL for 2 days"),
    ],
)
def test_a_handover_that_nobody_answers_is_overdue(judged, days, overdue, unmet):
    """After the service level the verdict counts the days, and people read since when it was due."""
    verdict = judged(days, stage="mql", visits=2)

    assert (verdict["stage"], verdict["overdue"], verdict["unmet"]) == ("mql", overdue, unmet)


def test_a_lead_that_moves_on_is_not_overdue(judged):
    """The days of the stage that it leaves do not count against the next one."""
    verdict = judged(40, stage="mql", visits=2, accepted=True, need=True)

    assert (verdict["stage"], verdict["overdue"]) == ("sql", None)


def test_a_stage_has_its_own_limit(judged):
    """A stage with at_most_days is overdue after them, whatever the gate asks."""
    assert judged(12, stage="sal", budget=1)["overdue"] == 2.0


@pytest.mark.parametrize(
    ("days", "stage"), [(None, "mql"), (0, "mql"), (1, "mql"), (2, "sal"), (9, "sal")]
)
def test_a_lead_stays_as_long_as_its_stage_asks(judged, days, stage):
    """Who has been there for too short a time, or nobody knows for how long, waits."""
    assert judged(days, stage="mql", visits=2, accepted=True)["stage"] == stage


def test_who_has_just_come_to_a_stage_stays_there(judged):
    """Days in the stage below do not count for the stage that is entered now."""
    verdict = judged(50, stage="lead", visits=2, accepted=True)

    assert verdict["stage"] == "mql"
    assert verdict["unmet"] == "for SAL: must have been MQL for 2 days"


@pytest.mark.parametrize(
    ("facts", "days", "stage", "reason"),
    [
        ({"stage": "mql"}, 60, "mql", None),
        ({"stage": "mql"}, 61, "recycled", "nobody has looked at it"),
        ({"stage": "mql", "accepted": True}, 61, "sal", "a rep must accept the lead"),
        ({"stage": "sal"}, 31, "disqualified", "no progress for 30 days"),
        ({"stage": "sal", "budget": 1}, 31, "sal", None),
        ({"stage": "mql"}, None, "mql", None),
        ({"stage": "mql", "disqualified": True}, 99, "disqualified", "a rep has disqualified the lead"),
    ],
)  # fmt: skip
def test_stalled_leads_are_put_aside(judged, facts, days, stage, reason):
    """Only who stays where it is for too long, and only where the rule's condition holds."""
    verdict = judged(days, **facts)

    assert (verdict["stage"], verdict["stage_reason"]) == (stage, reason)
    assert (verdict["next_stage"] is None) == (stage in ("recycled", "disqualified"))


@pytest.mark.parametrize(
    ("days", "stage"), [(None, "recycled"), (13, "recycled"), (14, "mql"), (99, "mql")]
)
def test_nobody_returns_before_the_cool_off(judged, days, stage):
    """A return rule acts only after its cool-off, counted from when the lead was put aside."""
    assert judged(days, stage="recycled", visits=5)["stage"] == stage


def test_who_has_returned_has_not_stalled(judged, judge_of, lead_frame, as_of):
    """The days beside the ladder are no days in the stage that the lead returns to."""
    model = MODEL.replace("to: lead}", "to: mql}")
    since = datetime(as_of.year - 1, 1, 1, tzinfo=UTC)
    leads = lead_frame({"stage": "recycled", "visits": 5, "stage_since": since})

    assert judge_of(model)(leads, as_of)["stage"].item() == "mql"


@pytest.mark.parametrize(
    ("came", "criterion"),
    [
        (("mql", 0), ("must have been MQL for 2 days: 2 more days in MQL", False)),
        (("mql", 1), ("must have been MQL for 2 days: 1 more day in MQL", False)),
        (("mql", 2), ("must have been MQL for 2 days", True)),
        (("mql", None), ("must have been MQL for 2 days (since when it is, nobody knows)", None)),
        ((None, None), ("must have been MQL for 2 days", False)),
        (("sal", 1), ("must have been MQL for 2 days", True)),
    ],
)
def test_a_dwell_time_is_a_criterion_of_the_next_gate(judge_of, lead_frame, as_of, came, criterion):
    """Explained, it says how many days are left; of other gates it says nothing."""
    stage, days = came
    since = None if days is None else datetime(*as_of.timetuple()[:3], tzinfo=UTC)
    since = since and since - timedelta(days=days)
    lead = lead_frame({"stage": stage, "stage_since": since, "visits": 2})
    gates = {gate.stage: gate.criteria for gate in judge_of(MODEL).explain(lead, as_of).gates}

    assert (gates["sal"][-1].words, gates["sal"][-1].met) == criterion
    assert [each.words for each in gates["mql"]] == ["visits at least 2"]
    assert len(gates["sql"]) == 1


LOST = MODEL + "    disqualify: [{when: {need: false}, reason: no need}]\n"


@pytest.mark.parametrize(
    ("facts", "stage"), [({"need": False}, "disqualified"), ({"need": None}, "recycled")]
)
def test_a_lost_lead_comes_to_rest_at_once(judge_of, lead_frame, as_of, facts, stage):
    """With the loss the rules of the cycle count again, and judged once more it is where it was."""
    judge = judge_of(LOST)
    lost = {"opportunity_state": "lost", "converted": True, **facts}
    first = judge(lead_frame(lost | {"stage": "opportunity"}), as_of).row(0, named=True)
    again = judge(lead_frame(lost | {"stage": first["stage"]}), as_of).row(0, named=True)

    assert first["stage"] == stage
    assert (again["stage"], again["unmet"]) == (first["stage"], first["unmet"])
