"""Search filters: what each operator means for each type of property."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import milliseconds
from connector.sandbox.hubspot.failures import invalid
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.store import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.hubspot.properties import Catalog

Properties = dict[str, str]
Test = Callable[[Properties, Record], bool]
Reader = Callable[[str], Any]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
}
OPERATORS = {
    *COMPARISONS, "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
}  # fmt: skip
_TOKENS = re.compile(r"\w+", re.UNICODE)


def test_of(catalog: Catalog, given: Mapping[str, Any]) -> Test:
    """Make the test that a filter describes; raises `ApiFailure` 400."""
    absent = [key for key in ("propertyName", "operator") if not given.get(key)]
    if absent:
        raise invalid(
            "Invalid input JSON on line 1, column 1: Cannot build Filter, some of required "
            f"attributes are not set [{', '.join(absent)}]"
        )
    name, operator = str(given["propertyName"]), str(given["operator"])
    if operator not in OPERATORS:
        raise invalid(f"Invalid input JSON: {operator} is not a search operator")
    if name.startswith("associations."):
        return _associated(name.partition(".")[2], operator, given)
    definition = catalog.properties.get(name)
    if definition is None:
        message = "There was a problem with the request."
        detail = {"message": f"Property '{name}' does not exist", "code": "PROPERTY_DOESNT_EXIST"}
        raise invalid(message, errors=[detail | {"context": {"propertyName": [name]}}])
    return _test(name, operator, given, reader_of(definition.type))


def reader_of(property_type: str) -> Reader:
    """Choose how values of a type are compared: exact, as text, as a number or as a moment."""
    return _READERS.get(property_type, _exact)


def _test(name: str, operator: str, given: Mapping[str, Any], read: Reader) -> Test:
    if operator.endswith("HAS_PROPERTY"):
        present = operator == "HAS_PROPERTY"
        return lambda held, _: (name in held) is present
    if operator in ("IN", "NOT_IN"):
        return _among(name, operator, given, read)
    wanted = _wanted(given, "value", operator)
    if operator.endswith("CONTAINS_TOKEN"):
        return _containing(name, wanted, negated=operator.startswith("NOT"))
    low = _value(read, wanted, name)
    if operator == "BETWEEN":
        high = _value(read, _wanted(given, "highValue", operator), name)
        return lambda held, _: name in held and low <= read(held[name]) <= high
    compare = COMPARISONS[operator]
    return lambda held, _: name in held and compare(read(held[name]), low)


def _among(name: str, operator: str, given: Mapping[str, Any], read: Reader) -> Test:
    values = given.get("values")
    if not isinstance(values, list) or not values:
        raise invalid(f"Invalid input JSON: operator {operator} requires values")
    plain = read is _folded  # values for text must come in lower case; they are not folded here
    chosen = {str(v) if plain else _value(read, str(v), name) for v in values}
    if operator == "IN":
        return lambda held, _: name in held and read(held[name]) in chosen
    return lambda held, _: name in held and read(held[name]) not in chosen


def _containing(name: str, wanted: str, *, negated: bool) -> Test:
    patterns = wanted.lower().split()

    def contains(held: Properties, _: Record) -> bool:
        if name not in held:
            return False
        text = held[name].lower()
        tokens = [text, *_TOKENS.findall(text), *text.split()]
        found = all(any(fnmatchcase(t, p) for t in tokens) for p in patterns)
        return found is not negated

    return contains


def _associated(other: str, operator: str, given: Mapping[str, Any]) -> Test:
    kind = kind_of(other)
    if operator == "EQ":
        ids = {_wanted(given, "value", operator)}
    elif operator == "IN":
        ids = {str(v) for v in given.get("values") or []}
    else:
        raise invalid(f"Operator {operator} is not supported for associations")
    return lambda _, record: any(str(i) in ids for i in record.linked(kind.name))


def _wanted(given: Mapping[str, Any], key: str, operator: str) -> str:
    value = given.get(key)
    if value is None or value == "":
        raise invalid(f"Invalid input JSON: operator {operator} requires {key}")
    return str(value)


def _value(read: Reader, text: str, name: str) -> Any:
    found = read(text)
    if found != found:  # noqa: PLR0124 — not a number
        raise invalid(f"{text} is not a valid value for property {name}")
    return found


def _exact(text: str) -> str:
    return text


def _folded(text: str) -> str:
    return text.lower()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


@lru_cache(maxsize=1 << 18)
def _moment(text: str) -> float:
    try:
        if text.lstrip("-").isdigit():
            return int(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("nan")
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


_READERS: dict[str, Reader] = {
    "string": _folded,
    "number": _number,
    "datetime": _moment,
    "date": _moment,
}
