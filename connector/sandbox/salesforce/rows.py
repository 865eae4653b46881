"""/composite/sobjects: up to 200 rows in one request, answered row by row in the order asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce import dml
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError, not_found, row_error
from connector.sandbox.salesforce.ids import normalised
from connector.sandbox.salesforce.query import OrgSource
from connector.sandbox.salesforce.soql_paths import Paths
from connector.sandbox.salesforce.soql_words import Path

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import Actor, State
    from connector.sandbox.salesforce.store import Table

    Row = dict[str, Any]
    Write = Callable[[Row], Row]

MOST_ROWS, MOST_READ, MOST_CHUNKS = 200, 2000, 10
ROLLED_BACK = "Record rolled back because not all records were valid and the request was using AllOrNone header"


class _NotAllError(Exception):
    """A row was refused and the caller wanted all or none."""


def insert(state: State, call: Call) -> Answer:
    """POST /composite/sobjects."""
    payload = call.json_object()
    rows = [_typed(state, row) for row in _rows(payload)]
    decoded = [(table, dml.decoded(state, table, values)) for table, _, values in rows]

    def one(index: int) -> Row:
        table, values = decoded[index]
        return _done(dml.insert(state, call.actor, table, values))

    return _all(state, payload, len(rows), one)


def update(state: State, call: Call) -> Answer:
    """PATCH /composite/sobjects."""
    payload = call.json_object()
    rows = [_typed(state, row) for row in _rows(payload)]
    decoded = [(table, key, dml.decoded(state, table, values)) for table, key, values in rows]
    _refuse_twins([normalised(key) for _, key, _ in decoded])

    def one(index: int) -> Row:
        table, key, values = decoded[index]
        if key is None:
            raise row_error("MISSING_ARGUMENT", "Id not specified in an update call")
        return _done(dml.update(state, call.actor, table, key, values))

    return _all(state, payload, len(rows), one)


def upsert(state: State, call: Call) -> Answer:
    """PATCH /composite/sobjects/{object}/{external id field}."""
    table = dml.table_named(state, call.place["object"])
    payload = call.json_object()
    field = state.security.visible(table.name).get(call.place["field"].lower())
    if field is None or not (field.external_id or field.type == "id"):
        message = (
            f"Provided external ID field does not exist or is not accessible: {call.place['field']}"
        )
        raise not_found(message)
    decoded = [dml.decoded(state, table, row) for row in _rows(payload)]

    def one(index: int) -> Row:
        values = dict(decoded[index])
        return upserted(state, call.actor, table, field.name, values)

    return _all(state, payload, len(decoded), one)


def upserted(state: State, actor: Actor, table: Table, key: str, values: Row) -> Row:
    """Update the row whose key has this value, or create it."""
    value = values.get(key)
    if key == "Id":
        values.pop("Id", None)
        if value is None:
            return _done(dml.insert(state, actor, table, values)) | {"created": True}
        return _done(dml.update(state, actor, table, value, values)) | {"created": False}
    if value is None:
        raise row_error("MISSING_ARGUMENT", f"{key} not specified", key)
    records = dml.matching(table, table.fields[key], value)
    if len(records) > 1:
        message = f"{key}: more than one record found for external id field: {value}"
        raise row_error("DUPLICATE_EXTERNAL_ID", message, key)
    if records:
        return _done(dml.update(state, actor, table, records[0]["Id"], values)) | {"created": False}
    return _done(dml.insert(state, actor, table, values)) | {"created": True}


def delete(state: State, call: Call) -> Answer:
    """DELETE /composite/sobjects?ids=… as a list with commas."""
    ids = [key for key in call.params.get("ids", "").split(",") if key]
    if len(ids) > MOST_ROWS:
        raise _too_many()

    def one(index: int) -> Row:
        table = state.store.table_of(ids[index])
        if table is None:
            raise row_error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return _done(dml.delete(state, call.actor, table, ids[index]))

    all_or_none = call.params.get("allOrNone", "false").lower() == "true"
    return _all(state, {"allOrNone": all_or_none}, len(ids), one)


def read(state: State, call: Call) -> Answer:
    """GET ?ids=&fields= or POST {"ids", "fields"} of /composite/sobjects/{object}; null for missing."""
    table = dml.table_named(state, call.place["object"])
    if call.method == "GET":
        ids, names = (call.params.get(part, "").split(",") for part in ("ids", "fields"))
    else:
        payload = call.json_object()
        ids, names = payload.get("ids", []), payload.get("fields", [])
    if len(ids) > MOST_READ:
        raise _too_many(MOST_READ)
    paths = Paths(OrgSource(state), ",".join(names), table.name)
    build = paths.rows([Path(tuple(name.strip().split(".")), 0) for name in names])
    rows: list[Row | None] = []
    for key in ids:
        record = state.store.get(table.name, key)
        alive = record is not None and not record["IsDeleted"]
        rows.append(build(record, call.base) if record is not None and alive else None)
    return Answer(rows)


def _rows(payload: Row) -> list[Row]:
    rows = payload.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError("JSON_PARSER_ERROR", "Missing required field: records")
    if len(rows) > MOST_ROWS:
        raise _too_many()
    types = [row.get("attributes", {}).get("type") for row in rows]
    chunks = sum(1 for left, right in zip([None, *types], types, strict=False) if left != right)
    if chunks > MOST_CHUNKS:
        message = f"At most {MOST_CHUNKS} chunks of alternating types are allowed"
        raise ApiError("INVALID_INPUT", message)
    return rows


def _too_many(most: int = MOST_ROWS) -> ApiError:
    return ApiError(
        "EXCEEDED_ID_LIMIT",
        f"record limit reached. cannot submit more than {most} records in this call",
    )


def _typed(state: State, row: Row) -> tuple[Table, object, Row]:
    name = row.get("attributes", {}).get("type")
    table = state.store.table(name) if isinstance(name, str) else None
    if table is None:
        message = f"sObject type '{name}' is not supported."
        raise ApiError("INVALID_TYPE", message)
    key = next((value for field, value in row.items() if field.lower() == "id"), None)
    return table, key, {field: value for field, value in row.items() if field.lower() != "id"}


def _refuse_twins(ids: list[str | None]) -> None:
    known = [key for key in ids if key]
    if len(set(known)) < len(known):
        raise ApiError("DUPLICATE_VALUE", "Duplicate id specified")


def _done(record_id: str) -> Row:
    return {"id": record_id, "success": True, "errors": []}


def _all(state: State, payload: Row, count: int, write: Callable[[int], Row]) -> Answer:
    """Write the rows one by one; with allOrNone one refusal takes all of them back."""
    results: list[Row] = []
    try:
        with state.transaction():
            results.extend(_attempt(state, write, index) for index in range(count))
            _require_all(payload, results)
    except _NotAllError:
        error = row_error("ALL_OR_NONE_OPERATION_ROLLED_BACK", ROLLED_BACK).row()
        results = [
            {"success": False, "errors": [error]} if row["success"] else row for row in results
        ]
    return Answer(results)


def _require_all(payload: Row, results: list[Row]) -> None:
    if payload.get("allOrNone") and not all(row["success"] for row in results):
        raise _NotAllError


def _attempt(state: State, write: Callable[[int], Row], index: int) -> Row:
    try:
        return write(index)
    except ApiError as error:
        state.audit.refused[error.code] += 1
        return {"success": False, "errors": [error.row()]}
