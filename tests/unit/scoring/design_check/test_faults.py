"""Faults of a design: each is found in its place, with a lead on which the judge really shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from scoring.design_check import ANY_DAY, check_design
from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = """
groups: {web: {side: engagement, cap: 70}}
rules:
  - {id: v, group: web, when: {visits: {at_least: 2}}, points: 50}
  - {id: f, group: web, when: {forms: {at_least: 1}}, points: 50}
"""


def judged(text, *leads):
    """What the judge says of these leads: one row each, all that it has found out."""
    judge = compile_judge(load_model(parse_yaml(text, "m.yaml")))
    facts = {name for lead in leads for name in lead}
    schema = {"id": pl.String} | {name: DTYPES[FIELDS[name].kind] for name in facts}
    rows = [{"id": str(index), **lead} for index, lead in enumerate(leads)]
    return judge.evaluate(pl.DataFrame(rows, schema=schema), ANY_DAY).to_dicts()


def ends_in(*stages):
    """A witness that the judge leaves in one of these stages."""
    return lambda text, lead: judged(text, lead)[0]["stage:new"] in stages


def has(**wanted):
    """A witness of which the judge says so."""
    return lambda text, lead: (
        {name.replace("__", ":"): judged(text, lead)[0][name] for name in wanted} == wanted
    )


def rounds(text, lead):
    """A witness that changes its stage at every judgement, and comes round."""
    way = [lead["stage"]]
    for _ in range(5):
        way.append(judged(text, {**lead, "stage": way[-1]})[0]["stage:new"])
    return way[-1] != way[-2] and way[-1] == way[-3]


@dataclass(frozen=True)
class Fault:
    """A seeded fault: the model, the key and words of the finding, its level, what its lead shows."""

    model: str
    where: str
    says: str
    shows: Callable
    level: str = "error"


FAULTS = {
    "a gate that contradicts itself": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{score: {at_least: 50}}, {score: {at_most: 20}}]}}}]",
        "cycles.0.gates.mql.criteria.1", "contradicts m.yaml:", ends_in("lead"),
    ),
    "a criterion that contradicts itself": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{employees: {at_least: 100, below: 50}}]}}}]",
        "cycles.0.gates.mql.criteria.0", "can never hold", ends_in("lead"),
    ),
    "a score that nobody reaches": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{visits: 2}]}, sql: {criteria: [{score: {at_least: 90}}]}}}]",
        "cycles.0.gates.sql.criteria.0", "score from 0 to 70", has(score=70.0),
    ),
    "a grade that fits no fit": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{grade: A}, {fit: {below: 50}}]}}}]",
        "cycles.0.gates.mql.criteria", "Nobody can reach MQL", ends_in("lead"),
    ),
    "a gate for leads of another cycle": Fault(
        RULES + "cycles: [{name: c, when: {country: DE}, gates: {mql: {criteria: [{country: [FR, IT]}]}}}]",
        "cycles.0.gates.mql.criteria.0", "can never hold", ends_in("lead"),
    ),
    "a gate whose leads are put aside": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{visits: {at_least: 2}}]}}, disqualify: [{when: {visits: {above: 1}}, reason: x}]}]",
        "cycles.0.gates.mql", "is put aside by a rule", ends_in("disqualified"),
    ),
    "a gate that asks nothing new": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{score: {at_least: 50}}]}, sql: {criteria: [{score: {at_least: 20}}]}}}]",
        "cycles.0.gates.sql", "has not asked", ends_in("sql"), "warning",
    ),
    "priorities in the wrong order": Fault(
        RULES + "bands: {priority: {hot: 30, warm: 60}}",
        "bands.priority.warm", "no lead is ever warm", has(priority="hot"),
    ),
    "a priority beyond the score": Fault(
        RULES + "bands: {priority: {hot: 80, warm: 60}}",
        "bands.priority.hot", "scores go from 0 to 70", has(score=70.0, priority="warm"),
    ),
    "a grade beyond the scale": Fault(
        "groups: {p: {side: fit}}\nrules: [{id: n, group: p, when: {need: true}, points: 30}]\nscale: {fit: 60}\nbands: {grade: {A: 75, B: 40}}",
        "bands.grade.A", "no lead is ever A", has(grade="B", fit=50.0),
    ),
    "cycles that claim the same leads": Fault(
        RULES + "cycles:\n- {name: a, when: {source: web}, gates: {mql: {criteria: [{visits: 2}]}}}\n- {name: b, when: {visits: {at_least: 1}}, gates: {mql: {criteria: [{visits: 3}]}}}",
        "cycles.1", "claims leads that a claims", has(cycle="a"), "warning",
    ),
    "a cycle in another's shadow": Fault(
        RULES + "cycles:\n- {name: a, when: {source: web}, gates: {mql: {criteria: [{visits: 2}]}}}\n- {name: b, priority: 5, when: {source: [web, fax]}, gates: {mql: {criteria: [{visits: 3}]}}}",
        "cycles.0.when", "never entered", has(cycle="b"),
    ),
    "a disqualified lead that returns": Fault(
        RULES + """cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}}
  recycle: [{when: {stage: mql, forms: {at_most: 0}}, reason: no form}]
  return: [{when: {visits: {at_least: 3}}}]
""",
        "cycles.0.return.0", "recycled", rounds,
    ),
    "a way back that a gate undoes": Fault(
        RULES + """cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sql: {criteria: [{need: {known: true}}]}}
  back: [{from: sql, to: mql, when: {need: false}, reason: no need}]
""",
        "cycles.0.back.0", "at every run", rounds,
    ),
    "a stalled lead that comes back at once": Fault(
        RULES + """cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {}}
  stalled: [{from: [mql], after_days: 30}]
  return: [{from: recycled, when: {visits: {at_least: 2}}}]
""",
        "cycles.0.return.0", "brings back at the next run", ends_in("recycled"), "warning",
    ),
    "a lost lead that comes back at once": Fault(
        RULES + """cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {}}
  return: [{from: recycled, when: {visits: {at_least: 2}}}]
""",
        "cycles.0.return.0", "opportunity → recycled → MQL", ends_in("recycled"), "warning",
    ),
    "a stage that stalls before it may be left": Fault(
        RULES + """cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {}}
  dwell: {mql: {at_least_days: 20}}
  stalled: [{from: [mql], after_days: 10}]
""",
        "cycles.0.stalled.0.after_days", "holds them for 20 days", ends_in("recycled"),
    ),
    "a rule that never matches": Fault(
        RULES + "  - {id: n, group: web, when: {visits: {above: 5, below: 3}}, points: 5}",
        "rules.2.when", "can never match", has(**{"rules.n": 0}),
    ),
    "a rule of a segment that it excludes": Fault(
        "segments: {private: {company: {known: false}}}\n" + RULES + "  - {id: n, group: web, segment: private, when: {company: Acme}, points: 5}",
        "rules.2.when", "can never match", has(segment="private", **{"rules.n": 0}),
    ),
    "a rule that always matches": Fault(
        RULES + "  - {id: n, group: web, when: {any: [{need: {known: true}}, {need: {known: false}}]}, points: 5}",
        "rules.2.when", "matches every lead", has(**{"rules.n": 5}), "warning",
    ),
    "a rule said twice": Fault(
        RULES + "  - {id: n, group: web, when: {not: {visits: {below: 2}}}, points: 5}",
        "rules.2", 'counts again what "v" gives', has(**{"rules.n": 5, "rules.v": 50}), "warning",
    ),
    "a rule that takes back another": Fault(
        RULES + "  - {id: m, group: web, when: {forms: {at_least: 1}}, points: -5}",
        "rules.2", 'takes back what "f" gives', has(**{"rules.m": -5, "rules.f": 50}), "warning",
    ),
    "a rule lost in a cap": Fault(
        RULES.replace("cap: 70", "cap: 50") + "  - {id: n, group: web, when: {visits: {at_least: 5}}, points: 5}",
        "rules.2", 'never adds anything: "v"', has(**{"rules.n": 5, "score": 50.0}), "warning",
    ),
    "a segment that nobody is in": Fault(
        "segments: {firm: {company: {known: true}}, acme: {company: Acme}}\n" + RULES,
        "segments.acme", "no lead is in this segment", has(segment="firm"),
    ),
    "a question that changes nothing": Fault(
        RULES + "questions: [{fact: replacing, text: 'What do you use?'}]",
        "questions.0.fact", "which no rule, gate or segment looks at", has(score=0.0), "warning",
    ),
    "an answer that nobody asks for": Fault(
        RULES + "cycles: [{name: c, gates: {sql: {requires: [need]}}}]\nquestions: [{fact: visits, text: 'How often?'}]",
        "cycles.0.gates.sql.requires.0", "no question asks for it", has(need=None, cycle="c"), "warning",
    ),
    "a gate on spam without the method": Fault(
        RULES + "cycles: [{name: c, gates: {mql: {criteria: [{genuine: lamb}]}}}]",
        "cycles.0.gates.mql.criteria.0", "can never hold", has(genuine=None),
    ),
}  # fmt: skip


def found_in(text, **how):
    """The findings on a model."""
    document = parse_yaml("name: t\nversion: 1\n" + text, "m.yaml")
    return check_design(load_model(document), document, **how)


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_found_with_a_lead_that_shows_it(name):
    """File, line and key are named, nothing else is reported, and the witness shows the fault."""
    fault = FAULTS[name]
    findings = [(f.level, f.problem.where, f.problem.what) for f in found_in(fault.model)]
    assert len(findings) == 1, findings
    finding = found_in(fault.model)[0]

    assert finding.level == fault.level
    assert finding.problem.where.startswith("m.yaml:")
    assert fault.where in finding.problem.where
    assert fault.says in finding.problem.what
    assert fault.shows("name: t\nversion: 1\n" + fault.model, dict(finding.witness))


def test_a_way_back_that_a_gate_undoes_after_some_days_is_found():
    """The lead must stay MQL for two days, and then it goes round all the same, on and on."""
    text = (
        RULES
        + """
cycles:
- name: c
  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {automatic: true, criteria: [{need: true}]}}
  dwell: {mql: {at_least_days: 2}}
  back: [{from: sal, to: mql, when: {budget_approved: false}, reason: no money}]
"""
    )
    (found,) = found_in(text)
    lead, way = dict(found.witness), []
    for _ in range(5):
        way.append(judged("name: t\nversion: 1\n" + text, lead)[0]["stage:new"])
        moment = datetime.combine(ANY_DAY - timedelta(days=2), time(), UTC)
        lead |= {"stage": way[-1], "stage_since": moment}

    assert found.problem.where.endswith("cycles.0.back.0")
    assert "MQL → SAL → MQL and so on, every 2 days" in found.problem.what
    assert way == ["mql", "sal", "mql", "sal", "mql"]


def test_a_gate_on_a_fact_that_nothing_feeds_is_an_error():
    """Neither the mapping nor a question gives the fact, so nobody passes; a question would do."""
    text = RULES + "cycles: [{name: c, gates: {mql: {criteria: [{need: true}, {stage: lead}]}}}]\n"
    found = found_in(text, fed=frozenset({"visits", "forms"}))

    assert [(f.level, f.problem.where.split(": ")[1]) for f in found] == [
        ("error", "cycles.0.gates.mql.criteria.0")
    ]
    assert "does not read need" in found[0].problem.what
    assert ends_in("lead")("name: t\nversion: 1\n" + text, dict(found[0].witness))
    asking = text + "questions: [{fact: need, text: What for?}]"
    assert found_in(asking, fed=frozenset({"visits", "forms"})) == []


def test_rules_on_facts_that_nothing_feeds_are_told_together():
    """Rules that stay silent are one warning, not one each; those with another way to hold are none."""
    more = "  - {id: m, group: web, when: {any: [{visits: 1}, {events: 1}]}, points: 1}\n  - {id: a, group: web, when: {age: 30}, points: 1}\n"
    found = found_in(RULES + more, fed=frozenset({"visits"}))

    assert [(f.level, f.problem.where.split(": ")[1]) for f in found] == [
        ("warning", "rules.1.when")
    ]
    assert "this and 1 more rule can never hold: the mapping does not read age, forms." in str(
        found[0].problem
    )
    assert found_in(RULES + more, fed=frozenset({"visits", "forms", "age"})) == []


REQUIRES = """
segments: {b2b: {company: {known: true}}, b2c: {company: {known: false}}}
cycles:
  - name: firms
    when: {segment: b2b}
    gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {requires: [timeline]}}
"""


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("{fact: need, text: When?}", "requires timeline, and no question asks for it."),
        ("{fact: timeline, text: When?, segment: b2c}", "no lead of the cycle firms is ever asked"),
        ("{fact: timeline, text: When?, stage: [sal, sql]}", "no lead of the cycle firms is ever"),
        ("{fact: timeline, text: When?, segment: b2b, stage: [mql]}", None),
        ("{fact: timeline, text: When?}", None),
    ],
)
def test_an_answer_that_is_required_and_never_asked_for_is_found(question, what):
    """Of another segment, or only after the gate, a question does not help; the witness waits there."""
    found = [
        f
        for f in found_in(RULES + REQUIRES + f"questions: [{question}]")
        if "requires" in f.problem.where
    ]

    assert [what in f.problem.what for f in found] == ([] if what is None else [True])
    for finding in found:
        assert finding.level == "warning"
        assert finding.witness["company"]
        assert "timeline" not in finding.witness


SOUND = [
    "cycles: [{name: c, gates: {mql: {criteria: [{score: {at_least: 70}}]}}}]",
    "cycles: [{name: c, gates: {mql: {criteria: [{title: {contains: a}}, {title: {contains: b}}, {title: {contains: c}}]}}}]",
    "cycles: [{name: c, gates: {mql: {criteria: [{title: {matches: '^a'}}, {title: {matches: 'b$'}}]}}}]",
    "cycles: [{name: c, gates: {mql: {criteria: [{score: {at_least: 50}}]}, sal: {}, sql: {criteria: [{score: {at_least: 50}}, {need: true}]}}}]",
    "cycles:\n- {name: a, when: {source: web}, gates: {mql: {criteria: [{visits: 2}]}}}\n- {name: b, when: {source: fax}, gates: {mql: {criteria: [{visits: 3}]}}}",
    "cycles:\n- name: c\n  gates: {mql: {criteria: [{visits: {at_least: 2}}]}, sal: {}}\n  stalled: [{from: [mql], after_days: 30}]\n  return: [{from: recycled, when: {visits: {at_least: 2}}, cool_off_days: 14}]",
    "bands: {priority: {hot: {score: 30, when: {need: true}}, warm: 50}}",
]


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_design_raises_no_alarm(text):
    """What can hold, even if only just or if it cannot be decided, is not reported."""
    assert [f.problem for f in found_in(RULES + text)] == []
