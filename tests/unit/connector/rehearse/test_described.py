"""A copy describes itself as the live CRM does, peculiarities included."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.connector.rehearse.conftest import copied_schema, taken_of, world

if TYPE_CHECKING:
    from pathlib import Path

    from mappings.schema import Field, ObjectSchema
    from tests.support import World

CRMS = ("salesforce", "hubspot")


def make_peculiar(live: World) -> None:
    """Give the live CRM fields, options, stages and rights that no stock org has."""
    if live.crm == "salesforce":
        org = live.org  # type: ignore[attr-defined]
        org.fls("Lead.Title", edit=False)
        org.fls("Lead.Rating", read=False)
        org.fls("Opportunity.NextStep", read=False)
        return
    portal = live.portal  # type: ignore[attr-defined]
    portal.records.catalogs["contacts"].create(
        {
            "name": "segment",
            "label": "Segment",
            "type": "enumeration",
            "fieldType": "checkbox",
            "groupName": "contactinformation",
            "options": [{"value": "a", "label": "Alpha"}, {"value": "b", "label": "Beta"}],
        }
    )


def comparable(told: ObjectSchema | None) -> dict[str, Field]:
    """The fields without what no write depends on: formulas are plain values on a copy."""
    assert told is not None
    return {name: replace(field, calculated=False) for name, field in told.fields.items()}


@pytest.mark.parametrize("crm", CRMS)
def test_copy_describes_itself_as_the_live_one(crm: str, tmp_path: Path) -> None:
    """Types, lengths, digits, options, rights and required fields are the live org's own."""
    with world(crm, tmp_path / "live", 3) as live:
        make_peculiar(live)
        taken = taken_of(live, 3)

        copy = copied_schema(live, taken, tmp_path / "copy")

        assert comparable(taken.snapshot.schema.lead) == comparable(copy.lead)
        assert comparable(taken.snapshot.schema.opportunity) == comparable(copy.opportunity)


def test_copy_has_the_live_stages_and_statuses(tmp_path: Path) -> None:
    """Opportunity stages and converted statuses of the org are those of the copy."""
    with world("salesforce", tmp_path / "live", 3) as live:
        process = taken_of(live, 3).snapshot.process

    assert process.converted == ("Closed - Converted",)
    assert {s.label for s in process.stages if s.state == "won"} == {"Closed Won"}
    assert {s.label for s in process.stages if s.state == "lost"} == {"Closed Lost"}


def test_portal_copy_has_the_live_pipelines(tmp_path: Path) -> None:
    """Deal pipelines come with their stages, and won and lost are told apart."""
    with world("hubspot", tmp_path / "live", 3) as live:
        process = taken_of(live, 3).snapshot.process

    assert dict(process.pipelines) == {"default": "Sales Pipeline"}
    assert {s.value for s in process.stages if s.state == "won"} == {"closedwon"}
    assert {s.value for s in process.stages if s.state == "lost"} == {"closedlost"}
