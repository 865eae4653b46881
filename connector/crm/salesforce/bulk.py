"""Bulk API 2.0: query and ingest jobs, their raw CSV pages, and few polls."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce.errors import unreadable
from connector.errors import (
    LostAnswerError,
    RequestRefusedError,
    RunAbortedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from connector.crm.salesforce.client import Client

PAGE_ROWS = 25_000
UPLOAD_BYTES = 100_000_000
"""The largest CSV that one ingest job takes."""

_DONE = ("JobComplete", "Failed", "Aborted")
_LONGEST_PAUSE = 60.0
_PATIENCE = 4 * 3600.0
_CODE = re.compile(r"^\s*([A-Za-z_]{3,80})\s*:")


@dataclass(frozen=True)
class Ingested:
    """What became of an ingest job: whether it ended well, and its figures."""

    job: str
    complete: bool
    processed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a query job's results go on: its id, the locator of the next page, the rows before it.

    `found` are all the rows that the job has. Salesforce keeps results for seven days.
    """

    job: str
    found: int
    locator: str = ""
    rows: int = 0


def query_job(client: Client, soql: str, *, rows: int) -> Spot:
    """Make a query job and wait for its end; where its results begin.

    `rows` are expected (it sets the polling). Raises `RequestRefusedError` if the job fails.
    """
    job = str(client.json("POST", "jobs/query", json=_query_job(soql))["id"])
    state = _wait(client, f"jobs/query/{job}", rows)
    if state["state"] != "JobComplete":
        code = _job_error(state)
        raise RequestRefusedError(f"Salesforce: bulk query: {state['state']} {code}", code=code)
    return Spot(job, int(state.get("numberRecordsProcessed") or 0))


def query_pages(
    client: Client, spot: Spot, read: Callable[[bytes], pl.DataFrame]
) -> Iterator[tuple[pl.DataFrame, Spot]]:
    """The pages of a query job that has ended, parsed by `read`, each with where it goes on after.

    Raises `RequestRefusedError` if the job is not kept any more, `RunAbortedError` if the pages hold
    fewer rows than it says to have found.
    """
    while spot.locator != "null":
        page, locator = _page(client, spot.job, spot.locator, read)
        spot = replace(spot, locator=locator, rows=spot.rows + page.height)
        yield page, spot
    if spot.rows < spot.found:
        raise RunAbortedError(
            f"Salesforce: bulk query found {spot.found} rows and sent only {spot.rows}."
        )


def ingest(client: Client, name: str, csv: bytes, *, rows: int) -> Ingested:
    """Update records of object `name` from a CSV with an Id column, and wait for the end.

    Nothing happens before the upload is declared complete, so a lost upload is begun anew; what
    became of a lost declaration is read from the job.
    """
    job = _upload(client, name, csv)
    try:
        client.json("PATCH", f"jobs/ingest/{job}", json={"state": "UploadComplete"})
    except RequestRefusedError:  # a repeated declaration is refused; the job's state is the truth
        if client.json("GET", f"jobs/ingest/{job}")["state"] == "Open":
            raise
    state = _wait(client, f"jobs/ingest/{job}", rows)
    return Ingested(
        job=job,
        complete=state["state"] == "JobComplete",
        processed=int(state.get("numberRecordsProcessed") or 0),
        failed=int(state.get("numberRecordsFailed") or 0),
    )


def results(client: Client, job: str, kind: str) -> pl.DataFrame:
    """One result list of an ingest job (failedResults, successfulResults …), all as text."""

    def parse(response: httpx.Response) -> pl.DataFrame:
        return _csv(response.content, "ingest results")

    path = f"jobs/ingest/{job}/{kind}/"
    frame: pl.DataFrame = client.call("GET", path, parse=parse, headers={"Accept": "text/csv"})
    return frame


def _query_job(soql: str) -> dict[str, str]:
    return {
        "operation": "queryAll",  # with deleted and merged records
        "query": soql,
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }


def _upload(client: Client, name: str, csv: bytes, attempts: int = 3) -> str:
    request = {"object": name, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    for attempt in range(1, attempts + 1):
        made = client.json("POST", "jobs/ingest", json=request)
        try:
            client.call(
                "PUT",
                "/" + str(made["contentUrl"]).lstrip("/"),
                repeatable=False,
                content=csv,
                headers={"Content-Type": "text/csv; charset=UTF-8"},
            )
            return str(made["id"])
        except LostAnswerError:
            if attempt == attempts:
                raise
    raise AssertionError  # the loop returns or raises


def _page(
    client: Client, job: str, locator: str, read: Callable[[bytes], pl.DataFrame]
) -> tuple[pl.DataFrame, str]:
    """One result page and the locator of the next; a page of fewer rows than it says is lost."""

    def parse(response: httpx.Response) -> tuple[pl.DataFrame, str]:
        try:
            frame = read(response.content)
        except (pl.exceptions.PolarsError, UnicodeDecodeError):
            raise unreadable("Salesforce: bulk query results") from None
        promised = response.headers.get("Sforce-NumberOfRecords")
        if promised is not None and int(promised) != frame.height:
            raise unreadable("Salesforce: bulk query results")
        return frame, response.headers.get("Sforce-Locator", "null")

    asked = {"maxRecords": str(PAGE_ROWS)} | ({"locator": locator} if locator else {})
    found: tuple[pl.DataFrame, str] = client.call(
        "GET",
        f"jobs/query/{job}/results",
        parse=parse,
        params=asked,
        headers={"Accept": "text/csv"},
    )
    return found


def _csv(body: bytes, what: str) -> pl.DataFrame:
    if not body.strip():
        return pl.DataFrame()
    try:
        return pl.read_csv(body, infer_schema=False)
    except pl.exceptions.PolarsError:
        raise unreadable(f"Salesforce: {what}") from None


def _wait(client: Client, path: str, rows: int) -> dict[str, Any]:
    """The job once it has ended. The first pause suits its size, each further one is longer.

    So the wait is never much longer than the job, and a long one costs few calls.
    """
    pause, waited = min(15.0, 0.2 + rows / 250_000), 0.0
    while waited < _PATIENCE:
        client.sleep(pause)
        waited += pause
        state: dict[str, Any] = client.json("GET", path)
        if state["state"] in _DONE:
            return state
        pause = min(pause * 1.6, _LONGEST_PAUSE)
    raise TransientError(f"Salesforce: {path} has not ended after {waited / 3600:.0f} hours")


def _job_error(state: dict[str, Any]) -> str:
    """The code of a job's error message; its words may quote values and stay out."""
    code = _CODE.match(str(state.get("errorMessage") or ""))
    return code.group(1) if code else ""
