"""Bulk API 2.0 jobs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.unit.connector.sandbox_salesforce.conftest import Api


@pytest.fixture
def quick(make_api: Callable[..., Api]) -> Api:
    """Make an org whose jobs are done at once."""
    return make_api(bulk_delay_seconds=0.0)


def ingest(api: Api, body: str, **job: Any) -> dict[str, Any]:
    """Run a whole ingest job; its last state."""
    payload = {"object": "Lead", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    made = api.call("POST", "/jobs/ingest", json=payload | job).json()
    headers = {"Content-Type": "text/csv"}
    put = api.http.put(f"/{made['contentUrl']}", content=body.encode(), headers=headers)
    assert put.status_code == 201
    api.call("PATCH", f"/jobs/ingest/{made['id']}", json={"state": "UploadComplete"})
    return api.call("GET", f"/jobs/ingest/{made['id']}").json()


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    """Read a CSV answer."""
    return list(csv.DictReader(io.StringIO(answer.text)))


def outcome(api: Api, job: dict[str, Any], kind: str) -> list[dict[str, str]]:
    """Read one kind of results of a job."""
    return rows(api.call("GET", f"/jobs/ingest/{job['id']}/{kind}/"))


def query(api: Api, soql: str, **job: Any) -> dict[str, Any]:
    """Start a query job."""
    payload = {"operation": "query", "query": soql} | job
    return api.call("POST", "/jobs/query", json=payload).json()


def test_values_as_csv(quick: Api) -> None:
    """Every value is quoted, null is empty, times end in Z, large numbers are scientific."""
    quick.create(LastName='Say "hi"', AnnualRevenue=350_000_000, Budget__c=5, Title="N/A")
    job = query(quick, "SELECT LastName, AnnualRevenue, Budget__c, Title, Rating, CreatedDate, DoNotCall, "
                "Owner.Name FROM Lead")  # fmt: skip
    lines = quick.call("GET", f"/jobs/query/{job['id']}/results").text.split("\n")

    assert lines[0].startswith('"LastName","AnnualRevenue"')
    assert lines[1].startswith('"Say ""hi""","3.5E8","5.0","N/A","","2026-03-02T10:00:')
    assert lines[1].endswith('.000Z","false","Integration User"')
    assert lines[2:] == [""]


def test_pages_follow_the_locator(make_api: Callable[..., Api]) -> None:
    """Pages bring their header each, a locator can be asked again, the last one is 'null'."""
    api = make_api(leads=50, bulk_delay_seconds=0.0)
    job = query(api, "SELECT Id FROM Lead")
    path, found, locator = f"/jobs/query/{job['id']}/results", [], None
    while locator != "null":
        params = {"maxRecords": "20"} | ({"locator": locator} if locator else {})
        page = api.call("GET", path, params=params)
        assert page.text == api.call("GET", path, params=params).text
        assert page.headers["Sforce-NumberOfRecords"] == str(len(rows(page)))
        found += [row["Id"] for row in rows(page)]
        locator = page.headers["Sforce-Locator"]

    live = [row["Id"] for row in api.org.rows("SELECT Id FROM Lead WHERE IsDeleted = false")]
    assert sorted(found) == sorted(live)


def test_a_job_takes_its_time(make_api: Callable[..., Api]) -> None:
    """Before its delay is over a job has no results; it can be aborted and then deleted."""
    api = make_api(bulk_delay_seconds=60.0)
    job = query(api, "SELECT Id FROM Lead")
    path = f"/jobs/query/{job['id']}"

    assert api.call("GET", path).json()["state"] == "UploadComplete"
    assert api.error("GET", f"{path}/results") == (400, "INVALIDJOBSTATE")
    assert api.error("DELETE", path) == (400, "INVALIDJOBSTATE")
    assert api.call("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert api.call("DELETE", path).status_code == 204
    assert api.error("GET", path) == (404, "NOT_FOUND")


def test_another_version_conflicts(quick: Api) -> None:
    """A job belongs to the version of the API that made it."""
    job = query(quick, "SELECT Id FROM Lead")
    answer = quick.http.get(f"/services/data/v60.0/jobs/query/{job['id']}")

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "soql",
    ["SELECT COUNT(Id) FROM Lead", "SELECT Id FROM Lead OFFSET 5", "SELECT Address FROM Lead",
     "SELECT Nope FROM Lead", "SELECT"],
)  # fmt: skip
def test_what_bulk_queries_cannot(quick: Api, soql: str) -> None:
    """Aggregates, offsets, compound and unknown fields are refused at once."""
    assert (
        quick.call("POST", "/jobs/query", json={"operation": "query", "query": soql}).status_code
        == 400
    )


def test_update_keeps_clears_and_refuses(quick: Api) -> None:
    """Empty leaves, #N/A clears, quoted line breaks survive, bad rows fail alone."""
    keys = [quick.create(Title="T", Rating="Hot") for _ in range(3)]
    body = (
        "Id,Title,Rating,Email\n"
        f'{keys[0]},"two\nlines, ""quoted""",,\n'
        f"{keys[1]},#N/A,Cold,\n"
        f"{keys[2]},x,,wrong address\n"
    )
    job = ingest(quick, body)
    found = {row["Id"]: row for row in quick.soql("SELECT Id, Title, Rating FROM Lead")}

    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        1,
    )
    assert (found[keys[0]]["Title"], found[keys[0]]["Rating"]) == ('two\nlines, "quoted"', "Hot")
    assert (found[keys[1]]["Title"], found[keys[1]]["Rating"]) == (None, "Cold")
    assert {row["sf__Id"] for row in outcome(quick, job, "successfulResults")} == set(keys[:2])
    failed = outcome(quick, job, "failedResults")[0]
    assert (failed["sf__Id"], failed["Title"]) == (keys[2], "x")
    assert (
        failed["sf__Error"]
        == "INVALID_EMAIL_ADDRESS:Email: invalid email address: wrong address:Email"
    )


def test_line_endings_are_checked(quick: Api) -> None:
    """CRLF in a job of LF fails the whole job, and the other way round."""
    for ending, body in (
        ("LF", "LastName,Company\r\nA,B\r\n"),
        ("CRLF", "LastName,Company\nA,B\n"),
    ):
        job = ingest(quick, body, operation="insert", lineEnding=ending)
        assert job["state"] == "Failed"
        assert job["errorMessage"].startswith("ClientInputError : LineEnding is invalid")
    assert quick.soql("SELECT Id FROM Lead") == []


def test_broken_csv_fails_the_job(quick: Api) -> None:
    """A file that is no CSV fails the job instead of the sandbox."""
    job = ingest(quick, f"LastName,Company\nA,{'x' * 200_000}\n", operation="insert")

    assert job["errorMessage"] == "ClientInputError : Failed to parse CSV"


def test_a_job_fails_on_order(quick: Api) -> None:
    """A fault fails one job as it is worked on; nothing of it is written, and the next one passes."""
    key = quick.create(LastName="A")
    quick.org.faults([{"kind": "fail_job", "path": "jobs/ingest", "times": 1}])

    failed = ingest(quick, f"Id,LastName\n{key},B\n")
    passed = ingest(quick, f"Id,LastName\n{key},C\n")

    assert (failed["state"], failed["numberRecordsProcessed"]) == ("Failed", 0)
    assert passed["state"] == "JobComplete"
    assert quick.org.audit()["writes_per_record"] == {key: 2}, "made, and written once"


def test_an_unknown_column_fails_the_job(quick: Api) -> None:
    """A header that is no field leaves every row unprocessed."""
    job = ingest(quick, "LastName,Company,Nope\nA,B,C\n", operation="insert")

    assert job["errorMessage"] == "InvalidBatch : Field name not found : Nope"
    assert outcome(quick, job, "unprocessedrecords") == [
        {"LastName": "A", "Company": "B", "Nope": "C"}
    ]


def test_insert_upsert_and_delete(quick: Api) -> None:
    """Inserts bring new ids, upserts by Id update, deletes put away; sf__Created tells."""
    made = outcome(
        quick, ingest(quick, "LastName,Company\nA,B\n", operation="insert"), "successfulResults"
    )
    key = made[0]["sf__Id"]
    job = ingest(quick, f"Id,LastName\n{key},C\n", operation="upsert", externalIdFieldName="Id")
    changed = outcome(quick, job, "successfulResults")
    ingest(quick, f"Id\n{key}\n", operation="delete")

    assert (made[0]["sf__Created"], changed[0]["sf__Created"]) == ("true", "false")
    assert quick.org.rows("SELECT Id, LastName, IsDeleted FROM Lead") == [
        {"Id": key, "LastName": "C", "IsDeleted": True}
    ]


def test_bulk_runs_the_assignment_rule_only_when_named(quick: Api) -> None:
    """Without assignmentRuleId a web lead stays with its creator."""
    ingest(quick, "LastName,Company,LeadSource\nA,B,Web\n", operation="insert")
    ingest(
        quick, "LastName,Company,LeadSource\nC,D,Web\n", operation="insert", assignmentRuleId="01Q"
    )
    found = quick.soql("SELECT LastName, Owner.Type FROM Lead ORDER BY LastName")

    assert [row["Owner"]["Type"] for row in found] == ["User", "Group"]
