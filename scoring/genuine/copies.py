"""How often leads of a page repeat each other: one submission under many addresses, one second.

These are counts over a page, not facts of one lead, so whoever pulls pages counts and feeds them as
the lead field `copies`; judging a lead then needs no other lead. Keep what was counted of a lead,
or a later page without its copies would take the evidence back.
"""

from __future__ import annotations

import polars as pl

from scoring.genuine.texts import folded

SUBMISSION = ("first_name", "last_name", "company", "interest")


def count_copies(leads: pl.DataFrame) -> pl.Series:
    """Of each lead: how many different e-mail addresses or records sent the same submission.

    The same submission has the same name, company and interest (one of the two at least), or the
    same telephone number under other names. 1 means that it is alone; null that there is too little to compare. Float64.
    """
    present = [folded(pl.col(name)) for name in SUBMISSION if name in leads.columns]
    said = pl.concat_str(*present, separator="\0", ignore_nulls=True) if present else pl.lit("")
    addresses = pl.col("email").str.to_lowercase() if "email" in leads.columns else pl.lit(None)
    named = all(name in leads.columns for name in ("first_name", "last_name"))
    both = _given("first_name") & _given("last_name") if named else pl.lit(value=False)
    # Two persons of one name are no copies: something else must be the same, too.
    beside = [_given(name) for name in ("company", "interest") if name in leads.columns]
    both &= pl.any_horizontal(beside) if beside else pl.lit(value=False)
    frame = leads.select(
        pl.when(both).then(said).alias("said"),
        addresses.cast(pl.String).alias("address"),
        (pl.col("phone") if "phone" in leads.columns else pl.lit(None))
        .cast(pl.String)
        .alias("phone"),
        (folded(pl.col("last_name")) if named else pl.lit(None)).cast(pl.String).alias("last"),
    )
    counted = frame.select(
        pl.when(pl.col("said").is_not_null()).then(pl.col("address").n_unique().over("said")),
        pl.when(pl.col("phone").is_not_null())
        .then(pl.col("last").n_unique().over("phone"))
        .alias("by_phone"),
    )
    return counted.select(pl.max_horizontal(pl.all()).cast(pl.Float64).alias("copies")).to_series()


def count_same_second(leads: pl.DataFrame) -> pl.Series:
    """Of each lead: how many of the page entered the CRM in the same second; null if unknown.

    Imports create many genuine leads in one second: feed it only where leads come from forms.
    """
    second = pl.col("created_at").dt.truncate("1s")
    counted = leads.select(
        pl.when(second.is_not_null()).then(pl.len().over(second)).cast(pl.Float64)
    )
    return counted.to_series().alias("same_second")


def _given(name: str) -> pl.Expr:
    return (pl.col(name).str.strip_chars().str.len_bytes() > 0).fill_null(value=False)
