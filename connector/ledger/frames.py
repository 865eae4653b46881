"""Columns between polars frames and SQL, whole pages at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from sqlalchemy import BigInteger, Float, Integer, bindparam, func, select, type_coerce

from connector.ledger.staging import ENOUGH, staged, without_nul
from connector.ledger.tables import Flag, Instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
    return _frame(columns, [tuple(row) for row in connection.execute(plain).fetchall()])


def read_pages(
    connection: Connection, statement: Select[Any], size: int = 25_000
) -> Iterator[pl.DataFrame]:
    """The rows of a select as frames of at most `size`, fetched as they are wanted."""
    columns = list(statement.selected_columns)
    plain = statement.with_only_columns(*(_raw(column) for column in columns))
    options = {"stream_results": True, "max_row_buffer": size}
    with connection.execute(plain, execution_options=options) as result:
        for part in result.partitions(size):
            yield _frame(columns, [tuple(row) for row in part])


def _frame(columns: Sequence[ColumnElement[Any]], found: list[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {str(c.key): stored(c.type) for c in columns}
    raw = pl.DataFrame(found, schema=schema, orient="row", strict=False)
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
    """The frame's rows as the table stores them, sorted by the table's key; equal keys stay in order."""
    keys = [c.name for c in table.primary_key.columns if c.name in frame.columns]
    encoded = frame.select(_encoded(name, table.c[name].type) for name in frame.columns)
    return encoded.sort(keys, maintain_order=True).rows()


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
    if full.is_empty():
        return
    full = _storable(connection, full)
    quote = connection.dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key.columns]
    sets = [_replaced(quote, table, n, keep) for n in full.columns if n not in keys]
    action = f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING"
    names, conflict = (", ".join(map(quote, each)) for each in (full.columns, keys))
    insert = f"INSERT INTO {quote(table.name)} ({names}) "
    settle = f" ON CONFLICT ({conflict}) DO {action}"
    values = rows(table, full)
    if _worth_staging(connection, full, keys):
        with staged(connection, table, full.columns, values) as there:
            connection.exec_driver_sql(f"{insert}SELECT {names} FROM {there}{settle}")  # noqa: S608 — names come from the table alone
        return
    marks = ", ".join([placeholder(connection)] * full.width)
    connection.exec_driver_sql(f"{insert}VALUES ({marks}){settle}", values)


def _storable(connection: Connection, frame: pl.DataFrame) -> pl.DataFrame:
    return without_nul(frame) if connection.dialect.name == "postgresql" else frame


def _worth_staging(connection: Connection, frame: pl.DataFrame, keys: Sequence[str]) -> bool:
    """A statement over a staged page may not meet a row twice; row by row the last one wins."""
    if connection.dialect.name != "postgresql" or frame.height < ENOUGH:
        return False
    return bool(frame.select(keys).is_unique().all())


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
    ordered = _storable(connection, frame.select(*sets, *keys)).sort(keys)
    values = rows(table, ordered)
    if _worth_staging(connection, ordered, keys):
        with staged(connection, table, ordered.columns, values) as there:
            new = ", ".join(f"{quote(n)} = {there}.{quote(n)}" for n in sets)
            same = " AND ".join(
                f"{quote(table.name)}.{quote(n)} = {there}.{quote(n)}" for n in keys
            )
            return connection.exec_driver_sql(
                f"UPDATE {quote(table.name)} SET {new} FROM {there} WHERE {same}"  # noqa: S608 — names come from the table alone
            ).rowcount
    statement = (
        f"UPDATE {quote(table.name)} SET {', '.join(f'{quote(n)} = {mark}' for n in sets)} "  # noqa: S608 — names come from the table alone
        f"WHERE {' AND '.join(f'{quote(n)} = {mark}' for n in keys)}"
    )
    return connection.exec_driver_sql(statement, values).rowcount


def delete_rows(connection: Connection, table: Table, frame: pl.DataFrame) -> int:
    """Delete the rows whose columns are as in a row of the frame; how many there were."""
    if frame.is_empty():
        return 0
    quote = connection.dialect.identifier_preparer.quote
    mark = placeholder(connection)
    same = " AND ".join(f"{quote(name)} = {mark}" for name in frame.columns)
    statement = f"DELETE FROM {quote(table.name)} WHERE {same}"  # noqa: S608 — names come from the table alone
    return connection.exec_driver_sql(statement, rows(table, frame)).rowcount


def placeholder(connection: Connection) -> str:
    """The driver's own mark of a positional parameter."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def among(connection: Connection, ids: Sequence[str] | pl.Series) -> ScalarSelect[Any]:
    """A sub-select of these ids, however many: one parameter, so no limit on variables."""
    series = (ids if isinstance(ids, pl.Series) else pl.Series(ids, dtype=pl.String)).drop_nulls()
    wanted = series.unique().sort().to_list()
    if connection.dialect.name == "postgresql":
        from connector.ledger.any_of import listed  # noqa: PLC0415 — the driver is an extra

        return listed(wanted)
    parameter: BindParameter[str] = bindparam("ids", orjson.dumps(wanted).decode(), unique=True)
    values = func.json_each(parameter).table_valued("value")
    return select(values.c.value).scalar_subquery()
