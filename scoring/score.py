"""From the lines of the methods to the score: weighed, rounded to the model's step, and summed.

Every line is a whole number of steps, so that the lines that people are shown add up to the score
exactly. Where the sum would leave 0–100 a line of its own says so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, get_args

import polars as pl

from scoring.criteria import known
from scoring.methods import METHODS, Context, Line, Method, Side
from scoring.problem import ProblemsError, did_you_mean
from scoring.reasons import MOST_LINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from scoring.lead import Kind
    from scoring.model import Model
    from scoring.problem import Problem

SIDES: tuple[Side, ...] = get_args(Side)
NUMBER = pl.Float64()

TOO_LOW = Line("limit.low", "no score is below 0", "fit", limits=("score",))
TOO_HIGH = Line("limit.high", "no score is above 100", "fit", limits=("score",))


@dataclass(frozen=True)
class WeightedMethod:
    """A compiled method by its name in the table, its weight, and what a point counts in steps."""

    name: str
    method: Method
    weight: float
    steps_per_point: float

    def lines(self) -> tuple[Line, ...]:
        """The method's lines as the score has them: weighed, named by the method too."""
        counting = self.method.lines if self.weight else ()
        return tuple(
            replace(
                line,
                key=f"{self.name}.{line.key}",
                most=line.most * self.weight,
                least=line.least * self.weight,
                limits=tuple(f"{self.name}.{key}" for key in line.limits),
                bound=line.bound * self.weight,
                silent=line.silent * self.weight,
            )
            for line in counting
        )

    def narrowed(self, facts: frozenset[str]) -> WeightedMethod | None:
        """The method with the lines that these facts can move; None if they move none."""
        if facts.isdisjoint(fact for line in self.method.lines for fact in line.facts):
            return None
        if not self.weight and getattr(self.method, "only_points", False):
            return None
        narrow = getattr(self.method, "narrowed", None)
        return replace(self, method=narrow(facts)) if narrow else self

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lines in whole steps (Int32), their texts, and what else the method says."""
        points = self.method.evaluate(leads, as_of)
        keys = [line.key for line in self.method.lines]
        texts = [text for key in keys if (text := f"{key}:text") in points.columns]
        others = [column for column in points.columns if column not in {*keys, *texts}]
        if not self.weight:
            return points.select(others)
        steps = (pl.col(keys).fill_nan(0).fill_null(0) * self.steps_per_point).round()
        prefix = f"{self.name}."
        return points.select(
            steps.cast(pl.Int32).name.prefix(prefix), pl.col(texts).name.prefix(prefix), *others
        )


@dataclass(frozen=True)
class Scorer:
    """The compiled score: columns in, columns out.

    `lines` are all lines in the order of the model, the two limits of 0–100 last. A line's column
    is named by its key and counts steps of `step` points.
    """

    methods: tuple[WeightedMethod, ...]
    lines: tuple[Line, ...]
    step: float
    kinds: Mapping[str, Kind]
    segments: tuple[str, ...]
    scale: Mapping[Side, float]
    outer: tuple[Line, Line] = (TOO_LOW, TOO_HIGH)

    @property
    def facts(self) -> frozenset[str]:
        """The facts that any method looks at, whether its points count or not."""
        lines = (line for weighted in self.methods for line in weighted.method.lines)
        return frozenset(fact for line in lines for fact in line.facts)

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lead frame with every line in steps, and score, fit, engagement and coverage.

        `probability` and `genuine` (with `genuine:text`) are null where no method gives them.
        """
        judged = [weighted.evaluate(leads, as_of) for weighted in self.methods]
        return self._summed(_with_missing(pl.concat([leads, *judged], how="horizontal")))

    def narrowed(self, facts: frozenset[str]) -> tuple[WeightedMethod, ...]:
        """The methods that these facts can move, with no more lines than they need."""
        narrow = (weighted.narrowed(facts) for weighted in self.methods)
        return tuple(weighted for weighted in narrow if weighted is not None)

    def evaluate_again(
        self, scored: pl.DataFrame, as_of: date, methods: Sequence[WeightedMethod]
    ) -> pl.DataFrame:
        """A frame of `evaluate` after facts have changed that only these methods look at.

        All but the texts is as `evaluate` would have it.
        """
        judged = [weighted.evaluate(scored, as_of) for weighted in methods]
        return self._summed(scored.with_columns(column for frame in judged for column in frame))

    def _summed(self, frame: pl.DataFrame) -> pl.DataFrame:
        for expressions in self._expressions:
            frame = frame.with_columns(expressions)
        return frame

    @cached_property
    def _expressions(self) -> tuple[list[pl.Expr], ...]:
        """Sums, then limits, then what follows from both; built once."""
        total = pl.sum_horizontal("@total", *(line.key for line in self.outer))
        results = [
            (total.cast(NUMBER) * self.step).alias("score"),
            *(self._scaled(side).alias(side) for side in SIDES),
            self._coverage().alias("coverage"),
        ]
        return self._sums(), self._limits(), results

    def _sums(self) -> list[pl.Expr]:
        own = [line for line in self.lines if line not in self.outer]
        by_side = {f"@{side}": [line.key for line in own if line.side == side] for side in SIDES}
        return [
            (pl.sum_horizontal(*keys) if keys else pl.lit(0, dtype=pl.Int32)).alias(name)
            for name, keys in ({"@total": [line.key for line in own]} | by_side).items()
        ]

    def _limits(self) -> list[pl.Expr]:
        total, most = pl.col("@total"), round(100 / self.step)
        return [
            (-total).clip(lower_bound=0).cast(pl.Int32).alias(TOO_LOW.key),
            (most - total).clip(upper_bound=0).cast(pl.Int32).alias(TOO_HIGH.key),
        ]

    def _scaled(self, side: Side) -> pl.Expr:
        """The sum of a side as a share of what makes 100 in the lead's segment."""
        points = pl.col(f"@{side}") * self.step
        by_segment = {s: self.scale.get(side) or self.full(side, s) for s in self.segments}
        return _by_segment(
            {
                segment: (points.clip(0, full) / full * 100).round() if full > 0 else pl.lit(0.0)
                for segment, full in by_segment.items()
            }
        )

    def full(self, side: Side, segment: str) -> float:
        """The most points that the side can give to a lead of the segment."""
        return sum(
            line.least if line.limits else line.most
            for line in self.lines
            if line.side == side and line.segment in (None, segment)
        )

    def _coverage(self) -> pl.Expr:
        weights = {s: _fact_weights(self.lines, s, self.kinds) for s in self.segments}
        shares = _by_segment({s: self._known_share(s, w) for s, w in weights.items()})
        # Rounded down: only a lead of which all is known is covered by 100.
        return (shares + 1e-6).floor()

    def _known_share(self, segment: str, weights: Mapping[str, float]) -> pl.Expr:
        lines = (line for line in self.lines if line.segment in (None, segment))
        total = sum(weights.values()) + sum(line.silent for line in lines)
        if not weights:
            return pl.lit(0.0 if total else 100.0)
        shares = (
            pl.when(known(fact, self.kinds[fact])).then(weight / total * 100).otherwise(0.0)
            for fact, weight in weights.items()
        )
        return pl.sum_horizontal(*shares)


def compile_score(model: Model, kinds: Mapping[str, Kind], later: Mapping[str, str]) -> Scorer:
    """The model's methods, compiled. `kinds` are the facts that they may look at, `later` not.

    Raises ProblemsError with the problems of all methods.
    """
    problems: list[Problem] = []
    methods: list[WeightedMethod] = []
    for name in METHODS:
        try:
            methods += _compile_method(model, name, kinds, later)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(dict.fromkeys(problems))
    lines = [line for weighted in methods for line in weighted.lines()]
    if len(lines) > MOST_LINES:
        what = f"has {len(lines):,} lines; a score can have {MOST_LINES:,}."
        raise ProblemsError(
            [model.document.problem((), what, "Use fewer rules, groups or segments.")]
        )
    return Scorer(
        tuple(methods),
        (*lines, TOO_LOW, TOO_HIGH),
        model.file.step,
        kinds,
        model.segments,
        model.file.scale,
    )


def _compile_method(
    model: Model, name: str, kinds: Mapping[str, Kind], later: Mapping[str, str]
) -> list[WeightedMethod]:
    """The method if the model has it; one without a weight gives its verdicts but no points."""
    weight = model.file.score.get(name, 0.0)
    section = model.sections.get(name)
    if section is None:
        if not weight:
            return []
        entry = METHODS[name].section
        what = f'"{name}" counts in the score, and its section is missing.'
        hint = f"Add {' and '.join(entry.model_fields)}. {did_you_mean(name, model.sections)}"
        raise ProblemsError([model.document.problem(("score", name), what, hint)])
    step = model.file.step
    unit = step / weight if weight else step
    context = Context(model.document, kinds, model.segments, unit, later)
    method = METHODS[name].compile(section, context)
    return [WeightedMethod(name, method, weight, weight / step)]


def _with_missing(frame: pl.DataFrame) -> pl.DataFrame:
    columns = {"probability": NUMBER, "genuine": pl.String(), "genuine:text": pl.String()}
    return frame.with_columns(
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in columns.items()
        if name not in frame.columns
    )


def _by_segment(expressions: Mapping[str, pl.Expr]) -> pl.Expr:
    """The expression of the lead's segment; one for all if there is but one segment."""
    *named, last = expressions.items()
    result = last[1]
    for segment, expression in reversed(named):
        result = pl.when(pl.col("segment") == segment).then(expression).otherwise(result)
    return result


def _fact_weights(
    lines: Iterable[Line], segment: str, kinds: Mapping[str, Kind]
) -> dict[str, float]:
    """What each fact decides of the score: the points at stake in its lines, shared evenly."""
    weights: dict[str, float] = defaultdict(float)
    for line in lines:
        facts = [fact for fact in line.facts if fact in kinds]
        if not line.limits and line.segment in (None, segment):
            for fact in facts:
                weights[fact] += max(line.most, -line.least) / len(facts)
    return {fact: weight for fact, weight in weights.items() if weight > 0}
