"""How often people and companies may be touched: over the past, and within one plan."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.revival.permission import Reason
from scoring.revival.persons import HELD_OUT

if TYPE_CHECKING:
    from datetime import datetime

    from scoring.revival.past import Past
    from scoring.revival.section import Caps

_MQL = pl.col("stage_was") == "mql"


def with_counts(frame: pl.DataFrame, past: Past, caps: Caps, now: datetime) -> pl.DataFrame:
    """Add how often each person was touched lately (`@lately`), ever (`@ever`), and each company."""
    for name, key, days in (
        ("@lately:lead", "person", caps.lead.days),
        ("@lately:mql", "person", caps.mql.days),
        ("@ever", "person", None),
        ("@company", "company_key", caps.company.days),
    ):
        touched = past.counted.filter(pl.col(key).is_not_null())
        if days is not None:
            touched = touched.filter(pl.col("at") > now - timedelta(days=days))
        counts = touched.group_by(key).agg(pl.len().cast(pl.Int64).alias(name))
        frame = frame.join(counts, on=key, how="left", maintain_order="left")
        frame = frame.with_columns(pl.col(name).fill_null(0))
    lately = pl.when(_MQL).then("@lately:mql").otherwise("@lately:lead")
    return frame.with_columns(lately.alias("@lately"))


def reached(caps: Caps) -> list[Reason]:
    """The caps that the past has used up already."""
    touches, days, total = (
        pl.when(_MQL).then(getattr(caps.mql, name)).otherwise(getattr(caps.lead, name))
        for name in ("touches", "days", "total")
    )
    company = caps.company
    return [
        Reason(
            "person_cap",
            pl.col("@lately") >= touches,
            pl.format("touched {} times in {} days", "@lately", days),
        ),
        Reason(
            "total_cap", pl.col("@ever") >= total, pl.format("touched {} times in all", "@ever")
        ),
        Reason(
            "company_cap",
            pl.col("@company") >= company.touches,
            pl.format("its company was touched {} times in {} days", "@company", company.days),
        ),
    ]


def within_plan(frame: pl.DataFrame, caps: Caps) -> pl.Series:
    """Of leads that may be touched now, whether each still may beside the others of this plan.

    One touch per person; per company as many as its cap leaves, of which those held out take none:
    else the next plan would touch whom they had displaced. The better-scored come first, of equals
    the one with the lesser id.
    """
    columns = ("id", "person", "company_key", "score", "arm", "@company")
    ordered = frame.select(columns).with_row_index("row")
    ordered = ordered.sort("score", "id", descending=[True, False], nulls_last=True)
    firsts = ordered.filter(pl.int_range(pl.len()).over("person") == 0)
    touched = pl.col("arm").ne_missing(pl.lit(HELD_OUT)).cast(pl.Int64)
    before = (touched.cum_sum() - touched).over("company_key") + pl.col("@company")
    fits = pl.col("company_key").is_null() | (before < caps.company.touches)
    kept = firsts.filter(fits)["row"]
    return pl.Series(range(frame.height), dtype=pl.UInt32).is_in(kept.implode())
