"""Records as columns: one raw page frame, whether the rows came as JSON or as CSV.

REST and Bulk write the same value differently (87.0 and 87, 3.5E8, +0000 and Z). Both are brought
to one text: numbers without a needless fraction or exponent, instants with Z.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.engine.ports import INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mappings.schema import ObjectSchema

META = (
    "Id",
    "SystemModstamp",
    "IsDeleted",
    "MasterRecordId",
    "IsConverted",
    "ConvertedOpportunityId",
    "OwnerId",
)
"""What is read of every record beside the mapped fields, where the object has it."""

_NUMERIC = ("integer", "number", "money", "percent")
_EXACT = 9e18  # below it a double without a fraction is an exact 64-bit integer
_REST_INSTANT = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000$"


@dataclass(frozen=True)
class Layout:
    """What a pull selects and how the answer becomes a page.

    `fields` maps each requested field, as the caller spells it, to the selected name.
    """

    select: tuple[str, ...]
    fields: dict[str, str]
    numbers: frozenset[str]
    instants: frozenset[str]

    @classmethod
    def of(cls, schema: ObjectSchema, fields: Sequence[str]) -> Layout:
        """The layout for these fields of an object; names are matched regardless of case."""
        known = {name.casefold(): name for name in schema.fields}
        chosen = {field: known.get(field.casefold(), field) for field in fields}
        meta = [name for name in META if name in schema.fields or name == "Id"]
        return cls(
            select=tuple(dict.fromkeys([*meta, *chosen.values()])),
            fields=chosen,
            numbers=frozenset(n for n, f in schema.fields.items() if f.type in _NUMERIC),
            instants=frozenset(n for n, f in schema.fields.items() if f.type == "datetime"),
        )

    def from_records(self, records: Sequence[dict[str, Any]]) -> pl.DataFrame:
        """JSON records as one text column per selected field."""
        return pl.DataFrame([self._column(name, records) for name in self.select])

    def from_csv(self, body: bytes) -> pl.DataFrame:
        """A CSV page as one text column per selected field; an empty value is null.

        Raises polars' ComputeError or `ColumnNotFoundError` if the text is not such a page.
        """
        frame = pl.read_csv(io.BytesIO(body), infer_schema=False)
        blank = pl.when(pl.col(pl.String) != "").then(pl.col(pl.String))
        frame = frame.select(self.select).with_columns(blank)
        return frame.with_columns(self._as_number(n) for n in self.select if n in self.numbers)

    def leads(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The raw page frame of the records that are still there."""
        there = raw.filter(~_flag(raw, "IsDeleted")) if "IsDeleted" in raw.columns else raw
        return there.select(
            pl.col("Id").alias("@id"),
            _instant(raw).alias("@modified_at"),
            _flag(raw, "IsConverted").alias("@converted"),
            _text(raw, "ConvertedOpportunityId").alias("@opportunity_id"),
            _text(raw, "OwnerId").alias("@owner_id"),
            *(pl.col(name).alias(field) for field, name in self.fields.items()),
        )

    def gone(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The frame of the deleted and merged records."""
        return raw.filter(_flag(raw, "IsDeleted")).select(
            pl.col("Id").alias("@id"), _text(raw, "MasterRecordId").alias("@merged_into")
        )

    def _column(self, name: str, records: Sequence[dict[str, Any]]) -> pl.Series:
        values = [_value(record, name) for record in records]
        first = next((value for value in values if value is not None), None)
        if isinstance(first, bool):
            return pl.Series(name, values, pl.Boolean).cast(pl.String)
        if isinstance(first, int | float):
            return _number_text(name, values)
        column = pl.Series(name, values, pl.String)
        if name in self.instants or "." in name:
            return column.str.replace(_REST_INSTANT, "${1}Z")
        return column

    @staticmethod
    def _as_number(name: str) -> pl.Expr:
        column = pl.col(name)
        plain = column.str.contains(r"^-?\d+$")
        told = canonical(column.cast(pl.Float64, strict=False))
        return pl.when(plain).then(column).otherwise(pl.coalesce(told, column)).alias(name)


def canonical(number: pl.Expr) -> pl.Expr:
    """A double as text: 350000000, 87, 0.25; never 87.0 or 3.5E8."""
    whole = (number == number.round(0)) & (number.abs() < _EXACT)
    integer = number.cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(whole).then(integer).otherwise(number.cast(pl.String))


def _number_text(name: str, values: list[Any]) -> pl.Series:
    if all(value is None or isinstance(value, int) for value in values):
        return pl.Series(name, values, pl.Int64, strict=False).cast(pl.String)
    doubles = [None if value is None else float(value) for value in values]
    frame = pl.DataFrame({name: pl.Series(doubles, dtype=pl.Float64)})
    return frame.select(canonical(pl.col(name))).to_series()


def _value(record: dict[str, Any], name: str) -> Any:
    if "." not in name:
        return record.get(name)
    found: Any = record
    for part in name.split("."):
        found = found.get(part) if found else None
    return found


def _flag(raw: pl.DataFrame, name: str) -> pl.Expr:
    return (pl.col(name) == "true").fill_null(value=False) if name in raw.columns else pl.lit(False)  # noqa: FBT003 — a column of it


def _text(raw: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in raw.columns else pl.lit(None, dtype=pl.String)


def _instant(raw: pl.DataFrame) -> pl.Expr:
    parsed = _text(raw, "SystemModstamp").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False
    )
    return parsed.cast(INSTANT)
