"""Single rows, collections and composite requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.connector.sandbox_salesforce.conftest import BASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.connector.sandbox_salesforce.conftest import Api

LEAD = "/sobjects/Lead"
MANY = "/composite/sobjects"


def row(**fields: Any) -> dict[str, Any]:
    """Make one row of a collection."""
    return {"attributes": {"type": "Lead"}, **fields}


def codes(answer: Any) -> list[str | None]:
    """Return the refusal of each row, None where it was accepted."""
    return [None if one["success"] else one["errors"][0]["statusCode"] for one in answer.json()]


def test_a_row_lives_and_dies(api: Api) -> None:
    """Create, read, change with clearing, delete, and what each answers."""
    key = api.create(Title="  Boss ", AnnualRevenue=1234.567)
    assert api.call("PATCH", f"{LEAD}/{key}", json={"Title": None}).status_code == 204
    found = api.call("GET", f"{LEAD}/{key}").json()
    assert (found["Title"], found["AnnualRevenue"], found["Name"]) == (None, 1234.567, "Doe")
    assert api.call("DELETE", f"{LEAD}/{key}").status_code == 204
    assert api.error("GET", f"{LEAD}/{key}") == (404, "ENTITY_IS_DELETED")
    assert api.error("GET", f"{LEAD}/00QSb000000zzzzIAA") == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Company": None}, "REQUIRED_FIELD_MISSING"),
        ({"LastName": "x" * 81}, "STRING_TOO_LONG"),
        ({"Email": "not an address"}, "INVALID_EMAIL_ADDRESS"),
        ({"Need_Fit__c": "Perhaps"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Web_Visits__c": 1_000_000}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"ConvertedDate": "2026-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OwnerId": "001Sb0000000002MAA"}, "MALFORMED_ID"),
        ({"OwnerId": "005Sb000000zzzzIAB"}, "MALFORMED_ID"),
        ({"OwnerId": "005Sb000000zzzz"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"Nope__c": 1}, "INVALID_FIELD"),
        ({"Id": "00QSb0000000002MAA"}, "INVALID_FIELD"),
        ({"Budget__c": "abc"}, "JSON_PARSER_ERROR"),
        ({"Last_Web_Visit__c": "yesterday"}, "JSON_PARSER_ERROR"),
    ],
)
def test_refused_values(api: Api, fields: dict[str, Any], code: str) -> None:
    """Each rule on values refuses with its own code and leaves the row as it was."""
    key = api.create()
    before = api.call("GET", f"{LEAD}/{key}").json()

    assert api.error("PATCH", f"{LEAD}/{key}", json=fields) == (400, code)
    assert api.call("GET", f"{LEAD}/{key}").json() == before


def test_unrestricted_picklists_take_anything(api: Api) -> None:
    """A misspelt status is stored, and a converted one does not convert."""
    key = api.create(Status="Opne")
    api.call("PATCH", f"{LEAD}/{key}", json={"Status": "Closed - Converted"})

    assert api.soql("SELECT Status, IsConverted FROM Lead")[0]["IsConverted"] is False


def test_an_update_without_a_difference_moves_the_stamp(api: Api) -> None:
    """Even a write of the same value bumps SystemModstamp, and the audit calls it a no-op."""
    key = api.create(Title="A")
    api.org.advance(60)
    api.call("PATCH", f"{LEAD}/{key}", json={"Title": "A"})
    found = api.soql("SELECT CreatedDate, SystemModstamp FROM Lead")[0]

    assert found["SystemModstamp"] > found["CreatedDate"]
    assert found["SystemModstamp"].endswith(".000+0000")
    assert api.org.audit()["no_op_writes"] == {key: 1}


def test_the_assignment_rule_takes_leads_unless_told_not_to(api: Api) -> None:
    """A web lead goes to the queue on create and on update, but not with the header."""
    ask = {"Sforce-Auto-Assign": "TRUE"}
    mine = api.create(LeadSource="Web")
    assert api.soql("SELECT Owner.Type FROM Lead")[0]["Owner"]["Type"] == "User"
    api.call("PATCH", f"{LEAD}/{mine}", json={"Title": "x"}, headers=ask)
    assert api.soql("SELECT Owner.Type FROM Lead")[0]["Owner"]["Type"] == "Group"
    assert api.org.audit()["taken_by_assignment_rule"] == {mine: 1}


def test_optimistic_locking(api: Api) -> None:
    """If-Unmodified-Since refuses a row that changed later; If-Modified-Since saves the answer."""
    key = api.create()
    early, late = "Mon, 02 Mar 2026 09:00:00 GMT", "Mon, 02 Mar 2026 23:00:00 GMT"

    def patch(since: str) -> int:
        headers = {"If-Unmodified-Since": since}
        return api.call("PATCH", f"{LEAD}/{key}", json={"Title": "x"}, headers=headers).status_code

    assert (patch(early), patch(late)) == (412, 204)
    headers = {"If-Modified-Since": late}
    assert api.call("GET", f"{LEAD}/{key}", headers=headers).status_code == 304


def test_collections_answer_row_by_row_in_order(api: Api) -> None:
    """A bad row does not hide the good ones; its error says statusCode."""
    keys = [api.create() for _ in range(3)]
    records = [
        row(id=keys[0], Title="A"),
        row(id=keys[1], Email="nonsense"),
        row(id="00QSb000000zzzz", Title="B"),
        row(id=keys[2][:15], Title="C"),
    ]
    answer = api.call("PATCH", MANY, json={"records": records})

    assert answer.status_code == 200
    assert codes(answer) == [None, "INVALID_EMAIL_ADDRESS", "INVALID_CROSS_REFERENCE_KEY", None]
    assert answer.json()[3]["id"] == keys[2]


def test_all_or_none_takes_everything_back(api: Api) -> None:
    """One refused row rolls the others back, in the table and in the audit."""
    records = [row(LastName="A", Company="B"), row(LastName="A")]
    answer = api.call("POST", MANY, json={"allOrNone": True, "records": records})

    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert api.soql("SELECT Id FROM Lead") == []
    assert api.org.audit()["writes"] == 0


def test_collections_have_limits(api: Api) -> None:
    """201 rows, the same id twice or an unknown field refuse the whole request."""
    key = api.create()
    many = {"records": [row(LastName="A", Company="B")] * 201}
    twice = {"records": [row(id=key, Title="A"), row(id=key[:15], Title="B")]}

    assert api.error("POST", MANY, json=many)[0] == 400
    assert api.error("PATCH", MANY, json=twice) == (400, "DUPLICATE_VALUE")
    assert api.error("PATCH", MANY, json={"records": [row(id=key, X=1)]}) == (400, "INVALID_FIELD")


def test_reading_a_collection(api: Api) -> None:
    """Many rows by id come in the order asked, null where there is none, parents included."""
    keys = [api.create(LastName=name) for name in "AB"]
    ids = [keys[1], "00QSb000000zzzz", keys[0]]
    fields = ["LastName", "Owner.Name"]
    found = api.call("POST", f"{MANY}/Lead", json={"ids": ids, "fields": fields}).json()
    params = {"ids": ",".join(ids), "fields": ",".join(fields)}

    assert [one and one["LastName"] for one in found] == ["B", None, "A"]
    assert found[0]["Owner"]["Name"] == "Integration User"
    assert api.call("GET", f"{MANY}/Lead", params=params).json() == found


def key_field(api: Api) -> None:
    """Make and show a unique external id on opportunities."""
    metadata = {"type": "Text", "label": "Key", "length": 80, "unique": True, "externalId": True}
    body = {"FullName": "Opportunity.Key__c", "Metadata": metadata}
    assert api.call("POST", "/tooling/sobjects/CustomField", json=body).status_code == 201
    api.org.fls("Opportunity.Key__c")


def test_external_ids_stop_a_second_creation(api: Api) -> None:
    """An upsert by key creates once; an insert of the same key names the row that has it."""
    key_field(api)
    path = "/sobjects/Opportunity/Key__c/K%201"
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-30"}
    first = api.call("PATCH", path, json=deal)
    second = api.call("PATCH", path, json=deal)
    third = api.call("POST", "/sobjects/Opportunity", json={**deal, "Key__c": "k 1"})

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert third.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert third.json()[0]["message"].endswith(f"with id: {first.json()['id'][:15]}")
    assert (
        api.call(
            "PATCH", path.replace("1", "2"), params={"updateOnly": "true"}, json=deal
        ).status_code
        == 404
    )
    assert api.call("GET", path).json()["Name"] == "D"


def test_a_deleted_row_gives_its_key_back(api: Api) -> None:
    """The unique value of a deleted row is free, and taken again after undelete."""
    key_field(api)
    path = "/sobjects/Opportunity/Key__c/K1"
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-30"}
    first = api.call("PATCH", path, json=deal).json()["id"]
    api.org.mutate({"object": "Opportunity", "id": first, "delete": True})
    assert api.call("GET", path).status_code == 404
    api.org.mutate({"object": "Opportunity", "id": first, "undelete": True})
    assert api.call("PATCH", path, json=deal).json() == {
        "id": first, "success": True, "errors": [], "created": False,
    }  # fmt: skip


def test_collection_upsert_by_key(api: Api) -> None:
    """Rows of a collection find their record by the external id and say whether they made it."""
    key_field(api)
    deal = {
        "attributes": {"type": "Opportunity"},
        "Name": "D",
        "StageName": "P",
        "CloseDate": "2026-06-30",
    }
    body = {"records": [{**deal, "Key__c": "A"}, {**deal, "Key__c": "A", "Name": "E"}, deal]}
    answer = api.call("PATCH", f"{MANY}/Opportunity/Key__c", json=body)

    assert [one.get("created") for one in answer.json()] == [True, False, None]
    assert codes(answer)[2] == "MISSING_ARGUMENT"


def test_composite_requests_use_earlier_answers(api: Api) -> None:
    """Later subrequests refer to earlier ones; allOrNone takes all of them back."""
    account = {
        "method": "POST",
        "url": f"{BASE}/sobjects/Account",
        "referenceId": "a",
        "body": {"Name": "A"},
    }
    contact = {
        "method": "POST", "url": f"{BASE}/sobjects/Contact", "referenceId": "c",
        "body": {"LastName": "C", "AccountId": "@{a.id}"},
    }  # fmt: skip
    wrong = {**contact, "referenceId": "w", "body": {"AccountId": "@{a.id}"}}
    good = api.call("POST", "/composite", json={"compositeRequest": [account, contact]}).json()
    made = api.soql("SELECT Account.Name FROM Contact")
    bad = api.call(
        "POST", "/composite", json={"allOrNone": True, "compositeRequest": [account, wrong]}
    ).json()

    assert [one["httpStatusCode"] for one in good["compositeResponse"]] == [201, 201]
    assert made[0]["Account"]["Name"] == "A"
    assert bad["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert bad["compositeResponse"][1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert len(api.soql("SELECT Id FROM Account")) == 1


def test_updated_and_deleted_since(api: Api) -> None:
    """The replication calls list what changed and what went in a span of whole minutes."""
    kept, gone = api.create(), api.create()
    api.call("DELETE", f"{LEAD}/{gone}")
    api.org.advance(120)
    span = {"start": "2026-03-02T09:00:00+00:00", "end": "2026-03-02T10:01:30+00:00"}

    assert api.call("GET", f"{LEAD}/updated/", params=span).json() == {
        "ids": [kept], "latestDateCovered": "2026-03-02T10:01:00.000+0000",
    }  # fmt: skip
    deleted = api.call("GET", f"{LEAD}/deleted/", params=span).json()["deletedRecords"]
    assert [one["id"] for one in deleted] == [gone]
    wrong = {"start": "2025-01-01T00:00:00+00:00", "end": span["end"]}
    assert api.error("GET", f"{LEAD}/updated", params=wrong) == (400, "INVALID_REPLICATION_DATE")


def test_describe_has_all_keys_and_only_visible_fields(api: Api) -> None:
    """Each field has the 57 keys; the description is cached by date."""
    fields = api.call("GET", f"{LEAD}/describe").json()["fields"]
    by_name = {field["name"]: field for field in fields}

    assert {len(field) for field in fields} == {57}
    required = {
        name for name, field in by_name.items()
        if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
    }  # fmt: skip
    assert required == {"LastName", "Company"}
    assert by_name["Description"]["filterable"] is False
    assert by_name["Status"]["restrictedPicklist"] is False
    assert (by_name["IsConverted"]["createable"], by_name["IsConverted"]["updateable"]) == (
        True,
        False,
    )
    headers = {"If-Modified-Since": "Mon, 02 Mar 2026 23:00:00 GMT"}
    assert api.call("GET", f"{LEAD}/describe", headers=headers).status_code == 304


def test_wrong_methods_and_addresses(api: Api) -> None:
    """An unknown address is 404, a wrong method 405, a wrong media type 415."""
    assert api.error("GET", "/nothing") == (404, "NOT_FOUND")
    assert api.error("POST", "/limits") == (405, "METHOD_NOT_ALLOWED")
    assert api.error("POST", LEAD, content=b"{}", headers={"Content-Type": "text/xml"})[0] == 415


def test_defects_do_not_pass_for_the_crm(api: Api) -> None:
    """A body that the sandbox trips over is named as the sandbox's own defect."""
    answer = api.call("POST", "/composite", json={"compositeRequest": [{"referenceId": "a"}]})

    assert answer.json()[0]["errorCode"] == "SANDBOX_DEFECT"
    assert "composite.py:" in answer.json()[0]["message"]


def test_two_long_texts_make_small_pages(make_api: Callable[..., Api]) -> None:
    """Two custom long text fields in a query bring pages down to 200 rows."""
    api = make_api(leads=300)
    for name in ("One", "Two"):
        metadata = {"type": "LongTextArea", "label": name, "length": 32768, "visibleLines": 3}
        body = {"FullName": f"Lead.{name}__c", "Metadata": metadata}
        api.call("POST", "/tooling/sobjects/CustomField", json=body)
        api.org.fls(f"Lead.{name}__c")
    one = api.call("GET", "/query", params={"q": "SELECT Id, One__c FROM Lead"}).json()
    two = api.call("GET", "/query", params={"q": "SELECT Id, One__c, Two__c FROM Lead"}).json()

    assert one["done"]
    assert len(two["records"]) == 200
