"""Rules on a row as a whole: may it be written, is anything missing, does it clash with another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.errors import ApiError, row_error
from connector.sandbox.salesforce.ids import SHORT, normalised
from connector.sandbox.salesforce.rules import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.faults import FaultRule
    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.state import Actor, State
    from connector.sandbox.salesforce.store import Record, Table

Values = dict[str, Any]


def check_row(
    state: State, actor: Actor, table: Table, before: Record | None, values: Values
) -> None:
    """Refuse a row that may not be written so; normalises the ids in `values`."""
    if not table.spec.writable:
        message = f"entity type {table.name} does not support {'update' if before else 'create'}"
        raise row_error("INVALID_TYPE_FOR_OPERATION", message)
    if actor.role == "api":
        _check_access(state, table, before, values)
        _check_faults(state, actor, table, before, values)
    _check_required(table, before, values)
    for name, value in values.items():
        field = table.fields[name]
        check(field, value)
        if field.type == "reference" and value is not None:
            values[name] = _referred(state, table, field, value)
    _check_unique(table, before, values)


def _check_access(state: State, table: Table, before: Record | None, values: Values) -> None:
    refused = [
        name
        for name in values
        if not (table.fields[name].updateable if before else table.fields[name].createable)
        or not state.security.may_edit(table.name, table.fields[name])
    ]
    if refused:
        raise row_error(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security "
            "settings of this field and verify that it is read/write for your profile or "
            "permission set.",
            *refused,
        )


def _check_required(table: Table, before: Record | None, values: Values) -> None:
    missing = [
        name
        for name, field in table.fields.items()
        if field.required and values.get(name, before and before.get(name)) is None
    ]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise row_error("REQUIRED_FIELD_MISSING", message, *missing)


def _check_unique(table: Table, before: Record | None, values: Values) -> None:
    for name, value in values.items():
        if value is None or not table.fields[name].unique:
            continue
        holder = table.holder(name, value)
        if holder is not None and holder != (before or {}).get("Id"):
            raise duplicate(name, holder)


def duplicate(field: str, holder: str) -> ApiError:
    """The refusal of a value that another record holds; it names the 15-character id."""
    message = f"duplicate value found: {field} duplicates value on record with id: {holder[:SHORT]}"
    return row_error("DUPLICATE_VALUE", message, field)


def _referred(state: State, table: Table, field: Field, value: str) -> str:
    known = normalised(value) or ""
    target = state.store.table_of(known)
    if target is None or target.name not in field.reference_to:
        label = field.label if field.label.endswith("ID") else f"{field.label} ID"
        raise row_error("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", field.name)
    record = target.rows.get(known)
    if record is None or record["IsDeleted"]:
        raise row_error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
    if field.name == "OwnerId" and not record.get("IsActive", True):
        message = f"operation performed with inactive user [{value}] as owner of {table.name}"
        raise row_error("INACTIVE_OWNER_OR_USER", message, field.name)
    return known


def _check_faults(
    state: State, actor: Actor, table: Table, before: Record | None, values: Values
) -> None:
    record = (before or {}).get("Id", "<unknown>")
    rule = state.faults.for_row(table.name, values, actor.request, record)
    if rule is not None:
        raise _fault(rule, record)


def _fault(rule: FaultRule, record_id: str) -> ApiError:
    if rule.kind == "lock_row":
        message = (
            "unable to obtain exclusive access to this record or 1 records: "
            f"{record_id[:SHORT] if record_id.isalnum() else record_id}"
        )
        return row_error("UNABLE_TO_LOCK_ROW", message)
    if rule.kind == "duplicate":
        return row_error("DUPLICATES_DETECTED", "Use one of these records?")
    named = (rule.field,) if rule.field else ()
    return row_error(rule.code, rule.message, *named)


def checked_extra(state: State, table: Table, record: Record) -> None:
    """Apply the rules that only this object has; may normalise the record in place."""
    rule = EXTRA.get(table.name)
    if rule:
        rule(state, record)


def _field_permission(state: State, record: Record) -> None:
    table = state.store.table(record["SobjectType"])
    name = str(record["Field"]).partition(".")[2]
    field = table.fields.get(name) if table else None
    if table is None or field is None or not field.permissionable:
        message = f"Field Name: bad value for restricted picklist field: {record['Field']}"
        raise row_error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "Field")
    if not record.get("PermissionsRead"):
        message = "You can't grant edit access, or no access at all, without read access"
        raise row_error("FIELD_INTEGRITY_EXCEPTION", message, "PermissionsRead")
    record["SobjectType"], record["Field"] = table.name, f"{table.name}.{field.name}"
    _no_twin(state, "FieldPermissions", record, ("ParentId", "Field"))


def _assignment(state: State, record: Record) -> None:
    record["IsActive"] = True
    _no_twin(state, "PermissionSetAssignment", record, ("AssigneeId", "PermissionSetId"))


def _permission_set(state: State, record: Record) -> None:
    record.setdefault("IsOwnedByProfile", False)
    record.setdefault("IsCustom", True)
    _no_twin(state, "PermissionSet", record, ("Name",))


def _campaign_member(state: State, record: Record) -> None:
    """A member is a lead or a contact; where both are given the contact counts."""
    person = "ContactId" if record.get("ContactId") else "LeadId"
    if not record.get(person):
        message = "Required fields are missing: [LeadId or ContactId]"
        raise row_error("REQUIRED_FIELD_MISSING", message, "LeadId", "ContactId")
    who, campaign = record[person], record["CampaignId"]
    for row in state.store.tables["CampaignMember"].rows.values():
        if row.get(person) != who or row["CampaignId"] != campaign or row["IsDeleted"]:
            continue
        if row["Id"] != record["Id"]:
            raise row_error("DUPLICATE_VALUE", "Already a campaign member.")


def _no_twin(state: State, table: str, record: Record, names: tuple[str, ...]) -> None:
    for row in state.store.live(table):
        if row["Id"] != record["Id"] and all(row.get(n) == record.get(n) for n in names):
            raise duplicate(", ".join(names), row["Id"])


EXTRA: dict[str, Callable[[State, Record], None]] = {
    "CampaignMember": _campaign_member,
    "FieldPermissions": _field_permission,
    "PermissionSetAssignment": _assignment,
    "PermissionSet": _permission_set,
}
