"""The operators of criteria: one table of what each applies to, takes, compiles to and says.

| operator | facts | holds when the fact |
|---|---|---|
| is, is_not | text, number, boolean | equals the value, or not |
| in, not_in | text, number, list | is (or holds) one of the values, or none of them |
| at_least, at_most, above, below | number, date, range | lies on that side of the value |
| between | number, date, range | lies between two values, both included |
| contains | text, list | contains the text; one of the texts, if several are given |
| starts_with, ends_with | text | begins or ends so |
| matches | text | matches a regular expression (Rust syntax, any case) |
| within_days, older_than_days | date | is at most, or more than, so many days before `as_of` |
| known | all | is known, or not |

A range of employees is at least 50 if its low end is, and at most 50 if its high end is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args

import polars as pl

from scoring.criteria.forms import FormName, fold
from scoring.lead import Kind
from scoring.words import days, label, one_of, spoken, yes_no

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KINDS: tuple[Kind, ...] = get_args(Kind)
DATES: tuple[Kind, ...] = ("date", "datetime")
ORDERED: tuple[Kind, ...] = ("number", "date", "datetime", "range")


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: the kinds of facts it compares, how many values it takes, what it says.

    `takes` is one value of the fact's kind, several, one or several, a span of two, a whole number
    of days, or a yes or no. `build` makes the expression from the column and the value.
    """

    kinds: tuple[Kind, ...]
    takes: str
    build: Callable[[pl.Expr, Any], pl.Expr]
    says: Callable[[str, Any], str]


def form_of(operator: str, kind: Kind) -> FormName:
    """The form of a fact that an operator compares."""
    if kind in ("text", "list"):
        return "folded"
    if kind == "range":
        return "high" if operator in ("at_most", "below") else "low"
    if kind in DATES:
        return "days" if operator.endswith("_days") else "date"
    return "number" if kind == "number" else "plain"


def wrong_value(operator: str, kind: Kind, value: Any) -> str | None:
    """Why the operator cannot compare a fact of this kind with the value; None if it can."""
    takes = OPERATORS[operator].takes
    if takes == "days":
        return None if _is_whole(value) and value >= 0 else "must be a whole number of days"
    if takes == "flag":
        return None if isinstance(value, bool) else "must be true or false"
    if takes == "span":
        fine = isinstance(value, list) and len(value) == 2 and _comparable(value, kind)  # noqa: PLR2004 — two ends
        return None if fine else f"must be [from, to], each {KIND_NAMES[kind]}, from not above to"
    if takes == "several" or (takes == "one or several" and isinstance(value, list)):
        fine = isinstance(value, list) and bool(value) and all(fits(v, kind) for v in value)
        return None if fine else f"must be a list, each {KIND_NAMES[kind]}"
    return None if fits(value, kind) else f"must be {KIND_NAMES[kind]}"


def operand(operator: str, kind: Kind, value: Any) -> Any:
    """A value as it is compared with facts of this kind."""
    if isinstance(value, list):
        return [operand(operator, kind, part) for part in value]
    if operator == "matches":
        return value
    if kind in ("text", "list"):
        return fold(value) if isinstance(value, str) else value
    if kind in ("number", "range") and operator != "known":
        return float(value)
    return value.date() if isinstance(value, datetime) else value


KIND_NAMES: Mapping[Kind, str] = {
    "text": "a text",
    "list": "a text",
    "number": "a number",
    "range": "a number",
    "boolean": "true or false",
    "date": "a date (2026-01-31)",
    "datetime": "a date (2026-01-31)",
}
"""What a value is called that facts of each kind are compared with."""


def fits(value: Any, kind: Kind) -> bool:
    """Whether a value of the file can be compared with facts of this kind."""
    if kind in ("text", "list"):
        return isinstance(value, str) and bool(value.strip())
    if kind in DATES:
        return isinstance(value, date)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 — not NaN


def _comparable(value: list[Any], kind: Kind) -> bool:
    if not all(fits(end, kind) for end in value):
        return False
    low, high = operand("between", kind, value)
    return bool(low <= high)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def comparison(operator: str, kind: Kind, columns: Callable[[str], pl.Expr], value: Any) -> pl.Expr:
    """The expression of one comparison; null where the fact is not known.

    `columns` gives the column in the form that an operator compares.
    """
    if operator == "between" and kind == "range":
        low, high = float(value[0]), float(value[1])
        return (columns("at_least") >= low) & (columns("at_most") <= high)
    if kind == "list" and operator != "known":
        values = value if isinstance(value, list) else [value]
        holds = pl.any_horizontal(*(columns(operator).list.contains(text) for text in values))
        return ~holds if operator == "not_in" else holds
    return OPERATORS[operator].build(columns(operator), value)


def _any_of(test: Callable[[pl.Expr, str], pl.Expr]) -> Callable[[pl.Expr, Any], pl.Expr]:
    def build(column: pl.Expr, value: Any) -> pl.Expr:
        texts = value if isinstance(value, list) else [value]
        return pl.any_horizontal(*(test(column, text) for text in texts))

    return build


def _phrase(template: str) -> Callable[[str, Any], str]:
    def says(fact: str, value: Any) -> str:
        text = one_of(value) if isinstance(value, list) else spoken(value)
        return template.format(label(fact), text)

    return says


def _says_between(fact: str, value: Any) -> str:
    return f"{label(fact)} from {spoken(value[0])} to {spoken(value[1])}"


def _says_is(fact: str, value: Any) -> str:
    if isinstance(value, bool):
        return yes_no(fact, yes=value)
    return f"{label(fact)} is {spoken(value)}"


def _says_is_not(fact: str, value: Any) -> str:
    if isinstance(value, bool):
        return yes_no(fact, yes=not value)
    return f"{label(fact)} is not {spoken(value)}"


def _says_within(fact: str, value: Any) -> str:
    return f"{label(fact)} in the last {days(value)}" if value else f"{label(fact)} today"


def _says_known(fact: str, value: Any) -> str:
    return f"{label(fact)} is {'known' if value else 'not known'}"


OPERATORS: dict[str, Operator] = {
    "is": Operator(("text", "number", "boolean"), "one", lambda c, v: c == pl.lit(v), _says_is),
    "is_not": Operator(
        ("text", "number", "boolean"), "one", lambda c, v: c != pl.lit(v), _says_is_not
    ),
    "in": Operator(
        ("text", "number", "list"), "several", lambda c, v: c.is_in(v), _phrase("{} is {}")
    ),
    "not_in": Operator(
        ("text", "number", "list"), "several", lambda c, v: ~c.is_in(v), _phrase("{} is not {}")
    ),
    "at_least": Operator(ORDERED, "one", lambda c, v: c >= v, _phrase("{} at least {}")),
    "at_most": Operator(ORDERED, "one", lambda c, v: c <= v, _phrase("{} at most {}")),
    "above": Operator(ORDERED, "one", lambda c, v: c > v, _phrase("{} above {}")),
    "below": Operator(ORDERED, "one", lambda c, v: c < v, _phrase("{} below {}")),
    "between": Operator(ORDERED, "span", lambda c, v: c.is_between(*v), _says_between),
    "contains": Operator(
        ("text", "list"),
        "one or several",
        _any_of(lambda c, text: c.str.contains(text, literal=True)),
        _phrase("{} contains {}"),
    ),
    "starts_with": Operator(
        ("text",),
        "one or several",
        _any_of(lambda c, t: c.str.starts_with(t)),
        _phrase("{} begins with {}"),
    ),
    "ends_with": Operator(
        ("text",),
        "one or several",
        _any_of(lambda c, t: c.str.ends_with(t)),
        _phrase("{} ends with {}"),
    ),
    "matches": Operator(
        ("text",), "one", lambda c, v: c.str.contains(f"(?i){v}"), _phrase("{} matches {}")
    ),
    "within_days": Operator(DATES, "days", lambda c, v: c <= v, _says_within),
    "older_than_days": Operator(
        DATES, "days", lambda c, v: c > v, lambda f, v: f"{label(f)} more than {days(v)} ago"
    ),
    "known": Operator(KINDS, "flag", lambda c, v: c if v else ~c, _says_known),
}
"""Every operator by the name that model files use."""
