"""Custom fields by the Tooling API, and a permission set that lets the connected user use them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import httpx

from connector.crm.salesforce import soql
from connector.crm.salesforce.describe import describe_object
from connector.engine.ports import FieldOutcome
from connector.errors import ConfigurationError, ConnectorError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.salesforce.client import Client
    from mappings.schema import CrmSchema, NewField, ObjectSchema

log = logging.getLogger("leadgate.crm.salesforce")

PERMISSION_SET = "Leadgate"
ACTIVITY, TASK = "Activity", "Task"
"""Fields of tasks are made on Activity, and seen and granted on Task."""
_EXISTS = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_SHORT_TEXT = 255
_LONG_TEXT = 32_768
_TYPES: dict[str, str] = {
    "text": "Text",
    "long_text": "LongTextArea",
    "picklist": "Picklist",
    "multi_picklist": "MultiselectPicklist",
    "boolean": "Checkbox",
    "integer": "Number",
    "number": "Number",
    "money": "Currency",
    "percent": "Percent",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
}


class Setup:
    """Creates fields of one org; what is there already stays as it is."""

    def __init__(self, client: Client, schema: CrmSchema) -> None:
        self._client = client
        self._schema = schema
        self._objects = {"lead": schema.lead.name, "opportunity": "Opportunity", "task": ACTIVITY}
        self._tasks: ObjectSchema | None = None

    def run(self, fields: Sequence[NewField]) -> list[FieldOutcome]:
        """One outcome per field. Running it again does only what is still missing."""
        made = [self._create(field) for field in fields]
        hidden = [
            told.field
            for told in made
            if told.outcome != "rejected" and not self._usable(told.field)
        ]
        if not hidden:
            return made
        try:
            self._grant(hidden)
        except ConnectorError as error:
            log.warning("%s", error)
            return [self._ungranted(told) if told.field in hidden else told for told in made]
        return made

    def _create(self, field: NewField) -> FieldOutcome:
        name = f"{self._objects[field.object]}.{field.name}"
        if self._visible(field):
            return FieldOutcome(field, "skipped", f"{name} exists")
        if field.type not in _TYPES or not field.name.endswith("__c"):
            return FieldOutcome(field, "rejected", f"{name} is not a custom field that can be made")
        try:
            self._tooling({"FullName": name, "Metadata": metadata(field)})
        except RequestRefusedError as error:
            return self._refused(field, name, error)
        except ConfigurationError as error:
            return FieldOutcome(field, "rejected", f"{name}: {error.message}")
        return FieldOutcome(field, "applied", f"{name} created")

    def _refused(self, field: NewField, name: str, error: RequestRefusedError) -> FieldOutcome:
        if error.code in _EXISTS:
            return FieldOutcome(field, "skipped", f"{name} exists, hidden from this user so far")
        if error.status == httpx.codes.NOT_FOUND:
            return FieldOutcome(field, "rejected", by_hand(field, self._objects[field.object]))
        return FieldOutcome(field, "rejected", f"{name}: Salesforce answers {error.code}")

    def _tooling(self, body: dict[str, Any]) -> None:
        from connector.crm.salesforce import sdk, sdk_errors  # noqa: PLC0415 — slow to import

        path = "tooling/sobjects/CustomField"
        with sdk_errors.translated(f"Salesforce: POST {path}"):
            sdk.connect(self._client).restful(path, method="POST", json=body)

    def _visible(self, field: NewField) -> bool:
        owner = self._owner(field)
        return owner is not None and field.name in owner.fields

    def _usable(self, field: NewField) -> bool:
        owner = self._owner(field)
        known = owner.fields.get(field.name) if owner else None
        return known is not None and known.writable

    def _owner(self, field: NewField) -> ObjectSchema | None:
        """The object that has the field, as it was before anything was made."""
        if field.object == "task":
            self._tasks = self._tasks or describe_object(self._client, TASK)
            return self._tasks
        return self._schema.lead if field.object == "lead" else self._schema.opportunity

    def _grant(self, fields: Sequence[NewField]) -> None:
        """Read and edit on these fields, in a permission set assigned to the connected user."""
        found = self._rows(["Id"], "PermissionSet", soql.where("Name = {}", PERMISSION_SET))
        made = (
            found[0]["Id"]
            if found
            else self._insert("PermissionSet", {"Name": PERMISSION_SET, "Label": PERMISSION_SET})
        )
        held = self._rows(["Field"], "FieldPermissions", soql.where("ParentId = {}", made))
        granted = {row["Field"] for row in held}
        for field in fields:
            owner = self._objects[field.object].replace(ACTIVITY, TASK)
            name = f"{owner}.{field.name}"
            if name not in granted:
                rights = {"PermissionsRead": True, "PermissionsEdit": True}
                body = {"ParentId": made, "SobjectType": owner, "Field": name, **rights}
                self._insert("FieldPermissions", body)
        user = self._client.session.user_id or self._user()
        both = soql.where("PermissionSetId = {} AND AssigneeId = {}", made, user)
        if not self._rows(["Id"], "PermissionSetAssignment", both):
            self._insert("PermissionSetAssignment", {"PermissionSetId": made, "AssigneeId": user})

    def _insert(self, name: str, body: dict[str, Any]) -> str:
        made = self._client.json("POST", f"sobjects/{name}", json=body, repeatable=False)
        return str(made["id"])

    def _rows(self, names: list[str], source: str, condition: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.query(soql.select(names, source, condition))[
            "records"
        ]
        return found

    def _user(self) -> str:
        return str(self._client.json("GET", "/services/oauth2/userinfo")["user_id"])

    def _ungranted(self, told: FieldOutcome) -> FieldOutcome:
        name = f"{self._objects[told.field.object]}.{told.field.name}"
        return FieldOutcome(
            told.field,
            "rejected",
            f"{name} is there, but this user may not edit it: grant Read and Edit in Setup → "
            "Permission Sets, or run setup again as an administrator.",
        )


def metadata(field: NewField) -> dict[str, Any]:
    """A new field as the Tooling API wants it described."""
    told: dict[str, Any] = {"label": field.label, "type": _TYPES[field.type]}
    if field.type == "text":
        told["length"] = field.length or _SHORT_TEXT
    elif field.type == "long_text":
        told |= {"length": field.length or _LONG_TEXT, "visibleLines": 4}
    elif field.type in ("integer", "number", "money", "percent"):
        told |= {"precision": field.precision or 18, "scale": field.scale}
    elif field.type == "boolean":
        told["defaultValue"] = "false"
    elif field.type in ("picklist", "multi_picklist"):
        told |= _values(field)
    if field.unique:
        told |= {"unique": True, "externalId": True, "caseSensitive": True}
    return told


def by_hand(field: NewField, owner: str) -> str:
    """How a person creates the field in Setup."""
    kind = _TYPES[field.type]
    size = f", length {field.length}" if field.length else ""
    digits = (
        f", {field.precision - field.scale} digits and {field.scale} decimals"
        if field.precision
        else ""
    )
    values = f", values {', '.join(field.values)}" if field.values else ""
    unique = ", unique, external id" if field.unique else ""
    return (
        f"this org has no Tooling API: create it in Setup → Object Manager → {owner} → Fields: "
        f"{field.name}, label {field.label}, {kind}{size}{digits}{values}{unique}."
    )


def _values(field: NewField) -> dict[str, Any]:
    listed = [{"fullName": value, "label": value, "default": False} for value in field.values]
    told: dict[str, Any] = {
        "valueSet": {"restricted": True, "valueSetDefinition": {"sorted": False, "value": listed}}
    }
    return told | ({"visibleLines": 4} if field.type == "multi_picklist" else {})
