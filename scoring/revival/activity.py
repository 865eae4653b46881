"""Who is stalled, since when and for which cause. Our own touches are nobody's activity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.lead import DTYPES
from scoring.revival.past import Past
from scoring.stage_rules import RANK
from scoring.words import stage_name

if TYPE_CHECKING:
    from datetime import datetime

    from scoring.revival.section import RevivalSection

MOMENT = DTYPES["datetime"]

VISITED = ("last_visit_at", "last_form_at", "last_email_click_at")
"""What a lead does of its own accord; opening an e-mail is not among it, since machines do that."""

_SIGNS = (*VISITED, "last_reply_at", "last_email_open_at", "last_engaged_at")

_AT_ONCE = timedelta(hours=1)
_CLOCKS_DIFFER = timedelta(minutes=5)
_DAY = timedelta(days=1)

NEEDED = {
    **dict.fromkeys((*_SIGNS, "last_activity_at", "created_at", "stage_since"), MOMENT),
    **dict.fromkeys(("email", "country", "unmet", "genuine", "owner", "reached"), pl.String()),
    **dict.fromkeys(("email_opt_out", "do_not_call", "email_bounced", "converted"), pl.Boolean()),
    "score": pl.Float64(),
}
"""The columns that the decision looks at; those that are missing are unknown."""


def with_activity(judged: pl.DataFrame, past: Past) -> pl.DataFrame:
    """The judged frame with the moments of the last contact with a rep, of interest, of anything.

    `@contact`, `@visited`, `@sign`; and `@last`: the same as `@sign`, else when it was created.
    """
    absent = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in NEEDED.items()
        if name not in judged.columns
    ]
    frame = judged.with_columns(absent).with_columns(pl.col(n).cast(t) for n, t in NEEDED.items())
    own = _own(frame, past).rename("@own")
    contact = pl.when(~pl.col("@own")).then("last_activity_at")
    return (
        frame.with_columns(own)
        .with_columns(
            contact.alias("@contact"),
            pl.max_horizontal(VISITED).alias("@visited"),
            pl.max_horizontal(*_SIGNS, contact).alias("@sign"),
        )
        .with_columns(pl.coalesce("@sign", "created_at").alias("@last"))
    )


def _own(frame: pl.DataFrame, past: Past) -> pl.Series:
    """Whether the last activity that the CRM knows of is one of our touches.

    Within an hour of it; where the CRM tells only days, on its day or the ones beside it.
    """
    touched = past.counted.filter(pl.col("id").is_not_null()).select("id", "at")
    pairs = frame.select("id", "last_activity_at").drop_nulls().join(touched, on="id")
    seen = pl.col("last_activity_at")
    day_only = seen == seen.dt.truncate("1d")
    near_day = (seen.dt.date() - pl.col("at").dt.date()).abs() <= _DAY
    at_once = seen.is_between(pl.col("at") - _CLOCKS_DIFFER, pl.col("at") + _AT_ONCE)
    ours = pairs.filter(at_once | (day_only & near_day))["id"].unique()
    return frame["id"].is_in(ours.implode())


def stalled(section: RevivalSection, now: datetime) -> pl.Expr:
    """Whether a lead stands still: neither a move nor a sign of anything for the days of its stage."""
    days = pl.col("stage_was").replace_strict(section.stalled, default=None, return_dtype=pl.Int64)
    limit = pl.lit(now).cast(MOMENT) - pl.duration(days=days)
    stands = pl.col("stage") == pl.col("stage_was")
    open_ = ~pl.col("converted").fill_null(value=False) & pl.col("genuine").ne_missing(
        pl.lit("spam")
    )
    still = (pl.col("stage_since") <= limit) & (pl.coalesce("@last", "stage_since") <= limit)
    return (stands & open_ & still).fill_null(value=False)


def possibly_stalled(leads: pl.DataFrame, section: RevivalSection, now: datetime) -> pl.Series:
    """Which leads may be stalled, as far as can be said before they are judged."""
    frame = with_activity(leads.with_columns(stage_was="stage"), Past())
    return frame.select(stalled(section, now).alias("stalled")).to_series()


def cause(section: RevivalSection, now: datetime) -> pl.Expr:
    """Why a lead has stalled: dropped from a higher stage, long silent, or waiting at a gate."""
    quiet_since = pl.lit(now).cast(MOMENT) - timedelta(days=section.silent_days)
    waits = (pl.col("@sign") > quiet_since) & pl.col("unmet").is_not_null()
    return (
        pl.when(_dropped())
        .then(pl.lit("dropped"))
        .when(waits.fill_null(value=False))
        .then(pl.lit("gate"))
        .otherwise(pl.lit("silent"))
    )


def cause_words() -> pl.Expr:
    """The cause in words, over frames that have `cause`."""
    names = {stage: stage_name(stage) for stage in RANK}
    reached = pl.col("reached").replace_strict(names, default=None, return_dtype=pl.String)
    why = pl.col("unmet").str.strip_prefix("recycled: ")
    since = pl.col("@sign").dt.strftime("%Y-%m-%d")
    silence = pl.coalesce(pl.lit("no activity since ") + since, pl.lit("never any activity"))
    after = pl.coalesce(pl.lit("dropped after ") + reached, pl.lit("was put aside"))
    dropped = pl.concat_str(after, why, separator=": ", ignore_nulls=True)
    gate = pl.concat_str("unmet", silence, separator="; ")
    return (
        pl.when(pl.col("cause") == "dropped")
        .then(dropped)
        .when(pl.col("cause") == "gate")
        .then(gate)
        .otherwise(silence)
    )


def _dropped() -> pl.Expr:
    here, best = (
        pl.col(name).replace_strict(RANK, default=None, return_dtype=pl.Int64)
        for name in ("stage_was", "reached")
    )
    return (pl.col("stage_was") == "recycled") | (here < best).fill_null(value=False)
