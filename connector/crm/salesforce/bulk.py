"""Bulk API 2.0: query and ingest jobs, their raw CSV pages, and few polls."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

PAGE_ROWS = 50_000
UPLOAD_BYTES = 100_000_000
"""The largest CSV that one ingest job takes."""

_DONE = ("JobComplete", "Failed", "Aborted")
_LONGEST_PAUSE = 60.0
_PATIENCE = 4 * 3600.0
_CODE = re.compile(r"^\s*([A-Za-z_]{3,80})\s*:")
_HEADER = re.compile(r"[Ff]ield name not found\s*:\s*([\w.]+)")


@dataclass(frozen=True)
class Ingested:
    """What became of an ingest job: whether it ended well, its own error, and its figures."""

    job: str
    complete: bool
    code: str
    field: str
    processed: int
    failed: int


def query_pages(
    client: Client, soql: str, *, rows: int, read: Callable[[bytes], pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    """The pages of a query job, each parsed by `read`. `rows` are expected (it sets the polling).

    Raises `RunAbortedError` if the pages hold fewer rows than the job says to have found.
    """
    job = client.json("POST", "jobs/query", json=_query_job(soql))["id"]
    state = _wait(client, f"jobs/query/{job}", rows)
    if state["state"] != "JobComplete":
        code, _ = _job_error(state)
        raise RequestRefusedError(f"Salesforce: bulk query: {state['state']} {code}", code=code)
    seen, locator = 0, ""
    while locator != "null":
        page, locator = _page(client, job, locator, read)
        seen += page.height
        yield page
    found = int(state.get("numberRecordsProcessed") or 0)
    if seen < found:
        raise RunAbortedError(f"Salesforce: bulk query found {found} rows and sent only {seen}.")


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
    code, field = _job_error(state)
    return Ingested(
        job=job,
        complete=state["state"] == "JobComplete",
        code=code or str(state["state"]),
        field=field,
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
    """The job once it has ended. The first pause suits its size, each further one is longer."""
    pause, waited = min(15.0, 0.4 + rows / 100_000), 0.0
    while waited < _PATIENCE:
        client.sleep(pause)
        waited += pause
        state: dict[str, Any] = client.json("GET", path)
        if state["state"] in _DONE:
            return state
        pause = min(pause * 1.7, _LONGEST_PAUSE)
    raise TransientError(f"Salesforce: {path} has not ended after {waited / 3600:.0f} hours")


def _job_error(state: dict[str, Any]) -> tuple[str, str]:
    """Code and field of a job's error message; its words may quote values and stay out."""
    message = str(state.get("errorMessage") or "")
    code, field = _CODE.match(message), _HEADER.search(message)
    return (code.group(1) if code else ""), (field.group(1) if field else "")
