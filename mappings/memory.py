"""What we last wrote to a record: one JSON object of CRM field → text, or null for a clear.

A field that is not in the object is one that we know nothing about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Base:
    """One field of the remembered object."""

    memory: pl.Expr
    field: str

    @property
    def text(self) -> pl.Expr:
        """What was written; null for a clear and for an unknown field."""
        dtype = pl.Struct({self.field: pl.String()})
        return self.memory.str.json_decode(dtype).struct.field(self.field)

    @property
    def known(self) -> pl.Expr:
        """Whether the field is in the object.

        Inside a text every quote is escaped, so `"field": null` can only be the field itself.
        """
        cleared = self.memory.str.contains(rf'"{re.escape(self.field)}"\s*:\s*null')
        return (self.text.is_not_null() | cleared).fill_null(value=False)


def remembered(fields: Sequence[tuple[str, pl.Expr, pl.Expr]]) -> pl.Expr:
    """The JSON object of (field, whether known, text) triples; null where nothing is known."""
    members = [
        pl.when(known).then(
            pl.struct(text.alias(name)).struct.json_encode().str.slice(1).str.head(-1)
        )
        for name, known, text in fields
    ]
    if not members:
        return pl.lit(None, pl.String)
    anything = pl.any_horizontal([known for _, known, _ in fields])
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.when(anything).then(pl.lit("{") + joined + pl.lit("}"))
