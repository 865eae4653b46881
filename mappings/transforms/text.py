"""Text as written, in lower case, and lists of texts."""

from __future__ import annotations

import polars as pl

from mappings.transforms.base import Options, Transform, stripped, unchanged


def _lower(text: pl.Expr, _: Options) -> pl.Expr:
    return text.str.to_lowercase()


def _split(text: pl.Expr, options: Options) -> pl.Expr:
    parts = text.str.split(options.separator).list.eval(stripped(pl.element())).list.drop_nulls()
    return pl.when(parts.list.len() > 0).then(parts)


def _join(parts: pl.Expr, options: Options) -> pl.Expr:
    return stripped(parts.list.join(options.separator))


TEXT = Transform("text", "text", unchanged, unchanged, "is not text")
LOWER = Transform("lower", "text", _lower, _lower, "is not text")
LIST = Transform("list", "list", _split, _join, "has no values between its separators")
