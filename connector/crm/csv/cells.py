"""Text in cells of a file that people open in a spreadsheet program."""

from __future__ import annotations

import polars as pl

_FORMULA = r"^'*[=+\-@\t\r]"
_QUOTED = r"^'+[=+\-@\t\r]"
_NUMBER = r"^([+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|\+\d[\d ().\-/]*)$"
"""Numbers, those of telephones with them: what a program makes of them does no harm."""


def guarded(text: pl.Expr) -> pl.Expr:
    """The text so that no spreadsheet program takes it for a formula; numbers stay numbers."""
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(~risky).then(text).otherwise(pl.concat_str(pl.lit("'"), text))


def unguarded(text: pl.Expr) -> pl.Expr:
    """The text as it was before `guarded`."""
    return pl.when(~text.str.contains(_QUOTED)).then(text).otherwise(text.str.slice(1))
