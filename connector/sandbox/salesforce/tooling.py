"""The Tooling API as far as setting up fields goes: CustomField, EntityDefinition, FieldDefinition.

A field made here has no field-level security, so the API does not see it until somebody grants it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.custom_fields import field_from, metadata_of, names
from connector.sandbox.salesforce.errors import ApiError, not_found, row_error
from connector.sandbox.salesforce.fields import Field, fields_of
from connector.sandbox.salesforce.ids import make_id, normalised
from connector.sandbox.salesforce.schema import ObjectSpec
from connector.sandbox.salesforce.soql_run import run
from connector.sandbox.salesforce.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record, Table

PREFIX = "00N"
ACTIVITY, TASK = "Activity", "Task"
"""Custom fields of tasks are made on Activity, and nowhere else."""
OBJECTS = {
    "CustomField": """
Id id readonly
IsDeleted boolean readonly
DeveloperName string:80 readonly
FullName string:255 readonly
TableEnumOrId string:255 readonly
NamespacePrefix string:15 readonly
ManageableState picklist:40 readonly
InlineHelpText string:510 readonly
EntityDefinitionId reference:EntityDefinition@EntityDefinition readonly
Metadata complexvalue readonly
CreatedDate datetime readonly
LastModifiedDate datetime readonly
""",
    "EntityDefinition": """
Id id readonly
IsDeleted boolean readonly
DurableId string:255 readonly
QualifiedApiName string:255 readonly
DeveloperName string:255 readonly
Label string:255 readonly
PluralLabel string:255 readonly
KeyPrefix string:3 readonly
IsCustomizable boolean readonly
""",
    "FieldDefinition": """
Id id readonly
IsDeleted boolean readonly
DurableId string:255 readonly
QualifiedApiName string:255 readonly
DeveloperName string:255 readonly
Label string:255 readonly
DataType string:255 readonly
Length int:9 readonly
Precision int:9 readonly
Scale int:9 readonly
EntityDefinitionId reference:EntityDefinition@EntityDefinition readonly
""",
}


class _ToolingSource:
    """The org's schema as tables that SOQL can read."""

    def __init__(self, state: State) -> None:
        self._state = state
        specs = [ObjectSpec(n, n, n, n[:3], fields_of(text)) for n, text in OBJECTS.items()]
        self._store = Store(specs)
        for name, rows in (
            ("EntityDefinition", _entities(state)),
            ("CustomField", _custom_fields(state)),
            ("FieldDefinition", _field_definitions(state)),
        ):
            self._store.tables[name].load(rows)

    def table(self, name: str) -> Table | None:
        """The table of a metadata object."""
        return self._store.table(name)

    def visible(self, table: str) -> dict[str, Field]:
        """All its fields, by lower-case name."""
        return {name.lower(): field for name, field in self._store.tables[table].fields.items()}

    def find(self, record_id: str | None) -> Record | None:
        """The entity with this durable id: the only parent that there is."""
        return self._store.tables["EntityDefinition"].rows.get(record_id or "")

    def table_of(self, record_id: str) -> Table | None:
        """The table of an id."""
        return self._store.table_of(record_id)

    def today(self) -> date:
        """The org's present day."""
        return self._state.clock.now().date()


def query(state: State, call: Call) -> Answer:
    """GET /tooling/query?q=…: all rows in one page."""
    _check_allowed(state)
    found = run(_ToolingSource(state), call.params.get("q", ""), state.chance)
    base = f"{call.base}/tooling"
    if found.counted is not None:
        return Answer({"size": found.counted, "totalSize": found.counted, "done": True,
                       "queryLocator": None, "records": []})  # fmt: skip
    rows = found.totals
    if rows is None:
        rows = [found.build(record, base) for record in found.records]
    size = len(rows)
    return Answer({"size": size, "totalSize": size, "done": True, "queryLocator": None,
                   "entityTypeName": found.table, "records": rows})  # fmt: skip


def create(state: State, call: Call) -> Answer:
    """POST /tooling/sobjects/CustomField."""
    _check_allowed(state)
    payload = call.json_object()
    table_name, name = names(payload.get("FullName"))
    table = state.store.table(TASK if table_name == ACTIVITY else table_name)
    if table is None or not table.spec.writable or table_name == TASK:
        message = f"Entity Enumeration Or ID: bad value for restricted picklist field: {table_name}"
        raise row_error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "TableEnumOrId")
    if any(known.lower() == name.lower() for known in table.fields):
        message = f"There is already a field named {name.removesuffix('__c')} on {table.name}."
        raise row_error("DUPLICATE_DEVELOPER_NAME", message, "DeveloperName")
    state.custom_fields += 1
    field_id = make_id(PREFIX, state.custom_fields)
    _put(state, table, field_from(name, payload.get("Metadata") or {}, field_id))
    body = {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []}
    return Answer(body, 201)


def read(state: State, call: Call) -> Answer:
    """GET /tooling/sobjects/CustomField/{id}."""
    _check_allowed(state)
    table, field = _found(state, call)
    url = f"{call.base}/tooling/sobjects/CustomField/{field.field_id}"
    row = _row(state, table, field)
    return Answer({"attributes": {"type": "CustomField", "url": url}, **row})


def change(state: State, call: Call) -> Answer:
    """PATCH /tooling/sobjects/CustomField/{id} with whole new metadata."""
    _check_allowed(state)
    table, field = _found(state, call)
    changed = field_from(field.name, call.json_object().get("Metadata") or {}, field.field_id or "")
    if changed.type != field.type:
        raise row_error("FIELD_INTEGRITY_EXCEPTION", "the sandbox does not change a field's type")
    _put(state, table, changed)
    return Answer(status=204)


def remove(state: State, call: Call) -> Answer:
    """DELETE /tooling/sobjects/CustomField/{id}."""
    _check_allowed(state)
    table, field = _found(state, call)
    table.drop_field(field.name)
    for row in list(state.store.live("FieldPermissions")):
        if row["Field"] == f"{table.name}.{field.name}":
            state.store.put("FieldPermissions", {**row, "IsDeleted": True})
    _changed(state)
    return Answer(status=204)


def number_customs(state: State) -> None:
    """Give the custom fields that the org starts with their ids."""
    for table, field in list(_customs(state)):
        state.custom_fields += 1
        number = make_id(PREFIX, state.custom_fields)
        table.fields[field.name] = replace(field, field_id=number)


def _check_allowed(state: State) -> None:
    if not state.config.may_customize:
        message = "insufficient access rights on cross-reference id"
        raise ApiError("INSUFFICIENT_ACCESS", message, status=403)


def _put(state: State, table: Table, field: Field) -> None:
    table.add_field(field)
    _changed(state)


def _changed(state: State) -> None:
    state.store.version += 1
    state.schema_stamp = state.clock.stamp()


def _customs(state: State) -> Iterator[tuple[Table, Field]]:
    for table in state.store.tables.values():
        yield from ((table, field) for field in table.fields.values() if field.custom)


def _found(state: State, call: Call) -> tuple[Table, Field]:
    wanted = normalised(call.place["id"])
    for table, field in _customs(state):
        if wanted and field.field_id == wanted:
            return table, field
    raise not_found()


def _row(state: State, table: Table, field: Field) -> dict[str, Any]:
    return {
        "Id": field.field_id,
        "IsDeleted": False,
        "DeveloperName": field.developer_name,
        "FullName": f"{table.name}.{field.name}",
        "TableEnumOrId": table.name,
        "NamespacePrefix": None,
        "ManageableState": "unmanaged",
        "InlineHelpText": field.help,
        "EntityDefinitionId": table.name,
        "Metadata": metadata_of(field),
        "CreatedDate": state.schema_stamp,
        "LastModifiedDate": state.schema_stamp,
    }


def _custom_fields(state: State) -> Iterator[Record]:
    return (_row(state, table, field) for table, field in _customs(state))


def _entities(state: State) -> Iterator[Record]:
    for table in state.store.tables.values():
        yield {
            "Id": table.name,
            "IsDeleted": False,
            "DurableId": table.name,
            "QualifiedApiName": table.name,
            "DeveloperName": table.name,
            "Label": table.spec.label,
            "PluralLabel": table.spec.plural,
            "KeyPrefix": table.spec.prefix,
            "IsCustomizable": table.spec.writable,
        }


def _field_definitions(state: State) -> Iterator[Record]:
    for table in state.store.tables.values():
        for field in table.fields.values():
            key = f"{table.name}.{field.name}"
            yield {
                "Id": key,
                "IsDeleted": False,
                "DurableId": key,
                "QualifiedApiName": field.name,
                "DeveloperName": field.developer_name,
                "Label": field.label,
                "DataType": metadata_of(field)["type"] if field.custom else field.type,
                "Length": field.length,
                "Precision": field.precision,
                "Scale": field.scale,
                "EntityDefinitionId": table.name,
            }
