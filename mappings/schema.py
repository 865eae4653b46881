"""A CRM's objects as described by the CRM itself, in words that every CRM shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FieldType = Literal[
    "text", "long_text", "picklist", "multi_picklist", "boolean", "integer", "number", "money",
    "percent", "date", "datetime", "email", "phone", "url", "id",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist: what is stored, what people see."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a CRM object, as the connected user sees it.

    `length` is in characters (0: no limit known), `scale` in decimal places. `restricted` means
    that only `options` are stored. `required` means that a new record needs it.
    `calculated` fields change without the record's modified time changing.
    """

    name: str
    type: FieldType
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int | None = None
    writable: bool = True
    createable: bool = True
    required: bool = False
    restricted: bool = False
    unique: bool = False
    calculated: bool = False
    custom: bool = False
    options: tuple[Option, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The stored values that may still be used."""
        return tuple(option.value for option in self.options if option.active)


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """A CRM object: its API name and its fields by API name (which the connected user may see)."""

    name: str
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class CrmSchema:
    """What a connection can read and write.

    `lead` is the object that holds leads; `opportunity` the one that conversion makes, or None
    where the CRM or the user's rights have none. `crm` is the adapter's name.
    `parents` maps a readable relationship path's first part ("Owner") to the fields behind it.
    """

    crm: str
    lead: ObjectSchema
    opportunity: ObjectSchema | None = None
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewField:
    """A custom field or property that setup should create."""

    object: Literal["lead", "opportunity", "task"]
    name: str
    label: str
    type: FieldType
    length: int = 0
    precision: int = 0
    scale: int = 0
    values: tuple[str, ...] = ()
    unique: bool = False
