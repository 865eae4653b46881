"""Property definitions: what a record of each type may hold, and the API for changing that."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import ApiFailure, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.sandbox.hubspot.kinds import Kind

FIELD_TYPES = {
    "string": {"text", "textarea", "html", "phonenumber", "file"},
    "number": {"number", "calculation_equation"},
    "bool": {"booleancheckbox", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox"},
    "date": {"date"},
    "datetime": {"date"},
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of an enumeration."""

    value: str
    label: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """One property definition. `read_only` means that the API refuses values for it."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Choice, ...] = ()
    description: str = ""
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hidden: bool = False
    external_options: bool = False
    stock: bool = True
    form_field: bool = False
    display_order: int = -1
    created_at: int = 0
    archived_at: int | None = None
    values: frozenset[str] = field(default=frozenset(), compare=False)

    def body(self) -> dict[str, Any]:
        """Describe the property as the API does."""
        described: dict[str, Any] = {
            "updatedAt": iso(self.created_at), "createdAt": iso(self.created_at),
            "name": self.name, "label": self.label, "type": self.type,
            "fieldType": self.field_type, "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": c.label, "value": c.value, "description": "", "displayOrder": place,
                 "hidden": c.hidden}
                for place, c in enumerate(self.options)
            ],
            "displayOrder": self.display_order, "calculated": self.calculated,
            "externalOptions": self.external_options, "archived": self.archived_at is not None,
            "hasUniqueValue": self.unique, "hidden": self.hidden, "hubspotDefined": self.stock,
            "modificationMetadata": {
                "archivable": not self.stock, "readOnlyDefinition": self.stock,
                "readOnlyValue": self.read_only,
            },
            "formField": self.form_field, "dataSensitivity": "non_sensitive",
        }  # fmt: skip
        if self.external_options:
            described["referencedObjectType"] = "OWNER"
        if self.archived_at is not None:
            described["archivedAt"] = iso(self.archived_at)
        return described


def with_options(definition: Property, options: tuple[Choice, ...]) -> Property:
    """Give a definition its options, and the set that values are checked against."""
    return replace(definition, options=options, values=frozenset(c.value for c in options))


class Catalog:
    """The properties and property groups of one object type."""

    def __init__(self, kind: Kind, stock: Mapping[str, Property], now: Callable[[], int]) -> None:
        self.kind = kind
        self.properties = dict(stock)
        self.archived: dict[str, Property] = {}
        self.groups = {p.group: p.group.replace("_", " ").title() for p in stock.values()}
        self.now = now

    def get(self, name: str, *, archived: bool = False) -> Property:
        """Find a definition by name; raises `ApiFailure` 404."""
        found = (self.archived if archived else self.properties).get(name)
        if found is None:
            raise self._missing(name)
        return found

    def create(self, given: Mapping[str, Any]) -> Property:
        """Define a property; raises `ApiFailure` 400 or 409."""
        definition = self._definition(given)
        if definition.name in self.properties:
            raise ApiFailure(
                409,
                f"A property named '{definition.name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                context={"name": [definition.name]},
            ).adding(subCategory="Properties.PROPERTY_WITH_NAME_EXISTS")
        self.archived.pop(definition.name, None)
        self.properties[definition.name] = definition
        return definition

    def update(self, name: str, given: Mapping[str, Any]) -> Property:
        """Change label, description, group, options or field type of a definition."""
        before = self.get(name)
        if before.stock and set(given) - {"options"}:
            raise invalid(f"Property {name} is read only: its definition cannot be changed.")
        changed = replace(
            before,
            label=str(given.get("label", before.label)),
            description=str(given.get("description", before.description)),
            group=self._group(given.get("groupName", before.group)),
            field_type=_field_type(before.type, given.get("fieldType", before.field_type)),
            hidden=bool(given.get("hidden", before.hidden)),
        )
        if "options" in given:
            changed = with_options(changed, _choices(given["options"]))
        self.properties[name] = changed
        return changed

    def archive(self, name: str) -> None:
        """Archive a custom property."""
        definition = self.get(name)
        if definition.stock:
            raise invalid(f"Property {name} is defined by HubSpot and cannot be archived.")
        self.archived[name] = replace(definition, archived_at=self.now())
        del self.properties[name]

    def add_group(self, name: str, label: str) -> dict[str, Any]:
        """Define a property group; raises `ApiFailure` 409 when it exists."""
        if not _NAME.fullmatch(name):
            raise invalid(f"Group name {name!r} is not valid.")
        if name in self.groups:
            message = f"A property group named '{name}' already exists."
            raise ApiFailure(409, message, "OBJECT_ALREADY_EXISTS")
        self.groups[name] = label or name
        return self.group_body(name)

    def group_body(self, name: str) -> dict[str, Any]:
        """Describe a group as the API does; raises `ApiFailure` 404."""
        if name not in self.groups:
            raise ApiFailure(404, f"Property group {name} does not exist.", "OBJECT_NOT_FOUND")
        label = self.groups[name]
        return {"name": name, "label": label, "displayOrder": -1, "archived": False}

    def _definition(self, given: Mapping[str, Any]) -> Property:
        absent = [k for k in ("name", "label", "type", "fieldType", "groupName") if k not in given]
        if absent:
            raise invalid(
                "Invalid input JSON on line 1, column 1: Cannot build PropertyCreate, some of "
                f"required attributes are not set [{', '.join(absent)}]"
            )
        name, kind = str(given["name"]), str(given["type"])
        if not _NAME.fullmatch(name) or name.startswith("hs_"):
            raise invalid(f"Property name {name!r} is not valid: lower case, digits and _ only.")
        if kind not in FIELD_TYPES:
            raise invalid(f"{kind} is not a valid property type.")
        definition = Property(
            name=name,
            label=str(given["label"]),
            type=kind,
            field_type=_field_type(kind, given["fieldType"]),
            group=self._group(given["groupName"]),
            description=str(given.get("description") or ""),
            unique=bool(given.get("hasUniqueValue")),
            hidden=bool(given.get("hidden")),
            form_field=bool(given.get("formField")),
            display_order=int(given.get("displayOrder") or -1),
            stock=False,
            created_at=self.now(),
        )
        return with_options(definition, _choices(given.get("options") or _implied(kind)))

    def _group(self, name: object) -> str:
        if name not in self.groups:
            raise invalid(f"Property group {name} does not exist.")
        return str(name)

    def _missing(self, name: str) -> ApiFailure:
        return ApiFailure(
            404,
            f'Property "{name}" does not exist for object type "{self.kind.type_id}".',
            "OBJECT_NOT_FOUND",
            context={"propertyName": [name]},
        ).adding(subCategory="Properties.PROPERTY_NOT_FOUND")


def _field_type(kind: str, field_type: object) -> str:
    if field_type not in FIELD_TYPES[kind]:
        raise invalid(f"{field_type} is not a valid fieldType for a property of type {kind}.")
    return str(field_type)


def _implied(kind: str) -> list[dict[str, str]]:
    if kind != "bool":
        return []
    return [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]


def _choices(given: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    choices = tuple(
        Choice(str(o["value"]), str(o.get("label") or o["value"]), bool(o.get("hidden")))
        for o in given
    )
    if len({c.value for c in choices}) < len(choices) or len({c.label for c in choices}) < len(
        choices
    ):
        raise invalid("Property option values and labels must be unique.")
    return choices
