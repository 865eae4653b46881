"""Salesforce's describe answers as the schema that every CRM shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.errors import RequestRefusedError
from mappings.schema import CrmSchema, Field, FieldType, ObjectSchema, Option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.crm.salesforce.client import Client

_TYPES: dict[str, FieldType] = {
    "id": "id",
    "reference": "id",
    "string": "text",
    "combobox": "text",
    "encryptedstring": "text",
    "time": "text",
    "textarea": "long_text",
    "picklist": "picklist",
    "multipicklist": "multi_picklist",
    "boolean": "boolean",
    "int": "integer",
    "long": "integer",
    "double": "number",
    "currency": "money",
    "percent": "percent",
    "date": "date",
    "datetime": "datetime",
    "email": "email",
    "phone": "phone",
    "url": "url",
}
"""What is not here (address, location, base64, anyType …) is compound or not text, and left out."""

_SHORT_TEXT = 255
_PERSON = ("Alias", "Email", "FirstName", "Id", "IsActive", "LastName", "Name", "Title", "Username")


def describe(client: Client, lead_object: str) -> CrmSchema:
    """The lead object, and Opportunity where the user may see it. Two calls."""
    found = _ask(client, lead_object)
    try:
        opportunity = object_schema(_ask(client, "Opportunity"))
    except RequestRefusedError:
        opportunity = None
    return CrmSchema(
        crm="salesforce",
        lead=object_schema(found),
        opportunity=opportunity,
        parents=parents(found["fields"]),
    )


def describe_object(client: Client, name: str) -> ObjectSchema:
    """One object as the connected user sees it. One call."""
    return object_schema(_ask(client, name))


def object_schema(found: dict[str, Any]) -> ObjectSchema:
    """One describe answer as an object with its fields."""
    fields = (_field(raw) for raw in found["fields"] if raw["type"] in _TYPES)
    return ObjectSchema(found["name"], {field.name: field for field in fields})


def parents(fields: Iterable[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The readable paths one step up: relationship name to the fields behind it."""
    return {
        raw["relationshipName"]: _PERSON if "User" in raw["referenceTo"] else ("Id", "Name")
        for raw in fields
        if raw.get("relationshipName") and raw.get("referenceTo")
    }


def _ask(client: Client, name: str) -> dict[str, Any]:
    from connector.crm.salesforce import sdk, sdk_errors  # noqa: PLC0415 — slow to import

    with sdk_errors.translated(f"Salesforce: describe {name}"):
        found: dict[str, Any] = getattr(sdk.connect(client), name).describe()
    return found


def _field(raw: dict[str, Any]) -> Field:
    kind = _TYPES[raw["type"]]
    length = int(raw.get("length") or 0)
    if kind == "long_text" and 0 < length <= _SHORT_TEXT:
        kind = "text"
    createable = bool(raw.get("createable"))
    return Field(
        name=raw["name"],
        type=kind,
        label=raw.get("label") or raw["name"],
        length=length,
        precision=int(raw.get("precision") or raw.get("digits") or 0),
        scale=int(raw.get("scale") or 0) if kind in _NUMERIC else None,
        writable=bool(raw.get("updateable")),
        createable=createable,
        required=createable and not raw.get("nillable") and not raw.get("defaultedOnCreate"),
        restricted=bool(raw.get("restrictedPicklist")),
        unique=bool(raw.get("unique")),
        calculated=bool(raw.get("calculated")),
        custom=bool(raw.get("custom")),
        options=tuple(map(_option, raw.get("picklistValues") or ())),
    )


_NUMERIC = ("integer", "number", "money", "percent")


def _option(raw: dict[str, Any]) -> Option:
    return Option(str(raw["value"]), str(raw.get("label") or raw["value"]), bool(raw.get("active")))
