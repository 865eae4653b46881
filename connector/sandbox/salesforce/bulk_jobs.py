"""Bulk API 2.0 jobs: their states over time, and the addresses that both kinds share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError, not_found
from connector.sandbox.salesforce.faults import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.soql_paths import Resolved
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record

DELIMITERS = {
    "COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`",
}  # fmt: skip
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
FINAL = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass
class Job:
    """One job. `work` does it when its time has come; `begun` is when it was handed over."""

    job_id: str
    kind: str
    operation: str
    table: str
    version: str
    created_by: str
    created_at: str
    delimiter: str
    ending: str
    work: Callable[[State, Job], None]
    state: str = "Open"
    begun: float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    records: list[Record] = field(default_factory=list)
    columns: list[Resolved] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    successful: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    processed: int = 0
    error: str = ""

    def hand_over(self) -> None:
        """Let the work begin."""
        self.state, self.begun = "UploadComplete", time.monotonic()

    def fail(self, error: str) -> None:
        """End without doing what is left."""
        self.state, self.error = "Failed", error


def advance(state: State) -> None:
    """Move every job on as far as the time since it was handed over allows."""
    delay = state.config.bulk_delay_seconds
    for job in list(state.jobs.values()):
        if job.begun is None or job.state in FINAL:
            continue
        waited = time.monotonic() - job.begun
        if waited >= delay and state.faults.for_request(JOBS, "POST", f"jobs/{job.kind}"):
            job.fail("InternalServerError : the job was failed by the service")
        elif waited >= delay:
            job.state = "JobComplete"
            job.work(state, job)
        elif waited >= delay / 2:
            job.state = "InProgress"


def made(state: State, call: Call, kind: str, work: Callable[[State, Job], None]) -> Job:
    """A new job from the payload of its creation."""
    payload = call.json_object()
    delimiter, ending = payload.get("columnDelimiter", "COMMA"), payload.get("lineEnding", "LF")
    if delimiter not in DELIMITERS or ending not in ENDINGS:
        raise ApiError("INVALIDJOB", "columnDelimiter or lineEnding is not known")
    if payload.get("contentType", "CSV") != "CSV":
        raise ApiError("INVALIDJOB", "contentType has to be CSV")
    job_id = state.store.tables["Lead"].new_id().replace("00Q", "750", 1)
    job = Job(
        job_id=job_id,
        kind=kind,
        operation=str(payload.get("operation", "")),
        table=str(payload.get("object", "")),
        version=call.version,
        created_by=call.user_id,
        created_at=state.clock.stamp(),
        delimiter=delimiter,
        ending=ending,
        work=work,
        options=payload,
    )
    state.jobs[job_id] = job
    return job


def shown(job: Job, *, whole: bool = True) -> dict[str, Any]:
    """A job as the API shows it; `whole` adds the figures of its work."""
    view: dict[str, Any] = {
        "id": job.job_id,
        "operation": job.operation,
        "object": job.table,
        "createdById": job.created_by,
        "createdDate": job.created_at,
        "systemModstamp": job.created_at,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.ending,
        "columnDelimiter": job.delimiter,
    }
    if job.kind == "ingest":
        view["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.job_id}/batches"
    if whole:
        view |= _figures(job)
    return view


def _figures(job: Job) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "jobType": "V2Query" if job.kind == "query" else "V2Ingest",
        "numberRecordsProcessed": job.processed,
        "retries": 0,
        "totalProcessingTime": job.processed // 10 if job.state in FINAL else 0,
    }
    if job.kind == "ingest":
        extra = {"numberRecordsFailed": len(job.failed), "apexProcessingTime": 0}
        figures |= extra | {"apiActiveProcessingTime": 0}
        key = job.options.get("externalIdFieldName")
        figures |= {"externalIdFieldName": key} if key else {}
    else:
        figures["isPkChunkingSupported"] = True
    return figures | ({"errorMessage": job.error} if job.error else {})


def job_of(state: State, call: Call, kind: str) -> Job:
    """The job of this address; 404 when there is none, 409 for another version of the API."""
    job = state.jobs.get(call.place["job"])
    if not isinstance(job, Job) or job.kind != kind:
        raise not_found()
    if job.version != call.version:
        message = f"The job was created with version {job.version} of the API"
        raise ApiError("API_VERSION_MISMATCH", message, status=409)
    return job


def shown_job(state: State, call: Call) -> Answer:
    """GET /jobs/query|ingest/{id}."""
    return Answer(shown(job_of(state, call, call.place["kind"])))


def listed(state: State, call: Call) -> Answer:
    """GET /jobs/query|ingest."""
    jobs = [
        shown(job, whole=False) for job in state.jobs.values() if job.kind == call.place["kind"]
    ]
    return Answer({"done": True, "records": jobs, "nextRecordsUrl": None})


def patched(state: State, call: Call) -> Answer:
    """PATCH {"state": "UploadComplete" | "Aborted"}."""
    job = job_of(state, call, call.place["kind"])
    wanted = call.json_object().get("state")
    if wanted == "Aborted" and job.state not in FINAL:
        job.state = "Aborted"
    elif wanted == "UploadComplete" and job.kind == "ingest" and job.state == "Open":
        job.hand_over()
    else:
        message = f"Cannot set the state of a job from {job.state} to {wanted}"
        raise ApiError("INVALIDJOBSTATE", message)
    advance(state)
    return Answer(shown(job, whole=False))


def removed(state: State, call: Call) -> Answer:
    """DELETE /jobs/query|ingest/{id}."""
    job = job_of(state, call, call.place["kind"])
    if job.state not in FINAL:
        message = f"A job in the state {job.state} cannot be deleted"
        raise ApiError("INVALIDJOBSTATE", message)
    del state.jobs[job.job_id]
    return Answer(status=204)
