"""What values a record may be given: types, options, dates, and what the API refuses to write."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso, milliseconds
from connector.sandbox.hubspot.failures import PropertyError, invalid, invalid_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from connector.sandbox.hubspot.properties import Catalog, Property

LONGEST_TEXT = 65_536
_DAY = 86_400_000
_EMAIL = re.compile(r"[^@\s<>(),;:\"]+@(?:[\w-]+\.)+[\w-]{2,}", re.UNICODE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def texts(given: object) -> dict[str, str]:
    """Read the `properties` of a request body as text; raises `ApiFailure` 400 for null or nesting."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise invalid("Invalid input JSON on line 1, column 1: properties must be an object")
    return {name: _text(name, value) for name, value in given.items()}


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case None:
            raise invalid(f"Invalid input JSON: the value of property {name} must not be null")
        case _:
            raise invalid(f"Invalid input JSON: cannot read the value of property {name} as text")


class Validator:
    """Checks the values that a caller gives to records of one object type."""

    def __init__(self, catalog: Catalog, owners: Callable[[], Collection[str]]) -> None:
        self._catalog = catalog
        self._owners = owners

    def check(self, given: Mapping[str, str], *, internal: bool = False) -> dict[str, str]:
        """Return the values as they are stored.

        Raises `ApiFailure` 400 with every property that is refused. `internal` permits read-only
        properties (what the portal itself writes).
        """
        checked: dict[str, str] = {}
        refused: list[PropertyError] = []
        for name, value in given.items():
            try:
                checked[name] = self._value(name, value, internal=internal)
            except _RefusedError as error:
                refused.append(PropertyError(name, error.code, error.message))
        if refused:
            raise invalid_properties(refused)
        return checked

    def _value(self, name: str, value: str, *, internal: bool) -> str:
        definition = self._catalog.properties.get(name)
        if definition is None:
            raise _RefusedError("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if definition.read_only and not internal:
            message = f'"{name}" is a read only property; its value cannot be set.'
            raise _RefusedError("READ_ONLY_VALUE", message)
        if not value:
            return ""
        if definition.external_options:
            return self._owner(value)
        if name == "email" and self._catalog.kind.name == "contacts":
            return _email(value)
        return _BY_TYPE[definition.type](definition, value)

    def _owner(self, value: str) -> str:
        if value not in self._owners():
            raise _RefusedError("INVALID_OWNER_ID", f"Owner {value} does not exist")
        return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value.strip()):
        raise _RefusedError("INVALID_EMAIL", f"Email address {value} is invalid")
    return value.strip().lower()


def _string(_: Property, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        message = f"Property values must be at most {LONGEST_TEXT} characters long."
        raise _RefusedError("INVALID_STRING_LENGTH", message)
    return value


def _number(_: Property, value: str) -> str:
    try:
        finite = math.isfinite(float(value))
    except ValueError:
        finite = False
    if not finite or "_" in value:
        raise _RefusedError("INVALID_INTEGER", f"{value} was not a valid number")
    return value.strip()


def _option(definition: Property, value: str) -> str:
    parts = value.split(";") if definition.field_type == "checkbox" else [value]
    for part in parts:
        if part and definition.values and part not in definition.values:
            allowed = ", ".join(choice.value for choice in definition.options)
            message = f"{part} was not one of the allowed options: [{allowed}]"
            raise _RefusedError("INVALID_OPTION", message)
    return value


def _date(_: Property, value: str) -> str:
    if _DATE.fullmatch(value):
        _moment(value)
        return value
    ms = _moment(value)
    if ms % _DAY:
        clock = datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")
        raise _RefusedError("INVALID_DATE", f"{value} is at {clock} UTC, not midnight!")
    return iso(ms)[:10]


def _datetime(_: Property, value: str) -> str:
    return iso(_moment(value))


def _moment(value: str) -> int:
    try:
        if value.lstrip("-").isdigit():
            iso(int(value))
            return int(value)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        raise _RefusedError("INVALID_LONG", f"{value} was not a valid long.") from None
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


_BY_TYPE: dict[str, Callable[[Property, str], str]] = {
    "string": _string,
    "number": _number,
    "bool": _option,
    "enumeration": _option,
    "date": _date,
    "datetime": _datetime,
}


def appended(before: str, value: str) -> str:
    """Apply a multiple-choice value; one that begins with `;` adds to those that are there."""
    if not value.startswith(";"):
        return value
    chosen = dict.fromkeys(filter(None, [*before.split(";"), *value.split(";")]))
    return ";".join(chosen)
