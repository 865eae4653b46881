"""From the names in a query to the values of a record: fields, parents, and polymorphic parents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from connector.sandbox.salesforce.derived import address
from connector.sandbox.salesforce.fields import Field
from connector.sandbox.salesforce.soql_words import placed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from connector.sandbox.salesforce.soql_words import Path
    from connector.sandbox.salesforce.store import Record, Table

    Getter = Callable[[Record], Any]
    Row = dict[str, Any]

TYPE_OF_PARENT = Field("Type", "Type", "picklist", length=40)


class Source(Protocol):
    """Where queries read: tables, the fields that may be seen, and the present day."""

    def table(self, name: str) -> Table | None:
        """The table of an object whose name may be in any case."""
        ...

    def visible(self, table: str) -> dict[str, Field]:
        """The fields that may be read, by lower-case name."""
        ...

    def find(self, record_id: str | None) -> Record | None:
        """The record with this id."""
        ...

    def table_of(self, record_id: str) -> Table | None:
        """The table that an id belongs to."""
        ...

    def today(self) -> date:
        """The day that relative date literals count from."""
        ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path found: its value of a record, its field, and its names in their proper case."""

    value: Getter
    field: Field
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """The way to a parent: the field that holds its id, and what it may be."""

    key: str
    name: str
    targets: tuple[str, ...]


class Paths:
    """Resolves the paths of one query over one object."""

    def __init__(self, source: Source, text: str, table: str) -> None:
        self._source = source
        self._text = text
        self.table = table

    def resolve(self, path: Path) -> Resolved:
        """Find a path; raises INVALID_FIELD with its place in the query."""
        names = path.names
        if len(names) > 1 and names[0].lower() == self.table.lower():
            names = names[1:]
        return self._resolve(self.table, names, path.at)

    def rows(self, paths: list[Path]) -> Callable[[Record, str], Row]:
        """A function from a record and the address of the API to the JSON object of its row."""
        names = [
            path.names[1:]
            if len(path.names) > 1 and path.names[0].lower() == self.table.lower()
            else path.names
            for path in paths
        ]
        return self._shape(self.table, list(zip(names, (path.at for path in paths), strict=True)))

    def _resolve(self, table: str, names: tuple[str, ...], at: int) -> Resolved:
        if len(names) == 1:
            field = self._field(table, names[0], at)
            return Resolved(_getter(field), field, (field.name,))
        step = self._step(table, names[0], at)
        if len(step.targets) > 1 and names[1].lower() == "type":
            value = _through(self._source, step.key, self._type_of)
            return Resolved(value, TYPE_OF_PARENT, (step.name, "Type"))
        inners = {}
        for target in step.targets:
            if self._has(target, names[1]):
                inners[target] = self._resolve(target, names[1:], at)
        if not inners:
            self._field(step.targets[0], names[1], at)
        inner = next(iter(inners.values()))
        value = self._parent_value(step, {name: found.value for name, found in inners.items()})
        return Resolved(value, inner.field, (step.name, *inner.names))

    def _has(self, table: str, name: str) -> bool:
        visible = self._source.visible(table)
        steps = (field.relationship for field in visible.values() if field.relationship)
        return name.lower() in visible or name.lower() in {step.lower() for step in steps}

    def _parent_value(self, step: Step, inners: dict[str, Getter]) -> Getter:
        if len(step.targets) == 1:
            return _through(self._source, step.key, inners[step.targets[0]])

        def value(parent: Record) -> Any:
            inner = inners.get(self._type_of(parent) or "")
            return inner(parent) if inner else None

        return _through(self._source, step.key, value)

    def _type_of(self, record: Record) -> str | None:
        table = self._source.table_of(record["Id"])
        return table.name if table else None

    def _field(self, table: str, name: str, at: int) -> Field:
        field = self._source.visible(table).get(name.lower())
        if field is None:
            raise placed(
                "INVALID_FIELD",
                self._text,
                at,
                f"No such column '{name}' on entity '{table}'. If you are attempting to use a custom "
                "field, be sure to append the '__c' after the custom field name. Please reference "
                "your WSDL or the describe call for the appropriate names.",
            )
        return field

    def _step(self, table: str, name: str, at: int) -> Step:
        for field in self._source.visible(table).values():
            if field.relationship and field.relationship.lower() == name.lower():
                return Step(field.name, field.relationship, field.reference_to)
        message = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to "
        )
        message += "use a custom relationship, be sure to append the '__r' after the name."
        raise placed("INVALID_FIELD", self._text, at, message)

    def _shape(
        self, table: str, paths: list[tuple[tuple[str, ...], int]]
    ) -> Callable[[Record, str], Row]:
        plain: dict[str, Getter] = {}
        order: dict[str, Callable[[Record, str], Any] | None] = {}
        deeper: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for names, at in paths:
            if len(names) == 1:
                field = self._field(table, names[0], at)
                plain[field.name], order[field.name] = _getter(field), None
            else:
                step = self._step(table, names[0], at)
                order[step.name] = None
                deeper.setdefault(step.name, []).append((names[1:], at))
        for name, inner in deeper.items():
            order[name] = self._parent_shape(self._step(table, name, 0), inner)
        return _row_builder(table, plain, order)

    def _parent_shape(
        self, step: Step, paths: list[tuple[tuple[str, ...], int]]
    ) -> Callable[[Record, str], Row | None]:
        find = self._source.find
        if len(step.targets) == 1:
            shape = self._shape(step.targets[0], paths)

            def single(record: Record, base: str) -> Row | None:
                parent = find(record.get(step.key))
                return shape(parent, base) if parent else None

            return single
        values = [self._resolve_below(step, names, at) for names, at in paths]

        def several(record: Record, base: str) -> Row | None:
            parent = find(record.get(step.key))
            if parent is None:
                return None
            url = f"{base}/sobjects/{self._type_of(parent)}/{parent['Id']}"
            row: Row = {"attributes": {"type": "Name", "url": url}}
            return row | {name: value(record) for name, value in values}

        return several

    def _resolve_below(self, step: Step, names: tuple[str, ...], at: int) -> tuple[str, Getter]:
        found = self._resolve(self.table, (step.name, *names), at)
        return ".".join(found.names[1:]), found.value


def _through(source: Source, key: str, inner: Getter) -> Getter:
    find = source.find

    def value(record: Record) -> Any:
        parent = find(record.get(key))
        return None if parent is None else inner(parent)

    return value


def _getter(field: Field) -> Getter:
    if field.type == "address":
        return address
    name = field.name
    return lambda record: record.get(name)


def _row_builder(
    table: str,
    plain: dict[str, Getter],
    order: dict[str, Callable[[Record, str], Any] | None],
) -> Callable[[Record, str], Row]:
    names = tuple(order)
    if "Address" not in plain and len(plain) == len(order):

        def quick(record: Record, base: str) -> Row:
            get = record.get
            url = f"{base}/sobjects/{table}/{record['Id']}"
            row: Row = {"attributes": {"type": table, "url": url}}
            for name in names:
                row[name] = get(name)
            return row

        return quick

    def general(record: Record, base: str) -> Row:
        url = f"{base}/sobjects/{table}/{record['Id']}"
        row: Row = {"attributes": {"type": table, "url": url}}
        for name, parent in order.items():
            row[name] = parent(record, base) if parent else plain[name](record)
        return row

    return general
