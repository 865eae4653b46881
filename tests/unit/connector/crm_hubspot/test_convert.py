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
    from collections.abc import Callable, Sequence

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.unit.connector.crm_hubspot.conftest import Connect

CREATE = "deals/batch/create"
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


def planted(portal: HubSpotPortal, key: str) -> str:
    """A deal that holds this key and belongs to nobody yet."""
    properties = {"dealname": "Planted", "dealstage": "qualifiedtobuy", "leadgate_key": key}
    return str(portal.admin.create("deals", properties))


def with_company(portal: HubSpotPortal, number: int) -> list[str]:
    """Contacts without a deal, but with a company."""
    store = portal.records.stores["contacts"]
    ids = [one for one in fresh(portal, 150) if store.records[int(one)].linked("companies")]
    return ids[:number]


@pytest.fixture
def just_before_creating(
    portal: HubSpotPortal, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object]], None]:
    """Lets somebody else act once, after all reading and right before the deals are created."""

    def arrange(act: Callable[[], object]) -> None:
        acts, strike = [act], portal.faults.strike

        def struck(method: str, path: str) -> Fault | None:
            if CREATE in path and acts:
                acts.pop()()
            return strike(method, path)

        monkeypatch.setattr(portal.faults, "strike", struck)

    return arrange


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
    one = with_company(portal, 1)[0]
    rep = next(owner.id for owner in portal.records.owners.values() if not owner.archived)

    row = convert(ready, [one], amount="1200", description=None, owner=rep)[0]
    deal = portal.records.stores["deals"].records[int(row["@opportunity_id"])]

    assert set(deal.linked("companies")) == set(store.records[int(one)].linked("companies"))
    assert (deal.properties["amount"], deal.properties["hubspot_owner_id"]) == ("1200", rep)
    assert "description" not in deal.properties


def test_a_hundred_conversions_take_four_calls(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Keys, contacts, companies, and deals together with their associations; repeated, six."""
    ids = fresh(portal, 100)
    before = ready.api_calls
    convert(ready, ids)
    first = ready.api_calls - before
    convert(ready, ids)

    assert first == 4
    assert ready.api_calls - before - first <= 6


def test_a_deal_is_never_without_its_contact(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Contact and company come with the creation itself: no later call is needed for them."""
    ids = with_company(portal, 20)
    fault = portal.faults.add(Fault("status", path="associate", status=403, times=None))

    rows = convert(ready, ids)
    deals = portal.records.stores["deals"].records

    assert fault.struck == 0
    assert all(deals[int(row["@opportunity_id"])].linked("companies") for row in rows)
    assert sound(portal)


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


LOSSES = pytest.mark.parametrize(
    ("kind", "applied"),
    [("drop_before", False), ("drop_after", False), ("truncate", False), ("status", True)],
)


@pytest.mark.parametrize("path", [CREATE, "batch/read"])
@LOSSES
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


@LOSSES
def test_lost_associations_of_found_deals(
    ready: HubSpotCrm, portal: HubSpotPortal, kind: Any, *, applied: bool
) -> None:
    """Deals that were there already get their contacts, also when the answer is lost."""
    ids = fresh(portal, 20)
    deals = [planted(portal, one) for one in ids]
    path = "deals/contacts/batch/associate"
    fault = portal.faults.add(Fault(kind, path=path, times=2, applied=applied))

    rows = convert(ready, ids)

    assert fault.struck >= 1
    assert [row["@opportunity_id"] for row in rows] == deals
    assert [deals_of(portal, one) for one in ids] == [[deal] for deal in deals]
    assert sound(portal)


@pytest.mark.parametrize("traced", [True, False])
def test_a_key_taken_meanwhile_is_found(
    ready: HubSpotCrm,
    portal: HubSpotPortal,
    just_before_creating: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    traced: bool,
) -> None:
    """Keys taken since they were read: those deals are the leads' own, unchanged, and joined.

    It holds whether the portal refuses the records one by one or the batch as a whole.
    """
    if not traced:
        monkeypatch.setattr("connector.sandbox.hubspot.batch._traced", lambda _: False)
    ids = with_company(portal, 12)
    just_before_creating(lambda: [planted(portal, one) for one in (ids[3], ids[7])])

    rows = convert(ready, ids)
    deals = portal.records.stores["deals"].records
    made = [deals[int(row["@opportunity_id"])] for row in rows]

    assert {row["outcome"] for row in rows} == {"applied"}
    assert [deals_of(portal, row["@id"]) for row in rows] == [[str(deal.id)] for deal in made]
    names = [deal.properties["dealname"] for deal in made]
    assert [at for at, name in enumerate(names) if name == "Planted"] == [3, 7]
    assert all(deal.linked("companies") for deal in made)
    assert sound(portal)


@pytest.mark.parametrize("traced", [True, False])
def test_a_contact_that_goes_meanwhile_gets_no_deal(
    ready: HubSpotCrm,
    portal: HubSpotPortal,
    just_before_creating: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    traced: bool,
) -> None:
    """A contact deleted right before the creation is skipped; all others get their deals."""
    if not traced:
        monkeypatch.setattr("connector.sandbox.hubspot.batch._traced", lambda _: False)
    ids = fresh(portal, 12)
    just_before_creating(lambda: portal.admin.archive("contacts", ids[5]))

    rows = convert(ready, ids)

    assert [at for at, row in enumerate(rows) if row["outcome"] != "applied"] == [5]
    assert (rows[5]["outcome"], rows[5]["code"]) == ("skipped", "OBJECT_NOT_FOUND")
    assert rows[5]["@opportunity_id"] is None
    assert sound(portal)


def test_a_company_that_goes_meanwhile_costs_no_deal(
    ready: HubSpotCrm,
    portal: HubSpotPortal,
    just_before_creating: Callable[[Callable[[], object]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The deal is made without the company that is gone, and a warning says so."""
    ids = with_company(portal, 12)
    contact = portal.records.stores["contacts"].records[int(ids[0])]
    gone = next(iter(contact.linked("companies")))
    just_before_creating(lambda: portal.admin.archive("companies", str(gone)))

    rows = convert(ready, ids)
    deal = portal.records.stores["deals"].records[int(rows[0]["@opportunity_id"])]

    assert {row["outcome"] for row in rows} == {"applied"}
    assert not deal.linked("companies")
    assert "could not be associated with their companies" in caplog.text
    assert sound(portal)


@pytest.mark.parametrize(("status", "companies"), [(403, 0), (404, 12)])
def test_a_creation_refused_for_its_associations(
    ready: HubSpotCrm, portal: HubSpotPortal, status: int, companies: int
) -> None:
    """Not permitted with companies, it is tried without; a target not found is singled out."""
    fault = portal.faults.add(Fault("status", path=CREATE, status=status))

    rows = convert(ready, with_company(portal, 12))
    deals = portal.records.stores["deals"].records

    assert fault.struck == 1
    assert {row["outcome"] for row in rows} == {"applied"}
    found = [deals[int(row["@opportunity_id"])].linked("companies") for row in rows]
    assert sum(map(bool, found)) == companies
    assert sound(portal)


def test_what_is_not_permitted_at_all_is_told(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """Without the right to create deals the run ends; leaving companies out does not hide it."""
    portal.faults.add(Fault("status", path=CREATE, status=403, times=None))

    with pytest.raises(ConfigurationError, match="create deals"):
        convert(ready, with_company(portal, 3))


def test_after_a_lost_answer_nothing_is_asked_for_twice(
    ready: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """After a lost answer the keys are read; deals that exist are not sent again."""
    portal.forget()
    fault = portal.faults.add(Fault("drop_after", path=CREATE))

    convert(ready, fresh(portal, 10))
    calls = portal.stats()["endpoints"]

    assert fault.struck == 1
    assert portal.audit()["created"] == {"deals": 10}
    assert [number for name, number in calls.items() if "batch/create" in name] == [1]


def test_missing_associations_are_completed(ready: HubSpotCrm, portal: HubSpotPortal) -> None:
    """A deal without its contact (somebody took the association away) gets it back."""
    one = fresh(portal, 1)[0]
    deal = planted(portal, one)

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
