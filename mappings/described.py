"""Looking up fields in a described CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.schema import Field

if TYPE_CHECKING:
    from mappings.schema import CrmSchema


def lead_field(schema: CrmSchema, name: str) -> Field | None:
    """The lead object's field of that name, or one behind a relationship (`Owner.Name`)."""
    found = schema.lead.fields.get(name)
    parent, dot, rest = name.partition(".")
    if found is None and dot and rest in schema.parents.get(parent, ()):
        return Field(name, "text", writable=False, createable=False)
    return found


def lead_field_names(schema: CrmSchema) -> list[str]:
    """Every name that a read entry may give."""
    behind = [f"{parent}.{rest}" for parent, names in schema.parents.items() for rest in names]
    return [*schema.lead.fields, *behind]
