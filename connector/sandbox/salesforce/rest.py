"""Versions, limits, descriptions and single rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from connector.sandbox.salesforce import dml
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.clock import moment_of, stamp
from connector.sandbox.salesforce.derived import address
from connector.sandbox.salesforce.describe import describe_object, summary
from connector.sandbox.salesforce.errors import ApiError, not_found
from connector.sandbox.salesforce.state import NEWEST_VERSION, OLDEST_VERSION

if TYPE_CHECKING:
    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record, Table

SEASONS = ("Spring", "Summer", "Winter")
FIRST_SPRING, VERSIONS_A_YEAR = 48, 3
UPDATED_DAYS, DELETED_DAYS = 30, 15
MINUTE = "%Y-%m-%dT%H:%M:00.000+0000"


def versions(_state: State, _call: Call) -> Answer:
    """GET /services/data: needs no session."""
    return Answer(
        [
            {
                "label": _release(number),
                "url": f"/services/data/v{number}.0",
                "version": f"{number}.0",
            }
            for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
        ]
    )


def _release(number: int) -> str:
    years, season = divmod(number - FIRST_SPRING, VERSIONS_A_YEAR)
    return f"{SEASONS[season]} '{20 + years + (season == len(SEASONS) - 1):02d}"


def resources(_state: State, call: Call) -> Answer:
    """GET /services/data/vXX.X."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs", "tooling")
    return Answer({name: f"{call.base}/{name}" for name in names})


def limits(state: State, _call: Call) -> Answer:
    """GET /limits."""
    left = max(0, state.daily_limit - state.used)
    return Answer(
        {
            "DailyApiRequests": {"Max": state.daily_limit, "Remaining": left},
            "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000 - len(state.jobs)},
            "DataStorageMB": {"Max": 1024, "Remaining": 900},
        }
    )


def global_describe(state: State, call: Call) -> Answer:
    """GET /sobjects."""
    tables = state.store.tables.values()
    listed = [summary(table, call.base) for table in tables]
    return Answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def basic(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}."""
    table = dml.table_named(state, call.place["object"])
    return Answer({"objectDescribe": summary(table, call.base), "recentItems": []})


def describe(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}/describe; 304 when the schema is older than the caller's copy."""
    table = dml.table_named(state, call.place["object"])
    since = call.moment("if-modified-since")
    if since is not None and moment_of(state.schema_stamp) <= since:
        return Answer(status=304)
    found = describe_object(table, state.security, call.base)
    modified = moment_of(state.schema_stamp).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return Answer(found, headers={"Last-Modified": modified})


# rows


def create(state: State, call: Call) -> Answer:
    """POST /sobjects/{object}."""
    table = dml.table_named(state, call.place["object"])
    values = dml.decoded(state, table, _without_id(call.json_object()))
    with state.transaction():
        record_id = dml.insert(state, call.actor, table, values)
    return Answer({"id": record_id, "success": True, "errors": []}, 201)


def read(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}/{id}[?fields=…]."""
    table = dml.table_named(state, call.place["object"])
    record = _row(state, call, table)
    since = call.moment("if-modified-since")
    if since is not None and moment_of(record["SystemModstamp"]) <= since:
        return Answer(status=304)
    return Answer(_shown(state, call, table, record))


def change(state: State, call: Call) -> Answer:
    """PATCH /sobjects/{object}/{id}; 412 when the row changed after If-Unmodified-Since."""
    table = dml.table_named(state, call.place["object"])
    record = _row(state, call, table)
    since = call.moment("if-unmodified-since")
    if since is not None and moment_of(record["SystemModstamp"]) > since:
        message = "The resource was modified since the time given"
        raise ApiError("PRECONDITION_FAILED", message, status=412)
    values = dml.decoded(state, table, _without_id(call.json_object()))
    with state.transaction():
        dml.update(state, call.actor, table, record["Id"], values)
    return Answer(status=204)


def remove(state: State, call: Call) -> Answer:
    """DELETE /sobjects/{object}/{id}."""
    table = dml.table_named(state, call.place["object"])
    record = _row(state, call, table)
    dml.delete(state, call.actor, table, record["Id"])
    return Answer(status=204)


def read_by_key(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}/{external id field}/{value}."""
    table, _, _, records = _keyed(state, call)
    if not records:
        raise not_found()
    if len(records) > 1:
        return _several(call, table, records)
    return Answer(_shown(state, call, table, records[0]))


def upsert(state: State, call: Call) -> Answer:
    """PATCH /sobjects/{object}/{external id field}/{value}."""
    table, field, value, records = _keyed(state, call)
    if len(records) > 1:
        return _several(call, table, records)
    payload = _without_id(call.json_object())
    if any(name.lower() == field.name.lower() for name in payload):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise ApiError("INVALID_FIELD", message)
    if not records and call.params.get("updateOnly") == "true":
        raise not_found()
    values = dml.decoded(state, table, payload)
    with state.transaction():
        if records:
            record_id = dml.update(state, call.actor, table, records[0]["Id"], values)
        else:
            record_id = dml.insert(state, call.actor, table, {**values, field.name: value})
    body = {"id": record_id, "success": True, "errors": [], "created": not records}
    return Answer(body, 200 if records else 201)


def remove_by_key(state: State, call: Call) -> Answer:
    """DELETE /sobjects/{object}/{external id field}/{value}."""
    table, _, _, records = _keyed(state, call)
    if not records:
        raise not_found()
    dml.delete(state, call.actor, table, records[0]["Id"])
    return Answer(status=204)


def _keyed(state: State, call: Call) -> tuple[Table, Field, Any, list[Record]]:
    table = dml.table_named(state, call.place["object"])
    name = call.place["field"]
    field = state.security.visible(table.name).get(name.lower())
    if field is None or not (field.external_id or field.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    value = unquote(call.place["value"])
    return table, field, value, dml.matching(table, field, value)


def _several(call: Call, table: Table, records: list[Record]) -> Answer:
    return Answer([f"{call.base}/sobjects/{table.name}/{row['Id']}" for row in records], 300)


def _without_id(payload: dict[str, Any]) -> dict[str, Any]:
    if any(name.lower() == "id" for name in payload):
        raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    return payload


def _row(state: State, call: Call, table: Table) -> Record:
    record = state.store.get(table.name, call.place["id"])
    if record is None:
        raise not_found()
    if record["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])
    return record


def _shown(state: State, call: Call, table: Table, record: Record) -> dict[str, Any]:
    visible = state.security.visible(table.name)
    wanted = call.params.get("fields")
    names = wanted.split(",") if wanted else list(visible)
    url = f"{call.base}/sobjects/{table.name}/{record['Id']}"
    row: dict[str, Any] = {"attributes": {"type": table.name, "url": url}}
    for name in names:
        field = visible.get(name.strip().lower())
        if field is None:
            message = f"No such column '{name}' on sobject of type {table.name}"
            raise ApiError("INVALID_FIELD", message)
        row[field.name] = address(record) if field.type == "address" else record.get(field.name)
    return row


# replication


def updated(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}/updated?start=&end=."""
    table = dml.table_named(state, call.place["object"])
    start, end = _span(state, call, UPDATED_DAYS)
    ids = [
        row["Id"]
        for row in table.rows.values()
        if not row["IsDeleted"] and start <= row["SystemModstamp"] < end
    ]
    return Answer({"ids": ids, "latestDateCovered": end})


def deleted(state: State, call: Call) -> Answer:
    """GET /sobjects/{object}/deleted?start=&end=."""
    table = dml.table_named(state, call.place["object"])
    start, end = _span(state, call, DELETED_DAYS)
    gone = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in table.rows.values()
        if row["IsDeleted"] and start <= row["SystemModstamp"] < end
    ]
    earliest = stamp(state.clock.now() - timedelta(days=DELETED_DAYS))
    body = {"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": end}
    return Answer(body)


def _span(state: State, call: Call, days: int) -> tuple[str, str]:
    try:
        start, end = (_minute(call.params[name]) for name in ("start", "end"))
    except (KeyError, ValueError):
        raise ApiError("INVALID_REPLICATION_DATE", "start and end have to be date-times") from None
    now = state.clock.now()
    if start >= end or start < now - timedelta(days=days + 1):
        message = f"the span has to begin before it ends and within the last {days} days"
        raise ApiError("INVALID_REPLICATION_DATE", message)
    return start.strftime(MINUTE), min(end, now).strftime(MINUTE)


def _minute(text: str) -> datetime:
    return moment_of(text.replace(" ", "+")).astimezone(UTC).replace(second=0, microsecond=0)
