"""HubSpot's property descriptions become fields with the right types and rights."""

from __future__ import annotations

from typing import Any

import pytest

from connector.crm.hubspot.schema import parse_property
from mappings.schema import Option


def said(kind: str, shown: str, **more: Any) -> dict[str, Any]:
    """A property as HubSpot describes it."""
    return {"name": "x", "label": "X", "type": kind, "fieldType": shown, "options": []} | more


@pytest.mark.parametrize(
    ("kind", "shown", "expected"),
    [
        ("string", "text", "text"),
        ("string", "textarea", "long_text"),
        ("string", "phonenumber", "phone"),
        ("number", "number", "number"),
        ("bool", "booleancheckbox", "boolean"),
        ("bool", "calculation_equation", "boolean"),
        ("enumeration", "select", "picklist"),
        ("enumeration", "radio", "picklist"),
        ("enumeration", "checkbox", "multi_picklist"),
        ("enumeration", "booleancheckbox", "boolean"),
        ("date", "date", "date"),
        ("datetime", "date", "datetime"),
        ("json", "text", "text"),
    ],
)
def test_types(kind: str, shown: str, expected: str) -> None:
    """Type and field type together say what a property holds."""
    assert parse_property(said(kind, shown)).type == expected


def test_read_only_is_told_by_the_modification_metadata() -> None:
    """A property that is read-only without being calculated is not writable."""
    metadata = {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": True}

    found = parse_property(
        said("number", "number", calculated=False, modificationMetadata=metadata)
    )

    assert not found.writable
    assert not found.createable
    assert not found.calculated


def test_options_keep_their_order_and_hidden_ones_are_inactive() -> None:
    """Options come in display order; a hidden one is still known, but not offered."""
    options = [
        {"value": "b", "label": "B", "displayOrder": 1, "hidden": False},
        {"value": "a", "label": "A", "displayOrder": 0, "hidden": True},
    ]

    found = parse_property(said("enumeration", "select", options=options))

    assert found.options == (Option("a", "A", active=False), Option("b", "B"))
    assert found.values == ("b",)
    assert found.restricted


def test_owners_are_ids() -> None:
    """An enumeration whose options live elsewhere restricts nothing."""
    found = parse_property(said("enumeration", "select", externalOptions=True))

    assert found.type == "id"
    assert not found.restricted


def test_text_has_its_length_and_uniqueness() -> None:
    """Texts hold 65,536 characters, and a unique property is known as one."""
    found = parse_property(said("string", "text", hasUniqueValue=True, hubspotDefined=False))

    assert (found.length, found.unique, found.custom) == (65_536, True, True)
