"""The org's tables in memory: records by id, unique keys, and transactions that can be undone.

A record is a dict of the fields that have a value; date-times and dates are texts whose order is
the time order. Records are replaced, never changed in place, so an older one can be put back.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.ids import make_id, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.sandbox.salesforce.fields import Field
    from connector.sandbox.salesforce.schema import ObjectSpec

Record = dict[str, Any]


class Table:
    """The records of one object, deleted ones included."""

    def __init__(self, spec: ObjectSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.fields: dict[str, Field] = spec.fields
        self.rows: dict[str, Record] = {}
        self._next = 1
        self._unique: dict[str, dict[str, str]] = {
            name: {} for name, field in self.fields.items() if field.unique
        }

    def new_id(self) -> str:
        """An id that no record has."""
        self._next += 1
        return make_id(self.spec.prefix, self._next)

    def add_field(self, field: Field) -> None:
        """Add a field, or replace its definition; only a checkbox gives old records a value."""
        self.fields[field.name] = field
        if field.type == "boolean":
            for record_id, record in self.rows.items():
                self.rows[record_id] = {field.name: field.default, **record}
        if field.unique:
            self._unique.setdefault(field.name, {})
            for record in self.rows.values():
                self._index(record, {})

    def drop_field(self, name: str) -> None:
        """Forget a field and its values."""
        self.fields.pop(name, None)
        self._unique.pop(name, None)
        for record in self.rows.values():
            record.pop(name, None)

    def holder(self, field: str, value: Any) -> str | None:
        """The id of the live record that has this value in a unique field."""
        return self._unique.get(field, {}).get(_key(value))

    def put(self, record_id: str, record: Record | None) -> Record | None:
        """Put a record in the place of what is there (None: take it away); what was there."""
        before = self.rows.get(record_id)
        if record is None:
            self.rows.pop(record_id, None)
        else:
            self.rows[record_id] = record
        if self._unique:
            self._index(before or {}, record or {}, leaving=True)
            self._index(record or {}, before or {})
        return before

    def load(self, records: Iterable[Record]) -> None:
        """Put many finished records at once; faster than `put` where nothing is unique."""
        self.rows.update((record["Id"], record) for record in records)

    def _index(self, record: Record, other: Record, *, leaving: bool = False) -> None:
        for name, held in self._unique.items():
            value = None if record.get("IsDeleted") else record.get(name)
            if value is None or (value == other.get(name) and not other.get("IsDeleted")):
                continue
            if leaving:
                held.pop(_key(value), None)
            else:
                held[_key(value)] = record["Id"]


def _key(value: Any) -> str:
    return str(value).lower()


class Store:
    """All tables. `version` moves whenever what a user may see could have changed."""

    def __init__(self, specs: Iterable[ObjectSpec]) -> None:
        self.tables = {spec.name: Table(spec) for spec in specs}
        self.version = 0
        self._names = {name.lower(): name for name in self.tables}
        self._prefixes = {table.spec.prefix: table for table in self.tables.values()}
        self._journals: list[list[tuple[Table, str, Record | None]]] = []

    def table(self, name: str) -> Table | None:
        """The table of an object, whose name may be in any case."""
        return self.tables.get(self._names.get(name.lower(), ""))

    def table_of(self, record_id: str) -> Table | None:
        """The table that an id belongs to by its key prefix."""
        return self._prefixes.get(record_id[:3])

    def find(self, record_id: str | None) -> Record | None:
        """The record with this 18-character id, deleted or not."""
        table = self.table_of(record_id) if record_id else None
        return table.rows.get(record_id) if table and record_id else None

    def get(self, table: str, record_id: object) -> Record | None:
        """The record of an object by its 15- or 18-character id, deleted or not."""
        known = normalised(record_id)
        return self.tables[table].rows.get(known) if known else None

    def live(self, table: str) -> Iterator[Record]:
        """The records of an object that are not deleted."""
        return (row for row in self.tables[table].rows.values() if not row["IsDeleted"])

    def put(self, table: str, record: Record) -> None:
        """Put a record; a running transaction can take it back."""
        held = self.tables[table]
        before = held.put(record["Id"], record)
        for journal in self._journals[-1:]:
            journal.append((held, record["Id"], before))
        if table in {"FieldPermissions", "PermissionSetAssignment"}:
            self.version += 1

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what is done inside, or, when an exception leaves it, nothing of it."""
        journal: list[tuple[Table, str, Record | None]] = []
        self._journals.append(journal)
        try:
            yield
        except BaseException:
            for table, record_id, before in reversed(journal):
                table.put(record_id, before)
            self.version += 1
            journal.clear()
            raise
        finally:
            self._journals.pop()
            for outer in self._journals[-1:]:
                outer.extend(journal)
