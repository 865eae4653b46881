"""The ideal customer profile as a method: points, lines, words, segments, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.methods.profile import _shares
from scoring.problem import ProblemsError

MODEL = """
score: {profile: 1}
profile:
  attributes:
    - {fact: employees, weight: 3, between: [50, 1000], margin: 4, scale: log}
    - {fact: country, weight: 2, in: {AT: 1, DE: 0.9}, tree: places}
    - {fact: industry, weight: 2, in: [Software, Banking], unknown: neutral}
    - {fact: annual_revenue, at_least: 5000000, margin: 4000000, edge: smooth}
"""


def size(low, high=None):
    """A range of employees; exactly `low` if no other end is given."""
    return {"low": low, "high": low if high is None else high}


def test_a_lead_is_measured_attribute_by_attribute(judge_of, lead_frame, as_of):
    """Every attribute gives its share by closeness, and says why in words of its own."""
    leads = lead_frame(
        {"employees": size(180), "country": "DE", "industry": "software", "annual_revenue": 6e6},
        {"employees": size(20, 30), "country": "FR", "annual_revenue": 1.2e6},
    )

    verdicts = judge_of(MODEL)(leads, as_of)

    assert verdicts["score"].to_list() == [97.0, 47.0]
    assert verdicts["fit"].to_list() == [97.0, 47.0]
    assert verdicts["reasons"].to_list() == [
        "+38 employees 180, inside 50–1,000 · +25 industry Software · +22 country DE · "
        "+12 annual revenue 6,000,000, at least 5,000,000",
        "+18 employees 20–30, below 50–1,000 · +17 country FR, in Western Europe like AT · "
        "+12 industry not known, counts half",
    ]


def test_a_perfect_lead_has_exactly_100(judge_of, lead_frame, as_of):
    """Shares that do not divide evenly are rounded so that nothing of the 100 is lost."""
    attributes = "".join(f"    - {{fact: {f}, is: x}}\n" for f in ("city", "title", "source"))
    judge = judge_of("score: {profile: 1}\nprofile:\n  attributes:\n" + attributes)
    leads = lead_frame({"city": "x", "title": " X ", "source": "x"}, {"city": "x"})

    verdicts = judge(leads, as_of)

    assert verdicts["score"].to_list() == [100.0, 34.0]


@given(
    weights=st.lists(st.floats(0.001, 1000), min_size=1, max_size=30),
    unit=st.sampled_from([0.1, 0.5, 1, 1 / 0.3, 1 / 0.35, 5, 10 / 0.7, 100]),
)
def test_shares_use_up_the_points_and_keep_the_order_of_weights(weights, unit):
    """Shares are whole units, together all that fit into 100, each within one of its exact part."""
    shares = _shares(weights, unit)

    units = int(100 / unit + 1e-9)
    assert sum(shares) == units
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - weight / sum(weights) * units) < 1 + 1e-6


@given(
    employees=st.none() | st.floats(0, 1e7),
    country=st.none() | st.sampled_from(["AT", "DE", "FR", "PL", "US", "", "zz"]),
    industry=st.none() | st.sampled_from(["Software", " banking ", "Retail", ""]),
    revenue=st.none() | st.floats(-1e6, 1e9),
)
def test_lines_add_up_within_0_and_100(
    *, judge_of_once, lead_frame_once, day, employees, country, industry, revenue
):
    """Whatever the facts, the lines sum exactly to the score, none below 0, and twice the same."""
    judge = judge_of_once(MODEL)
    span = None if employees is None else size(employees)
    leads = lead_frame_once(
        {
            "employees": span,
            "country": country,
            "industry": industry,
            "annual_revenue": revenue,
        }
    )

    points = judge.points(leads, day).drop("id").row(0)
    verdict = judge(leads, day)

    assert sum(points) == verdict["score"].item()
    assert all(0 <= each <= 100 for each in points)
    assert verdict.equals(judge(leads, day))


@pytest.mark.parametrize(("unknown", "score"), [("miss", 0.0), ("neutral", 50.0)])
def test_unknown_facts_count_as_the_model_says(judge_of, lead_frame, as_of, unknown, score):
    """A lead of whom nothing is known has nothing or half, and the coverage tells."""
    judge = judge_of(
        f"score: {{profile: 1}}\nprofile:\n  unknown: {unknown}\n"
        "  attributes: [{fact: country, in: [AT]}, {fact: age, between: [20, 30]}]"
    )

    verdict = judge(lead_frame({"country": " ", "age": None}), as_of)

    assert verdict["score"].to_list() == [score]
    assert verdict["coverage"].to_list() == [0.0]


def test_segments_have_profiles_of_their_own(judge_of, lead_frame, as_of):
    """A segment's profile replaces the general one; each alone can give all 100 points."""
    judge = judge_of("""
score: {profile: 1}
segments:
  b2b: {company: {known: true}}
  young: {age: {below: 30}}
profile:
  attributes: [{fact: country, in: [AT]}]
  segments:
    b2b:
      unknown: neutral
      attributes: [{fact: industry, is: Software, weight: 3}, {fact: employees, at_least: 10}]
""")
    leads = lead_frame(
        {"company": "Acme", "country": "AT", "industry": "software"},
        {"age": 20, "country": "AT", "industry": "software"},
        {"age": 40, "country": "AT", "industry": "software"},
    )

    verdicts = judge(leads, as_of)

    assert verdicts["segment"].to_list() == ["b2b", "young", "other"]
    assert verdicts["score"].to_list() == [87.0, 100.0, 100.0]
    assert verdicts["fit"].to_list() == [87.0, 100.0, 100.0]
    assert verdicts["reasons"][0] == "+75 industry Software · +12 employees not known, counts half"


def test_it_shares_the_score_with_rules(judge_of, lead_frame, as_of):
    """With a weight of 0.3 a perfect profile gives 30 of the 100 points."""
    judge = judge_of("""
score: {rules: 0.7, profile: 0.3}
groups: {web: {side: engagement}}
rules: [{id: visited, group: web, when: {visits: {at_least: 1}}, points: 100}]
profile: {attributes: [{fact: country, in: [AT]}, {fact: city, is: Wien}, {fact: age, is: 40}]}
""")
    leads = lead_frame({"country": "AT", "city": "wien", "age": 40, "visits": 2})

    assert judge(leads, as_of)["score"].to_list() == [100.0]
    assert judge(leads.drop("visits"), as_of)["score"].to_list() == [30.0]


def test_lists_and_yes_or_no(judge_of, lead_frame, as_of):
    """Of a list the closest value counts; a yes or no is met or not."""
    judge = judge_of(
        "score: {profile: 1}\nprofile: {attributes: ["
        "{fact: tools, in: {Excel: 0.5, SAP: 1}}, {fact: authority, is: false}]}",
        {"tools": "list"},
    )
    leads = lead_frame(
        {"tools": ["excel", "sap"], "authority": False},
        {"tools": ["Excel", "Word"], "authority": True},
        {"tools": ["Word"], "authority": None},
        {"tools": [], "authority": True},
        tools="list",
    )

    verdicts = judge(leads, as_of)

    assert verdicts["score"].to_list() == [100.0, 25.0, 0.0, 0.0]
    assert verdicts["reasons"][0] == "+50 tools SAP · +50 the lead does not decide"


@pytest.mark.parametrize(
    ("attribute", "complaint"),
    [
        ("{fact: industri, is: x}", 'fact: "industri" is not a fact. Did you mean "industry"?'),
        ("{fact: score, is: x}", "it is known only after scoring"),
        ("{fact: city}", "give one of: is, in, between (or at_least and at_most)."),
        ("{fact: city, is: x, in: [y]}", "give one of: is, in, between"),
        ("{fact: city, in: []}", "names no value"),
        ("{fact: city, at_least: 3}", "city is a text and has no span. Use is or in."),
        ("{fact: city, is: x, margin: 2}", "margin, scale and edge belong to between"),
        ("{fact: age, between: [30, 20]}", "from 30 to 20 is no span"),
        ("{fact: age, between: [20]}", "at least 2 items"),
        ("{fact: age, is: old}", "age, a number: must be a number."),
        ("{fact: age, between: [0, 9], scale: log}", "a logarithmic scale has no place for 0."),
        ("{fact: age, at_most: 9, margin: 0.5, scale: log}", "a factor above 1, not 0.5."),
        ("{fact: authority, is: maybe}", "authority, a boolean: must be true or false."),
        ("{fact: created_at, is: x}", "created_at is a datetime; a profile compares"),
        ("{fact: country, is: Austria}", '"Austria" is not a country code'),
        ("{fact: country, is: Europe}", "Regions need: tree: places."),
        ("{fact: country, in: [AT], tree: place}", 'Did you mean "places"?'),
        ("{fact: country, in: [Westen Europe], tree: places}", 'Did you mean "Western Europe"?'),
        ("{fact: city, in: {Wien: 2}}", "less than or equal to 1"),
        ("{fact: city, is: x, levels: [1]}", "levels belong to a tree."),
        ("{fact: city, is: x, wait: 2}", 'wait: "wait" is not a key here. Did you mean "weight"?'),
        ("{fact: city, is: x, unknown: half}", "neutral, miss"),
    ],
)
def test_bad_attributes_are_refused(judge_of, attribute, complaint):
    """Each mistake is told with its file and line, what was allowed, and the nearest name."""
    with pytest.raises(ProblemsError) as refused:
        judge_of(f"score: {{profile: 1}}\nprofile:\n  attributes:\n    - {attribute}\n")

    said = str(refused.value)
    assert said.startswith("model.yaml:6: profile.attributes.0")
    assert complaint in said


@pytest.mark.parametrize(
    ("profile", "complaint"),
    [
        ("{}", "model.yaml:4: profile: give attributes, or segments"),
        (
            "{attributes: [{fact: city, is: a}, {fact: city, is: b}]}",
            '"city" is an earlier attribute too. Give each an id of its own',
        ),
        (
            "{segments: {b2d: {attributes: [{fact: city, is: a}]}}}",
            'profile.segments.b2d: "b2d" is not a segment. Did you mean "b2b"?',
        ),
        (
            "{attributes: [{fact: city, is: a}], trees: {t: {a: [b, b]}}}",
            'profile.trees.t: "b" is in the tree twice.',
        ),
        (
            "{attributes: [{fact: city, is: a}], trees: {t: {a: [1]}}}",
            'the values of a tree are texts; 1 under "a" is none.',
        ),
        (
            "{attributes: [{fact: city, is: a}], trees: {places: [a]}}",
            '"places" ships with the program. Choose another name.',
        ),
    ],
)
def test_bad_profiles_are_refused(judge_of, profile, complaint):
    """What is wrong with the profile as a whole is told in the same way."""
    with pytest.raises(ProblemsError) as refused:
        judge_of(
            "segments: {b2b: {company: {known: true}}}\n"
            f"profile: {profile}\n"
            "score: {profile: 1}\n"
        )

    assert complaint in str(refused.value)
