"""Scores: points, decay, caps and floors, weights, grades, coverage, and the text of the reasons."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.methods import METHODS, Entry, Line
from scoring.methods.rules import RulesSection
from scoring.model import load_model
from scoring.reasons import with_reasons

GROUPS = "groups: {who: {side: fit}, web: {side: engagement}}\n"


def one(frame, name):
    """The value of a column of one row."""
    return frame[name].item()


def days_ago(days):
    """A moment so many days before the day of judging."""
    return datetime(2026, 11, 20, 12, tzinfo=UTC) - timedelta(days=days)


def test_points_add_up_and_say_why(judge_of, lead_frame, as_of):
    """Every rule that applies adds its points, and the reasons name them, strongest first."""
    judge = judge_of(
        GROUPS
        + """
rules:
  - {id: back, group: web, when: {visits: {at_least: 2}}, points: 15, reason: came back}
  - {id: vp, group: who, when: {seniority: vp}, points: 20}
  - {id: free, group: who, when: {email: {ends_with: gmail.com}}, points: -15, reason: free mail}
"""
    )
    leads = lead_frame({"visits": 2, "seniority": "VP", "email": "a@gmail.com"}, {"visits": 1})
    verdict = judge(leads, as_of)

    assert verdict["score"].to_list() == [20.0, 0.0]
    assert verdict["reasons"].to_list() == [
        "+20 seniority is vp · +15 came back · −15 free mail",
        "",
    ]


@pytest.mark.parametrize(
    ("decay", "by_days"),
    [
        ("half_life_days: 14", {0: 16, 14: 8, 28: 4, -5: 16}),
        ("linear_days: 20", {0: 16, 5: 12, 40: 0}),
    ],
)
def test_points_decay_by_whole_days(judge_of, lead_frame, as_of, decay, by_days):
    """Points halve with every half-life or fade in a line; a moment still to come is today."""
    rule = "{id: seen, group: web, points: 16, reason: seen, decay: {from: last_visit_at, %s}}"
    judge = judge_of(GROUPS + "rules:\n  - " + rule % decay)

    leads = lead_frame(*({"last_visit_at": days_ago(days)} for days in by_days))

    assert list(by_days.values()) == judge(leads, as_of)["score"].to_list()


def test_decay_needs_its_moment(judge_of, lead_frame, as_of):
    """Points that decay from an unknown moment are not given."""
    judge = judge_of(
        GROUPS
        + "rules:\n  - {id: seen, group: web, points: 16, decay: {from: last_visit_at, linear_days: 9}}"
    )

    assert one(judge(lead_frame({"visits": 1}), as_of), "score") == 0.0


def test_reasons_say_how_long_ago(judge_of, lead_frame, as_of):
    """A decaying line tells its days, where the reason asks for them or at its end."""
    judge = judge_of(
        GROUPS
        + """
rules:
  - {id: a, group: web, points: 8, reason: "visited {ago} again", decay: {from: last_visit_at, linear_days: 800}}
  - {id: b, group: web, points: 4, reason: sent a form, decay: {from: last_form_at, linear_days: 800}}
"""
    )
    leads = lead_frame(
        {"last_visit_at": days_ago(0), "last_form_at": days_ago(1)},
        {"last_visit_at": days_ago(3), "last_form_at": None},
    )

    assert judge(leads, as_of)["reasons"].to_list() == [
        "+8 visited today again · +4 sent a form (1 day ago)",
        "+8 visited 3 days ago again",
    ]


LIMITED = """
groups: {web: {side: engagement, cap: 10, floor: -5}}
rules:
  - {id: a, group: web, when: {visits: {at_least: 1}}, points: 8, reason: a}
  - {id: b, group: web, when: {visits: {at_least: 2}}, points: 8, reason: b}
  - {id: c, group: web, when: {visits: {below: 1}}, points: -30, reason: c}
"""


def test_caps_and_floors_are_lines(judge_of, lead_frame, as_of):
    """What a group gives beyond its cap or takes below its floor comes back as a line of its own."""
    judge = judge_of(LIMITED)
    points = judge.points(lead_frame({"visits": 2}, {"visits": 0}, {"visits": 1}), as_of)

    assert points["rules.cap_of_web"].to_list() == [-6.0, 0.0, 0.0]
    assert points["rules.floor_of_web"].to_list() == [0.0, 25.0, 0.0]
    assert points["limit.low"].to_list() == [0.0, 5.0, 0.0]
    reasons = judge(lead_frame({"visits": 2}), as_of)["reasons"].item()
    assert reasons == "+8 a · +8 b · −6 cap of group web"


def test_the_score_ends_at_a_hundred(judge_of, lead_frame, as_of):
    """Points beyond 100 are taken back by a line, so that the lines still add up."""
    rules = "".join(f"  - {{id: r{n}, group: who, points: 60}}\n" for n in range(2))
    judge = judge_of(GROUPS + "rules:\n" + rules)
    leads = lead_frame({"visits": 1})

    assert one(judge(leads, as_of), "score") == 100.0
    assert judge.points(leads, as_of)["limit.high"].item() == -20.0


def test_points_are_whole_steps(judge_of, lead_frame, as_of):
    """Every line is a multiple of the step, after its weight."""
    judge = judge_of(
        "step: 5\nscore: {rules: 0.5}\n"
        + GROUPS
        + "rules:\n  - {id: a, group: who, points: 33}\n  - {id: b, group: web, points: 4}"
    )
    points = judge.points(lead_frame({"visits": 1}), as_of)

    assert points["rules.a"].item() == 15.0
    assert points["rules.b"].item() == 0.0


def test_a_weighted_cap_holds_after_rounding(judge_of, lead_frame, as_of):
    """A group's cap, weighed, is not passed by the rounding of its lines."""
    rules = "".join(f"  - {{id: r{n}, group: web, points: 3.4}}\n" for n in range(9))
    judge = judge_of(
        "score: {rules: 0.5}\ngroups: {web: {side: engagement, cap: 20}}\nrules:\n" + rules
    )

    assert one(judge(lead_frame({"visits": 1}), as_of), "score") == 10.0


def test_sides_reach_a_hundred_at_their_most(judge_of, lead_frame, as_of):
    """Fit and engagement are shares of the most that their side can give, caps counted."""
    judge = judge_of(
        """
groups: {who: {side: fit, cap: 30}, web: {side: engagement}}
rules:
  - {id: a, group: who, when: {seniority: vp}, points: 30}
  - {id: b, group: who, when: {country: DE}, points: 15}
  - {id: c, group: web, when: {visits: 1}, points: 20}
  - {id: d, group: web, when: {forms: 1}, points: 20}
"""
    )
    leads = lead_frame({"seniority": "vp", "visits": 1}, {"country": "de", "forms": 0})
    verdict = judge(leads, as_of)

    assert verdict["fit"].to_list() == [100.0, 50.0]
    assert verdict["engagement"].to_list() == [50.0, 0.0]
    assert verdict["grade"].to_list() == ["A", "B"]
    assert verdict["engagement_level"].to_list() == [2.0, 4.0]


def test_the_scale_may_be_given(judge_of, lead_frame, as_of):
    """A model may say how many points make a fit of 100."""
    judge = judge_of("scale: {fit: 50}\n" + GROUPS + "rules:\n  - {id: a, group: who, points: 20}")

    assert one(judge(lead_frame({"visits": 1}), as_of), "fit") == 40.0


SEGMENTED = """
segments: {b2b: {company: {known: true}}}
groups: {who: {side: fit, cap: 10}, home: {side: fit, segment: other}}
rules:
  - {id: vp, group: who, when: {seniority: vp}, points: 8, segment: b2b}
  - {id: de, group: who, when: {country: DE}, points: 8}
  - {id: young, group: home, when: {age: {below: 30}}, points: 6}
"""


def test_rules_of_a_segment_leave_the_others_alone(judge_of, lead_frame, as_of):
    """A rule or group of one segment gives nothing to leads of another, nor to their coverage."""
    judge = judge_of(SEGMENTED)
    lead = {"seniority": "vp", "country": "DE", "age": 20}
    verdict = judge(lead_frame(lead | {"company": "x"}, lead | {"company": None}), as_of)

    assert verdict["segment"].to_list() == ["b2b", "other"]
    assert verdict["score"].to_list() == [10.0, 14.0]
    assert verdict["fit"].to_list() == [100.0, 100.0]
    assert verdict["coverage"].to_list() == [100.0, 100.0]


def test_coverage_weighs_facts_by_their_points(judge_of, lead_frame, as_of):
    """A fact that decides 30 of 40 points counts three times as much as one that decides 10."""
    judge = judge_of(
        GROUPS
        + "rules:\n  - {id: a, group: who, when: {seniority: vp}, points: 30}\n"
        + "  - {id: b, group: web, when: {visits: 1}, points: -10}"
    )
    leads = lead_frame({"seniority": "staff", "visits": None}, {"seniority": None, "visits": 3})

    assert judge(leads, as_of)["coverage"].to_list() == [75.0, 25.0]


def test_priorities_may_ask_for_more_than_points(judge_of, lead_frame, as_of):
    """A band's condition keeps a lead of enough points out of it."""
    judge = judge_of(
        "bands: {priority: {hot: {score: 20, when: {do_not_call: false}}, warm: 10}}\n"
        + GROUPS
        + "rules:\n  - {id: a, group: who, when: {visits: {at_least: 1}}, points: 25}"
    )
    leads = lead_frame(
        {"visits": 1, "do_not_call": False}, {"visits": 1, "do_not_call": True}, {"visits": 0}
    )

    assert judge(leads, as_of)["priority"].to_list() == ["hot", "warm", "cold"]


def test_explain_bounds_the_score(judge_of, lead_frame, as_of):
    """Unknown facts could still give or take their points, within the group's cap."""
    judge = judge_of(
        """
groups: {who: {side: fit, cap: 30}}
rules:
  - {id: a, group: who, when: {seniority: vp}, points: 20, reason: vp}
  - {id: b, group: who, when: {country: DE}, points: 20, reason: de}
  - {id: c, group: who, when: {source: list}, points: -15, reason: list}
"""
    )
    told = judge.explain(lead_frame({"seniority": "vp", "country": None, "source": None}), as_of)

    assert (told.score, told.low, told.high) == (20.0, 5.0, 30.0)
    assert [(line.text, line.points, line.missing) for line in told.lines] == [
        ("vp", 20.0, ()),
        ("de", 0.0, ("country",)),
        ("list", 0.0, ("source",)),
    ]


class Oracle:
    """A method that knows its answer beforehand."""

    name = "oracle"
    lines = (Line("a", "its own words", "fit", ("visits",), most=10.0),)

    def evaluate(self, leads, as_of):
        """Give every other lead a text, and everyone a probability."""
        return leads.select(
            pl.lit(10.0).alias("a"),
            pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("it says")).alias("a:text"),
            pl.lit(12.5).alias("probability"),
        )


@pytest.mark.parametrize(("weight", "score"), [("oracle: 0.7, rules: 1", 7.0), ("rules: 1", 0.0)])
def test_another_method_joins_by_one_line_of_the_table(
    monkeypatch, lead_frame, as_of, weight, score
):
    """A method's lines are weighed and told; without a weight only its verdicts remain."""
    monkeypatch.setitem(METHODS, "oracle", Entry(RulesSection, lambda section, context: Oracle()))
    text = f"name: t\nversion: 1\nscore: {{{weight}}}\n{GROUPS}rules: []"
    judge = compile_judge(load_model(parse_yaml(text, "m.yaml")))
    verdict = judge(lead_frame({"visits": 1}, {"visits": 2}), as_of)

    assert [score] * 2 == verdict["score"].to_list()
    assert verdict["probability"].to_list() == [12.5] * 2
    expected = ["+7 it says", "+7 its own words"] if score else ["", ""]
    assert expected == verdict["reasons"].to_list()
    assert "visits" in judge.facts


def test_reasons_of_many_leads_stay_with_their_leads():
    """Beyond one slice of rows every lead still gets its own reasons."""
    frame = pl.DataFrame({"a": pl.int_range(150_000, eager=True) % 3}).cast(pl.Int32)
    reasons = with_reasons(frame, [Line("a", "x", "fit")], 0.5)["reasons"]

    assert reasons.to_list() == ["", "+0.5 x", "+1 x"] * 50_000


def test_unapplied_lines_show_no_placeholder(judge_of, lead_frame, as_of):
    """A line that gives nothing is told without the days that it does not know."""
    judge = judge_of(
        GROUPS
        + "rules:\n  - {id: a, group: web, when: {visits: 1}, points: 8,"
        + ' reason: "visited {ago}", decay: {from: last_visit_at, linear_days: 800}}'
    )
    told = judge.explain(lead_frame({"visits": 0}), as_of)

    assert [line.text for line in told.lines] == ["visited recently"]


def test_columns_without_a_type_are_unknown(judge_of, as_of):
    """A frame whose blank columns have no type is judged as if they had."""
    judge = judge_of(LIMITED)

    assert judge(pl.DataFrame({"id": ["1"], "visits": [None]}), as_of)["score"].item() == 0.0


def test_an_empty_frame_is_judged(judge_of, lead_frame):
    """No leads, no verdicts, the same columns."""
    judge = judge_of(LIMITED)
    leads = lead_frame({"visits": 1})

    assert judge(leads, date(2026, 1, 1)).schema == judge(leads.clear(), date(2026, 1, 1)).schema
    assert judge(leads.clear(), date(2026, 1, 1)).height == 0
