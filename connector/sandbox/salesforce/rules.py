"""Rules on one value of one field: from JSON or CSV text to the stored form, or a refusal."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.clock import moment_of, stamp
from connector.sandbox.salesforce.errors import ApiError, row_error
from connector.sandbox.salesforce.fields import NUMBERS, TEXTS
from connector.sandbox.salesforce.ids import normalised

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.fields import Field

EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}")


def from_json(field: Field, value: Any) -> Any:
    """The stored form of a JSON value.

    Raises ApiError JSON_PARSER_ERROR, which refuses the whole request, for a value of another type.
    """
    if value is None:
        return None
    try:
        return _decoder(field)(value)
    except (ValueError, TypeError):
        kind = {bool: "BOOLEAN", int: "NUMBER_INT", float: "NUMBER_FLOAT", str: "STRING"}
        named = kind.get(type(value), "OBJECT")
        message = (
            f"Cannot deserialize instance of {field.type} from VALUE_{named} value {value} "
            "or request may be missing a required field at [line:1, column:1]"
        )
        raise ApiError("JSON_PARSER_ERROR", message) from None


def from_text(field: Field, text: str) -> Any:
    """The stored form of a CSV cell; raises the row error of a value of another type."""
    try:
        if field.type == "boolean":
            return _boolean(text.strip().lower())
        return _decoder(field)(text)
    except (ValueError, TypeError):
        message = f"{field.label}: value not of required type: {text}"
        raise row_error("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field.name) from None


def check(field: Field, value: Any) -> None:
    """Refuse a stored form that the field's rules forbid; None is always let through."""
    if value is None:
        return
    rule = RULES.get(field.type)
    if rule:
        rule(field, value)
    if field.type in TEXTS and field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise row_error("STRING_TOO_LONG", message, field.name)


def _decoder(field: Field) -> Callable[[Any], Any]:
    if field.type in NUMBERS:
        return _whole if field.type == "int" else _number
    return DECODERS.get(field.type, _text)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise TypeError
    return str(value).strip() or None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str) and not value.strip():
        return None
    number = float(value)
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124 — NaN
        raise ValueError
    return number


def _whole(value: Any) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if number != int(number):
        raise ValueError
    return int(number)


def _boolean(value: Any) -> bool:
    known = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
    if not isinstance(value, (bool, str)) or value not in known:
        raise ValueError
    return known[value]


def _day(value: Any) -> str | None:
    if not isinstance(value, str):
        raise TypeError
    return date.fromisoformat(value[:10]).isoformat() if value else None


def _moment(value: Any) -> str | None:
    if not isinstance(value, str):
        raise TypeError
    return stamp(moment_of(value)) if value else None


DECODERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
}


def _is_id(field: Field, value: str) -> None:
    if normalised(value) is None:
        raise row_error(
            "MALFORMED_ID", f"{field.label} ID: id value of incorrect type: {value}", field.name
        )


def _is_email(field: Field, value: str) -> None:
    if not EMAIL.fullmatch(value) or ".." in value:
        raise row_error(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", field.name
        )


def _is_in_range(field: Field, value: float) -> None:
    digits = field.precision - field.scale if field.precision else 9
    if abs(value) >= 10**digits:
        text = int(value) if value == int(value) else value
        raise row_error(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {text}",
            field.name,
        )


def _is_listed(field: Field, value: str) -> None:
    if not field.restricted:
        return
    known = {option.value.lower() for option in field.options if option.active}
    chosen = value.split(";") if field.type == "multipicklist" else [value]
    for part in chosen:
        if part.lower() not in known:
            raise row_error(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {part}",
                field.name,
            )


RULES: dict[str, Callable[[Field, Any], None]] = {
    "reference": _is_id,
    "email": _is_email,
    "picklist": _is_listed,
    "multipicklist": _is_listed,
    **dict.fromkeys(NUMBERS, _is_in_range),
}
