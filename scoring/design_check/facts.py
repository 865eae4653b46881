"""Facts that nobody feeds, questions that change nothing, answers that nobody asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.tree import Comparison
from scoring.design_check.places import facts_of
from scoring.gates import GATED
from scoring.lead import COUNTED, FIELDS, READABLE
from scoring.stage_rules import RANK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding, Lead
    from scoring.design_check.places import Placed
    from scoring.design_check.solve import Goal
    from scoring.document import Path
    from scoring.model import Question

FOR_REPORTS = frozenset(("heard_from", "source", "campaign"))
"""Facts that are worth asking for although they move no score: they say where leads come from."""


def check_fed(design: Design, fed: frozenset[str]) -> Iterator[Finding]:
    """What can never hold because the mapping does not read a fact and no question sets it."""
    asked = {question.fact for question in design.model.file.questions}
    found_out = FIELDS.keys() - set(READABLE)
    known = fed | asked | found_out | {"stage", "modified_at", *COUNTED}
    looked_at = {fact for placed in design.placed for fact in facts_of(placed.node)}
    unfed = sorted(looked_at & design.judge.kinds.keys() - known)
    absent: list[Goal] = [(Comparison(f, "known", value=True, path=()), "not true") for f in unfed]
    dead = [placed for placed in design.placed if unfed and _dies(design, placed, absent)]
    yield from (_closed(design, placed, absent) for placed in dead if placed.of == "gate")
    others = [placed for placed in dead if placed.of != "gate"]
    if others:
        missing = {fact for placed in others for fact in facts_of(placed.node)} & set(unfed)
        what = f"{_counted(others)} can never hold: the mapping does not read {', '.join(sorted(missing))}."
        fix = f"Map what your CRM has of it (read.{min(missing)}), or leave such rules out."
        witness = next(iter(design.leads(design.solver.some(absent))), None)
        yield design.finding("warning", others[0].path, what, fix, witness=witness)


def _dies(design: Design, placed: Placed, absent: list[Goal]) -> bool:
    """Whether a criterion can hold, but not without the facts that are absent."""
    holds: Goal = (placed.node, "true")
    solver = design.solver
    return solver.satisfiable([holds]) and not solver.satisfiable([holds, *absent])


def _closed(design: Design, placed: Placed, absent: list[Goal]) -> Finding:
    names = sorted({c.fact for c, _ in absent if isinstance(c, Comparison)} & facts_of(placed.node))
    what = f"can never hold: the mapping does not read {', '.join(names)}, and no question sets it."
    cycle, stage = design.model.file.cycles[int(placed.path[1])], str(placed.path[3])
    closed = (pl.col("cycle") == cycle.name) & (pl.col("stage:new") != stage)
    witness = design.witness([*design.entry_goals(int(placed.path[1])), *absent], closed)
    fix = f"Add it to the mapping: read.{names[0]}."
    return design.finding("error", placed.path, what, fix, witness=witness)


def _counted(placed: list[Placed]) -> str:
    """The rules in one phrase: "this and 2 more rules"."""
    more = len(placed) - 1
    return "this rule" if not more else f"this and {more} more rule{'s' if more > 1 else ''}"


def check_questions(design: Design) -> Iterator[Finding]:
    """Questions whose answers move neither a score nor a stage."""
    for index, question in enumerate(design.model.file.questions):
        fact = question.fact
        if fact in FOR_REPORTS or fact in design.judge.deciding_facts:
            continue
        leads: list[Lead] = [{fact: value} for value in design.values.of(fact) if value is not None]
        judged = design.judged([{}, *leads])
        if judged.select(pl.struct("score", "stage:new", "priority").n_unique()).item() == 1:
            what = f"asks for {fact}, which no rule, gate or segment looks at."
            fix = "Use the answer in a rule or a gate, or drop the question."
            yield design.finding("warning", ("questions", index, "fact"), what, fix, witness={})


def check_required(design: Design) -> Iterator[Finding]:
    """Answers that a gate requires and that no lead of its cycle is ever asked for."""
    questions = design.model.file.questions
    for index, cycle in enumerate(design.model.file.cycles):
        for stage in GATED:
            gate = cycle.gates.get(stage)  # type: ignore[call-overload]
            requires = () if gate is None else gate.requires
            for number, fact in enumerate(requires):
                asking = [question for question in questions if question.fact == fact]
                if any(_asked(design, index, stage, question) for question in asking):
                    continue
                key = fact if isinstance(requires, dict) else number
                path: Path = ("cycles", index, "gates", stage, "requires", key)
                yield from _unasked(design, index, path, fact, in_vain=bool(asking))


def _asked(design: Design, index: int, stage: str, question: Question) -> bool:
    """Whether a lead of the cycle at this index can be asked the question before the gate."""
    if question.stage and all(RANK[each] >= RANK[stage] for each in question.stage):
        return False
    if question.segment is None:
        return True
    goals = [*design.entry_goals(index), *design.segment_goals(question.segment)]
    return design.solver.satisfiable(goals)


def _unasked(
    design: Design, index: int, path: Path, fact: str, *, in_vain: bool
) -> Iterator[Finding]:
    cycle = design.model.file.cycles[index]
    known = Comparison(fact, "known", value=True, path=())
    waits = pl.col("cycle").eq_missing(pl.lit(cycle.name)) & pl.col(fact).is_null()
    witness = design.witness([*design.entry_goals(index), (known, "not true")], waits)
    if witness is not None:
        what = f"requires {fact}, and no question asks for it."
        fix = f"Add a question with fact: {fact}."
        if in_vain:
            what = f"requires {fact}, and no lead of the cycle {cycle.name} is ever asked for it before."
            fix = f"Ask for {fact} in a segment of this cycle, and in a stage before this gate."
        yield design.finding("warning", path, what, fix, witness=witness)
