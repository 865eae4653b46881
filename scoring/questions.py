"""The next question: of those still open, the one whose answer has the most points at stake.

An answer that an open gate waits for comes before one that only moves the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import KIND_NAMES, Form, fits, known, prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from scoring.criteria import Scope
    from scoring.cycle import Cycles
    from scoring.lead import Kind
    from scoring.methods import Line
    from scoring.model import Question

GATE_WORTH = 1_000.0
"""More than any score: what an open gate waits for is asked first."""


@dataclass(frozen=True)
class Questions:
    """The bank of questions, with what the answer to each is worth."""

    questions: tuple[Question, ...]
    kinds: Mapping[str, Kind]
    lines: tuple[Line, ...]
    cycles: Cycles

    @property
    def forms(self) -> frozenset[Form]:
        """The facts that questions set."""
        return frozenset(Form(q.fact, self.kinds[q.fact], "plain") for q in self.questions)

    def evaluate(self, staged: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The frame with `next_question`, null where nothing is left to ask.

        Leads beside the ladder are asked nothing.
        """
        nothing = pl.lit(None, dtype=pl.String())
        if not self.questions:
            return staged.with_columns(nothing.alias("next_question"))
        frame = prepare(staged, self.forms, as_of)
        for expressions in self._expressions:
            frame = frame.with_columns(expressions)
        return frame

    @cached_property
    def _expressions(self) -> tuple[list[pl.Expr], ...]:
        """The worth of each question, the most, and the first question of that worth."""
        worths = {f"@worth:{index}": q for index, q in enumerate(self.questions)}
        texts = (
            pl.when(pl.col(worth) == pl.col("@worth")).then(pl.lit(question.text))
            for worth, question in worths.items()
        )
        return (
            [self._worth(question).alias(worth) for worth, question in worths.items()],
            [pl.max_horizontal(*worths).alias("@worth")],
            [pl.coalesce(*texts).alias("next_question")],
        )

    def _worth(self, question: Question) -> pl.Expr:
        """What the answer decides, in points; null where the question does not suit the lead."""
        asked = pl.col("@aside").is_null() & ~pl.col("@won")
        asked &= ~known(question.fact, self.kinds[question.fact])
        if question.stage:
            asked &= pl.col("stage:new").is_in(question.stage)
        if question.segment is not None:
            asked &= pl.col("segment") == question.segment
        return pl.when(asked).then(self._points(question.fact) + self._gate(question.fact))

    def _points(self, fact: str) -> float:
        """The points of the lines that the fact decides, shared with their other facts."""
        return sum(
            (line.most - line.least) / len(line.facts)
            for line in self.lines
            if fact in line.facts and not line.limits
        )

    def _gate(self, fact: str) -> pl.Expr:
        """A bonus where a criterion of the next gate looks at the fact and does not hold yet."""
        waits = [
            cycle.applies & (pl.col("next_stage") == gate.stage) & waiting
            for cycle, gate in self.cycles.gates()
            if (waiting := gate.waits_for(fact)) is not None
        ]
        if not waits:
            return pl.lit(0.0)
        return pl.when(pl.any_horizontal(*waits)).then(GATE_WORTH).otherwise(0.0)


def compile_questions(
    questions: Sequence[Question], scope: Scope, lines: Iterable[Line], cycles: Cycles
) -> Questions:
    """The bank of questions, compiled. Problems go to the scope."""
    for index, question in enumerate(questions):
        kind = scope.kind(question.fact, ("questions", index, "fact"))
        for answer, value in question.answers.items():
            if kind is not None and not fits(value, kind):
                path = ("questions", index, "answers", answer)
                what = f"sets {question.fact}, a {kind}: must be {KIND_NAMES[kind]}."
                scope.wrong(path, what)
    usable = tuple(question for question in questions if question.fact in scope.kinds)
    return Questions(usable, scope.kinds, tuple(lines), cycles)
