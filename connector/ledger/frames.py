"""Columns between polars frames and SQL, whole pages at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from sqlalchemy import BigInteger, Float, Integer, bindparam, cast, func, select, type_coerce
from sqlalchemy.dialects import postgresql

from connector.ledger.tables import Flag, Instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, ScalarSelect, Select, Table
    from sqlalchemy.sql.elements import BindParameter, ColumnElement
    from sqlalchemy.types import TypeEngine

INSTANT = pl.Datetime("us", "UTC")


def dtype(kind: TypeEngine[Any]) -> pl.DataType:
    """The polars type of a column as frames show it."""
    if isinstance(kind, Instant):
        return INSTANT
    if isinstance(kind, Flag):
        return pl.Boolean()
    if isinstance(kind, BigInteger | Integer):
        return pl.Int64()
    return pl.Float64() if isinstance(kind, Float) else pl.String()


def stored(kind: TypeEngine[Any]) -> pl.DataType:
    """The polars type of a column as the database holds it."""
    return pl.Int64() if isinstance(kind, Instant | Flag) else dtype(kind)


def read(connection: Connection, statement: Select[Any]) -> pl.DataFrame:
    """The rows of a select as a frame; instants are aware UTC, flags are booleans."""
    columns = list(statement.selected_columns)
    plain = statement.with_only_columns(*(_raw(column) for column in columns))
    rows = [tuple(row) for row in connection.execute(plain).fetchall()]
    raw = pl.DataFrame(
        rows, schema={str(c.key): stored(c.type) for c in columns}, orient="row", strict=False
    )
    return raw.with_columns(_shown(str(c.key), c.type) for c in columns)


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column without SQLAlchemy's conversion of each single value."""
    if not isinstance(column.type, Instant | Flag):
        return column
    return type_coerce(column, BigInteger).label(str(column.key))


def _shown(name: str, kind: TypeEngine[Any]) -> pl.Expr:
    if isinstance(kind, Instant):
        return pl.from_epoch(pl.col(name), time_unit="us").dt.replace_time_zone("UTC").alias(name)
    return pl.col(name).cast(dtype(kind))


def rows(table: Table, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The frame's rows as the table stores them, sorted by the table's key."""
    keys = [c.name for c in table.primary_key.columns if c.name in frame.columns]
    encoded = frame.select(_encoded(name, table.c[name].type) for name in frame.columns)
    return encoded.sort(keys).rows()


def _encoded(name: str, kind: TypeEngine[Any]) -> pl.Expr:
    column = pl.col(name).cast(dtype(kind))
    if isinstance(kind, Instant):
        return column.dt.epoch("us").alias(name)
    if isinstance(kind, Float):
        return column.fill_nan(None)
    return column.cast(stored(kind))


def upsert(
    connection: Connection,
    table: Table,
    frame: pl.DataFrame,
    constants: Mapping[str, Any] | None = None,
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert the rows, or replace the given columns of rows that are there already.

    `constants` are columns with one value for all rows; columns in `keep` are not replaced
    by null. Raises KeyError for a column that the table does not have.
    """
    full = frame.with_columns(
        pl.lit(value, dtype=dtype(table.c[name].type)).alias(name)
        for name, value in (constants or {}).items()
    )
    values = rows(table, full)
    if not values:
        return
    quote = connection.dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key.columns]
    sets = [_replaced(quote, table, n, keep) for n in full.columns if n not in keys]
    action = f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING"
    names, conflict = (", ".join(map(quote, each)) for each in (full.columns, keys))
    marks = ", ".join([placeholder(connection)] * full.width)
    connection.exec_driver_sql(
        f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks}) "  # noqa: S608 — names come from the table alone
        f"ON CONFLICT ({conflict}) DO {action}",
        values,
    )


def _replaced(quote: Callable[[str], str], table: Table, name: str, keep: Sequence[str]) -> str:
    new = f"excluded.{quote(name)}"
    if name in keep:
        new = f"COALESCE({new}, {quote(table.name)}.{quote(name)})"
    return f"{quote(name)} = {new}"


def update_rows(
    connection: Connection, table: Table, frame: pl.DataFrame, keys: Sequence[str]
) -> int:
    """Set the frame's other columns in the rows that `keys` name; how many rows there were."""
    if frame.is_empty():
        return 0
    quote = connection.dialect.identifier_preparer.quote
    mark = placeholder(connection)
    sets = [name for name in frame.columns if name not in keys]
    statement = (
        f"UPDATE {quote(table.name)} SET {', '.join(f'{quote(n)} = {mark}' for n in sets)} "  # noqa: S608 — names come from the table alone
        f"WHERE {' AND '.join(f'{quote(n)} = {mark}' for n in keys)}"
    )
    ordered = frame.select(*sets, *keys).sort(keys)
    return connection.exec_driver_sql(statement, rows(table, ordered)).rowcount


def placeholder(connection: Connection) -> str:
    """The driver's own mark of a positional parameter."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def among(connection: Connection, ids: Sequence[str] | pl.Series) -> ScalarSelect[Any]:
    """A sub-select of these ids, however many: one JSON parameter, so no limit on variables."""
    listed = (ids if isinstance(ids, pl.Series) else pl.Series(ids, dtype=pl.String)).drop_nulls()
    parameter: BindParameter[str] = bindparam(
        "ids", orjson.dumps(listed.unique().sort().to_list()).decode(), unique=True
    )
    if connection.dialect.name == "sqlite":
        values = func.json_each(parameter).table_valued("value")
    else:
        array = cast(parameter, postgresql.JSON)
        values = func.json_array_elements_text(array).table_valued("value")
    return select(values.c.value).scalar_subquery()
