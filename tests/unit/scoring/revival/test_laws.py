"""What holds of every history: simulated days, decided one after the other, counted independently."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.revival import Past
from scoring.revival.past import ARMS, OPTED_OUT, TOUCHES
from tests.unit.scoring.revival.conftest import NOW, judge_with, judged_frame

SECTION = """
  hold_out: 40%
  measure_days: 20
  caps: {lead: {touches: 2, days: 9, total: 3}, mql: {touches: 1, days: 9, total: 2}, company: {touches: 2, days: 6}}
  cadences:
    - name: first
      stages: [lead, mql]
      again_after_days: 15
      steps: [{channel: task}, {channel: task, after_days: 2}, {channel: task, after_days: 3}]
    - name: second
      steps: [{channel: task}, {channel: task, after_days: 1}]
"""
ZONES = {"DE": "Europe/Berlin", "JP": "Asia/Tokyo", "NZ": "Pacific/Auckland"}


@cache
def revival():
    """The section, compiled once."""
    return judge_with(SECTION).revival


@dataclass
class World:
    """Leads, what was done with them, and who has opted out by now."""

    rows: list
    touches: list = field(default_factory=list)
    arms: list = field(default_factory=list)
    by: object = None
    """The revival that decides; the one above unless another is given."""

    def past(self):
        """The history as the decision takes it."""
        touches, arms = (
            pl.DataFrame(rows, schema=schema)
            for rows, schema in ((self.touches, TOUCHES), (self.arms, ARMS))
        )
        no = [{"person": r["email"], "why": "said no"} for r in self.rows if r.get("email_opt_out")]
        return Past(touches, arms, pl.DataFrame(no, schema=OPTED_OUT))

    def live(self, now):
        """Decide, and do what was decided."""
        judged = judged_frame(*self.rows)
        decided = (self.by or revival()).decide(judged, self.past(), now).to_dicts()
        for row in decided:
            if row["decision"] in ("touch", "hold") and row["new"]:
                self.arms.append({name: row[name] for name in ARMS})
            if row["decision"] == "touch":
                made = {"at": now, "state": "applied", "tries": 0}
                self.touches.append(
                    {name: (row | made)[name] for name in TOUCHES}
                    | {"zone": row["zones"], "stage": row["stage"]}
                )
        return decided


leads = st.fixed_dictionaries(
    {
        "email": st.sampled_from(["a@one.example", "b@one.example", "c@one.example", "d@one.example", "e@gmail.com", "f@gmail.com"]),
        "stage": st.sampled_from(["lead", "mql", "sal"]),
        "country": st.sampled_from(sorted(ZONES)),
        "score": st.floats(0, 100),
    }
)  # fmt: skip
events = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["opt_out", "visit", "stage", "task"])), max_size=2
)
days = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 23), events), min_size=6, max_size=9)


@settings(max_examples=12)
@given(st.lists(leads, min_size=3, max_size=6), days)
def test_the_laws_of_touching_hold_over_the_days(found, calendar):
    """Nobody who has opted out or is held out is touched, no cap is exceeded, nothing is done twice.

    Nor is anybody touched in quiet hours. All is counted by other means than those that decided.
    """
    world = World([row | {"stage_was": row["stage"], "id": f"L{n}"} for n, row in enumerate(found)])
    now, out = NOW, {}
    for wait, hour, happens in calendar:
        now = (now + timedelta(days=wait)).replace(hour=hour) + timedelta(minutes=1)
        for number, what in happens:
            _happen(world.rows[number % len(found)], what, now, out)
        world.live(now)
        assert not {row["decision"] for row in world.live(now)} & {"touch", "hold"}

    assert not [t for t in world.touches if out.get(t["person"], t["at"]) < t["at"]]
    _caps_hold(world.touches)
    _hold_outs_stand(world)
    keys = Counter((t["id"], t["cadence"], t["began"], t["step"]) for t in world.touches)
    assert set(keys.values()) <= {1}
    for touch in world.touches:
        country = world.rows[int(touch["id"][1:])]["country"]
        there = touch["at"].astimezone(ZoneInfo(ZONES[country]))
        assert 9 <= there.hour < 18
        assert there.weekday() < 5


def _happen(row, what, now, out):
    if what == "opt_out":
        row["email_opt_out"] = True
        out.setdefault(row["email"], now)
    elif what == "visit":
        row["last_visit_at"] = now
    elif what == "task":
        row["last_activity_at"] = now
    else:
        row["stage"] = row["stage_was"] = {"lead": "mql", "mql": "sal", "sal": "sal"}[row["stage"]]
        row["stage_since"] = now


def _caps_hold(touches):
    for touch in touches:
        by_person = [
            t for t in touches if t["person"] == touch["person"] and t["at"] <= touch["at"]
        ]
        lately = [t for t in by_person if t["at"] > touch["at"] - timedelta(days=9)]
        assert len(lately) <= (1 if touch["stage"] == "mql" else 2)
        assert len(by_person) <= (2 if touch["stage"] == "mql" else 3)
        if touch["company_key"] is not None:
            week = [
                t
                for t in touches
                if t["company_key"] == touch["company_key"]
                and touch["at"] - timedelta(days=6) < t["at"] <= touch["at"]
            ]
            assert len(week) <= 2


def _hold_outs_stand(world):
    arms = {}
    for arm in world.arms:
        assert arms.setdefault((arm["person"], arm["cadence"]), arm["arm"]) == arm["arm"]
        if arm["arm"] == "held_out":
            watched = arm["began"] + timedelta(days=20)
            assert not [
                t for t in world.touches
                if t["person"] == arm["person"] and arm["began"] <= t["at"] < watched
            ]  # fmt: skip
    for touch in world.touches:
        assert arms[touch["person"], touch["cadence"]] == "treated"


def test_a_company_is_touched_as_often_as_its_cap_says_and_no_more():
    """Nine colleagues, three touches in seven days: one stalls a day earlier, and so it goes on."""
    caps = "  caps: {company: {touches: 3, days: 7}}\n  quiet: {from: '00:00', to: '00:01', days: []}\n"
    by = judge_with(
        "  hold_out: 0\n" + caps + "  cadences: [{name: w, steps: [{channel: task}]}]\n"
    )
    rows = [{"id": f"L{n}", "email": f"p{n}@one.example", "score": 50.0 - n} for n in range(9)]
    for row in rows[1:]:
        row["stage_since"] = row["created_at"] = NOW - timedelta(days=59, hours=12)
    world = World(rows, by=by.revival)

    later = [world.live(NOW + timedelta(days=half // 2)) for half in range(40)]

    touched = [(touch["at"] - NOW).days for touch in world.touches]
    assert touched == [0, 1, 1, 7, 8, 8, 14, 15, 15]
    assert [row["codes"] for row in later[3][3:]] == [["company_cap"]] * 6


@settings(max_examples=6)
@given(st.lists(leads, min_size=1, max_size=6), st.randoms())
def test_the_order_of_leads_changes_nothing(found, random):
    """The same leads in another order get the same decisions."""
    frame = judged_frame(*(row | {"stage_was": row["stage"]} for row in found))
    order = list(range(frame.height))
    random.shuffle(order)

    one = revival().decide(frame, Past(), NOW)
    other = revival().decide(frame[order], Past(), NOW)

    assert one.sort("id").equals(other.sort("id"))
