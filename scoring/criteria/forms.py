"""The forms in which facts are compared: folded text, days before `as_of`, ends of a range.

Each form is a column of its own, made once for all criteria that look at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from scoring.lead import DTYPES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

FormName = Literal["folded", "number", "days", "date", "low", "high", "plain"]


class Form(NamedTuple):
    """A fact in the form in which it is compared; `plain` is the fact's own column."""

    fact: str
    kind: Kind
    form: FormName

    @property
    def column(self) -> str:
        """The name of the form's column."""
        return self.fact if self.form == "plain" else f"{self.fact}.{self.form}"


def fold(text: str) -> str:
    """A text as it is compared: without surrounding blanks, in lower case."""
    return text.strip().lower()


def known(fact: str, kind: Kind) -> pl.Expr:
    """Whether a fact is known: never null. A blank text and an empty list are not known."""
    column = pl.col(fact)
    if kind == "text":
        return (column.str.strip_chars().str.len_bytes() > 0).fill_null(value=False)
    if kind == "number":
        return column.is_not_null() & column.is_not_nan()
    if kind == "list":
        return (column.list.len() > 0).fill_null(value=False)
    if kind == "range":
        ends = column.struct.field("low").is_not_null() | column.struct.field("high").is_not_null()
        return column.is_not_null() & ends
    return column.is_not_null()


def prepare(leads: pl.DataFrame, forms: Iterable[Form], as_of: date) -> pl.DataFrame:
    """The frame with the columns of these forms; facts that it lacks are added as unknown.

    Doing it twice changes nothing. Moments after `as_of` are 0 days before it.
    """
    wanted = sorted({form for form in forms if form.column not in leads.columns})
    facts = {form.fact: form.kind for form in wanted if form.fact not in leads.columns}
    with_facts = leads.with_columns(
        pl.lit(None, dtype=DTYPES[kind]).alias(fact) for fact, kind in facts.items()
    )
    made = (_made(form, as_of).alias(form.column) for form in wanted if form.form != "plain")
    return with_facts.with_columns(made)


def _made(form: Form, as_of: date) -> pl.Expr:
    column = pl.col(form.fact)
    if form.form == "folded":
        return _folded(column, form.kind)
    if form.form == "number":
        return column.fill_nan(None)
    if form.form == "days":
        return (pl.lit(as_of) - _day(column, form.kind)).dt.total_days().clip(lower_bound=0)
    if form.form == "date":
        return _day(column, form.kind)
    return column.struct.field(form.form)


def _folded(column: pl.Expr, kind: Kind) -> pl.Expr:
    if kind == "list":
        return column.list.eval(pl.element().str.strip_chars().str.to_lowercase())
    text = column.str.strip_chars().str.to_lowercase()
    return pl.when(text != "").then(text)


def _day(column: pl.Expr, kind: Kind) -> pl.Expr:
    return column.dt.date() if kind == "datetime" else column
