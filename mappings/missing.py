"""The custom fields that a mapping writes and a CRM does not have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.entry_checks import WORDS
from mappings.schema import NewField
from scoring import verdict

if TYPE_CHECKING:
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, FieldType
    from scoring.lead import Kind

DEFAULT_KEY = "leadgate_key"
"""The deal property that keeps a HubSpot contact from being converted twice."""

_LONG = 32_768
_SHORT = 255
_LONG_TEXTS = ("reasons", "unmet", "stage_reason")
_TYPES: dict[Kind, FieldType] = {
    "text": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "list": "text",
    "range": "text",
}
_NUMBERS: dict[str, tuple[int, int]] = {"engagement_level": (1, 0), "overdue": (4, 0)}
_SCORE = (5, 2)
_ANSWER = (18, 2)


def missing_fields(mapping: Mapping, schema: CrmSchema) -> list[NewField]:
    """What setup would have to create for this mapping, each with a fitting type and its values."""
    missing = [
        _lead_field(mapping, name, entry.field)
        for name, entry in mapping.write.items()
        if entry.field not in schema.lead.fields
    ]
    key = _key(mapping, schema)
    if key and schema.opportunity is not None and key not in schema.opportunity.fields:
        missing.append(
            NewField("opportunity", key, _label(key), "text", length=_SHORT, unique=True)
        )
    return missing


def _key(mapping: Mapping, schema: CrmSchema) -> str | None:
    if mapping.convert is None:
        return None
    return mapping.convert.key or (DEFAULT_KEY if schema.crm == "hubspot" else None)


def _lead_field(mapping: Mapping, name: str, target: str) -> NewField:
    label = _label(target)
    kind = mapping.kind(name)
    words = tuple(dict.fromkeys(filter(None, mapping.words(name).values()))) or WORDS.get(name, ())
    if words:
        return NewField("lead", target, label, "picklist", values=words)
    if kind == "number":
        precision, scale = _digits(name)
        return NewField("lead", target, label, "number", precision=precision, scale=scale)
    if name in _LONG_TEXTS:
        return NewField("lead", target, label, "long_text", length=_LONG)
    length = _SHORT if _TYPES[kind] == "text" else 0
    return NewField("lead", target, label, _TYPES[kind], length=length)


def _digits(name: str) -> tuple[int, int]:
    """Precision and scale: scores are 0–100 with two places, answers are amounts or days."""
    if name in _NUMBERS:
        return _NUMBERS[name]
    return _SCORE if name in verdict.FIELDS else _ANSWER


def _label(name: str) -> str:
    words = name.removesuffix("__c").replace("_", " ").strip()
    return words[:1].upper() + words[1:]
