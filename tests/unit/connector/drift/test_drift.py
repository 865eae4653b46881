"""Drift over HTTP: the CRM changes under the mapping, and the run goes on with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connector import wiring
from connector.settings import load_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import Ran, World

LEADS = 40


@pytest.fixture
def portal(make_world: Callable[..., World]) -> World:
    """A HubSpot project that has synced once."""
    world = make_world("hubspot", leads=LEADS)
    world.plant("ada@planted.example")
    world.sync()
    return world


@pytest.fixture
def org(make_world: Callable[..., World]) -> World:
    """A Salesforce project that has synced once."""
    world = make_world("salesforce", leads=LEADS)
    world.sync()
    return world


def _archive(world: World, name: str) -> None:
    with world.portal.lock:
        world.portal.records.catalogs["contacts"].archive(name)


def _drop_option(world: World, name: str, value: str) -> None:
    """An admin removes a value of a property."""
    with world.portal.lock:
        catalog = world.portal.records.catalogs["contacts"]
        options = catalog.get(name).body()["options"]
        left = [each for each in options if each["value"] != value]
        assert len(left) == len(options) - 1
        catalog.update(name, {"options": left})


def _only(ran: Ran) -> dict[str, Any]:
    """The one drift of a sync that went on."""
    assert ran.code == 3, ran.err
    assert ran.json["state"] in ("done", "done with rejects")
    (found,) = ran.json["drift"]
    return found


def _known(world: World, fact: str) -> int:
    """How many leads the ledger knew this fact of, by `explain`'s own source."""
    ledger = wiring.open_ledger(load_project(world.folder, world.environment))
    try:
        pages = list(ledger.leads_facts(world.crm))
    finally:
        ledger.close()
    facts = [orjson.loads(text) for page in pages for text in page["facts"]]
    return sum(each.get(fact) is not None for each in facts)


def test_nothing_has_drifted(portal: World) -> None:
    """Without a change there is no drift, and the exit code stays 0."""
    ran = portal.run("sync", "--json")

    assert (ran.code, ran.json["drift"]) == (0, [])


def test_a_removed_field_is_an_unknown_fact(portal: World) -> None:
    """The consequence names the entry, every rule, gate and question, and the leads hit."""
    knew = _known(portal, "authority")
    assert knew > 0
    _archive(portal, "decision_maker")

    found = _only(portal.run("sync", "--json"))

    assert found["field"] == "decision_maker"
    assert found["leads"] == knew
    assert found["then"] == "its fact is unknown"
    assert "rule b2b_decides" in found["asks"]
    assert "gate sql of cycle b2b" in found["asks"]
    assert any(who.startswith('question "Who decides') for who in found["asks"])
    assert [entry.rsplit(": ")[-1] for entry in found["entries"]] == ["read.authority"]
    assert _known(portal, "authority") == 0


def test_a_field_that_is_not_optional_is_taken_over_too(portal: World) -> None:
    """What stopped everything with exit code 2 before the first sync now only costs its fact."""
    portal.edit(
        "mappings/hubspot.yaml",
        "field: decision_maker\n    optional: true",
        "field: decision_maker",
    )
    assert portal.run("sync").code == 0
    _archive(portal, "decision_maker")

    assert portal.run("check").code == 2
    assert _only(portal.run("sync", "--json"))["then"] == "its fact is unknown"


def test_a_removed_target_is_not_written(portal: World) -> None:
    """A property that we write has gone: the others are still written."""
    _archive(portal, "leadgate_grade")
    lead = portal.plant("bob@planted.example")

    found = _only(portal.run("sync", "--json"))

    assert (found["field"], found["then"]) == ("leadgate_grade", "it is not written")
    assert found["leads"] > 0
    assert portal.values(lead, portal.score)[portal.score]


def test_a_lost_value_is_not_written(portal: World) -> None:
    """Only the stage whose value has gone is not written."""
    with portal.portal.lock:
        contacts = portal.portal.records.stores["contacts"].records.values()
        stood = sum(c.properties.get("leadgate_stage") == "lead" for c in contacts)
    assert stood > 0
    _drop_option(portal, "leadgate_stage", "lead")

    found = _only(portal.run("sync", "--json"))

    assert found["what"] == '"leadgate_stage" has lost its value "lead".'
    assert found["then"] == "this value is not written"
    assert found["leads"] == stood
    lead = portal.plant("bob@planted.example")
    assert portal.run("sync", "--json").json["rejected"] == 0
    assert portal.values(lead, portal.stage)[portal.stage] not in (None, "", "lead")


def test_a_lost_value_of_a_read_field_counts_its_leads(portal: World) -> None:
    """The value that a map reads has gone: the leads that have it are counted."""
    _drop_option(portal, "purchase_timeline", "this_quarter")
    with portal.portal.lock:
        contacts = portal.portal.records.stores["contacts"].records.values()
        had = sum(c.properties.get("purchase_timeline") == "this_quarter" for c in contacts)
    assert had > 0

    found = _only(portal.run("sync", "--json"))

    assert found["leads"] == had
    assert found["then"] == "it is still used"


def test_a_value_that_nobody_uses_is_no_drift(portal: World) -> None:
    """A value that no map names and no lead has may go without a word."""
    _drop_option(portal, "hs_lead_status", "BAD_TIMING")
    with portal.portal.lock:
        contacts = portal.portal.records.stores["contacts"].records.values()
        assert not any(c.properties.get("hs_lead_status") == "BAD_TIMING" for c in contacts)

    assert portal.run("sync").code == 0


def test_a_hidden_field_is_a_removed_one(org: World) -> None:
    """Salesforce: field-level security that hides a field is told like its removal."""
    knew = _known(org, "industry")
    org.org.fls("Lead.Industry", read=False)

    found = _only(org.run("sync", "--json"))

    assert (found["field"], found["leads"], found["then"]) == (
        "Industry",
        knew,
        "its fact is unknown",
    )


def test_a_right_that_was_taken_away(org: World) -> None:
    """Salesforce: a field that may only be read any more is not written."""
    org.org.fls("Lead.Leadgate_Score__c", read=True, edit=False)

    found = _only(org.run("sync", "--json"))

    assert found["what"] == '"Leadgate_Score__c" can no longer be written by this user.'
    assert found["then"] == "it is not written"


def test_an_opportunity_field_does_not_move(org: World) -> None:
    """Salesforce: conversions go on without the amount."""
    org.org.fls("Opportunity.Amount", read=False)
    lead = org.plant("ada@planted.example")

    found = _only(org.run("sync", "--json"))

    assert (found["object"], found["field"]) == ("opportunity", "Amount")
    assert found["then"] == "it does not move into new opportunities"
    assert org.opportunities()[lead] == 1


def test_drift_lasts_until_the_field_is_back(portal: World) -> None:
    """Every run says it; when the field is there again, none does, and the facts are back."""
    knew = _known(portal, "authority")
    _archive(portal, "decision_maker")
    assert [portal.run("sync").code for _ in range(2)] == [3, 3]
    with portal.portal.lock:
        catalog = portal.portal.records.catalogs["contacts"]
        catalog.properties["decision_maker"] = catalog.archived.pop("decision_maker")

    assert portal.run("sync").code == 0
    assert _known(portal, "authority") == knew


def test_a_mended_mapping_is_accepted(portal: World) -> None:
    """When the mapping no longer uses the field, the new schema is the one to compare with."""
    _archive(portal, "leadgate_grade")
    assert portal.run("sync").code == 3
    portal.edit("mappings/hubspot.yaml", "  grade: leadgate_grade\n", "")

    assert [portal.run("sync").code for _ in range(2)] == [0, 0]


def test_drift_can_be_accepted(portal: World) -> None:
    """`check --accept-drift` ends the alarm where the mapping fits the new schema."""
    _drop_option(portal, "purchase_timeline", "this_quarter")
    assert portal.run("sync").code == 3

    assert portal.run("check", "--accept-drift").code == 0
    assert portal.run("sync").code == 0


def test_a_mapping_that_does_not_fit_cannot_be_accepted(portal: World) -> None:
    """`check --accept-drift` says what does not fit, and accepts nothing."""
    _archive(portal, "leadgate_grade")

    assert portal.run("check", "--accept-drift").code == 2
    assert portal.run("sync").code == 3


def test_a_first_sync_still_stops(make_world: Callable[..., World]) -> None:
    """A field that this connection never synced with is a mistake in the mapping: exit code 2."""
    world = make_world("hubspot", leads=10)
    _archive(world, "leadgate_grade")

    ran = world.run("sync")

    assert ran.code == 2
    assert "leadgate_grade" in ran.err


def test_a_new_mistake_still_stops(portal: World) -> None:
    """Beside a drift, a wrong name that was just written stops the run as ever."""
    _archive(portal, "leadgate_grade")
    portal.edit("mappings/hubspot.yaml", "score: leadgate_score", "score: leadgate_scor")

    assert portal.run("sync").code == 2


def test_people_read_the_consequence(portal: World) -> None:
    """Without --json the report says what changed, who is hit, and what to do."""
    _archive(portal, "decision_maker")

    ran = portal.run("sync")

    assert "the CRM has changed" in ran.out
    assert "rule b2b_decides" in ran.out
    assert "leadgate check --accept-drift" in ran.out
