"""How many leads came how far, how many were lost on the way, and how long it took.

A history has one row per stay of a lead in a stage: `id`, `stage`, `entered_at`, where known
`created_at`, and any columns to group by. A lead that is in a stage has also reached every stage
below it. A lead *began* when it entered the CRM, else when it was first seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from datetime import datetime

USUAL_SHARE_LOST = 75.0
"""Per cent of leads that usually never become more than a lead."""

_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a window does to the leads: how many are measured, and how far they can be trusted.

    `too_young`: began less than the window ago, not counted. `seen_late`: counted, but first seen
    only after their window had ended, so that the stage in which they were found counts as reached.
    """

    measured: int
    too_young: int
    seen_late: int


def funnel(
    history: pl.DataFrame,
    as_of: datetime,
    *,
    by: str | None = None,
    window_days: float | None = None,
) -> pl.DataFrame:
    """Count leads per stage of the ladder, for all or for each value of a column.

    `by` is a column of the history, or `month`: the month in which the lead began. With
    `window_days`, only leads that began at least so many days ago count, and only what they reached
    in that time; so cohorts of any age can be compared. Per stage and group:

    reached: leads that came to this stage or further; share: per cent of all leads of the group
    now: leads that are in it (at the window's end, if there is one)
    conversion: per cent of those who reached the stage before
    lost: who reached the stage before and are not here; drop_off: the same in per cent
    aside: who came no further than this and are disqualified or recycled
    open: who came no further than this and are still on the ladder
    median_days: from entering the stage to leaving it, of the stays that have ended
    waiting_days: median since entering it, of the leads that are in it
    """
    groups = [by] if by else []
    stays = _stays(history, as_of, window_days)
    leads = _leads(stays, groups)
    ladder = pl.DataFrame(
        {"stage": STAGES, "rank": range(len(STAGES))}, schema_overrides={"rank": pl.Int64}
    )
    keys = leads.select(groups).unique().sort(groups).join(ladder, how="cross") if by else ladder
    on = [*groups, "stage"]
    rows = keys.join(_counts(leads, groups), on=on, how="left", nulls_equal=True)
    rows = rows.join(_durations(stays, groups), on=on, how="left", nulls_equal=True)
    counted = rows.with_columns(
        pl.col("reached", "now", "aside", "open").fill_null(0).cast(pl.Int64)
    )
    return _shares(counted.sort([*groups, "rank"], maintain_order=True), groups)


def never_moved(rows: pl.DataFrame) -> float | None:
    """Per cent of all leads that never became more than a lead, from ungrouped funnel rows."""
    reached: dict[str, int] = dict(rows.select("stage", "reached").iter_rows())
    if not reached.get("lead"):
        return None
    return round(100 * (1 - reached["mql"] / reached["lead"]), 1)


def aside(
    history: pl.DataFrame, as_of: datetime | None = None, *, window_days: float | None = None
) -> dict[str, int]:
    """How many of the counted leads are disqualified or recycled; a window needs `as_of`."""
    current = _leads(_stays(history, as_of, window_days), [])["current"]
    return {stage: int((current == stage).sum()) for stage in ASIDE}


def left_out(history: pl.DataFrame, as_of: datetime, window_days: float | None) -> LeftOut:
    """What measuring by this window leaves out."""
    leads = _begun(history).unique("id").select("began_at", "seen_at")
    if window_days is None:
        return LeftOut(leads.height, 0, 0)
    end = pl.col("began_at") + _days(window_days)
    young, late = end > as_of, end < pl.col("seen_at")
    counts = leads.select(
        young=young.sum(), late=(late & ~young).sum(), measured=(~young).sum()
    ).row(0, named=True)
    return LeftOut(counts["measured"], counts["young"], counts["late"])


def _begun(history: pl.DataFrame) -> pl.DataFrame:
    """The history with `began_at`, `seen_at` and `month` of each lead."""
    if "created_at" not in history.columns:
        history = history.with_columns(created_at=pl.lit(None, _INSTANT))
    seen = history.with_columns(seen_at=pl.col("entered_at").min().over("id"))
    begun = seen.with_columns(began_at=pl.coalesce("created_at", "seen_at"))
    return begun.with_columns(month=pl.col("began_at").dt.strftime("%Y-%m"))


def _stays(
    history: pl.DataFrame, as_of: datetime | None, window_days: float | None
) -> pl.DataFrame:
    """The stays that count, each with `days`, whether it has `ended`, and its stage's `rank`."""
    begun = _begun(history).with_columns(
        rank=pl.col("stage").replace_strict(_RANK, default=0, return_dtype=pl.Int64),
        until=pl.lit(as_of, _INSTANT),
    )
    if window_days is not None:
        end = pl.col("began_at") + _days(window_days)
        begun = begun.filter(end <= as_of).with_columns(until=pl.max_horizontal(end, "seen_at"))
        begun = begun.filter(pl.col("entered_at") <= pl.col("until"))
    # Before it was first seen, a lead that is still one has been one since it began.
    first_seen = (pl.col("stage") == STAGES[0]) & (pl.col("entered_at") == pl.col("seen_at"))
    entered = pl.when(first_seen).then(pl.min_horizontal("began_at", "seen_at"))
    begun = begun.with_columns(entered_at=entered.otherwise("entered_at"))
    ordered = begun.sort("id", "entered_at", maintain_order=True)
    left = pl.col("entered_at").shift(-1).over("id")
    days = (pl.coalesce(left, "until") - pl.col("entered_at")).dt.total_seconds() / 86_400
    return ordered.with_columns(days=days.clip(lower_bound=0), ended=left.is_not_null())


def _leads(stays: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """One row per lead: the highest rank it reached and the stage it is in now."""
    return stays.group_by("id", *groups, maintain_order=True).agg(
        pl.col("rank").max(), current=pl.col("stage").last()
    )


def _counts(leads: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """Per group and stage: reached, now, aside, open."""
    beside = pl.col("current").is_in(ASIDE)

    def at(stage: str, rank: int) -> pl.DataFrame:
        furthest = pl.col("rank") == rank
        return (
            leads.group_by(groups or [pl.lit(1).alias("_")])
            .agg(
                reached=(pl.col("rank") >= rank).sum(),
                now=(pl.col("current") == stage).sum(),
                aside=(furthest & beside).sum(),
                open=(furthest & ~beside).sum(),
            )
            .with_columns(stage=pl.lit(stage))
        )

    return pl.concat(at(stage, rank) for stage, rank in _RANK.items())


def _durations(stays: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    """Per group and stage: the median days of stays that have ended, and of those that last."""
    ended = pl.col("ended")
    return stays.group_by(*groups, "stage").agg(
        median_days=pl.col("days").filter(ended).median(),
        waiting_days=pl.col("days").filter(~ended).median(),
    )


def _shares(rows: pl.DataFrame, groups: list[str]) -> pl.DataFrame:
    reached = pl.col("reached")
    before, first = reached.shift(1), reached.first()
    if groups:
        before, first = before.over(groups), first.over(groups)
    conversion = pl.when(before > 0).then((100 * reached / before).round(1))
    return rows.select(
        *groups,
        "stage",
        "reached",
        share=pl.when(first > 0).then((100 * reached / first).round(1)),
        now="now",
        conversion=conversion,
        lost=before - reached,
        drop_off=(100 - conversion).round(1),
        aside="aside",
        open="open",
        median_days=pl.col("median_days").round(1),
        waiting_days=pl.col("waiting_days").round(1),
    )


def _days(number: float) -> pl.Expr:
    return pl.duration(microseconds=round(number * 86_400_000_000))
