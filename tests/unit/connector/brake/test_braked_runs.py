"""Abnormal runs over HTTP: they stop before anything is written, and say why with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

CRMS = ("hubspot", "salesforce")
LEADS = 30
LOST = {
    "salesforce": ("Status", "Closed - Not Converted"),
    "hubspot": ("hs_lead_status", "UNQUALIFIED"),
}


def _some(world: World) -> list[str]:
    """Leads that are not disqualified yet."""
    if world.crm == "salesforce":
        query = (
            "SELECT Id, Leadgate_Stage__c FROM Lead WHERE IsConverted = false AND IsDeleted = false"
        )
        rows = world.org.rows(query)
        return [row["Id"] for row in rows if row[world.stage] != "disqualified"]
    with world.portal.lock:
        found = world.portal.records.stores["contacts"].records.values()
        live = [r for r in found if r.properties.get("leadgate_stage") != "disqualified"]
        return [str(r.id) for r in live]


def _accident(world: World) -> dict[str, Any]:
    """Somebody's import says of every lead that it is lost; what each said before."""
    name, value = LOST[world.crm]
    before = {lead: world.values(lead, name)[name] for lead in _some(world)}
    for lead in before:
        world.type(lead, **{name: value})
    world.tick()
    return before


@pytest.fixture(params=CRMS)
def settled(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A world with four finished runs, the last three of which decided nothing."""
    world = make_world(request.param, leads=LEADS)
    world.edit("leadgate.yaml", "connections:", "brake: {floor: 4}\nconnections:")
    for _ in range(4):
        world.sync()
    return world


def test_an_accident_is_stopped(settled: World) -> None:
    """A mass disqualification ends with exit code 3, the numbers, and not one write."""
    _accident(settled)
    before = settled.writes()

    ran = settled.run("sync")

    assert ran.code == 3
    assert "disqualifications: " in ran.out
    assert "the limit is 4" in ran.out
    assert '--release "why"' in ran.out
    assert settled.writes() == before


def test_a_mended_accident_leaves_no_trace(settled: World) -> None:
    """When the import is taken back, the next sync finds everything as it was."""
    stages = {lead: settled.values(lead, settled.stage) for lead in _some(settled)}
    before = _accident(settled)
    assert settled.run("sync").code == 3
    name, _ = LOST[settled.crm]
    for lead, value in before.items():
        settled.type(lead, **{name: value})
    settled.tick()

    ran = settled.run("sync", "--json")

    assert (ran.code, ran.json["state"]) == (0, "done"), ran.out
    assert {lead: settled.values(lead, settled.stage) for lead in stages} == stages


def test_a_release_goes_on_and_is_kept(settled: World) -> None:
    """--release writes what was stopped, and the run's report keeps the words."""
    lost = _accident(settled)
    stopped = settled.run("sync", "--json").json
    assert (stopped["state"], stopped["written"]) == ("stopped", 0)

    ran = settled.run("sync", "--json", "--release", "list of the fair was wrong")

    assert ran.code == 0, ran.out
    assert ran.json["released"] == "list of the fair was wrong"
    assert ran.json["written"] == stopped["planned"]
    found = [str(settled.values(lead, settled.stage)[settled.stage]).lower() for lead in lost]
    assert found.count("disqualified") > 4
    assert settled.run("runs", "--json").lines[0]["released"] == "list of the fair was wrong"


def test_a_saved_plan_is_stopped_too(settled: World) -> None:
    """`apply FILE` asks the same, and takes --release as well."""
    _accident(settled)
    assert settled.run("plan", settled.crm, "--out", "accident.plan").code == 0

    assert settled.run("apply", "accident.plan").code == 3
    released = settled.run("apply", "accident.plan", "--release", "meant", "--json")
    assert released.json["written"] > 4
    assert released.json["released"] == "meant"


def test_an_unneeded_release_is_not_kept(settled: World) -> None:
    """A release of a run that is not abnormal leaves nothing behind: it stays a usual run."""
    assert settled.sync("--release", "just in case")["released"] is None


@pytest.mark.parametrize("crm", CRMS)
def test_a_first_sync_is_not_stopped(make_world: Callable[..., World], crm: str) -> None:
    """By default the first sync may touch every lead."""
    world = make_world(crm, leads=LEADS)

    report = world.sync()

    assert report["state"] in ("done", "done with rejects")
    assert report["written"] > LEADS / 2


@pytest.mark.parametrize("crm", CRMS)
def test_a_first_sync_may_be_limited(make_world: Callable[..., World], crm: str) -> None:
    """A connection's first_run_share stops a first run that would touch more."""
    world = make_world(crm, leads=LEADS)
    world.edit(
        "leadgate.yaml",
        f"    crm: {crm}\n",
        f"    crm: {crm}\n    brake: {{first_run_share: 10%}}\n",
    )

    ran = world.run("sync")

    assert ran.code == 3
    assert "first_run_share is 10%" in ran.out
    assert world.writes() == 0
    assert world.run("sync", "--release", "we looked at the plan").code == 0
    assert world.writes() > 0


def test_a_wrong_brake_is_told_with_its_line(make_world: Callable[..., World]) -> None:
    """An unknown or impossible key of `brake:` is refused with exit code 2 and its place."""
    world = make_world("hubspot", leads=10)
    world.edit("leadgate.yaml", "connections:", "brake: {flor: 4}\nconnections:")

    ran = world.run("sync")

    assert ran.code == 2
    assert "leadgate.yaml:" in ran.err
    assert "floor" in ran.err
