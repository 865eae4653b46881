"""Pulls: the right way for the number of rows, and no row missing without a word."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import polars as pl
import pytest

from connector import errors
from connector.engine.ports import Window

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)
FULL, SOME = Window(None, UNTIL), Window(SINCE, UNTIL)


def record(n, **more):
    """One lead as REST tells it."""
    usual = {
        "Id": f"00Qxx{n:010d}AAA",
        "SystemModstamp": "2026-11-20T00:00:00.000+0000",
        "IsDeleted": False,
        "MasterRecordId": None,
        "IsConverted": False,
        "ConvertedOpportunityId": None,
        "OwnerId": "005xx0000000001AAA",
        "Email": f"a{n}@b.example",
    }
    return usual | more


def answer(records, total=None, following=None):
    """A page of a query."""
    body = {"totalSize": len(records) if total is None else total, "records": records}
    return body | ({"done": False, "nextRecordsUrl": following} if following else {"done": True})


def asked(request):
    """The SOQL of a query request."""
    return parse_qs(urlsplit(str(request.url)).query)["q"][0]


def ids(pages):
    """All lead ids of the pages."""
    return pl.concat([page.leads for page in pages])["@id"].to_list()


def csv_page(records, locator="null", promised=None):
    """A page of bulk results."""
    names = list(record(0))
    rows = [",".join(f'"{_cell(row[name])}"' for name in names) for row in records]
    text = "\n".join([",".join(f'"{n}"' for n in names), *rows]) + "\n"
    headers = {
        "Sforce-Locator": locator,
        "Sforce-NumberOfRecords": str(len(records) if promised is None else promised),
    }
    return httpx.Response(200, content=text.encode(), headers=headers)


def _cell(value):
    return str(value).lower() if isinstance(value, bool) else (value or "").replace("+0000", "Z")


def bulk_job(wire, pages, processed, count):
    """Script a query job with these pages, for a window of `count` rows that soon are fewer."""
    wire.on("GET", "/queryAll[?]", json=answer([], total=processed))
    wire.on("GET", "/queryAll[?]", times=1, json=answer([], total=count))
    wire.on("POST", "/jobs/query", json={"id": "750x"})
    wire.on(
        "GET",
        "/jobs/query/750x$",
        json={"state": "JobComplete", "numberRecordsProcessed": processed},
    )
    wire.on("GET", "/jobs/query/750x$", times=1, json={"state": "InProgress"})
    answers = iter(pages)
    wire.on("GET", "/750x/results", do=lambda _: next(answers))


def test_an_incremental_pull_needs_no_count(connect, wire):
    """The first page tells the total; deleted and merged records come in the same pages."""
    gone = record(3, IsDeleted=True, MasterRecordId="00Qxx0000000001AAA")
    wire.on(
        "GET",
        "/queryAll",
        json=answer([record(1)], total=3, following="/services/data/v62.0/query/01g-1"),
    )
    wire.on("GET", "/query/01g-1", json=answer([record(2), gone], total=3))
    crm = connect()
    crm.describe()
    before = crm.api_calls

    pages = list(crm.pull(SOME, ["Email"]))

    assert (crm.api_calls - before, pages[0].expected) == (2, 3)
    assert ids(pages) == [record(1)["Id"], record(2)["Id"]]
    assert (len(pages), pages[2].leads.height, pages[2].expected) == (3, 0, 2)
    assert pages[1].gone.rows() == [(gone["Id"], "00Qxx0000000001AAA")]
    soql = asked(wire.sent("GET", "queryAll")[0])
    assert (
        "SystemModstamp >= 2026-11-01T00:00:00Z AND SystemModstamp <= 2026-11-22T08:00:00Z" in soql
    )
    assert soql.endswith("ORDER BY SystemModstamp, Id")


def test_a_full_pull_of_nothing_is_one_count(connect, wire):
    """An empty org costs one call, and still answers a page that says so."""
    wire.on("GET", "/query", json=answer([], total=0))

    (page,) = connect().pull(FULL, ["Email"])

    assert (page.leads.height, page.expected, len(wire.sent("GET", "/query"))) == (0, 0, 1)


def test_many_rows_come_by_bulk_with_few_polls(connect, wire, naps):
    """Above the limit a job is made; its pages follow their locators; waits grow."""
    bulk_job(wire, [csv_page([record(1)], "next"), csv_page([record(2)])], processed=2, count=2500)

    pages = list(connect().pull(FULL, ["Email"]))

    assert ids(pages) == [record(1)["Id"], record(2)["Id"]]
    assert pages[0].expected == 2500
    job = orjson.loads(wire.sent("POST", "/jobs/query")[0].content)
    assert (job["operation"], "ORDER BY" in job["query"]) == ("queryAll", False)
    assert len(naps) == 2
    assert naps[0] < naps[1]
    assert "locator=next" in str(wire.sent("GET", "/results")[1].url)


def test_a_bulk_page_of_too_few_rows_is_read_again(connect, wire):
    """A page that is cut at the end of a line is told by its own count."""
    whole = [record(n) for n in range(3)]
    pages = [csv_page(whole[:2], promised=3), csv_page(whole)]
    bulk_job(wire, pages, processed=3, count=2001)

    assert ids(connect().pull(FULL, ["Email"])) == [row["Id"] for row in whole]


def test_a_bulk_job_that_sends_less_than_it_found_stops_the_run(connect, wire):
    """Missing pages are never passed over."""
    bulk_job(wire, [csv_page([record(1)])], processed=2, count=2001)

    with pytest.raises(errors.RunAbortedError, match="found 2 rows and sent only 1"):
        list(connect().pull(FULL, ["Email"]))


def test_a_failed_bulk_job_tells_its_code(connect, wire):
    """The job's own words stay behind."""
    bulk_job(wire, [], processed=0, count=2001)
    failed = {"state": "Failed", "errorMessage": "INVALID_FIELD : rosa@person.example"}
    wire.on("GET", "/jobs/query/750x$", json=failed)

    with pytest.raises(errors.RequestRefusedError, match=r"INVALID_FIELD$"):
        list(connect().pull(FULL, ["Email"]))


def test_rows_that_lack_are_read_again_by_id(connect, wire):
    """When fewer rows came than are counted, the rest is found by walking the ids."""
    rows = [record(n) for n in range(4)]

    def by_kind(request):
        soql = asked(request)
        if "COUNT()" in soql:
            return httpx.Response(200, content=orjson.dumps(answer([], total=4)))
        found = rows if "ORDER BY Id LIMIT" in soql else rows[:2]
        return httpx.Response(200, content=orjson.dumps(answer(found, total=4)))

    wire.on("GET", "/query", do=by_kind)

    found = ids(connect().pull(SOME, ["Email"]))

    assert found == [row["Id"] for row in rows]


def test_rows_that_left_the_window_are_not_missing(connect, wire):
    """A lead edited during the pull has a newer time and comes with the next one."""
    wire.on("GET", "/queryAll", json=answer([], total=2))
    wire.on("GET", "/queryAll", times=1, json=answer([record(1), record(2)], total=3))

    pages = list(connect().pull(SOME, ["Email"]))

    assert [(page.leads.height, page.expected) for page in pages] == [(2, 3), (0, 2)]
    assert len(wire.sent("GET", "queryAll")) == 2


def test_a_pull_that_stays_short_stops_the_run_with_its_numbers(connect, wire):
    """What the CRM counts and does not give out is said, not hidden."""
    wire.on("GET", "/queryAll", json=answer([record(1)], total=3))

    with pytest.raises(errors.RunAbortedError, match=r"counts 3 records .* only 1"):
        list(connect().pull(SOME, ["Email"]))


def test_an_expired_cursor_is_no_end(connect, wire):
    """If the cursor is gone half way, the rest is read by id."""
    rows = [record(n) for n in range(3)]

    def by_kind(request):
        soql = asked(request)
        if "COUNT()" in soql or "LIMIT" in soql:
            return httpx.Response(200, content=orjson.dumps(answer(rows, total=3)))
        first = answer(rows[:1], total=3, following="/services/data/v62.0/query/01g-1")
        return httpx.Response(200, content=orjson.dumps(first))

    wire.on("GET", "/queryAll", do=by_kind)
    wire.on("GET", "/query/01g", status=400, json=[{"errorCode": "INVALID_QUERY_LOCATOR"}])

    assert sorted(ids(connect().pull(SOME, ["Email"]))) == [row["Id"] for row in rows]


def test_fetch_reads_two_thousand_ids_in_a_call(connect, wire):
    """Absent and deleted records are left out."""

    def found(request):
        asked_ids = orjson.loads(request.content)["ids"]
        rows = [
            None if i.endswith("9") else record(0, Id=i, IsDeleted=i.endswith("8"))
            for i in asked_ids
        ]
        return httpx.Response(200, content=orjson.dumps(rows))

    wire.on("POST", "/composite/sobjects/Lead", do=found)

    frame = connect().fetch([f"00Q{n:07d}" for n in range(2500)], ["Email"])

    assert (frame.height, len(wire.sent("POST", "/composite"))) == (2000, 2)


def test_parents_fields_are_fetched_by_query(connect, wire):
    """Collections know no parents, so a path needs a query."""
    owned = record(1, Owner={"attributes": {"type": "Name"}, "Name": "Hannah"})
    wire.on("GET", "/query", json=answer([owned]))

    frame = connect().fetch([owned["Id"]], ["Owner.Name"])

    assert frame["Owner.Name"].to_list() == ["Hannah"]
    assert asked(wire.sent("GET", "/query")[0]).endswith(f"WHERE Id IN ('{owned['Id']}')")


def test_find_quotes_what_a_person_types(connect, wire):
    """An address with a quote cannot break out; what is neither id nor address finds nothing."""
    wire.on("GET", "/query", json=answer([record(1)]))
    crm = connect()

    assert crm.find(" o'neil@b.example ", ["Email"]).height == 1
    assert crm.find("O'Neil", ["Email"]).height == 0
    assert "Email = 'o\\'neil@b.example' LIMIT 50" in asked(wire.sent("GET", "/query")[0])


def test_a_bulk_pull_goes_on_at_its_next_page(connect, wire):
    """Another process reads the same job on from where its last page ended; no job is made."""
    bulk_job(wire, [csv_page([record(1)], "next"), csv_page([record(2)])], processed=2, count=2500)
    first = next(connect().pull(FULL, ["Email"]))
    wire.on("GET", "/750x/results", do=lambda _: csv_page([record(2)]))

    pages = list(connect().pull(FULL, ["Email"], after=first.place))

    assert ids(pages) == [record(2)["Id"]]
    assert len(wire.sent("POST", "/jobs/query")) == 1
    assert "locator=next" in str(wire.sent("GET", "/results")[-1].url)


def test_a_job_that_is_not_kept_any_more_is_made_anew(connect, wire):
    """After a week the results are gone: then the whole window is read."""
    rows = [csv_page([record(1)], "next"), csv_page([record(2)])]
    bulk_job(wire, [rows[0], *rows], processed=2, count=2500)
    first = next(connect().pull(FULL, ["Email"]))
    gone = first.place.replace("750x", "750old")
    wire.on("GET", "/750old/results", status=404, json=[{"errorCode": "NOT_FOUND"}])
    wire.on("GET", "/queryAll[?]", times=1, json=answer([], total=2500))

    pages = list(connect().pull(FULL, ["Email"], after=gone))

    assert ids(pages) == [record(1)["Id"], record(2)["Id"]]
    assert len(wire.sent("POST", "/jobs/query")) == 2


def test_a_pull_goes_on_after_a_row_among_its_ties(connect, wire):
    """The order is (SystemModstamp, Id): of the rows of one moment those with a later id are left."""
    wire.on("GET", "/queryAll", json=answer([record(1)], total=2, following="/query/01g-1"))
    wire.on("GET", "/query/01g-1", json=answer([record(2)], total=2))
    first = next(connect().pull(SOME, ["Email"]))
    wire.on("GET", "/queryAll", json=answer([record(2)], total=1))

    pages = list(connect().pull(SOME, ["Email"], after=first.place))

    moment, last = "2026-11-20T00:00:00.000Z", record(1)["Id"]
    wanted = f"(SystemModstamp > {moment} OR (SystemModstamp = {moment} AND Id > '{last}'))"
    assert wanted in asked(wire.sent("GET", "queryAll")[-1])
    assert ids(pages) == [record(2)["Id"]]
