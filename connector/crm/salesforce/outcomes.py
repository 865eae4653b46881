"""Row results as outcome frames: one row each, no rejected values in the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce.remedies import SKIPPED, remedy
from connector.engine.ports import CONVERSION_OUTCOMES, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VALUED = re.compile(
    r"((?:data value too large|bad value for restricted picklist field|invalid email address"
    r"|value outside of valid range on numeric field|invalid convertedStatus"
    r"|id value of incorrect type)): .*?(?= \(max length=\d+\)|$)",
    re.DOTALL,
)
_EMAIL = re.compile(r"[^\s@:,;<>()\"']+@[^\s@:,;<>()\"']+")
_STATED = re.compile(r"^\s*([A-Za-z_.]{3,80}):(.*?):?([\w, ]*?)\s*--\s*$", re.DOTALL)
_OWN_WORDS = ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER")
_LONGEST = 255
_SHORTEST_VALUE = 2


@dataclass(frozen=True, slots=True)
class RowError:
    """Why Salesforce refused one row: its code, the field it blames, its words."""

    code: str
    field: str = ""
    message: str = ""

    @classmethod
    def of(cls, errors: Sequence[dict[str, Any]]) -> RowError:
        """The first of a row's errors, as REST's collections tell them."""
        if not errors:
            return cls("UNKNOWN_EXCEPTION")
        first = errors[0]
        code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN_EXCEPTION")
        return cls(code, ", ".join(first.get("fields") or ()), str(first.get("message") or ""))

    @classmethod
    def of_bulk(cls, stated: str) -> RowError:
        """A row's error as a bulk job tells it: `CODE:message:Field1,Field2 --`."""
        found = _STATED.match(stated)
        if not found:
            return cls(stated.split(":", 1)[0][:80] or "UNKNOWN_EXCEPTION")
        code, message, fields = found.groups()
        return cls(code, fields.strip().replace(",", ", ").replace("  ", " "), message.strip())


def without_values(error: RowError, values: Iterable[str | None]) -> str:
    """The CRM's words without any value that was sent and without e-mail addresses."""
    message = error.message.split(" caused by:")[0] if error.code in _OWN_WORDS else error.message
    message = _VALUED.sub(r"\1", message)
    for value in sorted(filter(None, values), key=len, reverse=True):
        if len(value) >= _SHORTEST_VALUE:
            message = message.replace(value.strip() or value, "…")
    return _EMAIL.sub("…", message).strip()[:_LONGEST]


def outcome(
    record: str, error: RowError | None, values: Iterable[str | None] = ()
) -> dict[str, Any]:
    """The outcome row of one record: applied, skipped because it is moot, or rejected."""
    if error is None:
        return {"@id": record, "outcome": "applied"}
    if error.code in SKIPPED:
        return _row(record, "skipped", error, SKIPPED[error.code], "")
    words = without_values(error, values)
    return _row(record, "rejected", error, words, remedy(error.code))


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Outcome rows as the frame that every writing call answers."""
    return pl.DataFrame(rows, schema=OUTCOMES)


def conversion_frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Outcome rows with the opportunity's id."""
    return pl.DataFrame(rows, schema=CONVERSION_OUTCOMES)


def applied(ids: pl.Series) -> pl.DataFrame:
    """The outcome frame of records that were all written."""
    blank = [
        pl.lit(None, dtype=pl.String).alias(n) for n in OUTCOMES if n not in ("@id", "outcome")
    ]
    return pl.DataFrame({"@id": ids}).select("@id", pl.lit("applied").alias("outcome"), *blank)


def _row(record: str, kind: str, error: RowError, message: str, fix: str) -> dict[str, Any]:
    return {
        "@id": record,
        "outcome": kind,
        "code": error.code,
        "field": error.field or None,
        "message": message,
        "remedy": fix,
    }
