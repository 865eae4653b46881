"""Writing changed fields: collections of 200 by REST, or one bulk job; one outcome per row."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from connector.crm.salesforce import bulk, encode, outcomes
from connector.crm.salesforce.errors import TRANSIENT_ROWS, unreadable
from connector.crm.salesforce.outcomes import RowError
from connector.engine.ports import chunks
from connector.errors import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from connector.crm.salesforce.client import Client
    from mappings.schema import ObjectSchema

BATCH = 200
HEADERS = {
    "Content-Type": "application/json",
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}
"""No write runs the org's lead assignment rules, which may move the owner; and duplicate rules that
only warn a person do not stop a score."""

_ROUNDS = 5
_ONE_VALUE = "JSON_PARSER_ERROR"  # refuses a whole request for one value in it


_UNPROCESSED = RowError("UNPROCESSED", "", "the bulk job ended before this row")
"""Stands for a row that a job has not come to; no outcome is made of it."""


class Writer:
    """Updates records of one object. Every value is absolute, so a lost answer is safe to repeat.

    `jitter` gives numbers from 0 to 1 that spread the repetitions of rows that were locked.
    """

    def __init__(
        self,
        client: Client,
        schema: ObjectSchema,
        *,
        bulk_above: int,
        upload_bytes: int = bulk.UPLOAD_BYTES,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._schema = schema
        self._bulk_above = bulk_above
        self._upload_bytes = upload_bytes
        self._jitter = jitter

    def write(self, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Outcome frames, as the batches are answered; together one row per changed record."""
        sendable, told = self._sort_out(changes)
        if told:
            yield outcomes.frame(told)
        if sendable.height <= self._bulk_above:
            yield from self._by_rest(sendable)
            return
        marked = sendable.select(encode.only_by_rest(sendable).alias("m"))["m"]
        yield from self._by_bulk(sendable.filter(~marked))
        yield from self._by_rest(sendable.filter(marked))

    def _sort_out(self, changes: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
        """The rows worth sending, and the outcomes of those that are not."""
        idle = changes.select(encode.changes_nothing(changes).alias("idle"))["idle"]
        unfit = encode.first_unfit(changes, self._schema)
        told: list[dict[str, Any]] = [
            {"@id": record, "outcome": "skipped", "message": "no field is to be changed"}
            for record in changes.filter(idle)["@id"]
        ]
        refused = pl.DataFrame({"@id": changes["@id"], "field": unfit}).filter(
            unfit.is_not_null() & ~idle
        )
        told += [
            outcomes.outcome(
                record, RowError("INVALID_VALUE", field, "the value does not fit the field's type")
            )
            for record, field in refused.iter_rows()
        ]
        return changes.filter(~idle & unfit.is_null()), told

    def _by_rest(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Batches of 200; rows that were locked are tried again, alone and later each time."""
        for attempt in range(_ROUNDS):
            if rows.is_empty():
                return
            if attempt:
                self._client.sleep(2 ** (attempt - 1) * (0.5 + self._jitter()))
            locked: list[pl.DataFrame] = []
            for batch in chunks(rows, BATCH):
                errors = self._patch(encode.json_records(batch, self._schema))
                again = (
                    _again(errors) if attempt < _ROUNDS - 1 else pl.Series([False] * len(errors))
                )
                locked.append(batch.filter(again))
                yield _told(batch, errors, ~again)
            rows = pl.concat(locked)

    def _patch(self, records: Sequence[str]) -> list[RowError | None]:
        """Write up to 200 records in one call: per record None, or why it was refused.

        A request that is refused as a whole for one record's sake is halved until that is found.
        """
        try:
            answer = self._client.call(
                "PATCH",
                "composite/sobjects",
                parse=lambda response: _per_row(response, len(records)),
                content=encode.collection(records),
                headers=HEADERS,
            )
        except RequestRefusedError as error:
            if len(records) == 1 or error.code != _ONE_VALUE:
                return [RowError(error.code, message=str(error))] * len(records)
            half = len(records) // 2
            return self._patch(records[:half]) + self._patch(records[half:])
        return [
            None if row.get("success") else RowError.of(row.get("errors") or ()) for row in answer
        ]

    def _by_bulk(self, rows: pl.DataFrame, *, first: bool = True) -> Iterator[pl.DataFrame]:
        """Bulk jobs; what a job did not come to is sent once more, and then row by row."""
        for part, csv in self._uploads(rows):
            job = bulk.ingest(self._client, self._schema.name, csv, rows=part.height)
            errors = self._bulk_errors(job, part)
            if errors is None:
                yield outcomes.applied(part["@id"])
                continue
            left = pl.Series([error is _UNPROCESSED for error in errors], dtype=pl.Boolean)
            again = _again(errors)
            yield _told(part, errors, ~(again | left))
            yield from self._by_rest(part.filter(again))
            if first and left.sum() > self._bulk_above:
                yield from self._by_bulk(part.filter(left), first=False)
            else:
                yield from self._by_rest(part.filter(left))

    def _uploads(self, rows: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, bytes]]:
        """The rows in parts whose CSV an ingest job takes."""
        if rows.is_empty():
            return
        csv = encode.bulk_csv(rows, self._schema)
        if len(csv) <= self._upload_bytes or rows.height == 1:
            yield rows, csv
            return
        half = rows.height // 2
        yield from self._uploads(rows[:half])
        yield from self._uploads(rows[half:])

    def _bulk_errors(self, job: bulk.Ingested, part: pl.DataFrame) -> list[RowError | None] | None:
        """Per row None or its error; None for the whole part when the job's figures say all is well.

        Results come in another order, so they are joined by id. A row in no list was not processed.
        """
        whole = job.complete and job.processed == part.height
        if whole and not job.failed:
            return None
        failed = _by_id(bulk.results(self._client, job.job, "failedResults"), "sf__Error")
        told = {record: RowError.of_bulk(stated or "") for record, stated in failed.items()}
        if whole and len(told) == job.failed and told.keys() <= set(part["@id"]):
            return [told.get(record) for record in part["@id"]]
        done = _by_id(bulk.results(self._client, job.job, "successfulResults"), "sf__Id")
        return [
            told.get(record) or (None if record in done else _UNPROCESSED) for record in part["@id"]
        ]


def _per_row(response: httpx.Response, rows: int) -> list[dict[str, Any]]:
    """The answer of a collections call: one result per record, or it counts as lost."""
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, list) or len(answer) != rows:
        raise unreadable("Salesforce: PATCH composite/sobjects")
    return answer


def _again(errors: Sequence[RowError | None]) -> pl.Series:
    return pl.Series(
        [error is not None and error.code in TRANSIENT_ROWS for error in errors], dtype=pl.Boolean
    )


def _told(
    rows: pl.DataFrame, errors: Sequence[RowError | None], settled: pl.Series
) -> pl.DataFrame:
    """The outcomes of the settled rows; only refused rows are looked at one by one."""
    values = rows.select(pl.col("^to:.*$"))
    told = [
        outcomes.outcome(record, error, values.row(position) if error else ())
        for position, (record, error) in enumerate(zip(rows["@id"], errors, strict=True))
    ]
    return outcomes.frame(told).filter(settled)


def _by_id(results: pl.DataFrame, column: str) -> dict[str, str]:
    if results.is_empty():
        return {}
    ids = results["Id"] if "Id" in results.columns else results["sf__Id"]
    return dict(zip(ids, results[column], strict=True))
