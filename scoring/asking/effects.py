"""Every possible answer tried on every lead that could be asked, and what it would move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import known, prepare
from scoring.lead import DTYPES, FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from scoring.asking.answers import Answer, BankQuestion
    from scoring.criteria import Form
    from scoring.cycle import Cycles
    from scoring.gates import Gate

    Again = Callable[[pl.DataFrame, date], pl.DataFrame]
    """Judges a judged frame again after facts of questions have changed in it."""

CRITERION_WORTH = 20.0
"""What one criterion more of the open gate is worth, in points of the score."""

STAGE_WORTH = 50.0
"""What a change of the stage is worth, in points of the score."""

AT_ONCE = 16_384
"""Leads that are tried at once: each becomes a row per answer, and memory must not grow with them."""

_DIGITS = 6
"""Worths that differ by less are equal, however their sums were rounded."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one answer would do to a lead; `met` are the criteria of its open gate newly met."""

    answer: str
    likely: float
    score: float
    new_score: float
    stage: str
    new_stage: str
    met: tuple[str, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be asked of a lead, its worth, and the effect of each answer."""

    fact: str
    text: str
    worth: float
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Effects:
    """The questions of a model, ready to be tried on judged leads."""

    questions: tuple[BankQuestion, ...]
    cycles: Cycles

    def tried(self, judged: pl.DataFrame, as_of: date, again: Again) -> pl.DataFrame:
        """A row per lead, open question and answer, judged with the answer.

        Beside the columns of `judged`: `@row` (which lead), `@question`, `@answer` (by number),
        `@likely`, `@gain`, and what was before under `was:`.
        """
        rows = (
            judged.drop(_spoken(judged.columns))
            .with_row_index("@row")
            .with_columns(
                *self._before, *(self.open(q).alias(_ask(n)) for n, q in enumerate(self.questions))
            )
        )
        rows = prepare(_moved(rows, as_of), self._unmoved, as_of)
        parts = [
            part for n, q in enumerate(self.questions) for part in _answered(rows, n, q, as_of)
        ]
        answered = pl.concat(parts).drop(_ask(n) for n in range(len(self.questions)))
        return again(answered, as_of).with_columns(self._gain.alias("@gain"))

    def worths(self, judged: pl.DataFrame, as_of: date, again: Again) -> pl.DataFrame:
        """A row per lead (`@row`) and open question (`@question`, by number) with its `@worth`."""
        tried = self.tried(judged, as_of, again)
        worth = (pl.col("@likely") * pl.col("@gain")).sum().round(_DIGITS)
        return tried.group_by("@row", "@question").agg(worth.alias("@worth"))

    def best(self, judged: pl.DataFrame, as_of: date, again: Again) -> pl.Series:
        """The text of the question of the highest worth per lead; null where none is open."""
        slices = [self._best(part, as_of, again) for part in judged.iter_slices(AT_ONCE)]
        return pl.concat(slices) if slices else pl.Series(dtype=pl.String)

    def _best(self, judged: pl.DataFrame, as_of: date, again: Again) -> pl.Series:
        worths = self.worths(judged, as_of, again)
        # The key sorts by worth, then by place in the model.
        first = worths.sort(["@worth", "@question"], descending=[True, False]).unique(
            "@row", keep="first", maintain_order=True
        )
        rows = judged.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("@row"))
        found = rows.join(first, on="@row", how="left", maintain_order="left")["@question"]
        return pl.Series([q.text for q in self.questions], dtype=pl.String).gather(found)

    def of_one(self, judged: pl.DataFrame, as_of: date, again: Again) -> tuple[Asked, ...]:
        """Every open question of the one lead in the frame, the worthiest first."""
        tried = self.tried(judged, as_of, again)
        asked = [
            self._asked(question, tried.filter(pl.col("@question") == number))
            for number, question in enumerate(self.questions)
        ]
        return tuple(sorted((each for each in asked if each.effects), key=lambda a: -a.worth))

    def open(self, question: BankQuestion) -> pl.Expr:
        """Whether a question can be asked of a lead: never null."""
        spam = pl.col("genuine").eq_missing(pl.lit("spam")) & ~pl.col("accepted").fill_null(
            value=False
        )
        asked = pl.col("@aside").is_null() & ~pl.col("@won") & ~spam
        asked &= ~known(question.fact, question.kind)
        if question.question.stage:
            asked &= pl.col("stage:new").is_in(question.question.stage)
        if question.question.segment is not None:
            asked &= pl.col("segment") == question.question.segment
        return asked.fill_null(value=False)

    @cached_property
    def _unmoved(self) -> list[Form]:
        """What stages look at and no answer moves: made once per lead, not once per answer."""
        answered = {question.fact for question in self.questions}
        own = FIELDS.keys() - answered
        return [form for form in self.cycles.forms if form.fact in own]

    @cached_property
    def _gates(self) -> tuple[Gate, ...]:
        return tuple(gate for _, gate in self.cycles.gates())

    @cached_property
    def _before(self) -> list[pl.Expr]:
        """What the effect of an answer is compared with; of the gates only the open one's criteria."""
        criteria = [
            (
                cycle.applies
                & pl.col("next_stage").eq_missing(pl.lit(gate.stage))
                & ~pl.col(column).fill_null(value=False)
            ).alias(f"was:{column}")
            for cycle, gate in self.cycles.gates()
            for column in gate.columns
        ]
        return [pl.col("score", "stage:new").name.prefix("was:"), *criteria]

    @cached_property
    def _gain(self) -> pl.Expr:
        """The worth of one answer, in points; see `scoring.asking`."""
        newly = [
            (pl.col(f"was:{column}") & pl.col(column).fill_null(value=False)).cast(pl.Float64)
            for gate in self._gates
            for column in gate.columns
        ]
        moved = pl.col("stage:new").ne_missing(pl.col("was:stage:new")).cast(pl.Float64)
        points = (pl.col("score") - pl.col("was:score")).abs()
        met = pl.sum_horizontal(*newly) if newly else pl.lit(0.0)
        return points + CRITERION_WORTH * met + STAGE_WORTH * moved

    def _asked(self, question: BankQuestion, tried: pl.DataFrame) -> Asked:
        rows = tried.iter_rows(named=True)
        effects = tuple(
            Effect(
                answer=answer.label,
                likely=answer.likely,
                score=row["was:score"],
                new_score=row["score"],
                stage=row["was:stage:new"],
                new_stage=row["stage:new"],
                met=tuple(self._met(row)),
                gain=row["@gain"],
            )
            for answer, row in zip(question.answers, rows, strict=False)
        )
        worth = round(sum(effect.likely * effect.gain for effect in effects), _DIGITS)
        return Asked(question.fact, question.text, worth, effects)

    def _met(self, row: dict[str, object]) -> Iterator[str]:
        for gate in self._gates:
            for criterion, column in zip(gate.criteria, gate.columns, strict=True):
                if row[f"was:{column}"] and row[column]:
                    yield criterion.words


def _spoken(columns: Iterable[str]) -> list[str]:
    """What only says in words what was found: nothing rests on it."""
    texts = {"reasons", "stage_reason", "unmet"}
    return [c for c in columns if c in texts or (c.endswith(":text") and c != "genuine:text")]


def _moved(judged: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The leads where this verdict puts them: answers come after it, and are tried from there.

    So the next question is the same when the verdict is made again from its own stage.
    """
    moves = pl.col("stage:new").ne_missing(pl.col("stage"))
    today = pl.lit(datetime.combine(as_of, time(), UTC), dtype=DTYPES["datetime"])
    stale = [c for c in judged.columns if c.startswith(("stage.", "stage_since."))]
    return judged.drop(stale).with_columns(
        pl.col("stage:new").alias("stage"),
        pl.when(moves).then(today).otherwise("stage_since").alias("stage_since"),
    )


def _ask(number: int) -> str:
    return f"@ask:{number}"


def _answered(
    rows: pl.DataFrame, number: int, question: BankQuestion, as_of: date
) -> Iterator[pl.DataFrame]:
    """The leads that the question is open for, once per answer."""
    asked = rows.filter(_ask(number))
    for place, answer in enumerate(question.answers):
        yield asked.with_columns(
            _value(question, answer, as_of),
            pl.lit(number, dtype=pl.UInt32).alias("@question"),
            pl.lit(place, dtype=pl.UInt32).alias("@answer"),
            pl.lit(answer.likely).alias("@likely"),
        )


def _value(question: BankQuestion, answer: Answer, as_of: date) -> pl.Expr:
    """The answer's value as a column of the fact's type."""
    value = pl.Series([answer.on(as_of)]).cast(DTYPES[question.kind])
    return pl.lit(value).first().alias(question.fact)
