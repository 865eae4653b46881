"""convertLead and the other SOAP calls."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.unit.connector.sandbox_salesforce.conftest import Api

PARTNER, ENTERPRISE = "urn:partner.soap.sforce.com", "urn:enterprise.soap.sforce.com"
STATUS = "Closed - Converted"


def post(
    api: Api, body: str, *, kind: str = "u", namespace: str = PARTNER, **options: Any
) -> httpx.Response:
    """Send one SOAP call."""
    session = options.get("session", api.token)
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:u="{namespace}"><s:Header><u:SessionHeader><u:sessionId>{session}</u:sessionId>'
        f"</u:SessionHeader></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=UTF-8"} | options.get(
        "headers", {"SOAPAction": '""'}
    )
    path = f"/services/Soap/{kind}/{options.get('version', '62.0')}"
    return api.http.post(path, content=options.get("before", "") + envelope, headers=headers)


def convert(api: Api, *rows: dict[str, Any], **options: Any) -> list[dict[str, str | None]]:
    """Convert leads; the text of each result's elements."""
    fields = [{"convertedStatus": STATUS} | row for row in rows]
    inner = "".join(
        "<u:leadConverts>"
        + "".join(f"<u:{name}>{escape(str(value))}</u:{name}>" for name, value in row.items())
        + "</u:leadConverts>"
        for row in fields
    )
    answer = post(api, f"<u:convertLead>{inner}</u:convertLead>", **options)
    assert answer.status_code == 200, answer.text
    results = [one for one in parsed(answer).iter() if one.tag.endswith("}result")]
    return [
        {part.tag.rpartition("}")[2]: part.text for part in one.iter() if part is not one}
        for one in results
    ]


def parsed(answer: httpx.Response) -> ET.Element:
    """Parse an answer of the org under test."""
    return ET.fromstring(answer.content)  # noqa: S314 — our own answer


def fault(answer: httpx.Response) -> str:
    """Return the code of a fault, which has to be HTTP 500."""
    assert answer.status_code == 500
    return parsed(answer).findtext(".//faultcode") or ""


def test_a_conversion_makes_three_records(api: Api) -> None:
    """Account, contact and opportunity are made and mapped, with a role between the last two."""
    lead = api.create(
        FirstName="Ann", Email="ann@acme.example", LeadSource="Partner Referral", Industry="Energy"
    )
    done = convert(api, {"leadId": lead, "opportunityName": "Deal & more"})[0]
    row = api.soql(
        "SELECT IsConverted, Status, ConvertedDate, ConvertedOpportunity.Name FROM Lead"
    )[0]
    deal = api.soql(
        "SELECT Id, Name, StageName, CloseDate, Probability, LeadSource, Account.Name, Account.Industry "
        "FROM Opportunity"
    )[0]
    role = api.soql(
        "SELECT IsPrimary, Contact.Name, Contact.Email, OpportunityId FROM OpportunityContactRole"
    )[0]

    assert (done["success"], done["leadId"]) == ("true", lead)
    assert (row["IsConverted"], row["Status"], row["ConvertedDate"]) == (True, STATUS, "2026-03-02")
    assert row["ConvertedOpportunity"]["Name"] == deal["Name"] == "Deal & more"
    assert (deal["StageName"], deal["CloseDate"], deal["Probability"]) == (
        "Prospecting",
        "2026-03-31",
        10,
    )
    assert (deal["Account"]["Name"], deal["Account"]["Industry"]) == ("Acme", "Energy")
    assert (role["OpportunityId"], role["Contact"]["Email"]) == (
        done["opportunityId"],
        "ann@acme.example",
    )


def test_rows_fail_alone(api: Api) -> None:
    """A wrong status, an unknown lead and a second conversion fail; their neighbour does not."""
    first, second = api.create(), api.create()
    results = convert(
        api,
        {"leadId": first},
        {"leadId": first},
        {"leadId": second, "convertedStatus": "Working - Contacted"},
        {"leadId": "00QSb000000zzzz"},
    )

    assert [row["success"] for row in results] == ["true", "false", "false", "false"]
    assert [row.get("statusCode") for row in results] == [
        None, "CANNOT_UPDATE_CONVERTED_LEAD", "INVALID_STATUS", "INVALID_CROSS_REFERENCE_KEY",
    ]  # fmt: skip
    assert len(api.soql("SELECT Id FROM Opportunity")) == 1
    assert api.org.audit()["opportunities_per_lead"] == {first: [results[0]["opportunityId"]]}


def test_a_converted_lead_is_read_only(api: Api) -> None:
    """Updates of a converted lead are refused by REST."""
    lead = api.create()
    convert(api, {"leadId": lead})

    assert api.error("PATCH", f"/sobjects/Lead/{lead}", json={"Title": "x"}) == (
        400,
        "CANNOT_UPDATE_CONVERTED_LEAD",
    )


def test_a_queue_cannot_own_what_comes_of_it(api: Api) -> None:
    """A lead of a queue needs an owner; with one it converts."""
    queue = api.soql("SELECT Id FROM Group WHERE Type = 'Queue'")[0]["Id"]
    lead = api.create(OwnerId=queue)
    refused = convert(api, {"leadId": lead})[0]
    rep = api.soql("SELECT Id FROM User WHERE Name = 'Grace Kim'")[0]["Id"]
    done = convert(api, {"leadId": lead, "ownerId": rep})[0]

    assert "only be owned by users" in (refused["message"] or "")
    assert done["success"] == "true"
    assert api.soql("SELECT Owner.Name FROM Opportunity")[0]["Owner"]["Name"] == "Grace Kim"


def test_existing_records_are_only_filled(api: Api) -> None:
    """What account and contact already say stays; empty fields are filled; the pair must match."""
    account = api.create("Account", Name="Kept", Phone="1")
    other = api.create("Account", Name="Other")
    contact = api.create("Contact", LastName="Kept", AccountId=account)
    lead = api.create(Phone="2", Industry="Energy", Title="Boss")
    wrong = convert(api, {"leadId": lead, "accountId": other, "contactId": contact})[0]
    alone = convert(api, {"leadId": lead, "contactId": contact})[0]
    none = {"doNotCreateOpportunity": "true"}
    done = convert(api, {"leadId": lead, "accountId": account, "contactId": contact, **none})[0]
    row = api.soql(
        "SELECT Name, Title, Account.Name, Account.Phone, Account.Industry FROM Contact"
    )[0]

    assert (wrong["success"], alone["success"], done["success"]) == ("false", "false", "true")
    assert done["opportunityId"] is None
    assert (row["Name"], row["Title"]) == ("Kept", "Boss")
    assert (row["Account"]["Name"], row["Account"]["Phone"], row["Account"]["Industry"]) == (
        "Kept",
        "1",
        "Energy",
    )
    assert api.soql("SELECT Id FROM Opportunity") == []


def test_a_refused_conversion_leaves_nothing(api: Api) -> None:
    """When the last step fails, account and contact are gone as well."""
    lead = api.create()
    row = {"leadId": lead, "opportunityId": "006Sb000000zzzz"}

    assert convert(api, row)[0]["success"] == "false"
    assert api.soql("SELECT Id FROM Account") == []


def test_tasks_and_memberships_move(api: Api) -> None:
    """Open tasks go to the contact, closed ones stay; memberships keep the lead and add the contact."""
    lead = api.create()
    api.create("Task", WhoId=lead, Subject="Open")
    api.create("Task", WhoId=lead, Subject="Done", Status="Completed")
    campaign = api.create("Campaign", Name="C")
    api.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    contact = convert(api, {"leadId": lead})[0]["contactId"]
    tasks = {row["Subject"]: row["WhoId"] for row in api.soql("SELECT Subject, WhoId FROM Task")}
    member = api.soql("SELECT LeadId, ContactId FROM CampaignMember")[0]

    assert tasks == {"Open": contact, "Done": lead}
    assert (member["LeadId"], member["ContactId"]) == (lead, contact)


def test_both_namespaces_but_never_mixed(api: Api) -> None:
    """The enterprise address takes the enterprise namespace only."""
    lead = api.create()

    assert convert(api, {"leadId": lead}, kind="c", namespace=ENTERPRISE)[0]["success"] == "true"
    mixed = post(api, "<u:convertLead/>", kind="c", namespace=PARTNER)
    assert fault(mixed) == "sf:UNKNOWN_EXCEPTION"


def test_faults(api: Api) -> None:
    """A bad session, a missing header, too many rows and broken XML are HTTP 500 with a code."""
    row = f"<u:leadConverts><u:leadId>{api.create()}</u:leadId></u:leadConverts>"
    many = f"<u:convertLead>{row * 101}</u:convertLead>"

    assert fault(post(api, "<u:convertLead/>", session="x")) == "sf:INVALID_SESSION_ID"
    assert fault(post(api, "<u:convertLead/>", headers={})) == "sf:UNKNOWN_EXCEPTION"
    assert fault(post(api, many)) == "sf:EXCEEDED_LEAD_CONVERT_LIMIT"
    assert fault(post(api, "<u:convertLead>")) == "sf:UNKNOWN_EXCEPTION"


def test_document_types_are_refused(api: Api) -> None:
    """No entity is ever expanded."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    answer = post(api, "<u:getServerTimestamp>&b;</u:getServerTimestamp>", before=bomb)

    assert fault(answer) == "sf:UNKNOWN_EXCEPTION"
    assert "document types" in answer.text


def test_jwt_format_tokens_work_for_rest_only(make_api: Callable[..., Api]) -> None:
    """An org that issues JWT tokens cannot convert with them."""
    api = make_api(jwt_tokens=True)

    assert api.soql("SELECT Id FROM User LIMIT 1")
    assert fault(post(api, "<u:getServerTimestamp/>")) == "sf:INVALID_SESSION_ID"


LOGIN = "<u:login><u:username>integration@sandbox.example</u:username><u:password>{}</u:password></u:login>"


def test_login(api: Api) -> None:
    """Login gives a session that REST takes; it is gone from version 65 on."""
    good = post(api, LOGIN.format("sandbox-passwordSANDBOXTOKEN"))
    session = next(one.text for one in parsed(good).iter() if one.tag.endswith("sessionId"))
    headers = {"Authorization": f"Bearer {session}"}

    assert api.call("GET", "/limits", headers=headers).status_code == 200
    assert fault(post(api, LOGIN.format("wrong"))) == "sf:INVALID_LOGIN"
    assert (
        fault(post(api, LOGIN.format("sandbox-passwordSANDBOXTOKEN"), version="65.0"))
        == "sf:INVALID_OPERATION"
    )


def test_conversion_can_be_forbidden(make_api: Callable[..., Api]) -> None:
    """A user without the right to convert gets a fault."""
    api = make_api(may_convert=False)

    assert fault(post(api, "<u:convertLead/>")) == "sf:INSUFFICIENT_ACCESS"


@pytest.mark.parametrize("name", ["getServerTimestamp", "getUserInfo", "logout"])
def test_small_calls(api: Api, name: str) -> None:
    """The other calls answer; logout ends the session."""
    answer = post(api, f"<u:{name}/>")

    assert answer.status_code == 200
    assert api.call("GET", "/limits").status_code == (401 if name == "logout" else 200)
