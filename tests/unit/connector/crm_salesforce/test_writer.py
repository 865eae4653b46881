"""Writes: one outcome per row, whatever becomes of the request that carried it."""

from __future__ import annotations

import csv
import io
import random

import httpx
import orjson
import polars as pl
import pytest

from connector import errors
from connector.crm.salesforce.writer import Writer

LOCKED = {
    "success": False,
    "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "held", "fields": []}],
}


def done(request):
    """Every record of a collections call was written."""
    records = orjson.loads(request.content)["records"]
    rows = [{"id": r["id"], "success": True, "errors": []} for r in records]
    return httpx.Response(200, content=orjson.dumps(rows))


def write(crm, changes):
    """All outcomes, after checking that each row has exactly one."""
    told = pl.concat(list(crm.write(changes)))

    assert sorted(told["@id"]) == sorted(changes["@id"])
    return {row["@id"]: row for row in told.iter_rows(named=True)}


def ingest(wire, *, state="JobComplete", rows=(), failed=(), success=(), error=None):
    """Script an ingest job with these results."""
    wire.on(
        "POST",
        "/jobs/ingest$",
        json={"id": "750x", "contentUrl": "services/data/v62.0/jobs/ingest/750x/batches"},
    )
    wire.on("PUT", "/750x/batches", status=201)
    wire.on("PATCH", "/750x$", json={"state": "UploadComplete"})
    wire.on("GET", "/750x$", json={"state": state, "numberRecordsProcessed": len(rows),
                                   "numberRecordsFailed": len(failed), "errorMessage": error})  # fmt: skip
    head = '"sf__Id","sf__Error","Id"\n' + "".join(f'"","{e}","{i}"\n' for i, e in failed)
    wire.on("GET", "/failedResults", content=head.encode())
    body = '"sf__Id","sf__Created","Id"\n' + "".join(f'"{i}","false","{i}"\n' for i in success)
    wire.on("GET", "/successfulResults", content=body.encode())


@pytest.fixture
def many(changes_of):
    """Changes of more rows than REST is used for."""
    return changes_of([f"00Q{n:05d}" for n in range(2001)], Notes__c=["text"] * 2001)


def test_two_hundred_rows_in_a_call_without_assignment_rules(connect, wire, changes_of):
    """450 rows are three calls, and each says that no assignment rule may run."""
    wire.on("PATCH", "/composite/sobjects", do=done)

    told = write(connect(), changes_of([f"00Q{n}" for n in range(450)], Score__c=["5"] * 450))

    sent = wire.sent("PATCH")
    assert [len(orjson.loads(request.content)["records"]) for request in sent] == [200, 200, 50]
    assert {request.headers["Sforce-Auto-Assign"] for request in sent} == {"FALSE"}
    assert {row["outcome"] for row in told.values()} == {"applied"}


def test_only_locked_rows_are_tried_again(connect, wire, naps, changes_of):
    """A row that was held goes again, alone and after a pause; the other is not repeated."""
    wire.on("PATCH", "/composite", do=done)
    wire.on("PATCH", "/composite", times=1, json=[{"success": True, "errors": []}, LOCKED])

    told = write(connect(), changes_of(["a", "b"], Score__c=["1", "2"]))

    assert [row["outcome"] for row in told.values()] == ["applied", "applied"]
    again = orjson.loads(wire.sent("PATCH")[1].content)["records"]
    assert [record["id"] for record in again] == ["b"]
    assert len(naps) == 1


def test_a_row_that_stays_locked_is_rejected_with_a_remedy(connect, wire, naps, changes_of):
    """Patience ends; the row says what holds it."""
    wire.on("PATCH", "/composite", json=[LOCKED])

    told = write(connect(), changes_of(["a"], Score__c=["1"]))

    assert (told["a"]["outcome"], told["a"]["code"]) == ("rejected", "UNABLE_TO_LOCK_ROW")
    assert "automation" in told["a"]["remedy"]
    assert len(wire.sent("PATCH")) == 5
    assert [0.5 <= nap / 2**n < 1.5 for n, nap in enumerate(naps)] == [True] * 4


def test_a_misfit_and_an_idle_row_are_not_sent(connect, wire, changes_of):
    """What would fail the whole request stays here; what changes nothing is no write."""
    wire.on("PATCH", "/composite", do=done)
    changes = changes_of(["a", "b", "c"], Score__c=["1", "high", "3"]).with_columns(
        pl.Series("change:Score__c", [True, True, False])
    )

    told = write(connect(), changes)

    assert [told[i]["outcome"] for i in "abc"] == ["applied", "rejected", "skipped"]
    assert (told["b"]["field"], "high" in told["b"]["message"]) == ("Score__c", False)


def test_a_request_refused_for_one_record_is_halved(connect, wire, changes_of):
    """Only the record that cannot be read is rejected."""

    def picky(request):
        if b'"bad"' in request.content:
            return httpx.Response(400, content=orjson.dumps([{"errorCode": "JSON_PARSER_ERROR"}]))
        return done(request)

    wire.on("PATCH", "/composite", do=picky)

    told = write(connect(), changes_of(["a", "b", "c", "d"], Notes__c=["x", "bad", "x", "x"]))

    assert [told[i]["outcome"] for i in "abcd"] == ["applied", "rejected", "applied", "applied"]
    assert told["b"]["code"] == "JSON_PARSER_ERROR"


def test_a_field_that_is_gone_rejects_its_rows_at_once(connect, wire, changes_of):
    """A request that no halving can mend is not halved."""
    gone = [
        {"errorCode": "INVALID_FIELD", "message": "No such column 'Old__c' on sobject of type Lead"}
    ]
    wire.on("PATCH", "/composite", status=400, json=gone)

    told = write(connect(), changes_of(["a", "b"], Old__c=["1", "2"]))

    assert {row["code"] for row in told.values()} == {"INVALID_FIELD"}
    assert "Old__c" in told["a"]["message"]
    assert len(wire.sent("PATCH")) == 1


def test_an_answer_with_too_few_results_counts_as_lost(connect, wire, changes_of):
    """Results are matched by place, so a shorter list may not be used."""
    wire.on("PATCH", "/composite", do=done)
    wire.on("PATCH", "/composite", times=1, json=[LOCKED])

    told = write(connect(), changes_of(["a", "b"], Score__c=["1", "2"]))

    assert [row["outcome"] for row in told.values()] == ["applied", "applied"]


def test_a_clean_bulk_job_costs_four_calls(connect, wire, many):
    """Create, upload, close, one poll: its figures say that all is well."""
    ingest(wire, rows=many["@id"])
    crm = connect()
    crm.describe()
    before = crm.api_calls

    told = write(crm, many)

    assert crm.api_calls - before == 4
    assert {row["outcome"] for row in told.values()} == {"applied"}


def test_bulk_failures_are_joined_by_id(connect, wire, many):
    """Results come in any order; converted leads are skipped, locked ones go again by REST."""
    failed = [
        ("00Q00007", "FIELD_CUSTOM_VALIDATION_EXCEPTION:not that text:Notes__c --"),
        ("00Q00003", "CANNOT_UPDATE_CONVERTED_LEAD:cannot reference converted lead:--"),
        ("00Q00005", "UNABLE_TO_LOCK_ROW:held:--"),
    ]
    ingest(wire, rows=many["@id"], failed=failed)
    wire.on("PATCH", "/composite", do=done)

    told = write(connect(), many)

    assert [told[f"00Q0000{n}"]["outcome"] for n in (3, 5, 7, 9)] == [
        "skipped",
        "applied",
        "rejected",
        "applied",
    ]
    assert (told["00Q00007"]["field"], told["00Q00007"]["message"]) == ("Notes__c", "not that …")
    assert wire.sent("GET", "/successfulResults") == []


def test_what_a_job_did_not_come_to_is_written_all_the_same(connect, wire, many):
    """What was written stays written, what was refused is told, and the rest goes row by row."""
    ingest(
        wire,
        state="Failed",
        rows=many["@id"][:2],
        failed=[("00Q00001", "DUPLICATE_VALUE:x:--")],
        success=["00Q00000"],
        error="InternalServerError : something went wrong",
    )
    wire.on("PATCH", "/composite", do=done)

    told = write(connect(), many)

    assert [told[f"00Q0000{n}"]["outcome"] for n in range(3)] == ["applied", "rejected", "applied"]
    assert told["00Q00001"]["code"] == "DUPLICATE_VALUE"
    assert len(told) == many.height
    sent = [
        record["id"]
        for request in wire.sent("PATCH", "/composite")
        for record in orjson.loads(request.content)["records"]
    ]
    assert sorted(sent) == sorted(set(many["@id"]) - {"00Q00000", "00Q00001"})


def test_a_field_that_is_gone_is_named_although_the_whole_job_failed(connect, wire, many):
    """A job that never can pass ends in the rows' own errors."""
    ingest(wire, state="Failed", rows=[], error="InvalidBatch : Field name not found : Notes__c")
    gone = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Notes__c' on Lead"}]
    wire.on("PATCH", "/composite", status=400, json=gone)

    told = write(connect(), many)

    assert {row["code"] for row in told.values()} == {"INVALID_FIELD"}
    assert "Notes__c" in told["00Q00000"]["message"]


def test_the_mark_that_clears_goes_by_rest(connect, wire, many):
    """One lead whose note is `#N/A` keeps it; the others go by bulk."""
    marked = many.with_columns(
        pl.when(pl.col("@id") == "00Q00004")
        .then(pl.lit("#N/A"))
        .otherwise("to:Notes__c")
        .alias("to:Notes__c")
    )
    ingest(wire, rows=many["@id"][1:])
    wire.on("PATCH", "/composite", do=done)

    write(connect(), marked)

    (record,) = orjson.loads(wire.sent("PATCH", "/composite")[0].content)["records"]
    assert (record["id"], record["Notes__c"]) == ("00Q00004", "#N/A")
    assert b"#N/A" not in wire.sent("PUT")[0].content


def test_large_uploads_are_parted(connect, wire, many, naps):
    """No job gets more than it takes, and every row is in one part."""
    ingest(wire, rows=())
    wire.on(
        "GET",
        "/750x$",
        do=lambda _: httpx.Response(
            200,
            json={"state": "JobComplete", "numberRecordsProcessed": 501, "numberRecordsFailed": 0},
        ),
    )
    wire.on("GET", "/successfulResults", do=lambda _: httpx.Response(200, content=_all_ids(many)))
    crm = connect()
    writer = Writer(
        crm._client,
        crm.describe().lead,
        bulk_above=200,
        upload_bytes=12_000,
        jitter=random.Random(1).random,
    )

    told = pl.concat(list(writer.write(many)))

    sizes = [len(request.content) for request in wire.sent("PUT")]
    rows = [i for request in wire.sent("PUT") for i in _ids(request.content)]
    assert max(sizes) <= 12_000
    assert (sorted(rows), told.height) == (sorted(many["@id"]), 2001)


def test_a_lost_upload_is_begun_anew(connect, wire, many):
    """Nothing happens before a job is closed, so another job is made."""
    ingest(wire, rows=many["@id"])

    def lose(request):
        raise httpx.ReadTimeout("slow", request=request)

    wire.on("PUT", "/750x", times=1, do=lose)

    write(connect(), many)

    assert len(wire.sent("POST", "/jobs/ingest$")) == 2


@pytest.mark.parametrize(("state", "ends"), [("JobComplete", True), ("Open", False)])
def test_a_repeated_closing_asks_the_job(connect, wire, many, state, ends):
    """A refused closing is fine when the job runs, and an error when it is still open."""
    ingest(wire, state=state, rows=many["@id"])
    wire.on("PATCH", "/750x$", status=400, json=[{"errorCode": "INVALIDJOBSTATE"}])

    if ends:
        write(connect(), many)
    else:
        with pytest.raises(errors.RequestRefusedError, match="INVALIDJOBSTATE"):
            write(connect(), many)


def _all_ids(frame):
    return (
        '"sf__Id","sf__Created","Id"\n' + "".join(f'"{i}","false","{i}"\n' for i in frame["@id"])
    ).encode()


def _ids(content):
    return [row["Id"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]
