"""One CRM field on its way to one fact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from mappings.described import lead_field
from mappings.transforms import TRANSFORMS, natural
from mappings.transforms.base import stripped
from mappings.transforms.moments import local_start
from mappings.values import read_values, silent_words, unknown_words
from mappings.wire import NUMERIC, canonical

if TYPE_CHECKING:
    from mappings.entries import ReadField
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field
    from mappings.transforms.base import Options, Transform
    from scoring.lead import Kind

COUNTRY = "@country"
"""The column with each lead's country, there when `by_country` values are read."""


@dataclass(frozen=True)
class Source:
    """One CRM field on its way to one fact.

    `value` reads the raw page's text as the fact; `complaint` is what is said of a text that it
    cannot read. `by_country` values need the leads' countries first; `silent`
    are the words, in lower case, that are known to say nothing. `unknown` finds lists of which only
    a part could be read.
    """

    key: str
    fact: str
    field: str
    value: pl.Expr
    complaint: str
    by_country: bool = False
    reports: bool = True
    silent: tuple[str, ...] = ()
    unknown: pl.Expr | None = None

    @property
    def text(self) -> pl.Expr:
        """The raw page's text, null where blank."""
        return stripped(pl.col(self.field))

    @property
    def unreadable(self) -> pl.Expr:
        """Whether there is a text and no value, or only a part of one."""
        if self.unknown is not None:
            return self.unknown
        unread = self.text.is_not_null() & pl.col(self.key).is_null()
        return unread & ~self.text.str.to_lowercase().is_in(self.silent) if self.silent else unread


def read_source(
    mapping: Mapping, schema: CrmSchema, name: str, entry: ReadField, *, number: int
) -> Source:
    """The source that a read entry describes; `number` tells it from the others."""
    kind = mapping.kind(name)
    field = lead_field(schema, entry.field)
    transform = TRANSFORMS[entry.transform] if entry.transform else natural(name, kind)
    by_country = transform.name == "phone" and not entry.values
    options = mapping.options(entry)
    if by_country and entry.region is None:
        options = replace(options, country=pl.col(COUNTRY))
    return Source(
        key=f"@{number}:{name}",
        fact=name,
        field=entry.field,
        value=read_text(entry, field, name=name, kind=kind, options=options),
        complaint="unknown value" if entry.values else transform.complaint,
        by_country=by_country,
        silent=tuple(silent_words(entry)),
        unknown=unknown_words(stripped(pl.col(entry.field)), entry)
        if kind == "list" and entry.values
        else None,
    )


def read_text(
    entry: ReadField, field: Field | None, *, name: str, kind: Kind, options: Options
) -> pl.Expr:
    """The field's raw text as the fact: by the value map, else by the transform."""
    text = stripped(pl.col(entry.field))
    if entry.values:
        spelled = field is not None and field.type in (*NUMERIC, "boolean")
        text = canonical(text, field) if field is not None and spelled else text
        return read_values(text, entry, name, kind)
    if field is not None and field.type in NUMERIC:
        options = replace(options, decimal=".")
    transform = TRANSFORMS[entry.transform] if entry.transform else natural(name, kind)
    return _as_kind(_machine_read(transform, field).read(text, options), transform, kind, options)


def _machine_read(transform: Transform, field: Field | None) -> Transform:
    """Number fields hold numbers as machines write them, whatever people would write."""
    plain = field is not None and field.type in NUMERIC and transform.name in ("money", "percent")
    return TRANSFORMS["number"] if plain else transform


def _as_kind(value: pl.Expr, transform: Transform, kind: Kind, options: Options) -> pl.Expr:
    if kind == "range" and transform.kind == "number":
        number = value.cast(pl.Float64)
        return pl.when(number >= 0).then(pl.struct(low=number, high=number))
    if kind == "datetime" and transform.kind == "date":
        return local_start(value, options.time_zone)
    return value


def stage_source(mapping: Mapping, schema: CrmSchema) -> Source | None:
    """The written stage field read back, so that a rep's move counts; None where it does not.

    Other words than ours in that field say nothing about the stage and are not reported.
    """
    words = mapping.stage_words()
    field = lead_field(schema, mapping.write["stage"].field) if words else None
    if field is None:
        return None
    text = canonical(pl.col(field.name), field)
    stage = text.replace_strict(
        pl.Series(list(words), dtype=pl.String),
        pl.Series(list(words.values()), dtype=pl.String),
        default=None,
        return_dtype=pl.String,
    )
    return Source("@stage", "stage", field.name, stage, "is not a stage", reports=False)
