"""Conversions against a whole portal: one deal per lead, however often and whatever is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.engine.ports import CONVERSION_OUTCOMES
from connector.errors import ConfigurationError
from connector.sandbox.hubspot import Fault, PortalConfig
from mappings.entries import Conversion
from mappings.schema import NewField
from tests.unit.connector.crm_hubspot.test_pull import contacts, make_lead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.unit.connector.crm_hubspot.conftest import Connect

KEY = NewField("opportunity", "leadgate_key", "Key", "text", unique=True)
HOW = Conversion()


@pytest.fixture
def ready(crm: HubSpotCrm) -> HubSpotCrm:
    """A connection whose deals have the unique key property."""
    assert crm.setup([KEY])[0].outcome == "applied"
    return crm


def convert(
    crm: HubSpotCrm, ids: Sequence[str], how: Conversion = HOW, **values: str | None
) -> list[dict[str, Any]]:
    """All outcome rows of converting these leads, after a look at their columns."""
    given = {"dealname": "New deal", "dealstage": "qualifiedtobuy"} | values
    owner = given.pop("owner", None)
    columns = {"@id": list(ids), "@owner_id": [owner] * len(ids), "@key": list(ids)}
    columns |= {f"to:{name}": [value] * len(ids) for name, value in given.items()}
    schema = dict.fromkeys(columns, pl.String())
    found = pl.concat(crm.convert(pl.DataFrame(columns, schema=schema), how))
    assert found.schema == pl.Schema(CONVERSION_OUTCOMES)
    return found.to_dicts()


def fresh(portal: HubSpotPortal, number: int) -> list[str]:
    """Contacts that have no deal yet."""
    store = portal.records.stores["contacts"]
    free = [str(record.id) for record in store.after(0) if not record.linked("deals")]
    return free[:number]


def deals_of(portal: HubSpotPortal, contact: str) -> list[str]:
    """The deals of a contact."""
    record = portal.records.stores["contacts"].records[int(contact)]
    return [str(deal) for deal in record.linked("deals")]


def sound(portal: HubSpotPortal) -> bool:
    """Whether no contact has two deals, no key stands twice, and no deal is alone."""
    found = portal.audit("leadgate_key")
    return not (
        found["contacts_with_many_deals"]
        or found["duplicate_deal_keys"]
        or found["deals_without_contact"]
    )


def test_every_lead_gets_one_deal(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Each row is told the id of its own deal, in order, and the deal has its contact."""
    ids = fresh(portal, 30)

    rows = convert(ready, ids, amount="1200")

    assert [row["@id"] for row in rows] == ids
    assert {row["outcome"] for row in rows} == {"applied"}
    assert [[row["@opportunity_id"]] for row in rows] == [deals_of(portal, one) for one in ids]
    assert sound(portal)


def test_deals_know_their_company_owner_and_values(
    ready: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """The contact's company and owner come along; blank values are not sent."""
    store = portal.records.stores["contacts"]
    one = next(one for one in fresh(portal, 150) if store.records[int(one)].linked("companies"))
    rep = next(owner.id for owner in portal.records.owners.values() if not owner.archived)

    row = convert(ready, [one], amount="1200", description=None, owner=rep)[0]
    deal = portal.records.stores["deals"].records[int(row["@opportunity_id"])]

    assert set(deal.linked("companies")) == set(store.records[int(one)].linked("companies"))
    assert (deal.properties["amount"], deal.properties["hubspot_owner_id"]) == ("1200", rep)
    assert "description" not in deal.properties


def test_thirty_conversions_take_few_calls(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Keys, contacts, companies, deals and two associations: six calls at most."""
    before = ready.api_calls
    convert(ready, fresh(portal, 30))

    assert ready.api_calls - before <= 6


def test_converting_again_changes_nothing(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A second time the same ids are told, and a person's edit of the deal stays."""
    ids = fresh(portal, 10)
    first = convert(ready, ids)
    portal.admin.update("deals", first[0]["@opportunity_id"], {"dealname": "Renamed by Ada"})

    second = convert(ready, ids)
    deal = portal.records.stores["deals"].records[int(first[0]["@opportunity_id"])]

    assert second == first
    assert deal.properties["dealname"] == "Renamed by Ada"
    assert sound(portal)


@pytest.mark.parametrize(
    "path", ["deals/batch/upsert", "deals/contacts/batch/associate", "batch/read"]
)
@pytest.mark.parametrize(
    ("kind", "applied"),
    [("drop_before", False), ("drop_after", False), ("truncate", False), ("status", True)],
)
def test_one_deal_per_lead_whatever_is_lost(
    ready: HubSpotCrm, portal: HubSpotPortal, path: str, kind: Any, *, applied: bool
) -> None:
    """Whichever answer is lost, at whichever step, every lead ends with exactly one deal."""
    ids = fresh(portal, 60)
    fault = portal.faults.add(Fault(kind, path=path, times=2, applied=applied))

    rows = convert(ready, ids)

    assert fault.struck >= 1
    assert {row["outcome"] for row in rows} == {"applied"}
    assert all(len(deals_of(portal, one)) == 1 for one in ids)
    assert sound(portal)


def test_a_lost_answer_does_not_write_over_what_was_made(
    ready: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """After a lost answer the keys are read; deals that exist are not sent again."""
    portal.forget()
    portal.faults.add(Fault("drop_after", path="deals/batch/upsert"))

    convert(ready, fresh(portal, 10))

    assert not any("deals" in str(name) for name in portal.audit()["no_op_writes"])


def test_missing_associations_are_completed(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A deal that lost its contact (the process died between two calls) gets it back."""
    one = fresh(portal, 1)[0]
    deal = portal.admin.create(
        "deals", {"dealname": "d", "dealstage": "qualifiedtobuy", "leadgate_key": one}
    )

    row = convert(ready, [one])[0]

    assert (row["outcome"], row["@opportunity_id"]) == ("applied", deal)
    assert deals_of(portal, one) == [deal]


def test_a_bad_value_is_rejected_row_by_row(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A stage that does not exist rejects its rows with the field, and makes no deal."""
    rows = convert(ready, fresh(portal, 3), dealstage="no_such_stage")

    assert {(row["outcome"], row["field"]) for row in rows} == {("rejected", "dealstage")}
    assert {row["@opportunity_id"] for row in rows} == {None}


def test_a_lead_that_is_gone_gets_no_deal(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A contact deleted since the plan was made is skipped, and no lonely deal is left."""
    one, gone = fresh(portal, 2)
    portal.admin.archive("contacts", gone)

    rows = convert(ready, [one, gone])

    assert [row["outcome"] for row in rows] == ["applied", "skipped"]
    assert rows[1]["code"] == "OBJECT_NOT_FOUND"
    assert sound(portal)


def test_a_merged_lead_is_followed(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A contact merged since the pull is converted under its new id."""
    one, other = fresh(portal, 2)
    merged = portal.admin.merge("contacts", one, other)

    row = convert(ready, [one])[0]

    assert row["outcome"] == "applied"
    assert deals_of(portal, merged) == [row["@opportunity_id"]]


def test_leads_merged_into_one_share_a_deal(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Two leads planned apart and merged since are one contact, and get one deal."""
    one, other = fresh(portal, 2)
    merged = portal.admin.merge("contacts", one, other)

    rows = convert(ready, [one, other])

    assert {row["outcome"] for row in rows} == {"applied"}
    assert deals_of(portal, merged) == [rows[0]["@opportunity_id"]]
    assert rows[0]["@opportunity_id"] == rows[1]["@opportunity_id"]


def test_the_status_of_the_mapping_is_set(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A status for converted leads is written to the contact; a bad one does not undo the deal."""
    one, other = fresh(portal, 2)

    good = convert(ready, [one], Conversion(status="OPEN_DEAL"))[0]
    bad = convert(ready, [other], Conversion(status="no such status"))[0]
    contact = portal.records.stores["contacts"].records[int(one)]

    assert (good["outcome"], good["code"]) == ("applied", "")
    assert contact.properties["hs_lead_status"] == "OPEN_DEAL"
    assert (bad["outcome"], bad["field"]) == ("applied", "hs_lead_status")


def test_without_the_key_property_nothing_is_made(crm: HubSpotCrm, portal: HubSpotPortal) -> None:
    """The missing unique property is named with the command that creates it."""
    with pytest.raises(ConfigurationError, match=r"leadgate_key.*leadgate setup"):
        convert(crm, contacts(portal)[:1])


def test_leads_bring_their_contact(connect: Connect, portal: HubSpotPortal) -> None:
    """With object: leads the deal belongs to the lead and to the contact behind it."""
    crm = connect(object="leads")
    crm.setup([KEY])
    people = fresh(portal, 3)
    leads = [make_lead(portal, one) for one in people]

    rows = convert(crm, leads)
    store = portal.records.stores["leads"]

    for row, person in zip(rows, people, strict=True):
        assert row["outcome"] == "applied"
        assert deals_of(portal, person) == [row["@opportunity_id"]]
        assert set(store.records[int(row["@id"])].linked("deals")) == {int(row["@opportunity_id"])}


def test_without_rights_to_companies_the_deal_is_made(
    ready: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """A missing scope for companies costs the company association, nothing else."""
    scopes = [
        f"crm.objects.{name}.{right}"
        for name in ("contacts", "deals")
        for right in ("read", "write")
    ]
    portal.config.scopes = tuple(scopes)

    rows = convert(ready, fresh(portal, 20))

    assert PortalConfig().scopes is None
    assert {row["outcome"] for row in rows} == {"applied"}
    assert sound(portal)
