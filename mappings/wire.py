"""The canonical text form of every CRM field type: equal values have equal text.

What stands in the CRM and what should stand there both pass through it, so that a difference of
texts is a difference of values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mappings.transforms.amounts import number_text, plain_number
from mappings.transforms.base import Options, stripped
from mappings.transforms.booleans import BOOLEAN
from mappings.transforms.moments import instant_text, read_date, read_instant

if TYPE_CHECKING:
    from mappings.schema import Field, FieldType

NUMERIC: tuple[FieldType, ...] = ("integer", "number", "money", "percent")
"""The types whose values are numbers as machines write them."""


def canonical(text: pl.Expr, field: Field) -> pl.Expr:
    """The text in the one form that this field's values are compared, kept and written in.

    What is not a value of the type stays as it is: it differs from every value that is one.
    Blank is null. Text longer than the field ends in an ellipsis at its length.
    """
    bare = stripped(text)
    return pl.coalesce(_formed(bare, field), bare)


def _formed(text: pl.Expr, field: Field) -> pl.Expr:
    match field.type:
        case "integer" | "number" | "money" | "percent":
            scale = 0 if field.type == "integer" else field.scale
            return number_text(plain_number(text), scale)
        case "boolean":
            return BOOLEAN.write(BOOLEAN.read(text, Options()), Options())
        case "date" | "datetime":
            return _moment(text, field)
        case "multi_picklist":
            return _sorted_values(text)
        case "text" | "long_text":
            return _cut(_lines(text), field.length)
        case "picklist" | "email" | "phone" | "url" | "id":
            return text


def _moment(text: pl.Expr, field: Field) -> pl.Expr:
    if field.type == "date":
        return read_date(text).dt.strftime("%Y-%m-%d")
    return instant_text(read_instant(text))


def _sorted_values(text: pl.Expr) -> pl.Expr:
    parts = text.str.split(";").list.eval(stripped(pl.element()).drop_nulls().unique().sort())
    return stripped(parts.list.join(";"))


def _lines(text: pl.Expr) -> pl.Expr:
    """Line ends as one sign: CRMs exchange CR LF and LF for one another."""
    return text.str.replace_all("\r\n", "\n", literal=True).str.replace_all(
        "\r", "\n", literal=True
    )


def _cut(text: pl.Expr, length: int) -> pl.Expr:
    if not length:
        return text
    shortened = text.str.slice(0, length - 1).str.strip_chars_end() + "…"
    return pl.when(text.str.len_chars() > length).then(shortened).otherwise(text)
