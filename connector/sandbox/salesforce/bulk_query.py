"""Bulk API 2.0 queries and their CSV results."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce import bulk_jobs
from connector.sandbox.salesforce.bulk_jobs import DELIMITERS, ENDINGS, Job
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.fields import NUMBERS
from connector.sandbox.salesforce.query import OrgSource
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_run import run
from connector.sandbox.salesforce.soql_words import Aggregate

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import State

USUAL_RECORDS = 50_000
SCIENTIFIC_FROM, SCIENTIFIC_BELOW = 1e7, 1e-3


def create(state: State, call: Call) -> Answer:
    """POST /jobs/query: a query that cannot work is refused at once."""
    job = bulk_jobs.made(state, call, "query", _work)
    try:
        _check(state, job)
    except ApiError:
        del state.jobs[job.job_id]
        raise
    job.hand_over()
    return Answer(bulk_jobs.shown(job, whole=False))


def results(state: State, call: Call) -> Answer:
    """GET /jobs/query/{id}/results?locator=&maxRecords=: one page of CSV with its own header."""
    job = bulk_jobs.job_of(state, call, "query")
    if job.state != "JobComplete":
        message = f"There are no results of a job in the state {job.state}"
        raise ApiError("INVALIDJOBSTATE", message)
    start = _start(call.params.get("locator"))
    stop = start + int(call.params.get("maxRecords", USUAL_RECORDS))
    page = job.records[start:stop]
    locator = _locator(stop) if stop < len(job.records) else "null"
    writers = [_writer(column.field) for column in job.columns]
    values = [column.value for column in job.columns]
    pairs = list(zip(writers, values, strict=True))
    delimiter, ending = DELIMITERS[job.delimiter], ENDINGS[job.ending]
    lines = [delimiter.join(f'"{".".join(column.names)}"' for column in job.columns)]
    lines += [delimiter.join([write(value(row)) for write, value in pairs]) for row in page]
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(page))}
    text = ending.join([*lines, ""])
    return Answer(text.encode(), headers=headers, media_type="text/csv")


def _check(state: State, job: Job) -> None:
    if job.operation not in {"query", "queryAll"}:
        raise ApiError("INVALIDJOB", "operation has to be query or queryAll")
    query = parse(str(job.options.get("query", "")))
    aggregated = any(isinstance(item, Aggregate) for item in query.select)
    if aggregated or query.group_by or query.offset:
        message = "Aggregates, GROUP BY and OFFSET are not supported in Bulk Query"
        raise ApiError("MALFORMED_QUERY", message)
    found = run(OrgSource(state), query.text, state.chance)
    if any(column.field.type == "address" for column in found.columns):
        message = "Selecting compound data not supported in Bulk Query"
        raise ApiError("FUNCTIONALITY_NOT_ENABLED", message)
    job.table = found.table


def _work(state: State, job: Job) -> None:
    everything = job.operation == "queryAll"
    try:
        found = run(OrgSource(state), job.options["query"], state.chance, all_rows=everything)
    except ApiError as error:
        job.fail(f"{error.code}: {error.message}")
        return
    job.records, job.columns = found.records, found.columns
    job.processed = len(found.records)


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(f"sb-{offset}".encode()).decode().rstrip("=")


def _start(locator: str | None) -> int:
    if locator is None:
        return 0
    try:
        padded = locator + "=" * (-len(locator) % 4)
        prefix, _, offset = base64.urlsafe_b64decode(padded).decode().partition("-")
        if prefix == "sb":
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")


def _writer(field: Field) -> Callable[[Any], str]:
    if field.type == "boolean":
        return lambda value: '"true"' if value else '"false"'
    if field.type == "datetime":
        return lambda value: f'"{value[:-5]}Z"' if value else '""'
    if field.type in NUMBERS:
        return lambda value: '""' if value is None else f'"{_number(value)}"'
    return _text


def _text(value: Any) -> str:
    if value is None:
        return '""'
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if '"' in text else f'"{text}"'


def _number(value: float) -> str:
    """A number as Java prints it: `5.0`, `3.5E8`, and whole numbers without a point."""
    if isinstance(value, int):
        return str(value)
    if value == 0 or SCIENTIFIC_BELOW <= abs(value) < SCIENTIFIC_FROM:
        return repr(value)
    digits, _, exponent = f"{value:.16e}".partition("e")
    shortest = repr(float(digits))
    for places in range(1, 17):
        digits, _, exponent = f"{value:.{places}e}".partition("e")
        if float(f"{digits}e{exponent}") == value:
            shortest = repr(float(digits))
            break
    return f"{shortest}E{int(exponent)}"
