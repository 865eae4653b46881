"""From a CRM's raw frame to the lead frame and the data problems in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mappings.described import lead_field, lead_field_names
from mappings.sources import COUNTRY, Source, read_source, stage_source
from mappings.values import typed_literal
from scoring.lead import DTYPES, FIELDS
from scoring.problem import Problem, did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.entries import ReadField
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema
    from scoring.lead import Kind

PROBLEM = pl.Struct({"fact": pl.String(), "field": pl.String(), "what": pl.String()})
"""One value of one lead that could not be read: for which fact, from which field, and why."""

_FROM_META = {"modified_at": "@modified_at", "converted": "@converted"}


@dataclass(frozen=True)
class Inbound:
    """A mapping's way in, compiled against a described CRM.

    `fields` are the CRM fields to ask for, `facts` the kinds of the team's own facts, `fed` the
    lead fields that get values from this CRM.
    """

    fields: tuple[str, ...]
    facts: dict[str, Kind]
    fed: frozenset[str]
    sources: tuple[Source, ...]
    defaults: dict[str, pl.Expr]

    def __call__(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The lead frame of a raw page, row for row, with a column of `problems`."""
        typed = self._typed(raw)
        kinds = {name: field.kind for name, field in FIELDS.items()} | self.facts
        leads = typed.select(
            pl.col("@id").alias("id"),
            *(self._fact(name).cast(DTYPES[kind]).alias(name) for name, kind in kinds.items()),
        )
        return leads.with_columns(self._problems(typed))

    def _typed(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The raw page with each source's typed value; telephone numbers last, by country."""
        first = raw.with_columns(
            each.value.alias(each.key) for each in self.sources if not each.by_country
        )
        located = first.with_columns(self._fact("country").cast(pl.String).alias(COUNTRY))
        return located.with_columns(
            each.value.alias(each.key) for each in self.sources if each.by_country
        )

    def _fact(self, name: str) -> pl.Expr:
        sources = [each for each in self.sources if each.fact == name]
        if not sources:
            return pl.col(_FROM_META[name]) if name in _FROM_META else pl.lit(None)
        value = pl.coalesce([pl.col(each.key) for each in sources])
        if name not in self.defaults:
            return value
        blank = pl.all_horizontal([each.text.is_null() for each in sources])
        return pl.when(blank).then(self.defaults[name]).otherwise(value)

    def _problems(self, typed: pl.DataFrame) -> pl.Series:
        """A list per lead. Problems are rare: rows without one cost nothing."""
        reporting = [each for each in self.sources if each.reports]
        wrong = typed.select(each.unreadable.alias(each.key) for each in reporting)
        found = [
            pl.DataFrame({"row": wrong[each.key].arg_true()}).with_columns(
                pl.struct(
                    fact=pl.lit(each.fact), field=pl.lit(each.field), what=pl.lit(each.complaint)
                ).alias("problems")
            )
            for each in reporting
            if wrong[each.key].any()
        ]
        rows = pl.DataFrame({"row": pl.arange(0, typed.height, eager=True, dtype=pl.UInt32)})
        if not found:
            return _no_problems(typed.height)
        grouped = pl.concat(found).group_by("row").agg("problems")
        joined = rows.join(grouped, on="row", how="left", maintain_order="left")
        empty = pl.lit(_no_problems(1)).first()
        return joined.select(pl.col("problems").fill_null(empty)).to_series()


def _no_problems(height: int) -> pl.Series:
    empty = pl.Series("problems", [[]], dtype=pl.List(PROBLEM))
    return empty.new_from_index(0, height)


def compile_inbound(mapping: Mapping, schema: CrmSchema) -> Inbound:
    """The way in for a described CRM; optional fields that it does not have are left out.

    Raises `ProblemsError` when a field that is not optional is not there.
    """
    entries = list(_entries(mapping))
    refuse(
        Problem(
            f"read.{name}",
            f'"{entry.field}" is not a field of {schema.lead.name}, or hidden from this user.',
            did_you_mean(entry.field, lead_field_names(schema)),
        )
        for name, entry in entries
        if not entry.optional and lead_field(schema, entry.field) is None
    )
    there = [(name, entry) for name, entry in entries if lead_field(schema, entry.field)]
    sources = tuple(
        read_source(mapping, schema, name, entry, number=number)
        for number, (name, entry) in enumerate(there)
    )
    if (stage := stage_source(mapping, schema)) is not None:
        sources += (stage,)
    fed = {each.fact for each in sources if each.fact in FIELDS} | set(_FROM_META)
    return Inbound(
        fields=tuple(dict.fromkeys(each.field for each in sources)),
        facts={name: extra.kind for name, extra in mapping.extra.items()},
        fed=frozenset(fed),
        sources=sources,
        defaults=_defaults(mapping, there),
    )


def _entries(mapping: Mapping) -> Iterator[tuple[str, ReadField]]:
    for name, entries in mapping.read.items():
        yield from ((name, entry) for entry in entries)
    yield from mapping.extra.items()


def _defaults(mapping: Mapping, there: list[tuple[str, ReadField]]) -> dict[str, pl.Expr]:
    """What each fact is where all its fields are blank: the first default that is given."""
    defaults: dict[str, pl.Expr] = {}
    for name, entry in there:
        if entry.default is not None and name not in defaults:
            kind = mapping.kind(name)
            fact = typed_literal(name, kind, entry.default)
            defaults[name] = pl.lit(pl.Series([fact], dtype=DTYPES[kind])).first()
    return defaults
