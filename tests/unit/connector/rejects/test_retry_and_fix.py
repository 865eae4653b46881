"""Rejected leads tried again by name, and mappings that are mended where that is the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.leads import plant, score
from tests.conformance.wire import WRITES, on_the_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

CAUSE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
MAPPING = "mappings/{}.yaml"


def refuse(world: World, times: int, field: str = "", **keys: Any) -> None:
    """Let the org refuse the next rows that write a field."""
    rule = {"kind": "validation", "object": "Lead", "field": field or world.score, "times": times}
    world.org.faults([rule | keys])


def standing(world: World) -> list[str]:
    """The leads that stand rejected."""
    lines = world.run("rejects", "--json").lines
    return sorted(line["id"] for line in lines if line["outcome"] == "rejected")


def mapping(world: World) -> str:
    """The text of the mapping file."""
    return (world.folder / MAPPING.format(world.crm)).read_text(encoding="utf-8")


@pytest.fixture
def org(make_world: Callable[..., World]) -> World:
    """A small org that has synced once."""
    world = make_world("salesforce", 10)
    world.sync()
    return world


@pytest.fixture
def portal(make_world: Callable[..., World]) -> World:
    """A small portal that has synced once."""
    world = make_world("hubspot", 10)
    world.sync()
    return world


def test_retry_drives_the_rejected_leads_and_no_others(org: World) -> None:
    """They land; a lead that waits for the next sync is neither read nor written."""
    leads = sorted(plant(org, f"r{n}@planted.example") for n in range(2))
    refuse(org, 2)
    assert org.run("sync").code == 3
    assert standing(org) == leads
    other = plant(org, "other@planted.example")

    ran = org.run("rejects", "retry", "salesforce", "--json")

    assert (ran.code, ran.json["kind"], ran.json["state"]) == (0, "retry", "done")
    assert (ran.json["read"], ran.json["written"]) == (2, 2)
    assert all(score(org, lead) is not None for lead in leads)
    assert score(org, other) is None
    assert standing(org) == []
    assert "Nothing is rejected" in org.run("rejects").out
    assert org.run("rejects", "retry", "salesforce").code == 0
    assert org.sync()["written"] == 1


def test_retry_of_what_is_refused_again_stays_held(org: World) -> None:
    """Exit 3; it is listed once, and the next sync leaves it alone."""
    lead = plant(org, "again@planted.example")
    refuse(org, 2)
    assert org.run("sync").code == 3

    assert org.run("rejects", "retry", "salesforce").code == 3
    assert standing(org) == [lead]
    assert org.sync()["rejected"] == 0
    assert "2 ×" not in org.run("rejects").out


def test_retry_of_one_cause_leaves_the_others(org: World) -> None:
    """Only the leads of that cause; a cause that nobody has is exit 2 with those that are."""
    leads = [plant(org, f"c{n}@planted.example") for n in range(2)]
    refuse(org, 1)
    refuse(org, 1, code="UNABLE_TO_DO")
    assert org.run("sync").code == 3

    wrong = org.run("rejects", "retry", "salesforce", "--cause", "UNABLE_TO_DOO")
    ran = org.run("rejects", "retry", "salesforce", "--cause", "UNABLE_TO_DO", "--json")

    assert (wrong.code, 'Did you mean "UNABLE_TO_DO"?' in wrong.err) == (2, True)
    assert ran.json["written"] == 1
    assert sum(score(org, lead) is not None for lead in leads) == 1


def test_what_no_mapping_helps_is_left_to_people(org: World) -> None:
    """A validation rule is no matter of the mapping: the remedy is told, exit 3, no file changes."""
    plant(org, "rule@planted.example")
    refuse(org, 1)
    assert org.run("sync").code == 3
    before = mapping(org)

    ran = org.run("rejects", "fix", "salesforce")

    assert ran.code == 3
    assert "a person has to" in ran.out
    assert "A validation rule refuses it" in ran.out
    assert mapping(org) == before


def test_renamed_option_gets_the_nearest_one(portal: World) -> None:
    """An admin renames a value while the run writes: the mapping is mended, its comments stay."""
    lead = plant(portal, "option@planted.example")
    catalog = portal.portal.records.catalogs["contacts"]
    options = catalog.get(portal.stage).body()["options"]
    renamed = [
        o | {"value": "mql_2026", "label": "MQL"} if o["value"] == "mql" else o for o in options
    ]
    with on_the_wire(
        portal,
        WRITES["hubspot"],
        before=lambda: catalog.update(portal.stage, {"options": renamed}),
    ):
        assert portal.run("sync").code == 3
    assert standing(portal) == [lead]
    before = mapping(portal)

    planned = portal.run("rejects", "fix", "hubspot", "--plan")
    assert (planned.code, mapping(portal)) == (0, before)
    assert "+      mql: mql_2026" in planned.out
    ran = portal.run("rejects", "fix", "hubspot")

    assert ran.code == 0, ran.out + ran.err
    assert mapping(portal) == before.replace("      mql: mql\n", "      mql: mql_2026\n")
    assert portal.values(lead, portal.stage)[portal.stage] == "mql_2026"
    assert standing(portal) == []


def test_text_that_is_too_long_is_cut(org: World) -> None:
    """The CRM names its limit: the entry gets it, and the leads land with shorter text."""
    name = "Leadgate_Reasons__c"
    lead = plant(org, "long@planted.example")
    message = "Reasons: data value too large: so many words (max length=40)"
    refuse(org, 1, name, code="STRING_TOO_LONG", message=message)
    assert org.run("sync").code == 3

    ran = org.run("rejects", "fix", "salesforce", "--json")

    assert ran.code == 0, ran.out + ran.err
    assert ran.lines[0]["remedies"][0]["length"] == 40
    assert f"reasons: {{field: {name}, max_length: 40}}" in mapping(org)
    assert len(org.values(lead, name)[name]) <= 40


def test_field_that_may_not_be_written_is_only_read(org: World) -> None:
    """The right went while the run wrote: the entry says never, and the rest of the lead lands."""
    lead = plant(org, "right@planted.example")
    refuse(org, 1, "Leadgate_Grade__c", code="INVALID_FIELD_FOR_INSERT_UPDATE")
    assert org.run("sync").code == 3
    org.org.fls("Lead.Leadgate_Grade__c", edit=False)

    ran = org.run("rejects", "fix", "salesforce")

    assert ran.code in (0, 3), ran.out + ran.err
    assert "grade: {field: Leadgate_Grade__c, rule: never}" in mapping(org)
    assert score(org, lead) is not None
    assert org.run("check").code == 0


def test_field_that_is_gone_is_dropped(portal: World) -> None:
    """The property was deleted while the run wrote: its line goes, and nothing else of the file."""
    lead = plant(portal, "gone@planted.example")
    catalog = portal.portal.records.catalogs["contacts"]
    with on_the_wire(portal, WRITES["hubspot"], before=lambda: catalog.archive("leadgate_grade")):
        assert portal.run("sync").code == 3
    before = mapping(portal)

    ran = portal.run("rejects", "fix", "hubspot")

    assert ran.code in (0, 3), ran.out + ran.err
    assert mapping(portal) == before.replace("  grade: leadgate_grade\n", "")
    assert score(portal, lead) is not None
