"""Symptoms 1 to 10: what was missed, skipped, cut short, deleted, merged, renamed or converted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.engine.ports import Window
from tests.conformance.leads import plant, score
from tests.conformance.wire import READS, WRITES, on_the_wire
from tests.unit.connector.crm_hubspot.conftest import connect, crm, portal, runtime  # noqa: F401 — fixtures
from tests.unit.connector.crm_hubspot.scripted import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.support import World

TITLE = {"salesforce": "Title", "hubspot": "jobtitle"}
OPEN = "SELECT Id FROM Lead WHERE IsConverted = false AND IsDeleted = false"


def title(world: World, lead: str) -> Any:
    """The title that the last verdict looked at."""
    return world.run("explain", lead, "--json").json["facts"]["title"]


def nothing_left(world: World) -> None:
    """A look at everything finds nothing to do."""
    assert world.run("plan", world.crm, "--full", "--json").lines[:-1] == []


def test_01_record_committed_late_is_not_missed(salesforce: World) -> None:
    """A transaction that commits after the run, under a time before it, is read by the next run."""
    before = salesforce.org.advance(0)
    salesforce.tick()
    assert salesforce.sync()["complete_to"]
    values = {"LastName": "Late", "Company": "Late Works", "Email": "late@planted.example"}
    (lead,) = salesforce.org.mutate({"fields": values, "at": before})

    salesforce.sync()

    assert score(salesforce, lead) is not None


def test_01_record_that_the_index_shows_late_is_not_missed(hubspot: World) -> None:
    """HubSpot's times are those of the commit; what comes late there is the search index."""
    hubspot.portal.config.index_lag_seconds = 60
    try:
        lead = plant(hubspot, "late@planted.example")
        unseen = hubspot.sync()
        assert score(hubspot, lead) is None
        hubspot.portal.advance(90)
        seen = hubspot.sync()
    finally:
        hubspot.portal.config.index_lag_seconds = 0

    assert unseen["complete_to"] < seen["complete_to"]
    assert score(hubspot, lead) is not None


def test_02_record_edited_during_the_run_is_caught_by_the_next(world: World) -> None:
    """A person edits a lead that was read a moment ago, while the run writes: it is judged again."""
    lead = plant(world, "during@planted.example")
    edit = {TITLE[world.crm]: "Working Student"}
    with on_the_wire(world, WRITES[world.crm], before=lambda: world.type(lead, **edit)) as wire:
        world.sync()
    assert wire.heard
    world.sync()

    assert world.values(lead, *edit) == edit
    assert title(world, lead) == "Working Student"


def test_03_records_of_one_moment_are_all_read_across_pages(
    make_world: Callable[..., World],
) -> None:
    """Every lead has the same modified time, more than a page of them: each is read once."""
    world = make_world("salesforce", 240, page_size=200)
    ids = [row["Id"] for row in world.org.rows(OPEN)]
    world.sync()
    world.org.mutate({"ids": ids, "fields": {"Title": "Chief Executive Officer"}})

    report = world.sync()

    rest = [row["Id"] for row in world.org.rows(OPEN)]
    assert report["gap"] is None
    assert set(rest) <= set(ids)
    assert len(rest) <= report["read"] <= len(ids)
    assert title(world, rest[-1]) == "Chief Executive Officer"


def test_03_to_05_more_leads_of_one_millisecond_than_a_search_returns(
    crm: HubSpotCrm,  # noqa: F811 — a fixture
    portal: HubSpotPortal,  # noqa: F811 — a fixture
) -> None:
    """Twelve thousand of one time end in no loop and at no ceiling: all are read, each once.

    Salesforce has no such ceiling: its queries are walked to their end.
    """
    with portal.lock:
        for number in range(12_000):
            portal.admin.create("contacts", {"email": f"{number}@many.example"})
    portal.advance(60)
    portal.admin.touch("contacts", {"jobtitle": "Stamped"}, limit=12_000)
    stamped = START + timedelta(seconds=60)

    pages = list(crm.pull(Window(stamped, START + timedelta(days=1)), ["email"]))
    ids = pl.concat(page.leads for page in pages)["@id"]

    assert ids.len() == ids.n_unique() == 12_000
    assert pages[0].expected == 12_000
    assert max(page.leads.height for page in pages) <= 2_200


def test_05_shortfall_holds_the_watermark(world: World) -> None:
    """The CRM counts more than it gives out: the run fails with both numbers, the next closes it."""
    lead = plant(world, "hidden@planted.example")
    other = plant(world, "shown@planted.example")
    before = world.run("runs", "--json").lines[0]["complete_to"]
    with on_the_wire(world, READS[world.crm], change=without(world, lead), times=None):
        short = world.run("sync", "--json")

    failed = world.run("runs", "--json").lines[0]
    assert short.code == 1, short.out
    assert failed["complete_to"] in (None, before)
    assert score(world, lead) is None
    assert world.sync()["complete_to"]
    assert score(world, lead) is not None
    assert score(world, other) is not None


def without(world: World, lead: str) -> Callable[[Any], Any]:
    """Answers that count a record and do not show it."""
    rows, key = ("records", "Id") if world.crm == "salesforce" else ("results", "id")

    def hide(body: Any) -> Any:
        if not isinstance(body, dict) or rows not in body:
            return body
        return body | {rows: [row for row in body[rows] if str(row.get(key)) != lead]}

    return hide


def test_06_own_deal_is_found_while_the_search_lags(hubspot: World) -> None:
    """The answer to making a deal is lost and the index does not show it: there is one deal.

    Salesforce's queries read what was committed.
    """
    hubspot.portal.config.index_lag_seconds = 3_600
    try:
        lead = hubspot.plant("lag@planted.example")
        hubspot.portal.config.index_lag_seconds = 0
        hubspot.portal.flush_index()
        hubspot.portal.config.index_lag_seconds = 3_600
        hubspot.portal.faults.read({"kind": "drop_after", "path": "deals/batch/create"})
        hubspot.sync()
    finally:
        hubspot.portal.config.index_lag_seconds = 0
        hubspot.portal.flush_index()
    hubspot.sync()

    assert hubspot.opportunities()[lead] == 1


def test_07_deleted_and_restored_leads_are_followed(world: World) -> None:
    """A deleted lead is told once and written no more; out of the bin it is judged again."""
    lead = plant(world, "deleted@planted.example")
    world.sync()
    assert world.run("explain", lead).code == 0
    _delete(world, lead)
    assert world.sync()["gone"] == 1
    assert world.sync()["gone"] == 0
    assert world.run("explain", lead).code == 2
    _restore(world, lead)
    world.sync()

    assert world.run("explain", lead).code == 0
    nothing_left(world)


def _delete(world: World, lead: str) -> None:
    if world.crm == "salesforce":
        world.org.mutate({"id": lead, "delete": True})
    else:
        world.portal.admin.archive("contacts", lead)


def _restore(world: World, lead: str) -> None:
    if world.crm == "salesforce":
        world.org.mutate({"id": lead, "undelete": True})
    else:
        world.portal.admin.restore("contacts", lead)


def test_08_merged_lead_goes_on_under_the_winners_id(world: World) -> None:
    """The old ids go, the one that stays is judged, with what people have answered of the others."""
    winner = plant(world, "winner@planted.example")
    loser = plant(world, "loser@planted.example")
    world.sync()
    if world.crm == "salesforce":
        world.org.mutate({"merge": {"master": winner, "victims": [loser]}})
        stays = winner
    else:
        stays = world.portal.admin.merge("contacts", winner, loser)
    report = world.sync()

    assert report["gone"] == (1 if world.crm == "salesforce" else 2)
    assert world.run("explain", stays).code == 0
    assert world.run("explain", loser).code == 2
    nothing_left(world)


def test_09_changed_address_is_the_same_person(world: World) -> None:
    """Another e-mail address makes no second lead: the identity is the CRM's id."""
    lead = plant(world, "before@planted.example")
    world.sync()
    known = world.run("funnel", "--json").lines[0]["leads"]
    world.type(lead, **{"Email" if world.crm == "salesforce" else "email": "after@planted.example"})
    world.sync()

    assert world.run("funnel", "--json").lines[0]["leads"] == known
    assert world.run("explain", "after@planted.example").code == 0
    assert world.run("explain", "before@planted.example").code == 2
    assert world.run("explain", lead).code == 0


def test_10_lead_that_a_rep_has_converted_is_left_alone(salesforce: World) -> None:
    """A rep converts while the run writes: it is skipped with the reason, and never tried again.

    HubSpot's contacts stay writable after a deal was made of them.
    """
    lead = salesforce.plant("converted@planted.example", Status="Open - Not Contacted")

    def convert() -> None:
        salesforce.org.mutate({"convert": {"leadId": lead, "ownerId": salesforce._rep()}})

    with on_the_wire(salesforce, WRITES["salesforce"], before=convert):
        ran = salesforce.run("sync", "--json")
    again = salesforce.sync()

    assert (ran.code, ran.json["rejected"], ran.json["skipped"]) == (0, 0, 1)
    assert (again["planned"], again["rejected"]) == (0, 0)
    assert lead not in salesforce.opportunities()


def test_10_contact_that_has_gone_while_the_run_writes_is_left_alone(hubspot: World) -> None:
    """A contact is deleted while the run writes: skipped, told as gone by the next run, then quiet."""
    lead = plant(hubspot, "going@planted.example")
    with on_the_wire(
        hubspot, WRITES["hubspot"], before=lambda: hubspot.portal.admin.archive("contacts", lead)
    ):
        ran = hubspot.run("sync", "--json")
    again = hubspot.sync()

    assert (ran.code, ran.json["rejected"], ran.json["skipped"]) == (0, 0, 1)
    assert (again["planned"], again["gone"]) == (0, 1)
