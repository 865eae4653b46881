"""From a lead and its verdict to the fields of its opportunity."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mappings.entries import Conversion, ConversionField, scalar_text
from mappings.targets import value_text
from mappings.templates import fill
from mappings.transforms import natural
from mappings.transforms.base import Options
from mappings.values import write_values
from mappings.wire import canonical
from scoring import lead, verdict
from scoring.lead import DTYPES
from scoring.problem import Problem, did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Lookup
    from datetime import date

    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field
    from scoring.lead import Kind


@dataclass(frozen=True)
class Converter:
    """The conversion part of a mapping, compiled against a described CRM.

    `fields` are the opportunity fields that move; every other keeps the CRM's default.
    """

    fields: tuple[str, ...]
    mapping: Mapping
    targets: dict[str, Field]
    sources: dict[str, ConversionField]

    def __call__(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """`@id` and `to:F` per opportunity field F; null leaves the CRM's default.

        `leads` is the lead frame with its verdict columns.
        """
        texts = leads.select(
            pl.col("id").alias("@id"),
            *(
                self._text(source, self.targets[name], as_of).alias(f"to:{name}")
                for name, source in self.sources.items()
            ),
        )
        return texts.with_columns(
            canonical(pl.col(f"to:{name}"), field) for name, field in self.targets.items()
        )

    def _text(self, source: ConversionField, field: Field, as_of: date) -> pl.Expr:
        if source.template is not None:
            facts = {name: self._shown(name) for name in source.facts()}
            return fill(source.template, facts)
        if source.days_from_now is not None:
            day = as_of + datetime.timedelta(days=source.days_from_now)
            return pl.lit(day.isoformat(), pl.String)
        if source.field is not None:
            return self._fact(source, field)
        return pl.lit(scalar_text(source.value), pl.String)

    def _fact(self, source: ConversionField, field: Field) -> pl.Expr:
        name = source.field or ""
        value = pl.col(name).cast(DTYPES[self.mapping.kind(name)])
        text = value_text(self.mapping, source, field, name=name, value=value)
        if source.values:
            text = write_values(self._shown(name), source.values, source.otherwise)
        if source.default is None:
            return text
        return pl.coalesce(text, pl.lit(scalar_text(source.default), pl.String))

    def _shown(self, name: str) -> pl.Expr:
        kind = self.mapping.kind(name)
        return natural(name, kind).write(pl.col(name).cast(DTYPES[kind]), Options())


def compile_conversion(mapping: Mapping, schema: CrmSchema, facts: Lookup[str, Kind]) -> Converter:
    """The conversion for a described CRM; `facts` are the extra facts that the leads carry.

    Raises `ProblemsError` when an opportunity field is not there, or a source is not in the leads.
    """
    conversion = mapping.convert or Conversion()
    there = schema.opportunity.fields if schema.opportunity else {}
    known = {*lead.FIELDS, *verdict.FIELDS, *facts}
    refuse(
        [
            *(_unknown(name, name, there) for name in conversion.opportunity if name not in there),
            *(
                _unknown(name, fact, known)
                for name, source in conversion.opportunity.items()
                for fact in source.facts()
                if fact not in known
            ),
        ]
    )
    return Converter(
        fields=tuple(conversion.opportunity),
        mapping=mapping,
        targets={name: there[name] for name in conversion.opportunity},
        sources=dict(conversion.opportunity),
    )


def _unknown(target: str, name: str, known: Iterable[str]) -> Problem:
    what = f'"{name}" is not there, or hidden from this user.'
    return Problem(f"convert.opportunity.{target}", what, did_you_mean(name, known))
