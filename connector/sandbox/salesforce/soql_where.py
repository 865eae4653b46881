"""Conditions of a query, compiled to functions over records.

A comparison with null is never true, except that `!=` and NOT IN also let null pass. Texts are
compared without regard to case, ids with regard to it and in either length.
"""

from __future__ import annotations

import operator
import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.clock import moment_of, stamp
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.fields import NUMBERS
from connector.sandbox.salesforce.ids import normalised
from connector.sandbox.salesforce.soql_dates import period
from connector.sandbox.salesforce.soql_words import (
    Combination,
    Comparison,
    Condition,
    Literal,
    Membership,
    Query,
    malformed,
    placed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.soql_paths import Paths
    from connector.sandbox.salesforce.store import Record

    Predicate = Callable[[Record], bool]

ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
IDS = frozenset({"id", "reference"})
KINDS: dict[str, tuple[frozenset[str], str]] = {
    **dict.fromkeys(
        NUMBERS, (frozenset({"number"}), "double and should not be enclosed in quotes")
    ),
    "boolean": (frozenset({"boolean"}), "boolean and should not be enclosed in quotes"),
    "date": (frozenset({"date", "period"}), "date and should not be enclosed in quotes"),
    "datetime": (
        frozenset({"datetime", "period"}),
        "dateTime and should not be enclosed in quotes",
    ),
}
QUOTED = (frozenset({"text"}), "string and should be enclosed in quotes")


class Conditions:
    """Compiles the conditions of one query. `semi_join` answers the values of an inner query."""

    def __init__(
        self,
        paths: Paths,
        text: str,
        today: Callable[[], date],
        semi_join: Callable[[Query], set[Any]],
    ) -> None:
        self._paths = paths
        self._text = text
        self._today = today
        self._semi_join = semi_join

    def compile(self, condition: Condition) -> Predicate:
        """A function that says whether a record satisfies the condition."""
        match condition:
            case Combination("NOT", (part,)):
                inner = self.compile(part)
                return lambda record: not inner(record)
            case Combination("AND", parts):
                every = [self.compile(part) for part in parts]
                return lambda record: all(test(record) for test in every)
            case Combination(_, parts):
                some = [self.compile(part) for part in parts]
                return lambda record: any(test(record) for test in some)
            case Comparison():
                return self._comparison(condition)
            case Membership():
                return self._membership(condition)

    def _comparison(self, item: Comparison) -> Predicate:
        found = self._paths.resolve(item.path)
        field, value = found.field, found.value
        _check_filterable(field)
        if item.operator == "LIKE":
            return self._like(field, value, item.literal)
        self._check_kind(field, item.literal)
        if item.literal.kind == "period":
            return _in_period(value, item.operator, self._bounds(field, item.literal))
        wanted = self._value(field, item.literal)
        if wanted is None:
            return _null_test(value, item.operator)
        return _test(_folded(field, value), item.operator, wanted)

    def _like(self, field: Field, value: Callable[[Record], Any], literal: Literal) -> Predicate:
        if literal.kind != "text" or field.type in NUMBERS or field.type in {*IDS, "boolean"}:
            message = f"invalid operator on {field.name} field"
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", message)
        pattern = _like_pattern(literal.value)

        def test(record: Record) -> bool:
            held = value(record)
            return held is not None and pattern.fullmatch(held) is not None

        return test

    def _membership(self, item: Membership) -> Predicate:
        found = self._paths.resolve(item.path)
        field, value = found.field, _folded(found.field, found.value)
        _check_filterable(field)
        if item.query is not None:
            members = self._semi_join(item.query)
        else:
            for literal in item.values:
                self._check_kind(field, literal)
            if any(literal.kind == "period" for literal in item.values):
                return self._any_period(item)
            members = {self._value(field, literal) for literal in item.values}
        if item.operator in {"INCLUDES", "EXCLUDES"}:
            return _includes(value, members, wanted=item.operator == "INCLUDES")
        if item.operator == "IN":
            return lambda record: value(record) in members
        return lambda record: value(record) not in members

    def _any_period(self, item: Membership) -> Predicate:
        tests = [self._comparison(Comparison(item.path, "=", literal)) for literal in item.values]
        if item.operator == "IN":
            return lambda record: any(test(record) for test in tests)
        return lambda record: not any(test(record) for test in tests)

    def _check_kind(self, field: Field, literal: Literal) -> None:
        kinds, wanted = KINDS.get(field.type, QUOTED)
        if literal.kind == "null" or literal.kind in kinds:
            return
        if literal.kind == "period" and period(literal.value, self._today()) is None:
            message = f"unexpected token: '{literal.value}'"
            raise malformed(self._text, literal.at, message)
        raise placed(
            "INVALID_FIELD",
            self._text,
            literal.at,
            f"value of filter criterion for field '{field.name}' must be of type {wanted}",
        )

    def _value(self, field: Field, literal: Literal) -> Any:
        if literal.kind == "datetime":
            return self._moment(literal)
        if literal.kind == "date":
            return literal.value
        if literal.kind != "text":
            return literal.value
        if field.type in IDS:
            known = normalised(literal.value)
            if known is None:
                message = f"invalid ID field: {literal.value}"
                raise placed("INVALID_QUERY_FILTER_OPERATOR", self._text, literal.at, message)
            return known
        return literal.value.replace("\\%", "%").replace("\\_", "_").lower()

    def _moment(self, literal: Literal) -> str:
        try:
            return stamp(moment_of(literal.value))
        except ValueError:
            message = f"line 1:{literal.at} no viable alternative at {literal.value}"
            raise malformed(self._text, literal.at, message) from None

    def _bounds(self, field: Field, literal: Literal) -> tuple[str, str]:
        found = period(literal.value, self._today())
        if found is None:
            raise malformed(self._text, literal.at, f"unexpected token: '{literal.value}'")
        if field.type == "date":
            return found[0].isoformat(), found[1].isoformat()
        first, after = (stamp(datetime.combine(day, time(), UTC)) for day in found)
        return first, after


def _check_filterable(field: Field) -> None:
    if not field.filterable:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise ApiError("INVALID_FIELD", message)


def _folded(field: Field, value: Callable[[Record], Any]) -> Callable[[Record], Any]:
    if field.type in IDS or field.type in KINDS:
        return value

    def folded(record: Record) -> Any:
        held = value(record)
        return None if held is None else held.lower()

    return folded


def _null_test(value: Callable[[Record], Any], sign: str) -> Predicate:
    if sign == "=":
        return lambda record: value(record) is None
    if sign == "!=":
        return lambda record: value(record) is not None
    return lambda _record: False


def _test(value: Callable[[Record], Any], sign: str, wanted: Any) -> Predicate:
    if sign == "=":
        return lambda record: value(record) == wanted
    if sign == "!=":
        return lambda record: value(record) != wanted
    compare = ORDERED[sign]

    def test(record: Record) -> bool:
        held = value(record)
        return held is not None and compare(held, wanted)

    return test


def _in_period(value: Callable[[Record], Any], sign: str, bounds: tuple[str, str]) -> Predicate:
    first, after = bounds
    match sign:
        case "<":
            return _test(value, "<", first)
        case "<=":
            return _test(value, "<", after)
        case ">":
            return _test(value, ">=", after)
        case ">=":
            return _test(value, ">=", first)
        case _:
            return _inside(value, bounds, wanted=sign == "=")


def _inside(value: Callable[[Record], Any], bounds: tuple[str, str], *, wanted: bool) -> Predicate:
    first, after = bounds

    def test(record: Record) -> bool:
        held = value(record)
        return (held is not None and first <= held < after) == wanted

    return test


def _includes(value: Callable[[Record], Any], members: set[Any], *, wanted: bool) -> Predicate:
    groups = [set(member.split(";")) for member in members if member]

    def test(record: Record) -> bool:
        held = set((value(record) or "").split(";"))
        return any(group <= held for group in groups) == wanted

    return test


def _like_pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\\%|\\_|%|_)", text)
    meaning = {"%": ".*", "_": ".", "\\%": "%", "\\_": "_"}
    pattern = "".join(meaning.get(part) or re.escape(part) for part in parts)
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)
