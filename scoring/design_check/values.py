"""Of each fact the few values that matter: one for every way in which the model's criteria see it.

Between two neighbouring numbers that criteria name, all numbers are alike to them. So a finite set
stands for all values, and a set of values is a bit mask. The last value of every fact is None:
not known.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from scoring.criteria import Scope, compile_criterion, prepare
from scoring.criteria.forms import fold
from scoring.criteria.operators import DATES
from scoring.lead import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.criteria.tree import Comparison
    from scoring.document import Document
    from scoring.lead import Kind

Mode = Literal["true", "false", "not true", "not false"]

PARTS = ("contains", "starts_with", "ends_with")
OTHER_TEXT = "something else"
_MOST_PAIRS = 40
_LONG_AGO = 3_650


class Values:
    """The values of every fact, and for which of them a comparison is true, false or unknown."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        comparisons: Iterable[Comparison],
        document: Document,
        as_of: date,
        *,
        fixed: Mapping[str, list[Any]],
    ) -> None:
        self.kinds = kinds
        self.as_of = as_of
        self._scope = Scope(document, kinds)
        self._asked: dict[str, list[Comparison]] = {}
        for comparison in comparisons:
            self._asked.setdefault(comparison.fact, []).append(comparison)
        self._fixed = fixed
        self._values: dict[str, list[Any]] = {}
        self._masks: dict[tuple[str, str, str], tuple[int, int]] = {}

    def of(self, fact: str) -> list[Any]:
        """The values that stand for all others, None (not known) last."""
        if fact not in self._values:
            if fact in self._fixed:
                values = self._fixed[fact]
            else:
                asked = self._asked.get(fact, [])
                values = [*_values(self.kinds[fact], asked, self.as_of), None]
            self._values[fact] = values
        return self._values[fact]

    def all(self, fact: str) -> int:
        """The mask of all values of a fact."""
        return (1 << len(self.of(fact))) - 1

    def mask(self, comparison: Comparison, mode: Mode) -> int:
        """The values for which the comparison is so."""
        true, false = self._true_false(comparison)
        every = self.all(comparison.fact)
        if comparison.operator == "matches":
            return self._free(comparison.fact, mode)
        masks = {
            "true": true,
            "false": false,
            "not true": every & ~true,
            "not false": every & ~false,
        }
        return masks[mode]

    def chosen(self, fact: str, mask: int) -> list[Any]:
        """The values of a mask."""
        return [value for bit, value in enumerate(self.of(fact)) if mask >> bit & 1]

    def spelled(self, fact: str, mask: int) -> bool:
        """Whether criteria name all these texts in full, so that each stands for itself alone."""
        named: set[str | None] = {None}
        for each in self._asked.get(fact, []):
            if each.operator not in (*PARTS, "known", "matches"):
                given = each.value if isinstance(each.value, list) else [each.value]
                named |= {fold(text) for text in given if isinstance(text, str)}
        return all(value in named for value in self.chosen(fact, mask))

    def _free(self, fact: str, mode: Mode) -> int:
        """No value stands for all that a pattern matches: any known one may or may not."""
        known = self.all(fact) >> 1
        return known if mode in ("true", "false") else self.all(fact)

    def _true_false(self, comparison: Comparison) -> tuple[int, int]:
        key = (comparison.fact, comparison.operator, repr(comparison.value))
        if key not in self._masks:
            compiled = compile_criterion(comparison, (), self._scope)
            dtype = DTYPES[self.kinds[comparison.fact]]
            frame = pl.DataFrame(
                {comparison.fact: pl.Series(self.of(comparison.fact), dtype=dtype)}
            )
            frame = prepare(frame, compiled.forms, self.as_of)
            seen = frame.select(compiled.expression.alias("holds"))["holds"].to_list()
            self._masks[key] = (_mask(seen, wanted=True), _mask(seen, wanted=False))
        return self._masks[key]


def _mask(seen: list[bool | None], *, wanted: bool) -> int:
    return sum(1 << bit for bit, holds in enumerate(seen) if holds is wanted)


def _values(kind: Kind, asked: list[Comparison], as_of: date) -> list[Any]:
    if kind == "boolean":
        return [True, False]
    if kind in DATES:
        days = sorted(_days(asked, as_of))
        return [_moment(as_of - timedelta(days=each), kind) for each in days]
    if kind == "text":
        return _texts(asked)
    if kind == "list":
        words = [text for text in _texts(asked) if text != OTHER_TEXT]
        pairs = [list(pair) for pair in combinations(words[:8], 2)]
        return [[OTHER_TEXT], *([word] for word in words), *pairs]
    numbers = around(_numbers(asked))
    return numbers if kind == "number" else _ranges(numbers)


def around(bounds: Iterable[float]) -> list[float]:
    """Each bound, and a value on either side of it that no other bound parts from it."""
    ordered = sorted(set(bounds)) or [1.0]
    gaps = [high - low for low, high in pairwise(ordered)]
    aside = min([1.0, *(gap / 2 for gap in gaps)])
    return sorted({bound + side for bound in ordered for side in (-aside, 0.0, aside)})


def _numbers(asked: Iterable[Comparison]) -> list[float]:
    given = [each.value for each in asked if each.operator != "known"]
    flat = [one for value in given for one in (value if isinstance(value, list) else [value])]
    return [float(one) for one in flat]


def _ranges(bounds: list[float]) -> list[dict[str, float | None]]:
    ends = [*bounds[:20], None]
    return [
        {"low": low, "high": high}
        for low in bounds[:20]
        for high in ends
        if high is None or high >= low
    ]


def _days(asked: Iterable[Comparison], as_of: date) -> set[int]:
    found = {0, _LONG_AGO}
    for each in asked:
        if each.operator.endswith("_days"):
            found |= {each.value, each.value + 1}
        elif each.operator != "known":
            ends = each.value if isinstance(each.value, list) else [each.value]
            for end in ends:
                day = end.date() if isinstance(end, datetime) else end
                found |= {(as_of - day).days + side for side in (-1, 0, 1)}
    return found


def _moment(day: date, kind: Kind) -> date | datetime:
    return day if kind == "date" else datetime.combine(day, time(), UTC)


def _texts(asked: Iterable[Comparison]) -> list[str]:
    whole: list[str] = []
    parts: list[tuple[int, str]] = []
    for each in asked:
        given = each.value if isinstance(each.value, list) else [each.value]
        texts = [fold(text) for text in given if isinstance(text, str)]
        if each.operator in PARTS:
            place = {"starts_with": 0, "contains": 1, "ends_with": 2}[each.operator]
            parts += [(place, text) for text in texts]
        elif each.operator not in ("known", "matches"):
            whole += texts
    single = [text for _, text in parts]
    pairs = [" ".join(text for _, text in sorted(pair)) for pair in combinations(parts, 2)]
    return list(dict.fromkeys([OTHER_TEXT, *whole, *single, *pairs[:_MOST_PAIRS]]))
