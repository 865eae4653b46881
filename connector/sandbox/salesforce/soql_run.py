"""Runs a parsed query over the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.ids import normalised
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_paths import Paths
from connector.sandbox.salesforce.soql_totals import totals
from connector.sandbox.salesforce.soql_where import Conditions
from connector.sandbox.salesforce.soql_words import (
    Aggregate,
    Combination,
    Comparison,
    Membership,
    Path,
    malformed,
    placed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from connector.sandbox.salesforce.soql_paths import Resolved, Row, Source
    from connector.sandbox.salesforce.soql_words import Condition, Order, Query
    from connector.sandbox.salesforce.store import Record, Table

MOST_ALL_FIELDS = 200
SMALL_PAGE = 200
CUSTOM_KIND = {"ALL": None, "STANDARD": False, "CUSTOM": True}


@dataclass(frozen=True)
class Found:
    """What a query found: either records and how to show them, or finished `totals`."""

    table: str
    records: list[Record]
    columns: list[Resolved]
    build: Callable[[Record, str], Row]
    totals: list[Row] | None = None
    counted: int | None = None
    """The answer to SELECT COUNT()."""

    @property
    def long_texts(self) -> int:
        """How many custom long text fields are selected; two or more make pages small."""
        return sum(1 for column in self.columns if column.field.long_text and column.field.custom)


def run(source: Source, text: str, chance: Random, *, all_rows: bool = False) -> Found:
    """Run a query; `all_rows` includes the recycle bin. `chance` shuffles ties of the order.

    Raises ApiError with MALFORMED_QUERY, INVALID_FIELD or INVALID_TYPE.
    """
    return _run(source, parse(text), chance, all_rows=all_rows)


def _run(source: Source, query: Query, chance: Random, *, all_rows: bool) -> Found:
    table = _table(source, query)
    paths = Paths(source, query.text, table.name)
    records = _where(source, query, table, chance, all_rows=all_rows)
    if query.group_by or any(isinstance(item, Aggregate) for item in query.select):
        return _aggregated(query, paths, table, records)
    select = _selected(source, query, table)
    columns = [paths.resolve(path) for path in select]
    _refuse_twice(query, columns)
    build = paths.rows(select)
    records = _ordered(paths, query.order_by, records, chance)
    stop = None if query.limit is None else query.offset + query.limit
    return Found(table.name, records[query.offset : stop], columns, build)


def _table(source: Source, query: Query) -> Table:
    table = source.table(query.table)
    if table is None:
        message = (
            f"sObject type '{query.table}' is not supported. If you are attempting to use a custom "
            "object, be sure to append the '__c' after the entity name. Please reference your WSDL "
            "or the describe call for the appropriate names."
        )
        raise placed("INVALID_TYPE", query.text, query.table_at, message)
    return table


def _selected(source: Source, query: Query, table: Table) -> list[Path]:
    select = [item for item in query.select if isinstance(item, Path)]
    if query.all_fields is None:
        return select
    custom = CUSTOM_KIND[query.all_fields]
    limited = query.limit is not None and query.limit <= MOST_ALL_FIELDS
    if custom is not False and not limited:
        message = "The SOQL FIELDS function must have a LIMIT of at most 200"
        raise malformed(query.text, 0, message)
    fields = source.visible(table.name).values()
    wanted = (field for field in fields if custom is None or field.custom == custom)
    return [*select, *(Path((field.name,), 0) for field in wanted)]


def _refuse_twice(query: Query, columns: list[Resolved]) -> None:
    seen: set[tuple[str, ...]] = set()
    for column in columns:
        if column.names in seen and query.all_fields is None:
            message = f"duplicate field selected: {'.'.join(column.names)}"
            raise ApiError("INVALID_FIELD", message)
        seen.add(column.names)


def _where(
    source: Source, query: Query, table: Table, chance: Random, *, all_rows: bool
) -> list[Record]:
    def semi_join(inner: Query) -> set[Any]:
        found = _run(source, inner, chance, all_rows=False)
        if len(found.columns) != 1:
            raise malformed(query.text, 0, "semi join sub-selects can only select one field")
        return {found.columns[0].value(record) for record in found.records}

    rows = _candidates(query.where, table)
    kept = rows if all_rows else [record for record in rows if not record["IsDeleted"]]
    if query.where is None:
        return list(kept)
    paths = Paths(source, query.text, table.name)
    conditions = Conditions(paths, query.text, source.today, semi_join)
    return list(filter(conditions.compile(query.where), kept))


def _candidates(where: Condition | None, table: Table) -> Iterable[Record]:
    """The rows that can satisfy a condition on the id, or all rows."""
    ids = _ids(where)
    if ids is None:
        return list(table.rows.values())
    return [table.rows[known] for known in dict.fromkeys(ids) if known in table.rows]


def _ids(where: Condition | None) -> list[str] | None:
    match where:
        case Comparison(Path((name,)), "=", literal) if name.lower() == "id":
            return [normalised(literal.value) or ""]
        case Membership(Path((name,)), "IN", values, None) if name.lower() == "id":
            return [normalised(literal.value) or "" for literal in values]
        case Combination("AND", parts):
            return next((ids for part in parts if (ids := _ids(part)) is not None), None)
        case _:
            return None


def _ordered(
    paths: Paths, order_by: tuple[Order, ...], records: list[Record], chance: Random
) -> list[Record]:
    """Sort by every key, nulls first unless asked otherwise, equal rows in any order."""
    if not order_by:
        return records
    resolved = [(order, _order_path(paths, order)) for order in order_by]
    if resolved[-1][1].field.type != "id":
        chance.shuffle(records)
    for order, found in reversed(resolved):
        records.sort(key=_key(found, nulls_high=order.nulls_last != order.descending),
                     reverse=order.descending)  # fmt: skip
    return records


def _order_path(paths: Paths, order: Order) -> Resolved:
    if isinstance(order.path, Aggregate):
        raise ApiError("MALFORMED_QUERY", "an aggregate in ORDER BY needs GROUP BY")
    found = paths.resolve(order.path)
    if not found.field.filterable:
        message = f"field '{found.field.name}' can not be sorted in a query call"
        raise ApiError("INVALID_FIELD", message)
    return found


def _key(found: Resolved, *, nulls_high: bool) -> Callable[[Record], Any]:
    value = found.value
    if found.field.type == "id":
        return value

    def key(record: Record) -> tuple[bool, Any]:
        held = value(record)
        if held is None:
            return nulls_high, ""
        return not nulls_high, held.lower() if isinstance(held, str) else held

    return key


def _aggregated(query: Query, paths: Paths, table: Table, records: list[Record]) -> Found:
    first = query.select[0]
    if isinstance(first, Aggregate) and first.path is None and not query.group_by:
        if len(query.select) > 1:
            raise malformed(query.text, first.at, "count() must be the only element in the select")
        counted = len(records) if query.limit is None else min(query.limit, len(records))
        return Found(table.name, [], [], paths.rows([]), counted=counted)
    rows = totals(query, paths, records)
    stop = None if query.limit is None else query.offset + query.limit
    return Found(table.name, [], [], paths.rows([]), totals=rows[query.offset : stop])
