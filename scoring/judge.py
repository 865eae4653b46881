"""The judge: a compiled model that turns a lead frame into a verdict frame.

Facts → segment → lines and score → bands → cycle, gates and stage → next question. A verdict is a
function of the facts, the model and the day. One lead is a frame of one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring import lead, verdict
from scoring.bands import CompiledBands, compile_bands
from scoring.criteria import Compiled, Form, Scope, compile_criterion, prepare
from scoring.cycle import Cycles, compile_cycles
from scoring.explanation import Explanation, explain
from scoring.model import OTHER, Model, digest
from scoring.problem import Problem, ProblemsError, refuse
from scoring.questions import Questions, compile_questions
from scoring.reasons import with_reasons
from scoring.revival import Revival, compile_revival
from scoring.score import Scorer, WeightedMethod, compile_score

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from scoring.asking import Asked
    from scoring.lead import Kind
    from scoring.methods import Line

VERDICT_FACTS = (
    "score", "fit", "engagement", "grade", "engagement_level", "priority", "genuine", "coverage",
    "probability",
)  # fmt: skip
"""What gates and cycles may ask beside the lead's own facts."""

SCORE_FACTS = tuple(name for name in VERDICT_FACTS if name != "priority")
"""What the conditions of priorities may ask beside the lead's own facts."""

SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    **{name: lead.DTYPES[field.kind] for name, field in verdict.FIELDS.items()},
    "segment": pl.String(),
    "next_stage": pl.String(),
}
"""The columns of a verdict frame: `id`, the verdict fields, and beside them the segment and the
stage whose gate is open (null: none)."""


@dataclass(frozen=True)
class Judge:
    """A compiled model. `facts` are the lead fields and the team's own facts that it looks at.

    `revival` judges nobody: it decides whom of the judged to bring back, where the model says so.
    """

    model: Model
    kinds: Mapping[str, Kind]
    segments: Mapping[str, Compiled]
    scorer: Scorer
    bands: CompiledBands
    cycles: Cycles
    questions: Questions
    revival: Revival | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line that a score can have, by the keys that `points` uses for its columns."""
        return self.scorer.lines

    @property
    def facts(self) -> frozenset[str]:
        """The facts that rules, gates, bands, segments and questions look at."""
        looked_at = {form.fact for form in self._forms} | self.scorer.facts
        return frozenset(looked_at & self.kinds.keys())

    @property
    def deciding_facts(self) -> frozenset[str]:
        """The facts that can move a score or a stage."""
        forms = (form for c in self.segments.values() for form in c.forms)
        asked = {form.fact for form in (*forms, *self.bands.forms, *self.cycles.forms)}
        return frozenset((asked | self.scorer.facts) & self.kinds.keys())

    @property
    def _forms(self) -> frozenset[Form]:
        segments = (criterion.forms for criterion in self.segments.values())
        return frozenset[Form]().union(
            *segments, self.bands.forms, self.cycles.forms, self.questions.forms
        )

    def __call__(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The verdict of each lead, in the same order, with the columns of `SCHEMA`.

        `leads` has `id` and lead fields in their canonical types; fields it lacks are unknown.
        """
        return self.evaluate(leads, as_of).select(
            pl.col("stage:new" if name == "stage" else name).cast(dtype).alias(name)
            for name, dtype in SCHEMA.items()
        )

    def explain(self, leads: pl.DataFrame, as_of: date) -> Explanation:
        """The verdict of one lead line by line and criterion by criterion.

        Raises ValueError unless the frame has exactly one row.
        """
        if leads.height != 1:
            raise ValueError(f"explain takes one lead, not {leads.height}")
        row = self.evaluate(leads, as_of).row(0, named=True)
        return explain(row, self.scorer, self.cycles)

    def points(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """`id` and the points of every line of the score (Float64), by the line's key."""
        frame = self.evaluate(leads, as_of)
        return frame.select(
            "id",
            *(pl.col(line.key).cast(pl.Float64) * self.scorer.step for line in self.scorer.lines),
        )

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lead frame with everything that was found out on the way to the verdict."""
        frame = with_reasons(self.assess(leads, as_of), self.scorer.lines, self.scorer.step)
        frame = self.questions.evaluate(frame, as_of, self.again)
        scored_at = datetime.combine(as_of, time(), UTC)
        put_out = pl.col("@aside").eq_missing(pl.lit("disqualified"))
        return frame.with_columns(
            pl.when(put_out).then(pl.lit("cold")).otherwise("priority").alias("priority"),
            pl.lit(scored_at, dtype=lead.DTYPES["datetime"]).alias("scored_at"),
        )

    def assess(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """What `evaluate` finds out, without the reasons in words and the next question."""
        frame = prepare(leads, (Form(f, self.kinds[f], "plain") for f in self.facts), as_of)
        dtypes = {fact: lead.DTYPES[self.kinds[fact]] for fact in self.facts}
        # A column that is unknown throughout may have come without its type.
        frame = frame.cast({n: t for n, t in dtypes.items() if frame.schema[n] != t})
        segment_forms = (form for c in self.segments.values() for form in c.forms)
        frame = prepare(frame, segment_forms, as_of)
        frame = frame.with_columns(self._segment().alias("segment"))
        frame = self.scorer.evaluate(frame, as_of)
        return self.cycles.evaluate(self.bands.evaluate(frame, as_of), as_of)

    def ask(self, leads: pl.DataFrame, as_of: date) -> tuple[Asked, ...]:
        """The open questions of one lead, the next one first, with the effect of each answer.

        Raises ValueError unless the frame has exactly one row.
        """
        if leads.height != 1:
            raise ValueError(f"ask takes one lead, not {leads.height}")
        return self.questions.ask(self.evaluate(leads, as_of), as_of, self.again)

    def again(self, judged: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """A judged frame after answers have changed in it: what the verdict is then.

        All that only says in words what was found stays what it was, and so does the next question.
        """
        facts, methods = self._moved
        stale = {f"{fact}." for fact in (*facts, *VERDICT_FACTS, "segment")}
        frame = judged.drop(
            c for c in judged.columns if f"{c.partition('.')[0]}." in stale and "." in c
        )
        frame = prepare(frame, (form for c in self.segments.values() for form in c.forms), as_of)
        frame = frame.with_columns(self._segment().alias("segment"))
        frame = self.scorer.evaluate_again(frame, as_of, methods)
        return self.cycles.decide(self.bands.evaluate(frame, as_of), as_of)

    @cached_property
    def _moved(self) -> tuple[frozenset[str], tuple[WeightedMethod, ...]]:
        """The facts that answers set, and the methods whose lines these facts can move."""
        facts = self.questions.facts
        segments = {fact for criterion in self.segments.values() for fact in criterion.facts}
        # Another segment can change any line.
        whole = not facts.isdisjoint(segments)
        return facts, self.scorer.methods if whole else self.scorer.narrowed(facts)

    def _segment(self) -> pl.Expr:
        choices = (
            pl.when(criterion.holds).then(pl.lit(name)) for name, criterion in self.segments.items()
        )
        return pl.coalesce(*choices, pl.lit(OTHER))


def compile_judge(model: Model, extra_facts: Mapping[str, Kind] | None = None) -> Judge:
    """The judge of a model. `extra_facts` are the team's own facts that the mapping reads.

    Raises ProblemsError with every criterion that asks for an unknown fact, or asks a fact what
    its kind cannot answer.
    """
    refuse(_unusable(extra_facts or {}))
    kinds = {name: field.kind for name, field in lead.FIELDS.items()} | dict(extra_facts or {})
    by_scoring = {name: verdict.FIELDS[name].kind for name in VERDICT_FACTS}
    with_segment: dict[str, Kind] = {**kinds, "segment": "text"}
    file = model.file
    before = Scope(model.document, kinds, dict.fromkeys([*by_scoring, "segment"], _LATER))
    banded = Scope(
        model.document,
        {**with_segment, **{name: by_scoring[name] for name in SCORE_FACTS}},
        {"priority": "it is what is being decided"},
    )
    staged = Scope(model.document, {**with_segment, **by_scoring})
    segments = {
        name: compile_criterion(node, ("segments", name), before)
        for name, node in file.segments.items()
    }
    bands = compile_bands(file.bands, banded)
    cycles = compile_cycles(file.cycles, staged)
    revival = None
    if file.revival is not None:
        revival = compile_revival(file.revival, digest(model.document.data["revival"]), staged)
    problems = [*before.problems, *banded.problems, *staged.problems]
    scorer = _score(model, with_segment, dict.fromkeys(by_scoring, _LATER), problems)
    asking = Scope(model.document, kinds)
    questions = compile_questions(model, asking, cycles)
    problems += asking.problems
    if problems or scorer is None:
        raise ProblemsError(dict.fromkeys(problems))
    return Judge(model, kinds, segments, scorer, bands, cycles, questions, revival)


_LATER = "it is known only after scoring; bands and cycles may ask it"


def _score(
    model: Model, kinds: Mapping[str, Kind], later: Mapping[str, str], problems: list[Problem]
) -> Scorer | None:
    try:
        return compile_score(model, kinds, later)
    except ProblemsError as error:
        problems += error.problems
        return None


def _unusable(extra_facts: Mapping[str, Kind]) -> list[Problem]:
    """The team's own facts must not bear names that are taken."""
    taken = {*lead.FIELDS, *SCHEMA}
    return [
        Problem(f"extra.{name}", "is the name of a lead or verdict field.", "Choose another name.")
        for name in extra_facts
        if name in taken
    ] + [
        Problem(f"extra.{name}", "is not a name: letters, digits and underscores only.")
        for name in extra_facts
        if not name.isidentifier()
    ]
