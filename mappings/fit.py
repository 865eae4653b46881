"""Which facts fit which CRM fields: types, digits, lengths and picklist values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from mappings.entry_checks import WORDS
from mappings.wire import NUMERIC, canonical
from scoring.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mappings.schema import Field, FieldType
    from scoring.document import Document, Path
    from scoring.lead import Kind

_TEXTS: tuple[FieldType, ...] = ("text", "long_text")
_PICKED: tuple[FieldType, ...] = ("picklist", "multi_picklist")

_READ: dict[str, tuple[FieldType, ...]] = {
    "email": ("email",),
    "phone": ("phone",),
    "domain": ("url", "email"),
    "country": ("picklist",),
    "seniority": ("picklist",),
    "list": _PICKED,
    "integer": (*NUMERIC, "picklist"),
    "number": (*NUMERIC, "picklist"),
    "money": (*NUMERIC, "picklist"),
    "percent": (*NUMERIC, "picklist"),
    "employee_range": ("integer", "number", "picklist"),
    "boolean": ("boolean", "picklist", "integer", "number"),
    "date": ("date", "datetime", "picklist", "integer", "number"),
    "datetime": ("datetime", "date", "integer", "number"),
}
"""What a transform can read beside text; a transform that is not here reads anything."""

_WRITE: dict[Kind, tuple[FieldType, ...]] = {
    "text": (*_TEXTS, *_PICKED, "email", "phone", "url"),
    "number": (*_TEXTS, *NUMERIC),
    "boolean": (*_TEXTS, "boolean"),
    "date": (*_TEXTS, "date"),
    "datetime": (*_TEXTS, "datetime", "date"),
    "list": (*_TEXTS, *_PICKED),
    "range": _TEXTS,
}

_WITHIN_100 = ("score", "fit", "engagement", "coverage", "probability")
_DIGITS = dict.fromkeys(_WITHIN_100, 3) | {"engagement_level": 1}


@dataclass(frozen=True)
class Findings:
    """What a check has found so far: errors stop a run, warnings are only shown."""

    document: Document
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path: Path, what: str, fix: str = "") -> None:
        """Add what must be mended first."""
        self.errors.append(self.document.problem(path, what, fix))

    def warn(self, path: Path, what: str, fix: str = "") -> None:
        """Add what may be meant."""
        self.warnings.append(self.document.problem(path, what, fix))


def readable_types(transform: str) -> tuple[FieldType, ...] | None:
    """The field types that a transform reads; None: all of them."""
    return (*_READ[transform], *_TEXTS) if transform in _READ else None


def writable_types(kind: Kind) -> tuple[FieldType, ...]:
    """The field types that a fact of this kind can be written to without a value map."""
    return _WRITE[kind]


def check_digits(found: Findings, path: Path, name: str, target: Field) -> None:
    """A verdict's number needs room before the decimal point: 0–100 needs three digits."""
    needed = _DIGITS.get(name, 0)
    room = target.precision - (target.scale or 0)
    if target.type in NUMERIC and target.precision and room < needed:
        what = f'"{target.name}" holds {_count(room, "digit")} before the decimal point; {name} needs {needed}.'
        found.error(path, what, "Widen the field or choose another.")


def check_words(found: Findings, path: Path, words: Iterable[str], target: Field) -> None:
    """Every word that will be written is a value that the field can hold."""
    told = list(filter(None, words))
    if target.length and target.type not in _PICKED:
        told = [max(told, key=len)] if told else []  # the longest speaks for all
    for word in told:
        if complaint := _complaint(word, target):
            found.error(path, f'"{target.name}" {complaint}.', _word_fix(word, target))


def check_any_text(found: Findings, path: Path, target: Field) -> None:
    """Free text in a field that has few values, or little room."""
    if target.type in _PICKED:
        what = f'"{target.name}" is a picklist, and any text may be written to it.'
        add = found.error if target.restricted else found.warn
        add(path, what, "Give a value map, or choose a text field.")
    elif target.type in _TEXTS and 0 < target.length < 255:  # noqa: PLR2004 — a short text field
        what = f'"{target.name}" holds {target.length} characters; longer text will be cut.'
        found.warn(path, what)


def check_length(found: Findings, path: Path, length: int | None, target: Field) -> None:
    """Only text can be cut."""
    if length is not None and target.type not in _TEXTS:
        what = f'"{target.name}" is a {target.type} field; only text can be cut.'
        found.error((*path, "max_length"), what, "Leave it out.")


def own_words(name: str) -> tuple[str, ...]:
    """The few values of a verdict field, or nothing where it is free."""
    return WORDS.get(name, ())


def _complaint(word: str, target: Field) -> str:
    if target.type in _PICKED:
        known = target.values
        return "" if word in known or not (known or target.restricted) else f'has no value "{word}"'
    if target.length and len(word) > target.length:
        return f'holds {target.length} characters, and "{word}" has {len(word)}'
    if target.type in (*NUMERIC, "boolean", "date", "datetime") and not _is_value(word, target):
        return f'is a {target.type} field, and "{word}" is not a value of it'
    return ""


def _is_value(word: str, target: Field) -> bool:
    """Whether the text has a canonical form of the field's type."""
    shape = {
        "boolean": r"^(true|false)$",
        "date": r"^\d{4}-\d{2}-\d{2}$",
        "datetime": r"^\d{4}-\d{2}-\d{2}T[0-9:.]+Z$",
    }.get(target.type, r"^-?\d+(\.\d+)?$")
    text = pl.Series([word], dtype=pl.String)
    return bool(pl.select(canonical(pl.lit(text), target).str.contains(shape)).item())


def _word_fix(word: str, target: Field) -> str:
    if target.type not in _PICKED:
        return ""
    near = did_you_mean(word, target.values)
    return near or "Add it to the picklist, or map to a value that is there."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
