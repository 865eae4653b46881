"""Changes as Salesforce wants them written: JSON records and bulk CSV, by whole columns.

Three things differ and never mix: leave (the key or cell is absent or empty), clear (null or
`#N/A`) and write (the value with the type that the field has).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import polars as pl

from connector.crm.salesforce.columns import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mappings.schema import FieldType, ObjectSchema

CLEAR = "#N/A"
"""What empties a field in a bulk CSV; as a text of its own it can only be sent by REST."""

_NUMERIC = ("integer", "number", "money", "percent")
_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d\d-\d\d$"
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$"


def written_fields(changes: pl.DataFrame) -> list[str]:
    """The CRM fields that a frame of changes may write, in its order."""
    return [name.removeprefix("to:") for name in changes.columns if name.startswith("to:")]


def first_unfit(changes: pl.DataFrame, schema: ObjectSchema) -> pl.Series:
    """Per row the first field whose text does not fit its type, else null.

    Salesforce would refuse the whole request for one such value, so it must not be sent.
    """
    unfit = [
        pl.when(_changed(changes, name) & _value(name).is_not_null() & ~_fits(name, schema)).then(
            pl.lit(name)
        )
        for name in written_fields(changes)
    ]
    none = pl.lit(None, dtype=pl.String)
    return changes.select(pl.coalesce([*unfit, none]).alias("field"))["field"]


def changes_nothing(changes: pl.DataFrame) -> pl.Expr:
    """Whether no field of a row is to be written."""
    flags = [_changed(changes, name) for name in written_fields(changes)]
    return ~pl.any_horizontal([*flags, pl.lit(value=False)])


def json_records(changes: pl.DataFrame, schema: ObjectSchema) -> list[str]:
    """Each row as one JSON record of a collections call."""
    head = '{"attributes":{"type":' + orjson.dumps(schema.name).decode() + '},"id":'
    parts = [pl.concat_str(pl.lit(head), _json_text(pl.col("@id")))]
    for name in written_fields(changes):
        key = orjson.dumps(name).decode() + ":"
        told = pl.concat_str(pl.lit(key), _json_value(name, schema))
        parts.append(pl.when(_changed(changes, name)).then(told))
    record = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return changes.select((record + "}").alias("record"))["record"].to_list()


def collection(records: Sequence[str]) -> bytes:
    """The body of a collections call in which each record stands for itself."""
    return ('{"allOrNone":false,"records":[' + ",".join(records) + "]}").encode()


def bulk_csv(changes: pl.DataFrame, schema: ObjectSchema) -> bytes:
    """All rows as the CSV of one ingest job: LF, every value quoted."""
    cells = [
        pl.when(_changed(changes, name))
        .then(_plain(name, schema).fill_null(CLEAR))
        .otherwise(pl.lit(""))
        .alias(name)
        for name in written_fields(changes)
    ]
    return (
        changes.select(pl.col("@id").alias("Id"), *cells).write_csv(quote_style="always").encode()
    )


def only_by_rest(changes: pl.DataFrame) -> pl.Expr:
    """Whether a row holds a text that a bulk CSV would take for the mark that clears a field."""
    marks = [
        _changed(changes, n) & (_value(n).str.strip_chars() == CLEAR)
        for n in written_fields(changes)
    ]
    return pl.any_horizontal([*marks, pl.lit(value=False)]).fill_null(value=False)


def _changed(changes: pl.DataFrame, name: str) -> pl.Expr:
    flag = f"change:{name}"
    return pl.col(flag).fill_null(value=False) if flag in changes.columns else pl.lit(value=True)


def _value(name: str) -> pl.Expr:
    """The text to write; a blank text is no text."""
    column = pl.col(f"to:{name}")
    return pl.when(column.str.strip_chars() != "").then(column)


def _type(name: str, schema: ObjectSchema) -> FieldType:
    field = schema.fields.get(name)
    return field.type if field else "text"


def _fits(name: str, schema: ObjectSchema) -> pl.Expr:
    kind, value = _type(name, schema), _value(name)
    if kind in _NUMERIC:
        return value.cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    if kind == "boolean":
        return value.str.to_lowercase().is_in(["true", "false"])
    if kind == "date":
        return value.str.contains(_DATE)
    if kind == "datetime":
        return value.str.contains(_INSTANT)
    return pl.lit(value=True)


def _plain(name: str, schema: ObjectSchema) -> pl.Expr:
    """The value as text that JSON takes for a number or truth value where the field is one."""
    kind, value = _type(name, schema), _value(name)
    if kind == "boolean":  # a checkbox has no blank: cleared is false
        return value.str.to_lowercase().fill_null("false")
    if kind in _NUMERIC:
        told = canonical(value.cast(pl.Float64, strict=False))
        return pl.when(value.str.contains(_NUMBER)).then(value).otherwise(told)
    return value


def _json_value(name: str, schema: ObjectSchema) -> pl.Expr:
    plain = _plain(name, schema)
    bare = _type(name, schema) in (*_NUMERIC, "boolean")
    return plain.fill_null("null") if bare else _json_text(plain)


def _json_text(text: pl.Expr) -> pl.Expr:
    """A text column as JSON strings, null as `null`."""
    return pl.struct(text.alias("v")).struct.json_encode().str.slice(5).str.head(-1)
