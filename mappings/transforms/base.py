"""What a transform is, and how per-value Python stays off the way of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.lead import Kind


@dataclass(frozen=True, slots=True)
class Options:
    """What a mapping says about one field beyond its name.

    `region` is the ISO 3166-1 alpha-2 country of telephone numbers that name none; `country` gives
    it per lead and comes first. `time_zone` is an IANA name: the zone of times that name none.
    `format` is a strftime format; `decimal` is the sign before the decimal places.
    """

    region: str | None = None
    time_zone: str = "UTC"
    currency: str | None = None
    format: str | None = None
    separator: str = ";"
    decimal: Literal[".", ","] = "."
    country: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """A pair of ways: `read` from a CRM's text to a typed fact, `write` from the fact to text.

    Both take and give expressions. `read` gets text without blanks around it and answers null for
    what it cannot read; `complaint` then says what was expected. Null stays null both ways, and
    what `write` gives reads back as the same fact.
    """

    name: str
    kind: Kind
    read: Callable[[pl.Expr, Options], pl.Expr]
    write: Callable[[pl.Expr, Options], pl.Expr]
    complaint: str


def stripped(text: pl.Expr) -> pl.Expr:
    """The text without blanks around it, null where nothing is left."""
    bare = text.cast(pl.String).str.strip_chars()
    return pl.when(bare != "").then(bare)


def by_value(
    text: pl.Expr,
    slow: Callable[[str], Any],
    dtype: pl.DataType,
    fast: Callable[[pl.Expr], pl.Expr] | None = None,
) -> pl.Expr:
    """Parse text with `fast`, an expression, and what that leaves null with `slow`, in Python.

    `slow` sees every distinct value once, whatever the number of leads that share it.
    """

    def parse(series: pl.Series) -> pl.Series:
        frame = series.to_frame("text")
        column = pl.col("text")
        quick = fast(column).cast(dtype) if fast else pl.lit(None, dtype)
        typed = frame.select(pl.when(column.is_not_null()).then(quick)).to_series()
        left = series.filter(typed.is_null() & series.is_not_null()).unique()
        if left.is_empty():
            return typed
        found = pl.Series([slow(value) for value in left.to_list()], dtype=dtype)
        rest = series.replace_strict(left, found, default=None, return_dtype=dtype)
        return pl.select(pl.coalesce(typed, rest)).to_series()

    return text.map_batches(parse, return_dtype=dtype)


def unchanged(expression: pl.Expr, _: Options) -> pl.Expr:
    """The way of a transform that has nothing to do."""
    return expression
