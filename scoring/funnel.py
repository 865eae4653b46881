"""How many leads came how far, how many were lost on the way, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from datetime import datetime

USUAL_SHARE_LOST = 75.0
"""Per cent of leads that usually never become more than a lead."""

_RANK = {stage: rank for rank, stage in enumerate(STAGES)}


def funnel(history: pl.DataFrame, as_of: datetime, *, by: str | None = None) -> pl.DataFrame:
    """Count leads per stage of the ladder, for all or for each value of a column.

    `history` has a row per lead and stage entered: id, stage, entered_at, and the column `by`.
    A lead that is in a stage has also reached every stage below it. The answer has, per stage and
    group: `reached`, `now` (in it now), `conversion` (per cent of those who reached the stage
    before), `lost` (who reached the stage before and are not here), `median_days` (from entering
    the stage to entering the next one; those who are still there count up to `as_of`).
    """
    groups = [by] if by else []
    leads = _leads(history, groups)
    stays = _stays(history, as_of, groups)
    ladder = pl.DataFrame(
        {"stage": STAGES, "rank": range(len(STAGES))}, schema_overrides={"rank": pl.Int64}
    )
    keys = leads.select(groups).unique().sort(groups).join(ladder, how="cross") if by else ladder
    counted = [
        leads.filter(pl.col("rank") >= rank)
        .group_by(groups or [pl.lit(1).alias("_")])
        .agg(reached=pl.len(), now=(pl.col("current") == stage).sum())
        .with_columns(stage=pl.lit(stage))
        for stage, rank in _RANK.items()
    ]
    rows = keys.join(pl.concat(counted), on=[*groups, "stage"], how="left", nulls_equal=True)
    rows = rows.join(stays, on=[*groups, "stage"], how="left", nulls_equal=True).with_columns(
        pl.col("reached", "now").fill_null(0).cast(pl.Int64)
    )
    before = pl.col("reached").shift(1)
    before = before.over(groups) if groups else before
    return rows.sort([*groups, "rank"]).select(
        *groups,
        "stage",
        "reached",
        "now",
        conversion=pl.when(before > 0).then((100 * pl.col("reached") / before).round(1)),
        lost=(before - pl.col("reached")),
        median_days=pl.col("median_days").round(1),
    )


def never_moved(rows: pl.DataFrame) -> float | None:
    """Per cent of all leads that never became more than a lead, from ungrouped funnel rows."""
    reached: dict[str, int] = dict(rows.select("stage", "reached").iter_rows())
    if not reached.get("lead"):
        return None
    return round(100 * (1 - reached["mql"] / reached["lead"]), 1)


def aside(history: pl.DataFrame) -> dict[str, int]:
    """How many leads are disqualified or recycled now."""
    current = _leads(history, [])["current"]
    return {stage: int((current == stage).sum()) for stage in ASIDE}


def _leads(history: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """One row per lead: the highest rank it reached and the stage it is in now."""
    ranked = history.with_columns(
        rank=pl.col("stage").replace_strict(_RANK, default=0, return_dtype=pl.Int64)
    )
    return (
        ranked.sort("entered_at", "rank")
        .group_by("id", *groups)
        .agg(pl.col("rank").max(), current=pl.col("stage").last())
    )


def _stays(history: pl.DataFrame, as_of: datetime, groups: list[str]) -> pl.DataFrame:
    """The median number of days that leads spent in each stage."""
    following = pl.col("entered_at").shift(-1).over("id", order_by="entered_at")
    days = (following.fill_null(pl.lit(as_of)) - pl.col("entered_at")).dt.total_seconds() / 86_400
    return (
        history.with_columns(days=days)
        .group_by(*groups, "stage")
        .agg(median_days=pl.col("days").median())
    )
