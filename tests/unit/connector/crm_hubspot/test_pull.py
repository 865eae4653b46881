"""Pulls against a whole portal: nothing missed, nothing twice, and what has gone is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.crm.hubspot.adapter import open_crm
from connector.crm.hubspot.settings import HubSpotSettings
from connector.engine.ports import Window
from connector.sandbox.hubspot import Fault
from tests.unit.connector.crm_hubspot.scripted import START, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.unit.connector.crm_hubspot.conftest import Connect
    from tests.unit.connector.crm_hubspot.scripted import Runtime, Script

LATER = START + timedelta(hours=1)
EVERYTHING = Window(None, LATER)
SINCE = Window(START + timedelta(seconds=30), LATER)
"""Covers what happens after the portal was filled; see `later`."""
FIELDS = ("email", "lifecyclestage")


@pytest.fixture
def later(portal: HubSpotPortal) -> HubSpotPortal:
    """The portal a minute after it was filled."""
    portal.advance(60)
    return portal


def pull(
    crm: HubSpotCrm, window: Window, fields: Sequence[str] = FIELDS
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All leads and all gone rows of a pull."""
    pages = list(crm.pull(window, fields))
    schema = crm.fetch([], fields).schema
    leads = pl.concat([pl.DataFrame(schema=schema), *(page.leads for page in pages)])
    gone = [page.gone for page in pages]
    return leads, pl.concat(gone) if gone else pl.DataFrame(schema={"@id": pl.String})


def contacts(portal: HubSpotPortal) -> list[str]:
    """The ids of all contacts that are not in the bin."""
    return [str(record.id) for record in portal.records.stores["contacts"].after(0)]


def test_a_full_pull_reads_every_lead_once(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Every contact outside the bin comes, once; the bin's contacts come as gone."""
    leads, gone = pull(crm, EVERYTHING)

    assert sorted(leads["@id"]) == sorted(contacts(portal))
    assert not set(gone["@id"]) & set(leads["@id"])
    assert gone.filter(pl.col("@merged_into").is_null()).height == 3


def test_values_are_the_portals_own(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A pulled row holds what the portal holds, with its modified time to the millisecond."""
    one = contacts(portal)[5]
    record = portal.records.stores["contacts"].records[int(one)]

    row = pull(crm, EVERYTHING)[0].row(by_predicate=pl.col("@id") == one, named=True)

    assert row["email"] == record.properties.get("email")
    assert row["@owner_id"] == record.properties.get("hubspot_owner_id")
    assert row["@modified_at"].timestamp() * 1000 == pytest.approx(record.updated)


def test_a_full_pull_costs_a_call_per_hundred(crm: HubSpotCrm) -> None:
    """147 leads are two pages, the bin is one."""
    pull(crm, EVERYTHING)

    assert crm.api_calls == 3


def test_only_changes_are_read(crm: HubSpotCrm, later: HubSpotPortal) -> None:
    """A pull since the last one brings what was edited since then, for one search and the bin."""
    edited = contacts(later)[10:20]
    for one in edited:
        later.admin.update("contacts", one, {"jobtitle": "Head of Sales"})

    leads, gone = pull(crm, SINCE)

    assert sorted(leads["@id"]) == sorted(edited)
    assert gone.is_empty()
    assert crm.api_calls == 2


def test_the_upper_edge_of_the_window_holds(crm: HubSpotCrm, later: HubSpotPortal) -> None:
    """What changes after the window's end is left to the next pull."""
    before, after = contacts(later)[:2]
    later.admin.update("contacts", before, {"jobtitle": "A"})
    edge = START + timedelta(minutes=5)
    later.advance(600)
    later.admin.update("contacts", after, {"jobtitle": "B"})

    first, _ = pull(crm, Window(SINCE.since, edge))
    second, _ = pull(crm, Window(edge, LATER))

    assert (first["@id"].to_list(), second["@id"].to_list()) == ([before], [after])


def test_deleted_and_merged_contacts_are_told(crm: HubSpotCrm, later: HubSpotPortal) -> None:
    """A contact put into the bin is gone; merged ones lead to the record that took over."""
    deleted, one, other = contacts(later)[:3]
    later.admin.archive("contacts", deleted)
    merged = later.admin.merge("contacts", one, other)

    leads, gone = pull(crm, SINCE)

    expected = {(deleted, None), (one, merged), (other, merged)}

    assert set(gone.iter_rows()) == expected
    assert leads["@id"].to_list() == [merged]


def test_a_pull_survives_what_the_wire_does(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Dropped, truncated and limited calls in the middle of a pull lose nothing."""
    for kind, path in (("drop_after", "objects/contacts"), ("truncate", "objects/contacts")):
        portal.faults.add(Fault(kind, method="GET", path=path, after=1))
    portal.faults.add(Fault("rate_limit", path="objects/contacts", after=3))

    leads, _ = pull(crm, EVERYTHING)

    assert sorted(leads["@id"]) == sorted(contacts(portal))


def test_leads_of_the_lead_object_are_pulled(connect: Connect, later: HubSpotPortal) -> None:
    """With object: leads the same pull reads HubSpot's leads."""
    person = contacts(later)[0]
    crm = connect(object="leads")
    made = make_lead(later, person)

    full, _ = pull(crm, EVERYTHING, ["hs_lead_name"])
    changed, _ = pull(crm, SINCE, ["hs_lead_name"])

    assert full["@id"].to_list() == changed["@id"].to_list() == [made]
    assert full["hs_lead_name"].to_list() == ["Big one"]


def test_find_by_id_and_address(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Both lead to the same record; what nobody has finds nothing."""
    store = portal.records.stores["contacts"]
    one = next(record for record in store.after(0) if "email" in record.properties)
    address = one.properties["email"]

    assert crm.find(str(one.id), FIELDS)["email"].to_list() == [address]
    assert crm.find(address.upper(), FIELDS)["@id"].to_list() == [str(one.id)]
    assert crm.find("nobody@nowhere.example", FIELDS).is_empty()
    assert crm.find("not an id", FIELDS).is_empty()


def test_an_address_never_stands_in_a_path(script: Script, runtime: Runtime) -> None:
    """People's addresses are posted, because paths are logged on the way."""
    script.says(Said({"results": []}))
    crm = open_crm(HubSpotSettings(token="t", base_url=script.url), runtime)
    crm.find("ada@lovelace.example", FIELDS)
    crm.close()

    assert [heard.path for heard in script.heard] == ["/crm/v3/objects/contacts/batch/read"]
    assert b"ada@lovelace.example" in script.heard[0].body


def test_fetch_follows_merges_and_leaves_out_the_missing(
    crm: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """Old ids answer with the record that took over, once; unknown ids are left out."""
    one, other, third = contacts(portal)[:3]
    merged = portal.admin.merge("contacts", one, other)

    found = crm.fetch([one, other, third, "999999999", "x"], FIELDS)

    assert sorted(found["@id"]) == sorted([merged, third])


def make_lead(portal: HubSpotPortal, contact: str) -> str:
    """A HubSpot lead of a contact, as a person makes it."""
    lead = portal.admin.create("leads", {"hs_lead_name": "Big one"})
    portal.admin.associate("leads", lead, "contacts", contact)
    return lead
