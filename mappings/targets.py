"""One CRM field that is written: what we want in it, and who wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from mappings.described import lead_field
from mappings.sources import read_text
from mappings.transforms import TRANSFORMS, natural
from mappings.transforms.base import Options
from mappings.values import write_values
from mappings.wire import NUMERIC, canonical
from scoring import verdict
from scoring.lead import DTYPES
from scoring.problem import Problem, did_you_mean, refuse

if TYPE_CHECKING:
    from mappings.entries import Entry, Rule, WriteField
    from mappings.mapping import Mapping
    from mappings.schema import CrmSchema, Field
    from scoring.lead import Kind

_PLAIN = Options()


@dataclass(frozen=True)
class Target:
    """One CRM field that is written, as expressions over the frame that compares.

    Columns of field F on the way: `from:F` what is there, `want:F` what we want, `leave:F` whether
    we have nothing to say, `same:F` whether what is there reads as what we want, `base:F` and
    `known:F` what we last wrote; from them `to:F`, `agreed:F`, `edited:F` and `change:F`.
    """

    name: str
    field: Field
    rule: Rule
    value: pl.Expr
    text: pl.Expr
    leave: pl.Expr
    read: pl.Expr | None

    @property
    def current(self) -> pl.Expr:
        """What is there, over the raw page."""
        return canonical(pl.col(self.field.name), self.field).alias(self._named("from"))

    @property
    def wanted(self) -> tuple[pl.Expr, ...]:
        """What we want and whether we have nothing to say, over the judged leads."""
        want = canonical(self.text, self.field).alias(self._named("want"))
        leave = self.leave.fill_null(value=False).alias(self._named("leave"))
        value = () if self.read is None else (self.value.alias(self._named("value")),)
        return (want, leave, *value)

    @property
    def read_back(self) -> tuple[pl.Expr, ...]:
        """The fact that the field's current text stands for, over the raw page."""
        return () if self.read is None else (self.read.alias(self._named("read")),)

    @property
    def settled(self) -> tuple[pl.Expr, ...]:
        """What should be in the field, and whether we and the CRM agree on it."""
        there, want, leave = self._column("from"), self._column("want"), self._column("leave")
        same = pl.lit(False)  # noqa: FBT003 — polars takes a literal
        if self.read is not None:
            value = self._column("value")
            same = value.is_not_null() & (self._column("read") == value).fill_null(value=False)
        to = pl.when(leave | same).then(there).otherwise(want)
        agreed = ~leave & (same | there.eq_missing(want))
        return to.alias(self._named("to")), agreed.alias(self._named("agreed"))

    @property
    def edited(self) -> pl.Expr:
        """Whether a person's edit is kept against what we want."""
        if self.rule != "unless_edited":
            return pl.lit(False).alias(self._named("edited"))  # noqa: FBT003 — polars takes a literal
        there = self._column("from")
        by_person = (
            pl.when(self._column("known"))
            .then(there.ne_missing(self._column("base")))
            .otherwise(there.is_not_null())
        )
        return (self._differs & by_person).alias(self._named("edited"))

    @property
    def change(self) -> pl.Expr:
        """Whether our value is written, by the field's rule."""
        match self.rule:
            case "never":
                wins = pl.lit(False)  # noqa: FBT003 — polars takes a literal
            case "fill_blank":
                wins = self._column("from").is_null()
            case "unless_edited":
                wins = ~self._column("edited")
            case "always":
                wins = pl.lit(True)  # noqa: FBT003 — polars takes a literal
        return (self._differs & wins).alias(self._named("change"))

    @property
    def remember(self) -> tuple[str, pl.Expr, pl.Expr]:
        """The field, whether we know what we last wrote once this is applied, and what that is."""
        change, agreed, known = (self._column(each) for each in ("change", "agreed", "known"))
        ours = pl.when(change | agreed).then(self._column("to")).otherwise(self._column("base"))
        return self.field.name, change | agreed | known, ours

    @property
    def _differs(self) -> pl.Expr:
        return self._column("from").ne_missing(self._column("to"))

    def _named(self, what: str) -> str:
        return f"{what}:{self.field.name}"

    def _column(self, what: str) -> pl.Expr:
        return pl.col(self._named(what))


def compile_targets(mapping: Mapping, schema: CrmSchema) -> tuple[Target, ...]:
    """The targets of every write entry. Raises `ProblemsError` for fields that are not there."""
    refuse(
        Problem(
            f"write.{name}",
            f'"{entry.field}" is not a field of {schema.lead.name}, or hidden from this user.',
            did_you_mean(entry.field, schema.lead.fields),
        )
        for name, entry in mapping.write.items()
        if entry.field not in schema.lead.fields
    )
    return tuple(_target(mapping, schema, name, entry) for name, entry in mapping.write.items())


def _target(mapping: Mapping, schema: CrmSchema, name: str, entry: WriteField) -> Target:
    kind = mapping.kind(name)
    field = _with_length(schema.lead.fields[entry.field], entry.max_length)
    value = pl.col(name).cast(DTYPES[kind])
    text = value_text(mapping, entry, field, name=name, value=value)
    clears = name in verdict.FIELDS and name not in verdict.NEWS
    leaves = (entry.blank or ("clear" if clears else "leave")) == "leave"
    unspoken = value.is_null() if leaves else pl.lit(False)  # noqa: FBT003 — polars takes a literal
    if words := mapping.words(name):
        spoken = write_values(_plain_text(value, name, kind), words, entry.otherwise)
        unspoken = unspoken | (value.is_not_null() & spoken.is_null())
        text = spoken
    read = _read_back(mapping, schema, name, entry)
    return Target(name, field, entry.rule, value, text, unspoken, read)


def _with_length(field: Field, most: int | None) -> Field:
    """The field as long as the entry will have it, if that is shorter."""
    if most is None or 0 < field.length <= most:
        return field
    return replace(field, length=most)


def value_text(
    mapping: Mapping, entry: Entry, field: Field, *, name: str, value: pl.Expr
) -> pl.Expr:
    """A typed value as text for a CRM field, by the entry's transform or the natural one."""
    kind = mapping.kind(name)
    options = mapping.options(entry)
    if kind == "datetime":
        value = value.dt.truncate("1s")
        if field.type == "date":
            return value.dt.convert_time_zone(options.time_zone).dt.strftime("%Y-%m-%d")
    if kind == "number" and field.type in NUMERIC:
        return TRANSFORMS["number"].write(value, _PLAIN)
    transform = TRANSFORMS[entry.transform] if entry.transform else natural(name, kind)
    return transform.write(value, options)


def _plain_text(value: pl.Expr, name: str, kind: Kind) -> pl.Expr:
    """A typed value as the keys of value maps spell it."""
    return natural(name, kind).write(value, _PLAIN)


def _read_back(mapping: Mapping, schema: CrmSchema, name: str, entry: WriteField) -> pl.Expr | None:
    """How the mapping reads the very field that it writes; None where it does not.

    An answer that a person spelled in their own way is not written back in ours.
    """
    extra = (mapping.extra[name],) if name in mapping.extra else ()
    sources = [s for s in (*mapping.read.get(name, ()), *extra) if s.field == entry.field]
    if not sources:
        return None
    kind = mapping.kind(name)
    field = lead_field(schema, entry.field)
    read = read_text(sources[0], field, name=name, kind=kind, options=mapping.options(sources[0]))
    return read.cast(DTYPES[kind])
