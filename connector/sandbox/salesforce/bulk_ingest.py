"""Bulk API 2.0 writes: CSV in, a CSV of successes and one of failures out."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce import bulk_jobs, dml, rows
from connector.sandbox.salesforce.bulk_jobs import DELIMITERS, ENDINGS, Job
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError, row_error
from connector.sandbox.salesforce.rules import from_text
from connector.sandbox.salesforce.state import Actor

if TYPE_CHECKING:
    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Table

OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
NULL_CELL = "#N/A"
MOST_BYTES = 150 * 1024 * 1024
Cells = list[str]


def create(state: State, call: Call) -> Answer:
    """POST /jobs/ingest."""
    job = bulk_jobs.made(state, call, "ingest", _work)
    table = state.store.table(job.table)
    problem = ""
    if table is None:
        problem = f"Unable to find object: {job.table}"
    elif job.operation not in OPERATIONS:
        problem = f"operation has to be one of {', '.join(sorted(OPERATIONS))}"
    elif job.operation == "upsert" and _key(state, job, table) is None:
        problem = "externalIdFieldName has to name an external id field"
    if problem or table is None:
        del state.jobs[job.job_id]
        raise ApiError("INVALIDJOB", problem)
    job.table = table.name
    return Answer(bulk_jobs.shown(job, whole=False))


def upload(state: State, call: Call) -> Answer:
    """PUT /jobs/ingest/{id}/batches: once."""
    job = bulk_jobs.job_of(state, call, "ingest")
    if not call.headers.get("content-type", "").startswith("text/csv"):
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", "Content-Type has to be text/csv", status=415)
    if job.state != "Open" or job.body is not None:
        raise ApiError("INVALIDJOBSTATE", "The job takes no more data")
    if len(call.body) > MOST_BYTES:
        raise ApiError("INVALIDBATCH", "The data are larger than 150 MB", status=413)
    job.body = call.body
    return Answer(status=201)


def successful(state: State, call: Call) -> Answer:
    """GET /jobs/ingest/{id}/successfulResults."""
    job = bulk_jobs.job_of(state, call, "ingest")
    return _csv(job, ["sf__Id", "sf__Created", *job.header], job.successful)


def failed(state: State, call: Call) -> Answer:
    """GET /jobs/ingest/{id}/failedResults."""
    job = bulk_jobs.job_of(state, call, "ingest")
    return _csv(job, ["sf__Id", "sf__Error", *job.header], job.failed)


def unprocessed(state: State, call: Call) -> Answer:
    """GET /jobs/ingest/{id}/unprocessedrecords."""
    job = bulk_jobs.job_of(state, call, "ingest")
    return _csv(job, job.header, job.unprocessed)


def _csv(job: Job, header: Cells, lines: list[Cells]) -> Answer:
    out = io.StringIO()
    ending, delimiter = ENDINGS[job.ending], DELIMITERS[job.delimiter]
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=ending, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(lines)
    return Answer(out.getvalue().encode(), media_type="text/csv")


def _key(state: State, job: Job, table: Table) -> Field | None:
    name = str(job.options.get("externalIdFieldName", ""))
    field = state.security.visible(table.name).get(name.lower())
    known = field is not None and (field.external_id or field.type == "id")
    return field if known else None


def _work(state: State, job: Job) -> None:
    text = (job.body or b"").decode("utf-8-sig", "replace")
    if not text.strip():
        return
    if text.split("\n", 1)[0].endswith("\r") != (job.ending == "CRLF"):
        job.fail(
            "ClientInputError : LineEnding is invalid on user data. "
            f"Current LineEnding setting is {job.ending}"
        )
        return
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.delimiter])
        job.header, *cells = [line for line in lines if line]
    except (csv.Error, ValueError):
        job.fail("ClientInputError : Failed to parse CSV")
        return
    table = state.store.tables[job.table]
    visible = state.security.visible(table.name)
    unknown = [name for name in job.header if name.lower() not in visible]
    if unknown:
        job.unprocessed = cells
        job.fail(f"InvalidBatch : Field name not found : {unknown[0]}")
        return
    fields = [visible[name.lower()] for name in job.header]
    actor = Actor(
        job.created_by,
        auto_assign=bool(job.options.get("assignmentRuleId")),
        request=f"POST /services/data/v{job.version}/jobs/ingest/{job.job_id}",
    )
    for line in cells:
        _row(state, job, actor, fields, line)
    state.chance.shuffle(job.successful)
    state.chance.shuffle(job.failed)
    job.processed = len(cells)


def _row(state: State, job: Job, actor: Actor, fields: list[Field], line: Cells) -> None:
    key = line[job.header.index("Id")] if "Id" in job.header and len(line) > 0 else ""
    try:
        if len(line) != len(fields):
            raise row_error("INVALIDBATCH", f"the row has {len(line)} columns, not {len(fields)}")
        values = {
            field.name: None if cell == NULL_CELL else from_text(field, cell)
            for field, cell in zip(fields, line, strict=True)
            if cell != ""
        }
        with state.transaction():
            record_id, created = _written(state, job, actor, values)
        job.successful.append([record_id, str(created).lower(), *line])
    except ApiError as error:
        state.audit.refused[error.code] += 1
        named = " ".join(error.fields or ()) or "--"
        job.failed.append([key, f"{error.code}:{error.message}:{named}", *line])


def _written(state: State, job: Job, actor: Actor, values: dict[str, Any]) -> tuple[str, bool]:
    table = state.store.tables[job.table]
    if job.operation == "insert":
        return dml.insert(state, actor, table, values), True
    if job.operation == "upsert":
        key = _key(state, job, table)
        done = rows.upserted(state, actor, table, key.name if key else "Id", values)
        return done["id"], done["created"]
    record_id = values.pop("Id", None)
    if record_id is None:
        raise row_error("MISSING_ARGUMENT", "Id not specified in an update call")
    if job.operation == "update":
        return dml.update(state, actor, table, record_id, values), False
    return dml.delete(state, actor, table, record_id), False
