"""The next question: of those still open, the one whose answer is expected to move the most.

How much is told by the scoring itself, which is run on every possible answer; see `scoring.asking`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.asking import BankQuestion, Effects, answers_of
from scoring.asking.answers import comparisons_by_fact
from scoring.criteria import KIND_NAMES, Form, fits
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from scoring.asking import Asked
    from scoring.criteria import Scope
    from scoring.cycle import Cycles
    from scoring.model import Model, Question

    Again = Callable[[pl.DataFrame, date], pl.DataFrame]


@dataclass(frozen=True)
class Questions:
    """The bank of questions, each with the answers that it can get."""

    effects: Effects

    @property
    def bank(self) -> tuple[BankQuestion, ...]:
        """The questions in the order of the model."""
        return self.effects.questions

    @property
    def facts(self) -> frozenset[str]:
        """The facts that answers set."""
        return frozenset(question.fact for question in self.bank)

    @property
    def forms(self) -> frozenset[Form]:
        """The facts that answers set, as forms."""
        return frozenset(Form(question.fact, question.kind, "plain") for question in self.bank)

    def evaluate(self, judged: pl.DataFrame, as_of: date, again: Again) -> pl.DataFrame:
        """The frame with `next_question`, null where nothing is left to ask.

        `again` judges such a frame after facts of the bank have changed in it.
        """
        if not self.bank:
            return judged.with_columns(pl.lit(None, dtype=pl.String()).alias("next_question"))
        best = self.effects.best(judged, as_of, again)
        return judged.with_columns(best.alias("next_question"))

    def ask(self, judged: pl.DataFrame, as_of: date, again: Again) -> tuple[Asked, ...]:
        """The open questions of one judged lead, the next one first."""
        return self.effects.of_one(judged, as_of, again) if self.bank else ()


def compile_questions(model: Model, scope: Scope, cycles: Cycles) -> Questions:
    """The bank of questions, compiled. Problems go to the scope."""
    questions = model.file.questions
    for index, question in enumerate(questions):
        _check(index, question, scope)
    if scope.problems:
        return Questions(Effects((), cycles))
    comparisons = comparisons_by_fact(model)
    bank = tuple(
        answers_of(question, scope.kinds[question.fact], comparisons.get(question.fact, ()))
        for question in questions
    )
    return Questions(Effects(bank, cycles))


def _check(index: int, question: Question, scope: Scope) -> None:
    kind = scope.kind(question.fact, ("questions", index, "fact"))
    for answer, value in question.answers.items():
        if kind is not None and not fits(value, kind):
            what = f"sets {question.fact}, a {kind}: must be {KIND_NAMES[kind]}."
            scope.wrong(("questions", index, "answers", answer), what)
    for answer in question.likely:
        if answer not in question.answers:
            hint = did_you_mean(answer, question.answers) or "Name the answers under `answers`."
            what = f'"{answer}" is not one of the answers.'
            scope.wrong(("questions", index, "likely", answer), what, hint)
    if question.likely and not sum(question.likely.values()):
        scope.wrong(("questions", index, "likely"), "says that no answer is likely at all.")
