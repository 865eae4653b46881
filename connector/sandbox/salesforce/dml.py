"""Writing rows: the same checks whoever writes, and the traces that every write leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.audit import Change
from connector.sandbox.salesforce.checks import check_row, checked_extra
from connector.sandbox.salesforce.derived import derive
from connector.sandbox.salesforce.errors import ApiError, not_found, row_error
from connector.sandbox.salesforce.ids import normalised
from connector.sandbox.salesforce.rules import from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import Actor, State
    from connector.sandbox.salesforce.store import Record, Table

Values = dict[str, Any]


def table_named(state: State, name: str) -> Table:
    """The table of an object; raises NOT_FOUND for an unknown one."""
    table = state.store.table(name)
    if table is None:
        raise not_found()
    return table


def decoded(
    state: State,
    table: Table,
    payload: Mapping[str, Any],
    convert: Callable[[Field, Any], Any] = from_json,
) -> Values:
    """The stored forms of a payload's fields, `attributes` left out.

    Raises INVALID_FIELD for a field that does not exist or that the user may not see.
    """
    visible = state.security.visible(table.name)
    values: Values = {}
    for name, value in payload.items():
        if name == "attributes":
            continue
        field = visible.get(name.lower())
        if field is None or field.type == "address":
            message = f"No such column '{name}' on sobject of type {table.name}"
            raise ApiError("INVALID_FIELD", message)
        values[field.name] = convert(field, value)
    return values


def insert(state: State, actor: Actor, table: Table, values: Values) -> str:
    """Create a row; its id. Raises the row's ApiError and then leaves no trace."""
    check_row(state, actor, table, None, values)
    now = actor.at or state.clock.stamp()
    record: Record = {
        "Id": table.new_id(),
        **_defaults(table, actor),
        **{name: value for name, value in values.items() if value is not None},
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": actor.user_id,
        **_stamps(actor, now),
    }
    checked_extra(state, table, record)
    _save(state, actor, table, Change(None, values, record))
    return str(record["Id"])


def update(state: State, actor: Actor, table: Table, record_id: object, values: Values) -> str:
    """Change a row; its id. A write that changes nothing moves the stamps all the same."""
    before = found(state, table, record_id)
    if table.name == "Lead" and before.get("IsConverted") and actor.role == "api":
        raise row_error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    check_row(state, actor, table, before, values)
    now = actor.at or state.clock.stamp()
    merged = {**before, **values, **_stamps(actor, now)}
    record = {name: value for name, value in merged.items() if value is not None}
    checked_extra(state, table, record)
    _save(state, actor, table, Change(before, values, record))
    return str(record["Id"])


def delete(state: State, actor: Actor, table: Table, record_id: object) -> str:
    """Put a row in the recycle bin; its id."""
    before = found(state, table, record_id)
    now = actor.at or state.clock.stamp()
    state.store.put(table.name, {**before, "IsDeleted": True, **_stamps(actor, now)})
    return str(before["Id"])


def undelete(state: State, actor: Actor, table: Table, record_id: object) -> str:
    """Bring a deleted row back with the same id."""
    before = state.store.get(table.name, record_id)
    if before is None or not before["IsDeleted"]:
        raise row_error("UNDELETE_FAILED", "Entity is not in the recycle bin")
    record = {**before, "IsDeleted": False, **_stamps(actor, actor.at or state.clock.stamp())}
    record.pop("MasterRecordId", None)
    state.store.put(table.name, record)
    return str(record["Id"])


def merge(state: State, actor: Actor, table: Table, master: object, victims: list[object]) -> str:
    """Merge rows into `master`: the others go to the recycle bin and point at it."""
    winner = found(state, table, master)
    for victim in victims:
        loser = found(state, table, victim)
        stamps = _stamps(actor, actor.at or state.clock.stamp())
        gone = {**loser, "IsDeleted": True, "MasterRecordId": winner["Id"], **stamps}
        state.store.put(table.name, gone)
        kept = {name: value for name, value in loser.items() if name not in winner}
        kept.pop("MasterRecordId", None)
        winner = {**winner, **kept, **stamps}
    state.store.put(table.name, winner)
    return str(winner["Id"])


def found(state: State, table: Table, record_id: object) -> Record:
    """The live row with this id, or the row error of a wrong, unknown or deleted one."""
    known = normalised(record_id)
    if known is None or state.store.table_of(known) is not table:
        raise row_error("MALFORMED_ID", f"{table.name} ID: id value of incorrect type: {record_id}")
    record = table.rows.get(known)
    if record is None:
        raise row_error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if record["IsDeleted"]:
        raise row_error("ENTITY_IS_DELETED", "entity is deleted")
    return record


def matching(table: Table, field: Field, value: Any) -> list[Record]:
    """The live rows whose external id has this value."""
    if field.unique:
        holder = table.holder(field.name, value)
        return [table.rows[holder]] if holder else []
    wanted = str(value).lower()
    return [
        row
        for row in table.rows.values()
        if not row["IsDeleted"] and str(row.get(field.name, "")).lower() == wanted
    ]


def _defaults(table: Table, actor: Actor) -> Values:
    values = {
        field.name: field.default for field in table.fields.values() if field.default is not None
    }
    return values | ({"OwnerId": actor.user_id} if "OwnerId" in table.fields else {})


def _stamps(actor: Actor, now: str) -> Values:
    return {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}


def _save(state: State, actor: Actor, table: Table, change: Change) -> None:
    record = change.after
    derive(state, table, change.before, record)
    if table.name == "Lead" and actor.auto_assign and _assigned(state, record):
        change = replace(change, reassigned=True)
    state.store.put(table.name, record)
    if actor.role == "person":
        state.audit.typed(record["Id"], change.values)
    elif actor.role == "api":
        state.audit.wrote(table.name, change)


def _assigned(state: State, record: Record) -> bool:
    """Run the active lead assignment rule: leads of some sources go to the queue."""
    config, queue = state.config, state.people.queue
    if not config.assignment_rule or record.get("LeadSource") not in config.assigned_sources:
        return False
    moved = record.get("OwnerId") != queue
    record["OwnerId"] = queue
    return moved
