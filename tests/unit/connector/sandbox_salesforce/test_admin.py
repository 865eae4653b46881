"""What people do behind the API's back, the audit, and the seeded org."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.salesforce import SalesforceOrg
from connector.sandbox.salesforce.errors import ApiError
from tests.unit.connector.sandbox_salesforce.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.connector.sandbox_salesforce.conftest import Api


def test_a_back_dated_edit_lies_behind_the_watermark(api: Api) -> None:
    """`at` sets SystemModstamp in the past, and the editor is a person."""
    key = api.create()
    api.org.mutate({"id": key, "fields": {"Title": "x"}, "at": "2026-02-01T08:00:00Z"})
    row = api.soql("SELECT SystemModstamp, LastModifiedBy.Name, Title FROM Lead")[0]

    assert row["SystemModstamp"] == "2026-02-01T08:00:00.000+0000"
    assert (row["LastModifiedBy"]["Name"], row["Title"]) == ("Alex Admin", "x")


def test_the_audit_knows_overwritten_edits(api: Api) -> None:
    """An API write over a person's value is named; the same value or another field is not."""
    key = api.create()
    api.org.mutate({"id": key, "fields": {"Title": "mine", "Rating": "Hot", "City": "Rome"}})
    change = {"Title": "theirs", "Rating": "Hot"}
    api.call("PATCH", f"/sobjects/Lead/{key}", json=change)
    api.call("PATCH", f"/sobjects/Lead/{key}", json={"Title": "again"})
    report = api.org.audit()

    assert report["human_edits_overwritten"] == [
        {"object": "Lead", "id": key, "field": "Title", "typed": "mine", "api": "theirs"}
    ]
    assert report["writes_per_record"] == {key: 3}
    assert report["fields_written"]["Lead.Title"] == 2
    assert report["ok"] is False


def test_the_audit_finds_a_second_opportunity(api: Api) -> None:
    """An opportunity that names the lead in a custom field counts as one of the lead's."""
    key = api.create()
    metadata = {"type": "Text", "label": "Key", "length": 80}
    body = {"FullName": "Opportunity.Key__c", "Metadata": metadata}
    api.call("POST", "/tooling/sobjects/CustomField", json=body)
    api.org.fls("Opportunity.Key__c")
    deal = {"Name": "D", "StageName": "P", "CloseDate": "2026-06-30"}
    made = [api.create("Opportunity", **deal, Key__c=f"leadgate:{key[:size]}") for size in (15, 18)]

    assert sum(len(found) for found in api.org.audit()["opportunities_per_lead"].values()) == 2
    assert set(made) == {
        one for found in api.org.audit()["opportunities_per_lead"].values() for one in found
    }


def test_refused_rows_are_counted(api: Api) -> None:
    """The audit counts refusals by their code."""
    api.error("POST", "/sobjects/Lead", json={"LastName": "x"})

    assert api.org.audit()["refused"] == {"REQUIRED_FIELD_MISSING": 1}


def test_the_same_over_http(api: Api) -> None:
    """Everything a test can do in process it can do under /__sandbox__/, without a session."""
    api.http.headers.pop("Authorization")
    post = api.http.post
    key = post("/__sandbox__/mutate", json={"fields": {"LastName": "A", "Company": "B"}}).json()[0]
    post("/__sandbox__/mutate", json=[{"convert": {"leadId": key}}])
    rows = api.http.get("/__sandbox__/rows", params={"q": "SELECT IsConverted FROM Lead"}).json()

    assert rows == [{"IsConverted": True}]
    assert post("/__sandbox__/clock", json={"seconds": 3600}).json().startswith("2026-03-02T11:00")
    assert post("/__sandbox__/expire").json() == 1
    assert post("/__sandbox__/limit", json={"most": 7}).status_code == 200
    assert api.http.get("/__sandbox__/stats").json()["limit"] == 7
    assert api.http.get("/__sandbox__/audit").json()["ok"] is True
    assert post("/__sandbox__/faults", json=[{"kind": "nope"}]).status_code == 400
    assert api.http.delete("/__sandbox__/faults").status_code == 200
    assert api.http.get("/__sandbox__/nothing").status_code == 404


def test_people_are_held_to_the_rules_too(api: Api) -> None:
    """A person cannot type what the CRM forbids, nor change what is deleted."""
    key = api.create()
    with pytest.raises(ApiError, match="INVALID_EMAIL_ADDRESS"):
        api.org.mutate({"id": key, "fields": {"Email": "nonsense"}})
    api.org.mutate({"id": key, "delete": True})
    with pytest.raises(ApiError, match="ENTITY_IS_DELETED"):
        api.org.mutate({"id": key, "fields": {"Title": "x"}})


def test_calls_are_counted_by_address(api: Api) -> None:
    """Statistics name the address, not the record."""
    api.call("GET", f"/sobjects/Lead/{api.create()}")
    calls = api.org.stats()["calls"]

    assert calls["GET /sobjects/{object}/{id}"] == calls["POST /sobjects/{object}"] == 1


def test_the_seeded_org_is_lived_in() -> None:
    """Some leads are converted, deleted, of a queue; every live lead keeps to the rules."""
    org = SalesforceOrg(3000, seed=4, now=NOW)
    rows = org.rows(
        "SELECT Id, IsDeleted, IsConverted, Owner.Type, LastName, Company, SystemModstamp, CreatedDate, Status FROM Lead"
    )
    count = len(rows)

    assert count == 3000 == len(org.truth())
    assert 0.025 < sum(row["IsConverted"] for row in rows) / count < 0.055
    assert 0.01 < sum(row["IsDeleted"] for row in rows) / count < 0.03
    assert 0.01 < sum(row["Owner.Type"] == "Group" for row in rows) / count < 0.1
    assert all(row["LastName"] and row["Company"] for row in rows)
    assert all(row["CreatedDate"] <= row["SystemModstamp"] <= "2026-03-02T10:00:01" for row in rows)
    assert len(org.rows("SELECT Id FROM Opportunity")) == sum(row["IsConverted"] for row in rows)
    assert Counter(row["truth"] for row in org.truth().values()).keys() == {
        "customer",
        "lead",
        "spam",
    }
    assert org.audit()["ok"] is True


def test_the_same_seed_makes_the_same_org() -> None:
    """Two orgs of one seed have equal leads; another seed has others."""
    soql = "SELECT FIELDS(ALL) FROM Lead ORDER BY Id LIMIT 200"
    first, second = (SalesforceOrg(200, seed=1, now=NOW).rows(soql) for _ in range(2))

    assert first == second
    assert first != SalesforceOrg(200, seed=2, now=NOW).rows(soql)


def test_values_written_back_unchanged_are_accepted(make_api: Callable[..., Api]) -> None:
    """Every seeded value passes the org's own rules when it is written again."""
    api = make_api(leads=150)
    fields = api.call("GET", "/sobjects/Lead/describe").json()["fields"]
    names = [field["name"] for field in fields if field["updateable"]]
    soql = f"SELECT Id, {', '.join(names)} FROM Lead WHERE IsConverted = false"  # noqa: S608 — SOQL
    records = api.soql(soql)
    answer = api.call("PATCH", "/composite/sobjects", json={"records": records})
    refused = [one["errors"] for one in answer.json() if not one["success"]]

    assert {error[0]["statusCode"] for error in refused} <= {"INVALID_EMAIL_ADDRESS"}
    assert len(refused) < len(records) * 0.05
