"""Custom fields as metadata: from the admin's words to a field and back."""

from __future__ import annotations

import re
from typing import Any

from connector.sandbox.salesforce.errors import row_error
from connector.sandbox.salesforce.fields import LONG_TEXT, Field, Option

TYPES = {
    "Text": "string",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
}
LENGTHS = {"TextArea": LONG_TEXT, "Email": 80, "Phone": 40, "Url": 255, "Picklist": 255}
NUMERIC = frozenset({"Number", "Currency", "Percent"})
UNIQUE = frozenset({"Text", "Number", "Email"})
FULL_NAME = re.compile(r"(\w+)\.([A-Za-z](?:_?[A-Za-z0-9])*)__c")
MOST_DIGITS, LONGEST_NAME = 18, 40
LONG_TEXT_LENGTHS = range(256, 131_073)


def names(full_name: object) -> tuple[str, str]:
    """The object and the field of `Lead.Score__c`; raises the row error of a wrong name."""
    match = FULL_NAME.fullmatch(full_name) if isinstance(full_name, str) else None
    if match is None or len(match[2]) > LONGEST_NAME:
        message = (
            f"Invalid fullName, must end in a custom suffix and hold letters, digits and single "
            f"underscores: {full_name}"
        )
        raise row_error("INVALID_FIELD", message, "FullName")
    return match[1], f"{match[2]}__c"


def field_from(name: str, metadata: dict[str, Any], field_id: str) -> Field:
    """The field that metadata ask for; raises FIELD_INTEGRITY_EXCEPTION for what cannot be."""
    kind = metadata.get("type")
    if kind not in TYPES:
        raise _impossible(f"Field type {kind} is not supported")
    if not metadata.get("label"):
        raise row_error("REQUIRED_FIELD_MISSING", "Required fields are missing: [label]", "label")
    length = _length(kind, metadata)
    precision, scale = _digits(kind, metadata)
    unique, external = bool(metadata.get("unique")), bool(metadata.get("externalId"))
    if (unique or external) and kind not in UNIQUE:
        raise _impossible(f"A field of type {kind} cannot be unique or an external id")
    options, restricted = _options(kind, metadata)
    return Field(
        name=name,
        label=str(metadata["label"]),
        type=TYPES[kind],
        length=length,
        precision=precision,
        scale=scale,
        required=bool(metadata.get("required")),
        custom=True,
        unique=unique,
        external_id=external,
        restricted=restricted,
        options=options,
        default=_default(kind, metadata, options),
        help=metadata.get("inlineHelpText"),
        field_id=field_id,
    )


def metadata_of(field: Field) -> dict[str, Any]:
    """A custom field as metadata."""
    metadata: dict[str, Any] = {
        "type": _kind(field),
        "label": field.label,
        "required": field.required,
        "unique": field.unique,
        "externalId": field.external_id,
        "inlineHelpText": field.help,
        "length": field.length or None,
        "precision": field.precision or None,
        "scale": field.scale if field.precision else None,
        "valueSet": None,
    }
    if field.options:
        values = [
            {"valueName": option.value, "label": option.label, "default": option.default}
            for option in field.options
        ]
        definition = {"sorted": False, "value": values}
        metadata["valueSet"] = {"restricted": field.restricted, "valueSetDefinition": definition}
    return metadata


def _kind(field: Field) -> str:
    if field.long_text:
        return "LongTextArea"
    return next(kind for kind, type_ in TYPES.items() if type_ == field.type)


def _impossible(message: str) -> Exception:
    return row_error("FIELD_INTEGRITY_EXCEPTION", message)


def _length(kind: str, metadata: dict[str, Any]) -> int:
    if kind in LENGTHS:
        return LENGTHS[kind]
    if kind == "MultiselectPicklist":
        return 4099
    if kind not in {"Text", "LongTextArea"}:
        return 0
    length = metadata.get("length")
    allowed = range(1, LONG_TEXT + 1) if kind == "Text" else LONG_TEXT_LENGTHS
    if length not in allowed:
        last = allowed.stop - 1
        raise _impossible(f"Length of a field of type {kind} must be {allowed.start} to {last}")
    if kind == "LongTextArea" and not metadata.get("visibleLines"):
        raise _impossible("Must specify 'visibleLines' for a CustomField of type LongTextArea")
    return int(length or 0)


def _digits(kind: str, metadata: dict[str, Any]) -> tuple[int, int]:
    if kind not in NUMERIC:
        return 0, 0
    precision, scale = metadata.get("precision"), metadata.get("scale")
    if not isinstance(precision, int) or not isinstance(scale, int):
        raise _impossible(f"Must specify 'precision' and 'scale' for a CustomField of type {kind}")
    if not 0 <= scale <= precision <= MOST_DIGITS or precision == 0:
        raise _impossible(f"Precision must be at most {MOST_DIGITS} and not less than scale")
    return precision, scale


def _options(kind: str, metadata: dict[str, Any]) -> tuple[tuple[Option, ...], bool]:
    if kind not in {"Picklist", "MultiselectPicklist"}:
        return (), False
    value_set = metadata.get("valueSet") or {}
    values = (value_set.get("valueSetDefinition") or {}).get("value") or []
    if not values:
        raise _impossible("Must specify either a valueSet or a valueSetDefinition with values")
    options = []
    for value in values:
        name = value.get("valueName") or value.get("fullName")
        if not name:
            raise row_error("REQUIRED_FIELD_MISSING", "Required fields are missing: [fullName]")
        active = value.get("isActive") is not False
        options.append(
            Option(name, value.get("label") or name, active, default=bool(value.get("default")))
        )
    if len({option.value.lower() for option in options}) < len(options):
        raise row_error("DUPLICATE_VALUE", "A picklist has the same value twice")
    return tuple(options), bool(value_set.get("restricted"))


def _default(kind: str, metadata: dict[str, Any], options: tuple[Option, ...]) -> Any:
    if kind == "Checkbox":
        given = metadata.get("defaultValue")
        if given is None:
            raise _impossible("Must specify 'defaultValue' for a CustomField of type Checkbox")
        return str(given).lower() == "true"
    return next((option.value for option in options if option.default), None)
