"""Aggregates and GROUP BY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.soql_words import Aggregate, Path, malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.soql_paths import Paths, Row
    from connector.sandbox.salesforce.soql_words import Order, Query
    from connector.sandbox.salesforce.store import Record


def totals(query: Query, paths: Paths, records: list[Record]) -> list[Row]:
    """One row for each group, or one for all records where nothing is grouped."""
    keys = [paths.resolve(path) for path in query.group_by]
    grouped = {key.names for key in keys}
    shown: list[tuple[str, Callable[[list[Record]], Any]]] = []
    for item in query.select:
        if isinstance(item, Path):
            found = paths.resolve(item)
            if found.names not in grouped:
                message = f"Field must be grouped or aggregated: {'.'.join(found.names)}"
                raise malformed(query.text, item.at, message)
            shown.append((found.names[-1], _of_first(found.value)))
        else:
            alias = item.alias or f"expr{sum(1 for name, _ in shown if name.startswith('expr'))}"
            shown.append((alias, _function(item, paths)))
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(_fold(key.value(record)) for key in keys), []).append(record)
    if not keys:
        groups = {(): records}
    chosen = _ordered(query.order_by, paths, list(groups.values()))
    return [_row(shown, group) for group in chosen]


def _row(shown: list[tuple[str, Callable[[list[Record]], Any]]], group: list[Record]) -> Row:
    row: Row = {"attributes": {"type": "AggregateResult"}}
    return row | {name: value(group) for name, value in shown}


def _of_first(value: Callable[[Record], Any]) -> Callable[[list[Record]], Any]:
    return lambda group: value(group[0])


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _function(item: Aggregate, paths: Paths) -> Callable[[list[Record]], Any]:
    if item.path is None:
        return len
    found = paths.resolve(item.path)
    if not found.field.filterable:
        message = f"field {found.field.name} does not support aggregate operator {item.function}"
        raise ApiError("MALFORMED_QUERY", message)
    value, function = found.value, FUNCTIONS[item.function]

    def total(group: list[Record]) -> Any:
        return function([held for record in group if (held := value(record)) is not None])

    return total


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len({_fold(value) for value in values}),
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
}


def _ordered(
    order_by: tuple[Order, ...], paths: Paths, groups: list[list[Record]]
) -> list[list[Record]]:
    for order in reversed(order_by):
        value = _order_value(order, paths)
        high = order.nulls_last != order.descending

        def key(
            group: list[Record],
            value: Callable[[list[Record]], Any] = value,
            high: bool = high,  # noqa: FBT001 — bound here, never passed
        ) -> tuple[bool, Any]:
            held = _fold(value(group))
            return (high, "") if held is None else (not high, held)

        groups.sort(key=key, reverse=order.descending)
    return groups


def _order_value(order: Order, paths: Paths) -> Callable[[list[Record]], Any]:
    if isinstance(order.path, Aggregate):
        return _function(order.path, paths)
    return _of_first(paths.resolve(order.path).value)
