"""Leads follow their opportunities: won makes a customer, lost recycles, in the CRM's own words."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from connector.ledger import open_ledger

if TYPE_CHECKING:
    from tests.support import World

CLOSED = {
    "salesforce": {"won": {"StageName": "Closed Won"}, "lost": {"StageName": "Closed Lost"}},
    "hubspot": {
        "won": {"dealstage": "closedwon"},
        "lost": {"dealstage": "closedlost", "closed_lost_reason": "Too dear"},
    },
}


def known(world: World, lead: str) -> dict[str, Any]:
    """What the ledger has of a lead."""
    (path,) = world.folder.rglob("*.db")
    with closing(open_ledger(f"sqlite:///{path}", clock=lambda: datetime.now(UTC))) as ledger:
        return {
            **ledger.lead(world.crm, lead),
            "opportunity": ledger.seen(world.crm, [lead])["opportunity_id"].item(),
        }


def close(world: World, lead: str, state: str) -> None:
    """A person closes the opportunity of a lead."""
    opportunity, values = known(world, lead)["opportunity"], CLOSED[world.crm][state]
    if world.crm == "salesforce":
        act = {"object": "Opportunity", "id": opportunity, "fields": values}
        world.org.mutate(act)
    else:
        world.portal.admin.update("deals", opportunity, values)
    world.tick()


def win_all(world: World) -> None:
    """Every opportunity that is still open is won."""
    if world.crm == "salesforce":
        rows = world.org.rows("SELECT Id FROM Opportunity WHERE IsClosed = false")
        fields = CLOSED["salesforce"]["won"]
        world.org.mutate([{"object": "Opportunity", "id": r["Id"], "fields": fields} for r in rows])
    else:
        for lead in world.opportunities():
            close(world, lead, "won")
    world.tick()


@pytest.mark.parametrize(("state", "stage"), [("won", "customer"), ("lost", "recycled")])
def test_a_closed_opportunity_moves_its_lead(world: World, state: str, stage: str) -> None:
    """The next sync learns of it in the ledger and, where the lead can be written, in the CRM."""
    lead = world.plant("ada@planted.example")
    world.sync()
    world.sync()
    assert known(world, lead)["stage"] == "opportunity"
    close(world, lead, state)
    report = world.sync()
    assert report["rescored"] + report["judged"] >= 1
    assert known(world, lead)["stage"] == stage
    if world.crm == "hubspot":
        assert world.values(lead, world.stage)[world.stage].casefold() == stage
        assert report["written"] == 1
    else:
        assert report["written"] == 0
    again = world.sync()
    assert (again["planned"], again["written"]) == (0, 0)


def test_a_plan_follows_opportunities_and_keeps_nothing(world: World) -> None:
    """It shows what the next sync would do about a loss, and the ledger learns it from the sync alone."""
    lead = world.plant("ada@planted.example")
    world.sync()
    world.sync()
    close(world, lead, "lost")
    planned = world.run("plan", world.crm, "--json").lines
    kept = known(world, lead)
    report = world.sync()

    shown = [line for line in planned if line.get("id") == lead]
    assert len(shown) == report["written"] == (1 if world.crm == "hubspot" else 0)
    assert (kept["stage"], kept["opportunity_state"]) == ("opportunity", "open")
    assert known(world, lead)["stage"] == "recycled"


def test_settled_opportunities_cost_no_calls(world: World) -> None:
    """Open ones cost a single call a sync, however many there are; settled ones none."""
    lead = world.plant("ada@planted.example")
    world.sync()
    world.sync()
    with_open = world.sync()["api_calls"]
    close(world, lead, "won")
    win_all(world)
    for _ in range(2):
        world.sync()

    assert world.sync()["api_calls"] == with_open - 1
