"""Whole pages into PostgreSQL: COPY into a temporary table, and from there one statement.

Twice as fast as a statement per row, and the rows of a page land together.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

ENOUGH = 500
"""From so many rows on a temporary table is worth its making."""

_STAGED = "leadgate_staged"
_NUL = re.compile(r"(\\\\)|\\u0000|\0")
"""A character that PostgreSQL has no place for, as it is or as JSON spells it; `\\\\u0000` is none."""


def without_nul(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with U+FFFD instead of the one character that PostgreSQL cannot keep in a text."""
    odd = [name for name in frame.columns if _has_nul(frame[name])]
    return frame.with_columns(
        pl.col(name).map_elements(_replaced, return_dtype=pl.String) for name in odd
    )


def _has_nul(column: pl.Series) -> bool:
    if column.dtype != pl.String():
        return False
    return bool(column.str.contains_any(["\0", "\\u0000"]).any())


def _replaced(text: str) -> str:
    return _NUL.sub(lambda found: found.group(1) or "\N{REPLACEMENT CHARACTER}", text)


@contextmanager
def staged(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Iterator[str]:
    """A temporary table that has these columns of the table with these rows; its name."""
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_STAGED} ON COMMIT DROP AS "  # noqa: S608 — names come from the table alone
        f"SELECT {columns} FROM {quote(table.name)} WITH NO DATA"
    )
    _copy(connection, f"COPY {_STAGED} ({columns}) FROM STDIN", rows)
    yield _STAGED
    connection.exec_driver_sql(f"DROP TABLE {_STAGED}")


def _copy(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    failed = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except failed as error:  # this goes past SQLAlchemy, which else gives errors their kind
        raise DBAPIError.instance(
            None, None, error, failed, hide_parameters=True, dialect=connection.dialect
        ) from None
