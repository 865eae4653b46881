"""The conversion part of a mapping against the described opportunity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.entries import scalar_text
from mappings.fit import check_any_text, check_words, writable_types
from scoring.problem import nearest

if TYPE_CHECKING:
    from collections.abc import Set

    from mappings.entries import Conversion, ConversionField
    from mappings.fit import Findings
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field, ObjectSchema
    from scoring.document import Path

_FILLED = {"salesforce": ("Name", "StageName", "CloseDate")}
"""Required fields that a CRM's own conversion gives a value."""

_AT = ("convert", "opportunity")


def check_conversion_fields(
    mapping: Mapping,
    schema: CrmSchema,
    found: Findings,
    *,
    setup: str,
    makeable: Set[tuple[str, str]],
) -> None:
    """Fields, values and what a new opportunity needs beside them."""
    conversion = mapping.convert
    if conversion is None:
        return
    if schema.opportunity is None:
        what = "this user sees no opportunities: leads will be judged, and none converted."
        found.warn(("convert",), what, "Grant the right to read and create them.")
        return
    if conversion.key and conversion.key not in schema.opportunity.fields:
        fix = setup if ("opportunity", conversion.key) in makeable else ""
        found.error(("convert", "key"), f'"{conversion.key}" is not there.', fix)
    elif conversion.key and not schema.opportunity.fields[conversion.key].unique:
        what = f'"{conversion.key}" is not unique, so it cannot keep a lead from being converted twice.'
        found.error(("convert", "key"), what, "Name a unique field.")
    for name, source in conversion.opportunity.items():
        _target(mapping, schema.opportunity, found, name, source)
    _required(conversion, schema, schema.opportunity, found)
    _status(conversion, schema, found)


def _target(
    mapping: Mapping,
    opportunity: ObjectSchema,
    found: Findings,
    name: str,
    source: ConversionField,
) -> None:
    path = (*_AT, name)
    target = opportunity.fields.get(name)
    if target is None:
        near = nearest(name, opportunity.fields)
        fix = f'Did you mean "{near}"?' if near else ""
        what = f'"{name}" is not a field of {opportunity.name}, or field-level security hides it.'
        found.error(path, what, fix)
    elif not target.createable:
        found.error(path, f'"{name}" is read-only for this user on a new {opportunity.name}.')
    elif source.field is not None:
        _fact(mapping, found, path, source, target)
    else:
        _made(found, path, source, target)


def _made(found: Findings, path: Path, source: ConversionField, target: Field) -> None:
    """Values that are made here: a template, days from now, a value as it stands."""
    if source.value is not None:
        check_words(found, path, [scalar_text(source.value)], target)
    elif source.days_from_now is not None:
        if target.type not in (*writable_types("date"), "datetime"):
            what = f'"{target.name}" is a {target.type} field, and days_from_now gives a date.'
            found.error(path, what)
    elif target.type not in writable_types("text"):
        what = f'"{target.name}" is a {target.type} field, and a template gives text.'
        found.error(path, what, "Give a field or a value.")
    elif target.type in ("picklist", "multi_picklist"):
        check_any_text(found, path, target)


def _fact(
    mapping: Mapping, found: Findings, path: Path, source: ConversionField, target: Field
) -> None:
    kind = mapping.kind(source.field or "")
    if source.values:
        check_words(found, path, map(_text, source.values.values()), target)
    elif target.type not in writable_types(kind):
        what = f'"{target.name}" is a {target.type} field, and {source.field} is a {kind}.'
        found.error(path, what, "Give a value map, or choose another field.")
    elif kind == "text" and target.type in ("picklist", "multi_picklist") and target.restricted:
        what = f'"{target.name}" takes only its own values; others that {source.field} may have will be refused.'
        found.warn(path, what, "Give a value map.")
    if source.default is not None:
        check_words(found, path, [scalar_text(source.default)], target)


def _text(value: object) -> str:
    return "" if value is None else scalar_text(value)


def _required(
    conversion: Conversion, schema: CrmSchema, opportunity: ObjectSchema, found: Findings
) -> None:
    given = {*conversion.opportunity, conversion.key, *_FILLED.get(schema.crm, ())}
    for field in opportunity.fields.values():
        if field.required and field.createable and field.name not in given:
            what = f'"{field.name}" is required for a new {opportunity.name} and is not mapped.'
            found.error(_AT, what, f"Add a line for {field.name}.")


def _status(conversion: Conversion, schema: CrmSchema, found: Findings) -> None:
    status = schema.lead.fields.get("Status") if schema.crm == "salesforce" else None
    if conversion.status and status is not None and status.options:
        check_words(found, ("convert", "status"), [conversion.status], status)
