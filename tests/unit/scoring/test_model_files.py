"""Model files: the shipped ones work, broken ones are refused with place, nearest name and fix."""

from __future__ import annotations

from importlib import resources

import pytest

from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import FIELDS, empty_leads
from scoring.model import load_model
from scoring.problem import ProblemsError
from scoring.words import YES_NO

SHIPPED = ("b2b", "b2c", "default")


def shipped(name):
    """The text of a model that comes with the package."""
    return resources.files("scoring").joinpath("models", f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_compile(name, as_of):
    """Each shipped model loads, compiles and judges; a person must accept before SQL."""
    model = load_model(parse_yaml(shipped(name), f"{name}.yaml"))
    judge = compile_judge(model)

    assert name == model.name
    assert 25 <= len(model.sections["rules"].rules) / (2 if name == "default" else 1) <= 40
    assert judge(empty_leads(), as_of).height == 0
    for cycle in judge.cycles.cycles:
        assert list(cycle.gates) == ["mql", "sal", "sql", "opportunity"]
        assert {"accepted"} == {f for c in cycle.gates["sal"].criteria for f in c.facts}


def test_the_default_model_judges_as_the_two_do(lead_frame, as_of):
    """A lead scores in the default model what it scores in the model of its segment."""
    judges = {name: compile_judge(load_model(parse_yaml(shipped(name), name))) for name in SHIPPED}
    facts = {"visits": 5, "need": True, "source": "Partner Referral", "email": "a@b.example"}
    b2b = lead_frame(facts | {"company": "Acme", "seniority": "vp", "timeline": 60})
    b2c = lead_frame(facts | {"age": 33, "interest": "sofas", "timeline": 60})

    for name, leads in (("b2b", b2b), ("b2c", b2c)):
        own, both = judges[name](leads, as_of), judges["default"](leads, as_of)
        same = ["score", "fit", "engagement", "grade", "stage", "reasons", "unmet", "coverage"]
        assert own.select(same).equals(both.select(same))


BASE = {
    "name": "name: broken",
    "version": "version: 1",
    "groups": "groups: {web: {side: engagement}}",
    "rules": "rules: [{id: a, group: web, points: 5, when: {visits: {at_least: 2}}}]",
}

BROKEN = {
    "rule: []": ("m.yaml:5: rule:", '"rule" is not a key here', 'Did you mean "rules"?'),
    "rules: [{id: a, group: wob, points: 5}]": (
        "rules.0.group", '"wob" is not a group', 'Did you mean "web"?',
    ),
    "rules: [{id: a, group: web, points: 5, when: {visit: 2}}]": (
        "rules.0.when.visit", '"visit" is not a fact', 'Did you mean "visits"?',
    ),
    "rules: [{id: a, group: web, points: 5, when: {visits: {at_leest: 2}}}]": (
        "rules.0.when.visits.at_leest", '"at_leest" is not an operator', 'Did you mean "at_least"?',
    ),
    "rules: [{id: a, group: web, points: 5, when: {title: {matches: '('}}}]": (
        "rules.0.when.title.matches", "not a regular expression", "Rust syntax",
    ),
    "rules: [{id: a, group: web, points: 5, when: {title: {within_days: 5}}}]": (
        "rules.0.when.title.within_days", "title is a text", "Use is, is_not",
    ),
    "rules: [{id: a, group: web, points: 5, when: {visits: {at_least: two}}}]": (
        "rules.0.when.visits.at_least", "visits, a number", "must be a number",
    ),
    "rules: [{id: a, group: web, points: 5, when: {score: {at_least: 5}}}]": (
        "rules.0.when.score", "known only after scoring", "bands and cycles may ask it",
    ),
    "rules: [{id: a, group: web, points: 5}, {id: a, group: web, points: 6}]": (
        "rules.1.id", '"a" is the id of an earlier rule', "Rename one.",
    ),
    "rules: [{id: a, group: web, points: 5, decay: {from: visits, linear_days: 3}}]": (
        "rules.0.decay.from", "visits is a number", "decay from a date",
    ),
    "rules: [{id: a, group: web, points: 5, decay: {from: last_visit_at}}]": (
        "rules.0.decay", "half_life_days or linear_days", "one of the two",
    ),
    "rules: [{id: a, group: web, points: 5, segment: b2x}]": (
        "rules.0.segment", '"b2x" is not a segment', "other",
    ),
    "rules: [{id: a, group: web, points: 5, reason: '{when}'}]": (
        "rules.0.reason", "{when} is not known in a reason", "{ago}",
    ),
    "rules: [{id: a, group: web, points: 5, reason: '{ago}'}]": (
        "rules.0.reason", "only to a rule with decay", "",
    ),
    "rules: [{id: a, group: web, points: 500}]": (
        "rules.0.points", "less than or equal to 100", "",
    ),
    "rules: [{id: a, group: web, points: 5, when: {any: {visits: 2}}}]": (
        "rules.0.when.any", "must be a list of criteria", "",
    ),
    "rules: [{id: a, group: web, points: 5, when: {at_least: {of: 3, criteria: [{visits: 2}]}}}]": (
        "rules.0.when.at_least.of", "whole number from 1 to 1", "",
    ),
    "score: {ruls: 1}": ("score.ruls", '"ruls" is not a method', 'Did you mean "rules"?'),
    "step: 3": ("step", "must be one of 0.5, 1, 2, 5, 10", ""),
    "bands: {grade: {A: 40, B: 60}}": ("bands.grade.B", "not below A", ""),
    "segments: {other: {visits: 1}}": ("segments.other", "choose another name", ""),
    "cycles: [{name: c, gates: {mqll: {criteria: [{visits: 1}]}}}]": (
        "cycles.0.gates.mqll", "mql", "",
    ),
    "cycles: [{name: c, gates: {mql: {criteria: [{scor: {at_least: 5}}]}}}]": (
        "cycles.0.gates.mql.criteria.0.scor", '"scor" is not a fact', 'Did you mean "score"?',
    ),
    "cycles: [{name: c, gates: {mql: {criteria: []}}}]": (
        "cycles.0.gates.mql.criteria", "at least 1 item", "",
    ),
    "questions: [{fact: butget, text: How much?}]": (
        "questions.0.fact", '"butget" is not a fact', 'Did you mean "budget"?',
    ),
    "questions: [{fact: need, text: What?, answers: {fits: 3}}]": (
        "questions.0.answers.fits", "must be true or false", "",
    ),
    "version: one": ("m.yaml:2: version", "valid integer", ""),
}  # fmt: skip


@pytest.mark.parametrize("change", BROKEN)
def test_broken_models_are_refused_in_their_place(change):
    """What is wrong is named with file, line and key, what was allowed, and the nearest name."""
    where, what, fix = BROKEN[change]
    text = "\n".join((BASE | {change.partition(":")[0]: change}).values())

    with pytest.raises(ProblemsError) as refused:
        compile_judge(load_model(parse_yaml(text, "m.yaml")))

    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == 1, told
    assert told[0].startswith("m.yaml:")
    assert where in told[0]
    assert what in told[0]
    assert fix in told[0]


def test_all_problems_come_at_once():
    """A file with three mistakes in three sections is refused once, with all three."""
    text = """
name: broken
version: 1
groups: {web: {side: sideways}}
rules: []
steps: 1
bands: {grade: {A: 101}}
"""
    with pytest.raises(ProblemsError) as refused:
        load_model(parse_yaml(text, "m.yaml"))

    assert sorted(int(p.where.split(":")[1]) for p in refused.value.problems) == [4, 6, 7]


def test_extra_facts_are_facts_and_must_not_take_names(judge_of, lead_frame, as_of):
    """The team's own facts can be scored; one named as a lead field is refused."""
    text = """
groups: {web: {side: engagement}}
rules: [{id: a, group: web, points: 5, when: {webinar_minutes: {at_least: 30}}}]
"""
    judge = judge_of(text, {"webinar_minutes": "number"})

    assert "webinar_minutes" in judge.facts
    leads = lead_frame({"webinar_minutes": 45}, webinar_minutes="number")
    assert judge(leads, as_of)["score"].item() == 5.0
    with pytest.raises(ProblemsError, match="name of a lead or verdict field"):
        judge_of(text, {"webinar_minutes": "number", "email": "text"})
    with pytest.raises(ProblemsError, match="not a fact"):
        judge_of(text)


def test_sections_may_live_in_files_of_their_own():
    """A section's own file is read, counts in the digest, and is named by complaints about it."""
    text = "name: m\nversion: 1\ngroups: {web: {side: engagement}}\nrules: {file: rules.yaml}"
    files = {"rules.yaml": "- {id: a, group: web, points: 5}"}

    def load():
        return load_model(
            parse_yaml(text, "m.yaml"), siblings=lambda name: parse_yaml(files[name], name)
        )

    first = load()
    files["rules.yaml"] = "- {id: a, group: web, points: 6}"
    second = load()
    files["rules.yaml"] = "\n- {id: a, group: web, points: many}"

    assert first.digest != second.digest
    with pytest.raises(ProblemsError, match=r"^rules.yaml:2: 0.points: .*number"):
        load()
    with pytest.raises(ProblemsError, match="cannot be read here"):
        load_model(parse_yaml(text, "m.yaml"))


def test_the_digest_is_of_the_content():
    """Comments, order of keys and layout do not change the digest; a value does."""
    one = load_model(parse_yaml("name: m\nversion: 1\ngroups: {}\nrules: []", "a.yaml"))
    two = load_model(parse_yaml("# same\nversion: 1\nrules: []\nname: m\ngroups: {}", "b.yaml"))
    three = load_model(parse_yaml("name: m\nversion: 2\ngroups: {}\nrules: []", "a.yaml"))

    assert one.digest == two.digest != three.digest
    assert len(one.digest) == 64


def test_every_yes_and_no_has_words():
    """Every boolean lead field can be said as a statement, both ways."""
    booleans = {name for name, field in FIELDS.items() if field.kind == "boolean"}

    assert booleans == set(YES_NO)
