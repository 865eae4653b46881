"""Who is stalled, why, and what may be done about it."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from scoring.revival import Past
from scoring.revival.past import ARMS, OPTED_OUT, OWNERS, TOUCHES
from tests.unit.scoring.revival.conftest import NOW, TASKS, ago

EMAILS = """
  writing: {consent: {email_consent: true}, opt_in: [DE], opt_out: [US], never: [FR]}
  cadences: [{name: wake, steps: [{channel: email, template: hello}]}]
"""


def past(*touches, arm="treated", began=10.0, stage="lead", **frames):
    """A cadence that began so many days ago for L0, and touches of it: (step, days ago, state)."""
    begun = ago(began)
    rows = [
        {
            "id": "L0", "person": "a@acme.example", "company_key": "acme.example", "cadence": "wake",
            "began": begun, "step": step, "at": ago(days), "state": state, "tries": 1,
        }
        for step, days, state in touches
    ]  # fmt: skip
    arms = [
        {
            "id": "L0", "person": "a@acme.example", "cadence": "wake", "began": begun, "arm": arm,
            "stage": stage,
        }
    ]  # fmt: skip
    return Past(
        touches=pl.DataFrame(rows, schema=TOUCHES), arms=pl.DataFrame(arms, schema=ARMS), **frames
    )


ADA = {"email": "a@acme.example"}


@pytest.mark.parametrize(
    ("row", "cause", "why"),
    [
        ({}, "silent", "never any activity"),
        ({"last_visit_at": ago(150)}, "silent", "no activity since 2026-06-21"),
        (
            {"last_visit_at": ago(80), "unmet": "for MQL: score at least 30"},
            "gate",
            "for MQL: score at least 30; no activity since 2026-08-30",
        ),
        ({"reached": "sql"}, "dropped", "dropped after SQL"),
        (
            {
                "stage": "recycled",
                "stage_was": "recycled",
                "reached": "mql",
                "unmet": "recycled: no budget",
            },
            "dropped",
            "dropped after MQL: no budget",
        ),
    ],
)
def test_the_cause_is_named(decide, row, cause, why):
    """Silence, a gate that is not met, or a fall from a higher stage."""
    (found,) = decide(TASKS, ADA | row)

    assert (found["cause"], found["why"], found["decision"]) == (cause, why, "touch")


@pytest.mark.parametrize(
    "row",
    [
        {"stage_since": ago(59)},
        {"last_visit_at": ago(59)},
        {"last_activity_at": ago(59)},
        {"last_email_open_at": ago(59)},
        {"stage_since": None},
        {"stage": "mql"},
        {"converted": True},
        {"genuine": "spam"},
        {"stage": "disqualified", "stage_was": "disqualified"},
        {"stage": "customer", "stage_was": "customer"},
    ],
)
def test_who_moves_is_not_stalled(decide, row):
    """A move, a sign of anything, a customer, junk: nothing is decided on them."""
    assert decide(TASKS, ADA | row) == []


@pytest.mark.parametrize(
    ("section", "row", "code"),
    [
        (TASKS, {"email_opt_out": True}, "opted_out"),
        (TASKS, {"do_not_call": True}, "do_not_call"),
        ("  rep_active_days: 90\n" + TASKS, {"last_activity_at": ago(70)}, "rep_active"),
        (TASKS.replace("wake,", "wake, when: {score: {at_least: 60}},"), {}, "no_cadence"),
        (EMAILS, {"country": "DE"}, "no_consent"),
        (EMAILS, {"country": "JP"}, "no_consent"),
        (EMAILS, {"country": None, "email_consent": True}, "never_here"),
        (EMAILS, {"country": "FR", "email_consent": True}, "never_here"),
        (EMAILS, {"country": "US", "email_bounced": True}, "no_address"),
        (EMAILS, {"country": "US", "email": None}, "no_address"),
    ],
)
def test_a_reason_against_it_stops_it(decide, section, row, code):
    """Each reason alone is enough, and it is said."""
    (found,) = decide(section, ADA | row)

    assert (found["decision"], found["codes"]) == ("no", [code])
    assert found["why_not"]


def test_consent_and_opt_out_countries_let_mails_through(decide):
    """Who has agreed is written to in an opt-in country, who has not in an opt-out country."""
    rows = decide(
        EMAILS + '  quiet: {from: "00:00", to: "00:00", days: []}\n',
        ADA | {"country": "US"},
        {"email": "b@b.example", "country": "DE", "email_consent": True},
    )

    assert [row["decision"] for row in rows] == ["touch", "touch"]
    assert {row["template"] for row in rows} == {"hello"}


def test_an_objection_elsewhere_and_a_new_owner_stop_it(decide):
    """The same person under another record, and a rep who has just got the lead."""
    out = pl.DataFrame(
        {"person": ["a@acme.example"], "why": ["has unsubscribed"]}, schema=OPTED_OUT
    )
    owners = pl.DataFrame({"id": ["L1"], "since": [ago(3)]}, schema=OWNERS)

    one, other = decide(
        TASKS, ADA, {"email": "b@b.example"}, past=Past(opted_out=out, owners=owners)
    )

    assert (one["codes"], one["why_not"]) == (["opted_out_elsewhere"], "has unsubscribed")
    assert other["why_not"] == "has a new owner since 2026-11-15"


def test_the_next_step_comes_on_its_day(decide):
    """A step waits for its days after the one before it, and then it is the next one."""
    early = decide(TASKS, ADA, past=past((1, 6, "applied"), began=6))
    late = decide(TASKS, ADA, past=past((1, 15, "applied"), began=15))

    assert [(r["decision"], r["codes"], r["step"]) for r in early] == [("later", ["not_due"], 2)]
    assert [(r["decision"], r["step"], r["new"]) for r in late] == [("touch", 2, False)]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"last_reply_at": ago(3)}, "replied on 2026-11-15"),
        ({"last_visit_at": ago(10).replace(hour=0)}, "came back on 2026-11-08"),
        ({"last_activity_at": ago(2)}, "in contact with a rep on 2026-11-16"),
        ({"stage_since": ago(1)}, "its stage has moved"),
        ({"converted": True}, "became an opportunity"),
        ({"email_bounced": True}, "the e-mail address bounces"),
    ],
)
def test_a_cadence_stops(decide, row, words):
    """What the lead or a rep does ends the cadence; it is then not stalled, or still watched."""
    rows = decide(TASKS, ADA | row, past=past((1, 9, "applied"), began=10))

    assert all(r["decision"] == "no" and words in r["why_not"] for r in rows)


def test_our_own_touch_is_no_activity(decide):
    """The task that we made, as the CRM tells it by moment or by day, stops nothing."""
    by_moment = ADA | {"last_activity_at": ago(9) + timedelta(minutes=1)}
    by_day = ADA | {"last_activity_at": ago(9).replace(hour=0)}
    by_rep = ADA | {"last_activity_at": ago(9) + timedelta(hours=3)}
    began = past((1, 9, "applied"), began=9)

    found = [decide(TASKS, row, past=began) for row in (by_moment, by_day, by_rep)]

    assert [[r["step"] for r in rows] for rows in found] == [[2], [2], []]


def test_the_arm_on_record_wins(decide):
    """Who was held out stays held out, whatever the share is now, and under another record."""
    held = past(arm="held_out", began=20)

    same, twin = decide(TASKS, ADA, ADA | {"id": "L9"}, past=held)

    assert (same["decision"], same["codes"]) == ("no", ["held_out"])
    assert "same_person" in twin["codes"]


def test_a_rejected_touch_is_tried_again_another_day(decide):
    """Not on the same day, then again, and after three times no more."""
    today = decide(TASKS, ADA, past=past((1, 0.1, "rejected"), began=0.1))
    tomorrow = decide(TASKS, ADA, past=past((1, 1.2, "rejected"), began=1.2))
    often = past((1, 2, "rejected"), began=9)
    often = Past(touches=often.touches.with_columns(tries=pl.lit(3)), arms=often.arms)

    assert [r["codes"] for r in today] == [["not_due"]]
    assert [(r["decision"], r["step"]) for r in tomorrow] == [("touch", 1)]
    assert [r["codes"] for r in decide(TASKS, ADA, past=often)] == [["rejected"]]


def test_a_touch_of_unknown_end_counts(decide):
    """Nobody knows whether it was made, so that it is not made again."""
    (found,) = decide(TASKS, ADA, past=past((1, 15, "unknown"), began=15))

    assert (found["decision"], found["step"]) == ("touch", 2)


def test_a_company_is_touched_by_its_best_leads(decide):
    """Two of five colleagues, the better-scored ones; free mail makes nobody a colleague."""
    colleagues = [{"email": f"p{n}@acme.example", "score": float(n)} for n in range(5)]
    private = [{"email": f"p{n}@gmail.com", "id": f"P{n}"} for n in range(3)]

    rows = decide(TASKS, *colleagues, *private)

    touched = {row["id"] for row in rows if row["decision"] == "touch"}
    assert touched == {"L3", "L4", "P0", "P1", "P2"}
    assert {tuple(row["codes"]) for row in rows if row["decision"] == "later"} == {
        ("after_others",)
    }


def test_who_is_held_out_takes_no_touch_from_a_colleague(decide):
    """Of twelve colleagues two are touched at once, and nobody more when it is asked again."""
    colleagues = [{"email": f"p{n}@acme.example", "score": float(n)} for n in range(12)]
    half = TASKS.replace("name: wake,", "name: wake, hold_out: 50%,")

    begun = [row for row in decide(half, *colleagues) if row["decision"] in ("touch", "hold")]
    touches = [
        row | {"at": NOW, "state": "applied", "tries": 0}
        for row in begun
        if row["decision"] == "touch"
    ]
    told = ((touches, TOUCHES), (begun, ARMS))
    done = [
        pl.DataFrame([{n: row[n] for n in names} for row in rows], schema=names)
        for rows, names in told
    ]
    again = decide(half, *colleagues, past=Past(*done))

    assert len(touches) == 2 < len(begun)
    assert {row["decision"] for row in again} == {"no", "later"}


def test_quiet_hours_are_those_of_the_lead(decide):
    """At four in Berlin it is seven in California, and midnight in Tokyo."""
    rows = decide(
        TASKS,
        ADA,
        {"email": "b@b.example", "country": "US", "region": "California"},
        {"email": "c@c.example", "country": "JP"},
        {"email": "d@d.example", "country": None, "time_zone": "Asia/Tokyo"},
    )

    assert [(row["decision"], row["zones"]) for row in rows] == [
        ("touch", "Europe/Berlin Europe/Busingen"),
        ("later", "America/Los_Angeles"),
        ("later", "Asia/Tokyo"),
        ("later", "Asia/Tokyo"),
    ]
    assert rows[1]["due"] == NOW.replace(hour=17)
    assert rows[2]["due"] == NOW.replace(day=19, hour=0)
