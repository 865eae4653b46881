"""What holds for every model and every lead, checked on random ones."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.document import Document
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model
from scoring.verdict import ASIDE, STAGES

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 — the zone comes with timezones
TEXTS = st.sampled_from(["vp", " VP", "director", "Acme", "", "DE", "web"])
NUMBERS = st.integers(-2, 12).map(float) | st.just(float("nan"))

VALUES = {
    "seniority": TEXTS, "company": TEXTS, "country": TEXTS, "visits": NUMBERS, "forms": NUMBERS,
    "budget": NUMBERS, "need": st.booleans(), "authority": st.booleans(),
    "accepted": st.booleans(), "disqualified": st.booleans(), "converted": st.booleans(),
    "last_visit_at": MOMENTS, "last_form_at": MOMENTS,
    "employees": st.tuples(NUMBERS, st.none() | NUMBERS).map(
        lambda ends: {"low": ends[0], "high": ends[1]}
    ),
    "stage": st.sampled_from([*STAGES, *ASIDE, "nonsense"]),
    "opportunity_state": st.sampled_from(["open", "won", "lost"]),
}  # fmt: skip
SCHEMA = {"id": pl.String()} | {name: DTYPES[FIELDS[name].kind] for name in VALUES}


@st.composite
def frames(draw, least=1, most=6):
    """A lead frame in which any fact may be unknown."""
    row = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()})
    rows = draw(st.lists(row, min_size=least, max_size=most))
    return pl.DataFrame([{"id": str(i)} | r for i, r in enumerate(rows)], schema=SCHEMA)


COMPARISONS = st.one_of(
    st.fixed_dictionaries({"seniority": TEXTS.filter(str.strip)}),
    st.fixed_dictionaries({"country": st.fixed_dictionaries({"known": st.booleans()})}),
    st.fixed_dictionaries({"company": st.just({"is_not": "acme"})}),
    st.dictionaries(
        st.sampled_from(["visits", "forms", "budget", "employees"]),
        st.dictionaries(
            st.sampled_from(["at_least", "at_most", "above", "below"]),
            st.integers(0, 9),
            min_size=1,
            max_size=2,
        ),
        min_size=1,
        max_size=2,
    ),
    st.fixed_dictionaries({"need": st.booleans()}),
    st.fixed_dictionaries(
        {"last_visit_at": st.fixed_dictionaries({"within_days": st.integers(0, 900)})}
    ),
)
CRITERIA = st.recursive(
    COMPARISONS,
    lambda parts: st.one_of(
        st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": parts}),
        st.lists(parts, min_size=2, max_size=3).map(
            lambda criteria: {"at_least": {"of": 2, "criteria": criteria}}
        ),
    ),
    max_leaves=5,
)
GROUPS = st.fixed_dictionaries(
    {"side": st.sampled_from(["fit", "engagement"])},
    optional={
        "cap": st.integers(1, 60),
        "floor": st.integers(-40, 0),
        "segment": st.sampled_from(["firm", "other"]),
    },
)


@st.composite
def rules(draw, groups):
    """Some rules of these groups."""
    number = draw(st.integers(0, 8))
    return [
        {
            "id": f"r{index}",
            "group": draw(st.sampled_from(groups)),
            "points": draw(st.integers(-60, 60)),
            "when": draw(CRITERIA),
        }
        | draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "decay": st.sampled_from(
                        [
                            {"from": "last_visit_at", "half_life_days": 20},
                            {"from": "last_form_at", "linear_days": 200},
                        ]
                    )
                },
            )
        )
        for index in range(number)
    ]


GATES = st.fixed_dictionaries(
    {},
    optional={
        stage: st.lists(
            CRITERIA | st.just({"score": {"at_least": 20}}) | st.just({"accepted": True}),
            min_size=1,
            max_size=2,
        ).map(lambda criteria: {"criteria": criteria})
        for stage in ("mql", "sal", "sql", "opportunity")
    },
).filter(bool)


@st.composite
def models(draw):
    """A random model: rules in groups with limits, cycles with gates, questions."""
    groups = {f"g{n}": draw(GROUPS) for n in range(draw(st.integers(1, 3)))}
    aside = st.lists(CRITERIA.map(lambda c: {"when": c, "reason": "why not"}), max_size=1)
    cycle = st.fixed_dictionaries(
        {
            "when": CRITERIA,
            "priority": st.integers(0, 2),
            "advance": st.sampled_from(["one", "all"]),
            "gates": GATES,
            "disqualify": aside,
            "recycle": aside,
            "return": st.lists(CRITERIA.map(lambda c: {"when": c, "to": "mql"}), max_size=1),
        }
    )
    cycles = draw(st.lists(cycle, max_size=2))
    return {
        "name": "random",
        "version": 1,
        "step": draw(st.sampled_from([0.5, 1, 2, 5])),
        "score": {"rules": draw(st.sampled_from([1.0, 0.5, 0.3, 1.7]))},
        "segments": {"firm": {"company": {"known": True}}},
        "groups": groups,
        "rules": draw(rules(sorted(groups))),
        "cycles": [{"name": f"c{n}", **cycle} for n, cycle in enumerate(cycles)],
        "questions": [{"fact": "need", "text": "What?"}, {"fact": "budget", "text": "How much?"}],
    }


def judge_of(model):
    """The compiled model."""
    return compile_judge(load_model(Document("random.yaml", model, {})))


checked = settings(max_examples=25, deadline=None)


@checked
@given(models(), frames(), DAYS)
def test_lines_add_up_to_a_score_within_bounds(model, leads, as_of):
    """Lines are whole steps that add up to the score exactly, and the score lies in 0–100."""
    judge = judge_of(model)
    verdict = judge(leads, as_of)
    points = judge.points(leads, as_of).drop("id")

    assert verdict["score"].to_list() == points.sum_horizontal().to_list()
    assert (points % model["step"] == 0).select(pl.all().all()).row(0) == (True,) * points.width
    for name in ("score", "fit", "engagement", "coverage"):
        assert verdict[name].is_between(0, 100).all()
        assert verdict[name].null_count() == 0


@checked
@given(models(), frames(), DAYS)
def test_groups_keep_their_limits(model, leads, as_of):
    """With its cap and floor lines no group gives more or takes more than it may."""
    judge = judge_of(model)
    points = judge.points(leads, as_of)
    weight, step = model["score"]["rules"], model["step"]
    for name, group in model["groups"].items():
        members = [f"rules.{r['id']}" for r in model["rules"] if r["group"] == name]
        limits = [c for c in points.columns if c.endswith(f"_of_{name}")]
        total = points.select(*members, *limits).sum_horizontal() if members else pl.Series([0.0])
        if "cap" in group:
            assert total.max() <= group["cap"] * weight + step / 2
        if "floor" in group:
            assert total.min() >= group["floor"] * weight - step / 2


@checked
@given(models(), frames(least=2), DAYS, st.randoms(use_true_random=False))
def test_every_lead_is_judged_for_itself(model, leads, as_of, random):
    """A frame's verdicts are its rows' verdicts, in any order, and come out the same again."""
    judge = judge_of(model)
    whole = judge(leads, as_of)
    order = list(range(leads.height))
    random.shuffle(order)

    assert whole.equals(judge_of(model)(leads, as_of))
    assert whole.equals(pl.concat([judge(row, as_of) for row in leads.iter_slices(1)]))
    assert whole[order].equals(judge(leads[order], as_of))


@checked
@given(models(), frames(), DAYS)
def test_stages_follow_the_ladder(model, leads, as_of):
    """No gate is skipped, nobody falls back but by a rule, and won means customer."""
    judge = judge_of(model)
    for row in leads.iter_slices(1):
        told = judge.explain(row, as_of)
        facts = row.row(0, named=True)
        before = STAGES.index(facts["stage"]) if facts["stage"] in STAGES else 0
        if facts["opportunity_state"] == "won":
            assert told.stage == "customer"
        elif facts["disqualified"] and not (before == 5 and facts["opportunity_state"] != "lost"):
            assert told.stage == "disqualified"
        elif told.stage in STAGES and facts["stage"] in STAGES:
            rank = STAGES.index(told.stage)
            passed = [g for g in told.gates if before < STAGES.index(g.stage) <= rank]
            assert rank >= before
            assert all(gate.met for gate in passed) or facts["converted"]
        if told.next_stage is not None:
            assert STAGES.index(told.next_stage) > STAGES.index(told.stage)


@checked
@given(models(), frames(), DAYS)
def test_the_explanation_is_the_verdict(model, leads, as_of):
    """An explanation says what the verdict says; its lines add up and its bounds hold the score."""
    judge = judge_of(model)
    verdict = judge(leads, as_of)
    for row, said in zip(leads.iter_slices(1), verdict.iter_rows(named=True), strict=True):
        told = judge.explain(row, as_of)
        same = ["score", "grade", "stage", "unmet", "next_question", "coverage", "cycle"]
        assert {n: said[n] for n in same} == {n: getattr(told, n) for n in same}
        assert told.score == sum(line.points for line in told.lines)
        assert told.low <= told.score <= told.high
        counting = [line for line in told.lines if line.points]
        assert len(counting) == len([r for r in said["reasons"].split(" · ") if r])
        if told.coverage == 100:
            assert told.low == told.score == told.high


@checked
@given(models(), frames(most=3), DAYS, st.data())
def test_learning_a_fact_keeps_the_score_within_its_bounds(model, leads, as_of, data):
    """Whatever an unknown fact turns out to be, the score stays where `low` and `high` said."""
    judge = judge_of(model)
    row = leads.head(1).with_columns(company=pl.lit("Acme"))
    told = judge.explain(row, as_of)
    unknown = [n for n in VALUES if row[n].item() is None and n in ("visits", "need", "seniority")]
    known = row.with_columns(
        pl.Series(name, [data.draw(VALUES[name])], dtype=SCHEMA[name]) for name in unknown
    )

    assert told.low <= judge(known, as_of)["score"].item() <= told.high


@checked
@given(frames(), DAYS, st.integers(1, 60))
def test_more_points_never_lower_a_score(leads, as_of, points):
    """A rule that gives more points gives no lead a lower score."""

    def scores(more):
        return judge_of(
            {
                "name": "monotone",
                "version": 1,
                "groups": {"web": {"side": "engagement", "cap": 50}},
                "rules": [
                    {
                        "id": "a",
                        "group": "web",
                        "when": {"visits": {"at_least": 2}},
                        "points": more,
                    },
                    {"id": "b", "group": "web", "when": {"need": False}, "points": -10},
                ],
            }
        )(leads, as_of)["score"]

    assert (scores(points + 7) >= scores(points)).all()


@checked
@given(frames(), DAYS)
def test_interest_only_fades(leads, as_of):
    """With the facts unchanged, a decaying score is no higher on a later day."""
    judge = judge_of(
        {
            "name": "fading",
            "version": 1,
            "groups": {"web": {"side": "engagement"}},
            "rules": [
                {
                    "id": "seen", "group": "web", "points": 60,
                    "decay": {"from": "last_visit_at", "half_life_days": 30},
                },
            ],
        }
    )  # fmt: skip
    later = date.fromordinal(as_of.toordinal() + 17)

    assert (judge(leads, later)["score"] <= judge(leads, as_of)["score"]).all()
