"""Over a real connection: faults, closing, and a client that somebody else wrote."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import SalesforceMalformedRequest

from connector.sandbox.http import serve
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg
from tests.unit.connector.sandbox_salesforce.conftest import BASE, NOW, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.http import Served


@pytest.fixture
def org() -> SalesforceOrg:
    """Make an org with small pages and quick jobs."""
    return SalesforceOrg(300, now=NOW, config=OrgConfig(bulk_delay_seconds=0.0, page_size=200))


@pytest.fixture
def served(org: SalesforceOrg) -> Iterator[Served]:
    """Serve it."""
    with org.serve() as served:
        yield served


@pytest.fixture
def api(org: SalesforceOrg, served: Served) -> Iterator[Api]:
    """Log in over the network."""
    with httpx.Client(base_url=served.url) as http:
        yield Api(org, http)


def test_a_dropped_answer_was_carried_out(api: Api) -> None:
    """drop_before does nothing, drop_after does it and loses the answer; both cut the line."""
    lead = {"LastName": "Dropped", "Company": "C"}
    for kind, count in (("drop_before", 0), ("drop_after", 1)):
        api.org.faults([{"kind": kind, "path": "/sobjects/Lead", "method": "POST", "times": 1}])
        with pytest.raises(httpx.RemoteProtocolError):
            api.call("POST", "/sobjects/Lead", json=lead)
        assert len(api.soql("SELECT Id FROM Lead WHERE LastName = 'Dropped'")) == count


def test_statuses_and_counts(api: Api) -> None:
    """A status fault lets `after` requests pass, fires `times` times and answers its own body."""
    api.org.faults([{"kind": "status", "status": 502, "path": "/limits", "after": 1, "times": 2}])
    answers = [api.call("GET", "/limits") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 502, 502, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")
    assert api.org.stats()["faults_fired"] == {"0 status": 2}


def test_truncated_answers(api: Api) -> None:
    """A truncated answer ends before the length it promised."""
    api.org.faults([{"kind": "truncate", "path": "/describe", "fraction": 0.3}])
    with pytest.raises(httpx.RemoteProtocolError):
        api.call("GET", "/sobjects/Lead/describe")


def test_sessions_expire_between_requests(api: Api) -> None:
    """expire_session ends all sessions just before the request that it hits."""
    api.org.faults([{"kind": "expire_session", "after": 1, "times": 1}])

    assert api.call("GET", "/limits").status_code == 200
    assert api.error("GET", "/limits") == (401, "INVALID_SESSION_ID")


def test_slow_answers_do_not_hold_up_others(api: Api) -> None:
    """A slow request times out for its caller while another one is served."""
    api.org.faults([{"kind": "slow", "seconds": 0.5, "path": "/limits", "times": 1}])
    with pytest.raises(httpx.ReadTimeout):
        api.call("GET", "/limits", timeout=0.1)

    assert api.call("GET", "/limits").status_code == 200


def test_row_faults(api: Api) -> None:
    """Locks and validation rules hit rows of their object and field, not their neighbours."""
    rules = [
        {"kind": "lock_row", "object": "Lead", "field": "Title", "times": 1},
        {"kind": "validation", "object": "Lead", "field": "City", "message": "No cities here"},
    ]
    api.org.faults(rules)
    ids = [row["Id"] for row in api.soql("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 4")]
    changes = [{"Title": "A"}, {"Title": "B"}, {"City": "Rome"}, {"State": "C"}]
    records = [
        {"attributes": {"type": "Lead"}, "id": key, **change}
        for key, change in zip(ids, changes, strict=True)
    ]
    answer = api.call("PATCH", "/composite/sobjects", json={"records": records}).json()

    assert [one["errors"][0]["statusCode"] if one["errors"] else None for one in answer] == [
        "UNABLE_TO_LOCK_ROW", None, "FIELD_CUSTOM_VALIDATION_EXCEPTION", None,
    ]  # fmt: skip
    assert answer[2]["errors"][0]["message"] == "No cities here"


def test_closing_gives_the_port_back(org: SalesforceOrg) -> None:
    """After close the port is free, closing again does nothing, and a taken port is an OSError."""
    first = org.serve()
    with pytest.raises(OSError, match="in use"):
        org.serve(first.port)
    first.close()
    first.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{first.url}/services/data")
    with org.serve(first.port) as second:
        assert httpx.get(f"{second.url}/services/data").status_code == 200


def test_the_date_header_is_the_orgs_clock(api: Api) -> None:
    """Date follows the org's clock, once, and moves with it."""
    api.org.advance(3600)
    answer = api.call("GET", "/limits")

    assert answer.headers.get_list("Date")[0].startswith("Mon, 02 Mar 2026 11:00")
    assert len(answer.headers.get_list("Date")) == 1


def test_any_application_can_be_served() -> None:
    """serve() takes a bare ASGI application and sends a Date of its own by default."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with serve(app) as served:
        answer = httpx.get(served.url)

    assert answer.status_code == 204
    assert "Date" in answer.headers


# simple-salesforce, a client that knows nothing of this org


class Loopback(HTTPAdapter):
    """Sends https requests to the served org over plain http."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self._served = served

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        """Rewrite the address and send."""
        parts = urlsplit(request.url or "")
        request.url = f"{self._served.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **options)


@pytest.fixture
def client(served: Served) -> Iterator[Salesforce]:
    """Log the SDK in by SOAP."""
    with requests.Session() as session:
        session.mount("https://", Loopback(served))
        session.headers["Sforce-Auto-Assign"] = "FALSE"
        token, _ = SalesforceLogin(
            session=session,
            scratch_url=served.url,
            username="integration@sandbox.example",
            password="sandbox-password",
            security_token="SANDBOXTOKEN",
        )
        yield Salesforce(
            instance="sandbox.my.salesforce.com", session_id=token, session=session, version="62.0"
        )


def test_sdk_reads_every_page(client: Salesforce, org: SalesforceOrg) -> None:
    """query_all follows the locators to the last row."""
    found = client.query_all("SELECT Id, Owner.Name FROM Lead")
    live = org.rows("SELECT Id FROM Lead WHERE IsDeleted = false")

    assert {row["Id"] for row in found["records"]} == {row["Id"] for row in live}
    assert len(found["records"]) == found["totalSize"] > 200


def test_sdk_creates_changes_and_deletes(client: Salesforce) -> None:
    """The SDK's row calls and its errors behave as against a real org."""
    key = client.Lead.create({"LastName": "A", "Company": "B"})["id"]
    assert client.Lead.update(key, {"Title": "Boss"}) == 204
    assert client.Lead.get(key)["Title"] == "Boss"
    with pytest.raises(SalesforceMalformedRequest) as caught:
        client.Lead.update(key, {"Email": "nonsense"})
    assert caught.value.content[0]["errorCode"] == "INVALID_EMAIL_ADDRESS"
    assert client.Lead.delete(key) == 204
    deleted = client.Lead.deleted(NOW.replace(hour=9), NOW.replace(hour=11))
    assert isinstance(deleted["deletedRecords"], list)


def test_sdk_describes_and_counts(client: Salesforce) -> None:
    """Descriptions and limits have the shape that the SDK hands on."""
    assert {"LastName", "Budget__c"} <= {
        field["name"] for field in client.Lead.describe()["fields"]
    }
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    assert "Lead" in {one["name"] for one in client.describe()["sobjects"]}


def test_sdk_updates_collections(client: Salesforce) -> None:
    """The SDK's free-form call reaches collections."""
    ids = [
        row["Id"]
        for row in client.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 5")["records"]
    ]
    records = [{"attributes": {"type": "Lead"}, "id": key, "Rating": "Hot"} for key in ids]
    answer = client.restful("composite/sobjects", method="PATCH", json={"records": records})

    assert [one["id"] for one in answer] == ids


def test_sdk_bulk(client: Salesforce) -> None:
    """Bulk 2.0 queries and writes go through the SDK, refused rows included."""
    pages = list(
        client.bulk2.Lead.query(
            "SELECT Id, Company FROM Lead WHERE IsConverted = false", max_records=100, wait=0
        )
    )
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert len(pages) > 1
    changes = [
        {"Id": rows[0]["Id"], "Email": "a@b.example"},
        {"Id": rows[1]["Id"], "Email": "nonsense"},
    ]
    result = client.bulk2.Lead.update(records=changes, wait=0)[0]

    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (2, 1)
    assert "INVALID_EMAIL_ADDRESS" in client.bulk2.Lead.get_failed_records(result["job_id"])


def test_both_clients_see_one_org(client: Salesforce, api: Api) -> None:
    """What the SDK writes the plain client reads."""
    key = client.Lead.create({"LastName": "Shared", "Company": "C"})["id"]

    assert api.http.get(f"{BASE}/sobjects/Lead/{key}").json()["LastName"] == "Shared"
