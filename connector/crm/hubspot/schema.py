"""HubSpot's properties in the words of `mappings.schema`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.crm.hubspot.api import results
from connector.crm.hubspot.objects import DEALS, LeadObject
from connector.crm.hubspot.translate import MissingScopesError
from mappings.schema import CrmSchema, Field, FieldType, ObjectSchema, Option

if TYPE_CHECKING:
    from connector.crm.hubspot.api import Api

_TEXT_LENGTH = 65_536
_TYPES: dict[str, FieldType] = {
    "string": "text", "number": "number", "bool": "boolean", "date": "date",
    "datetime": "datetime", "enumeration": "picklist", "phone_number": "phone",
}  # fmt: skip
_BY_FIELD_TYPE: dict[tuple[str, str], FieldType] = {
    ("string", "textarea"): "long_text",
    ("string", "html"): "long_text",
    ("string", "phonenumber"): "phone",
    ("enumeration", "checkbox"): "multi_picklist",
    ("enumeration", "booleancheckbox"): "boolean",
}
_BY_NAME: dict[str, FieldType] = {"email": "email", "website": "url"}
_NUMBER_HINTS: dict[str, FieldType] = {"currency": "money", "percentage": "percent"}


def describe(api: Api, lead_object: LeadObject) -> CrmSchema:
    """The lead object and deals, with the stages of their pipelines as options.

    Deals are left out where the token may not see them.
    """
    lead = _object(api, lead_object)
    try:
        deals = _object(api, DEALS)
    except MissingScopesError:
        deals = None
    return CrmSchema("hubspot", lead, deals)


def _object(api: Api, wanted: LeadObject) -> ObjectSchema:
    answer = api.call(
        f"read the properties of {wanted.name}", api.sdk.properties.get_all, wanted.name
    )
    fields = {found["name"]: parse_property(found) for found in results(answer)}
    if _lacks_stages(fields, wanted):
        pipelines = api.call(
            f"read the pipelines of {wanted.name}", api.sdk.pipelines.get_all, wanted.name
        )
        fields |= _with_stages(fields, wanted, results(pipelines))
    return ObjectSchema(wanted.name, fields)


def parse_property(said: dict[str, Any]) -> Field:
    """One property as HubSpot describes it."""
    kind = _field_type(said)
    writable = not (said.get("modificationMetadata") or {}).get("readOnlyValue", False)
    options = _options(said)
    if kind in ("picklist", "multi_picklist") and said.get("externalOptions") and not options:
        kind = "id"  # owners and the like: the values live elsewhere
    return Field(
        name=said["name"],
        type=kind,
        label=str(said.get("label") or ""),
        length=_TEXT_LENGTH if said.get("type") == "string" else 0,
        writable=writable,
        createable=writable,
        restricted=kind in ("picklist", "multi_picklist") and bool(options),
        unique=bool(said.get("hasUniqueValue")) or said["name"] == "email",
        calculated=bool(said.get("calculated")),
        custom=not said.get("hubspotDefined", False),
        options=options if kind in ("picklist", "multi_picklist") else (),
    )


def _field_type(said: dict[str, Any]) -> FieldType:
    kind, shown = str(said.get("type")), str(said.get("fieldType"))
    if kind == "number":
        return _NUMBER_HINTS.get(str(said.get("numberDisplayHint")), "number")
    by_name = _BY_NAME.get(said["name"]) if kind == "string" else None
    return by_name or _BY_FIELD_TYPE.get((kind, shown)) or _TYPES.get(kind, "text")


def _options(said: dict[str, Any]) -> tuple[Option, ...]:
    found = sorted(said.get("options") or (), key=lambda option: option.get("displayOrder") or 0)
    return tuple(
        Option(str(item["value"]), str(item.get("label") or ""), active=not item.get("hidden"))
        for item in found
    )


def _lacks_stages(fields: dict[str, Field], wanted: LeadObject) -> bool:
    return any(
        name in fields and not fields[name].options for name in (wanted.pipeline, wanted.stage)
    )


def _with_stages(
    fields: dict[str, Field], wanted: LeadObject, pipelines: list[dict[str, Any]]
) -> dict[str, Field]:
    """The pipeline and stage fields, complete with what the pipelines say."""
    by_name = {
        wanted.pipeline: pipelines,
        wanted.stage: [stage for pipeline in pipelines for stage in pipeline.get("stages") or ()],
    }
    return {
        name: replace(fields[name], type="picklist", restricted=True, options=_stage_options(found))
        for name, found in by_name.items()
        if name in fields
    }


def _stage_options(found: list[dict[str, Any]]) -> tuple[Option, ...]:
    return tuple(
        Option(str(item["id"]), str(item.get("label") or ""), active=not item.get("archived"))
        for item in found
    )
