"""Yes and no, and whether there is anything at all."""

from __future__ import annotations

import polars as pl

from mappings.transforms.base import Options, Transform

_YES = ("true", "yes", "y", "t", "1", "1.0", "on")
_NO = ("false", "no", "n", "f", "0", "0.0", "off")


def _boolean(text: pl.Expr, _: Options) -> pl.Expr:
    lowered = text.str.to_lowercase()
    yes = lowered.is_in(_YES)
    return pl.when(yes | lowered.is_in(_NO)).then(yes)


def _boolean_text(value: pl.Expr, _: Options) -> pl.Expr:
    return value.cast(pl.String)


def _filled(text: pl.Expr, _: Options) -> pl.Expr:
    there = text.is_not_null()
    return pl.when(there).then(there)


def _filled_text(value: pl.Expr, _: Options) -> pl.Expr:
    """Only "yes" has a text: a "no" is the blank field that `filled` reads it from."""
    return pl.when(value).then(value.cast(pl.String))


BOOLEAN = Transform("boolean", "boolean", _boolean, _boolean_text, "is neither yes nor no")
FILLED = Transform("filled", "boolean", _filled, _filled_text, "is blank")
