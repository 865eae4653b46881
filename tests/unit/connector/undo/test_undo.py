"""Undo over HTTP: everything that still is ours goes back, and nothing else is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

FIELDS = {
    "salesforce": ("Leadgate_Stage__c", "Leadgate_Score__c", "Leadgate_Reasons__c"),
    "hubspot": ("leadgate_stage", "leadgate_score", "leadgate_reasons"),
}
ANSWER = {"salesforce": {"Title": "Intern"}, "hubspot": {"jobtitle": "Intern"}}


def _all(world: World) -> dict[str, dict[str, Any]]:
    """What stands in our fields of every lead that has anything there."""
    names = FIELDS[world.crm]
    if world.crm == "salesforce":
        query = f"SELECT Id, {', '.join(names)} FROM Lead WHERE IsConverted = false"  # noqa: S608 — our own names
        rows = world.org.rows(query)
        found = {row["Id"]: {name: row[name] for name in names} for row in rows}
    else:
        with world.portal.lock:
            records = world.portal.records.stores["contacts"].records.values()
            found = {
                str(r.id): {name: r.properties.get(name) or None for name in names}
                for r in records
                if not r.archived
            }
    return {lead: row for lead, row in found.items() if any(row.values())}


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_everything_that_is_ours_goes_back(make_world: Callable[..., World], crm: str) -> None:
    """After the undo of the first sync no unconverted lead holds anything of ours."""
    world = make_world(crm, leads=30)
    first = world.sync()
    assert _all(world)

    ran = world.run("undo", first["run"])

    assert ran.code == 0, ran.err
    assert _all(world) == {}


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_what_a_person_has_changed_stays(make_world: Callable[..., World], crm: str) -> None:
    """A field that was edited since keeps the edit, the record's other fields go back."""
    world = make_world(crm, leads=30)
    first = world.sync()
    lead = next(iter(_all(world)))
    world.type(lead, **{world.score: 99})

    ran = world.run("undo", first["run"], "--json")

    kept = [line for line in ran.lines if line.get("code") == "CHANGED_SINCE"]
    assert [(line["id"], line["field"]) for line in kept] == [(lead, world.score)]
    assert float(world.values(lead, world.score)[world.score]) == 99
    assert not world.values(lead, world.stage)[world.stage]


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_a_plan_of_an_undo_writes_nothing(make_world: Callable[..., World], crm: str) -> None:
    """--plan counts the same records and leaves all of them as they are."""
    world = make_world(crm, leads=30)
    first = world.sync()
    before = _all(world)

    ran = world.run("undo", first["run"], "--plan", "--json")

    assert ran.code == 0, ran.err
    assert sum(line.get("kind") == "change" for line in ran.lines) >= len(before)
    assert ran.lines[-1]["kind"] == "plan"
    assert _all(world) == before


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_the_next_sync_does_not_redo_it(make_world: Callable[..., World], crm: str) -> None:
    """Undone leads are left alone by incremental and full syncs, until --redo."""
    world = make_world(crm, leads=30)
    first = world.sync()
    before = _all(world)
    assert world.run("undo", first["run"]).code == 0

    again, full = world.sync(), world.sync("--full")

    assert (again["written"], full["written"]) == (0, 0)
    assert (again["converted"], full["converted"]) == (0, 0)
    assert _all(world) == {}
    redone = world.sync("--redo")
    assert redone["written"] >= len(before)
    assert _all(world).keys() >= before.keys()


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_a_change_of_the_record_ends_the_hold(make_world: Callable[..., World], crm: str) -> None:
    """A lead that a person edits after the undo is judged and written again, and it alone."""
    world = make_world(crm, leads=30)
    first = world.sync()
    lead = next(iter(_all(world)))
    assert world.run("undo", first["run"]).code == 0
    world.tick()
    world.type(lead, **ANSWER[crm])
    world.tick()

    world.sync()

    assert list(_all(world)) == [lead]


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_a_new_model_ends_the_hold(make_world: Callable[..., World], crm: str) -> None:
    """A new version of the model decides about undone leads anew."""
    world = make_world(crm, leads=30)
    assert world.run("undo", world.sync()["run"]).code == 0
    world.edit("scoring/model.yaml", "version: ", "version: 1")

    assert world.sync()["written"] > 0


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_an_undo_can_be_undone(make_world: Callable[..., World], crm: str) -> None:
    """The undo of the undo brings every value back, and the next sync finds nothing to do."""
    world = make_world(crm, leads=30)
    first = world.sync()
    before = _all(world)
    assert world.run("undo", first["run"]).code == 0
    undone = world.run("runs", "--json", "--limit", "1").json["run"]

    ran = world.run("undo", undone)

    assert ran.code == 0, ran.err
    assert _all(world) == before
    assert world.sync("--full")["planned"] == 0


def test_an_untouched_deal_is_archived(make_world: Callable[..., World]) -> None:
    """HubSpot: a deal that nobody worked on goes, its lead is unconverted, and no new one comes."""
    world = make_world("hubspot", leads=20)
    lead = world.plant("deal@planted.example")
    first = world.sync()
    assert world.opportunities()[lead] == 1

    assert world.run("undo", first["run"]).code == 0

    assert lead not in world.opportunities()
    assert world.sync("--full")["converted"] == 0
    assert lead not in world.opportunities()


def test_a_redone_conversion_makes_one_deal(make_world: Callable[..., World]) -> None:
    """HubSpot: after the undo and --redo the lead has exactly one live deal."""
    world = make_world("hubspot", leads=20)
    lead = world.plant("deal@planted.example")
    assert world.run("undo", world.sync()["run"]).code == 0

    world.sync("--redo")

    assert world.opportunities()[lead] == 1


@pytest.mark.parametrize(
    "edit", [{"amount": "12"}, {"dealstage": "qualifiedtobuy"}, {"description": "called them"}]
)
def test_a_deal_that_somebody_worked_on_stays(
    make_world: Callable[..., World], edit: dict[str, str]
) -> None:
    """HubSpot: any edit of the deal keeps it, and the lead stays converted."""
    world = make_world("hubspot", leads=20)
    lead = world.plant("deal@planted.example")
    first = world.sync()
    with world.portal.lock:
        deals = world.portal.records.stores["deals"].records.values()
        (deal,) = [d.id for d in deals if int(lead) in d.linked("contacts")]
    world.portal.admin.update("deals", deal, edit)

    ran = world.run("undo", first["run"], "--json")

    (told,) = [x for x in ran.lines if x.get("kind") == "retract" and x["id"] == lead]
    assert (told["outcome"], told["code"]) == ("skipped", "TOUCHED")
    assert world.opportunities()[lead] == 1


def test_a_salesforce_conversion_is_told_with_its_address(
    make_world: Callable[..., World],
) -> None:
    """Salesforce: the conversion stays, and the undo names the opportunity's page."""
    world = make_world("salesforce", leads=20)
    lead = world.plant("deal@planted.example")
    first = world.sync()

    ran = world.run("undo", first["run"], "--json")

    (told,) = [x for x in ran.lines if x.get("kind") == "retract" and x["id"] == lead]
    assert (told["outcome"], told["code"]) == ("skipped", "CONVERSION_STAYS")
    assert "/lightning/r/Opportunity/006" in told["remedy"]
    assert world.opportunities()[lead] == 1
    locked = {x["code"] for x in ran.lines if x.get("id") == lead and x["kind"] == "keep"}
    assert locked == {"CONVERTED"}


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_a_second_undo_finds_nothing(make_world: Callable[..., World], crm: str) -> None:
    """Undoing the same run twice does nothing the second time."""
    world = make_world(crm, leads=30)
    first = world.sync()
    assert world.run("undo", first["run"]).code == 0

    report = world.run("undo", first["run"], "--json").lines[-1]

    assert report["written"] == 0


@pytest.mark.parametrize("crm", sorted(FIELDS))
def test_a_later_run_is_named(make_world: Callable[..., World], crm: str) -> None:
    """What a later run of ours has written again is told apart from people's edits."""
    world = make_world(crm, leads=30)
    first = world.sync()
    world.edit("scoring/model.yaml", "version: ", "version: 1")
    lead = next(iter(_all(world)))
    world.tick()
    world.type(lead, **ANSWER[crm])
    world.tick()
    assert world.sync()["written"] >= 1

    ran = world.run("undo", first["run"], "--json")

    later = {line["id"] for line in ran.lines if line.get("code") == "WRITTEN_LATER"}
    assert later == {lead}


def test_unknown_runs_and_plans_are_refused(make_world: Callable[..., World]) -> None:
    """A run that is not there, or wrote nothing, is refused with exit code 2 and a hint."""
    world = make_world("hubspot", leads=10)
    world.run("plan", "hubspot")
    planned = world.run("runs", "--json").lines[0]["run"]

    assert world.run("undo", "20200101-000000-abcdef").code == 2
    ran = world.run("undo", planned)
    assert ran.code == 2
    assert "wrote nothing" in ran.err
