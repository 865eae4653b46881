"""The connection's own properties: made where they are missing, compared where they are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.crm.hubspot.faults import Fault, parse_fault
from connector.crm.hubspot.refusals import explain
from connector.crm.hubspot.schema import parse_property
from connector.crm.hubspot.translate import RefusedError
from connector.engine.ports import FieldOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject
    from mappings.schema import FieldType, NewField

GROUP = "leadgate"
_NAME = re.compile(r"(?!hs_)[a-z][a-z0-9_]{0,99}")
_EXISTS = "EXISTS"
_SHAPES: dict[FieldType, tuple[str, str]] = {
    "text": ("string", "text"),
    "long_text": ("string", "textarea"),
    "email": ("string", "text"),
    "url": ("string", "text"),
    "id": ("string", "text"),
    "phone": ("string", "phonenumber"),
    "picklist": ("enumeration", "select"),
    "multi_picklist": ("enumeration", "checkbox"),
    "boolean": ("bool", "booleancheckbox"),
    "integer": ("number", "number"),
    "number": ("number", "number"),
    "money": ("number", "number"),
    "percent": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
}


def is_property_name(name: str) -> bool:
    """Whether HubSpot would take this name: lowercase letters, digits and _, not hs_ at its start."""
    return _NAME.fullmatch(name) is not None


def setup(api: Api, lead_object: LeadObject, fields: Sequence[NewField]) -> list[FieldOutcome]:
    """Create the properties that are missing, in a group of their own."""
    outcomes: dict[NewField, FieldOutcome] = {}
    for kind, name in (("lead", lead_object.name), ("opportunity", "deals"), ("task", "tasks")):
        wanted = [field for field in fields if field.object == kind]
        if wanted:
            outcomes |= _setup_object(api, name, wanted)
    return [outcomes[field] for field in fields]


def _setup_object(
    api: Api, object_type: str, wanted: list[NewField]
) -> dict[NewField, FieldOutcome]:
    bad = {
        field: FieldOutcome(
            field,
            "rejected",
            "a name of lowercase letters, digits and _ is needed, not beginning with hs_",
        )
        for field in wanted
        if not is_property_name(field.name)
    }
    good = [field for field in wanted if field not in bad]
    if not good:
        return bad
    present = _read(api, object_type, good)
    missing = [field for field in good if field.name not in present]
    refused = _create(api, object_type, missing)
    return bad | {
        field: _compare(field, present[field.name])
        if field.name in present
        else _created(field, refused.get(field.name))
        for field in good
    }


def _read(api: Api, object_type: str, wanted: list[NewField]) -> dict[str, dict[str, Any]]:
    answer = api.call(
        f"read properties of {object_type}",
        api.sdk.property_batches.read,
        object_type,
        {"archived": False, "inputs": [{"name": field.name} for field in wanted]},
    )
    return {found["name"]: found for found in answer.get("results") or ()}


def _create(api: Api, object_type: str, missing: list[NewField]) -> dict[str, Fault]:
    """Create them all in one call; the faults by property name."""
    if not missing:
        return {}
    _create_group(api, object_type)
    try:
        answer = _create_batch(api, object_type, missing)
    except RefusedError as error:
        if len(missing) == 1:
            return {missing[0].name: error.fault}
        return {
            name: fault
            for field in missing
            for name, fault in _create(api, object_type, [field]).items()
        }
    made = {found["name"] for found in answer.get("results") or ()}
    faults = [parse_fault(entry) for entry in answer.get("errors") or ()]
    named = {fault.field: fault for fault in faults}
    some = next((fault for fault in faults if not fault.field), Fault(code="NO_ANSWER"))
    return {field.name: named.get(field.name, some) for field in missing if field.name not in made}


def _create_batch(api: Api, object_type: str, missing: list[NewField]) -> dict[str, Any]:
    answer: dict[str, Any] = api.call(
        f"create properties of {object_type}",
        api.sdk.property_batches.create,
        object_type,
        {"inputs": [_definition(field) for field in missing]},
    )
    return answer


def _create_group(api: Api, object_type: str) -> None:
    try:
        api.call(
            f"create the property group {GROUP} of {object_type}",
            api.sdk.property_groups.create,
            object_type,
            {"name": GROUP, "label": GROUP, "displayOrder": -1},
        )
    except RefusedError as error:
        if _EXISTS not in error.code:
            raise


def _definition(field: NewField) -> dict[str, Any]:
    kind, shown = _SHAPES[field.type]
    options = [(value, value) for value in field.values]
    if field.type == "boolean":
        options = [("true", "Yes"), ("false", "No")]
    return {
        "name": field.name,
        "label": field.label or field.name,
        "groupName": GROUP,
        "type": kind,
        "fieldType": shown,
        "hasUniqueValue": field.unique,
        "options": [
            {"value": value, "label": label, "displayOrder": place, "hidden": False}
            for place, (value, label) in enumerate(options)
        ],
    }


def _created(field: NewField, fault: Fault | None) -> FieldOutcome:
    if fault is None:
        return FieldOutcome(field, "applied")
    if _EXISTS in fault.code:  # a lost answer, or another session was quicker
        return FieldOutcome(field, "skipped", "exists already")
    return FieldOutcome(field, "rejected", f"{fault.code}: {explain(fault)[0]}")


def _compare(field: NewField, said: dict[str, Any]) -> FieldOutcome:
    """Whether a property that was there before serves the purpose."""
    found = parse_property(said)
    kind = _SHAPES[field.type][0]
    if said.get("type") != kind:
        wrong = f"exists as {said.get('type')}, and {kind} is needed; choose another name"
    elif field.unique and not found.unique:
        wrong = "exists without unique values, which cannot be added later; choose another name"
    elif not found.writable:
        wrong = "exists and is read-only; choose another name"
    elif lacking := [value for value in field.values if value not in found.values]:
        wrong = f"exists without the options {', '.join(lacking)}; add them in HubSpot"
    else:
        return FieldOutcome(field, "skipped", "exists already")
    return FieldOutcome(field, "rejected", wrong)
