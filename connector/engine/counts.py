"""Lead fields that no CRM has: counted from what was seen of the leads, now and before.

active_days  The days on which a lead showed interest. A CRM keeps counters and the last moment of
             each, so the days are those that the syncs have seen: of a last moment, or of the sync
             that finds a counter risen whose moment nobody tells.
copies       Under how many addresses one submission came, as counted when it was first read.
             Later pages put leads together otherwise, and a verdict must not move for that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.facts import decoded_facts
from scoring.genuine.copies import count_copies

if TYPE_CHECKING:
    from datetime import date

    from mappings.inbound import Inbound
    from scoring.lead import Kind

WINDOW_DAYS = 90
"""Days before the day of the verdict on which interest counts, that day included."""

MOMENTS = ("last_visit_at", "last_email_click_at", "last_form_at")
COUNTERS = {
    "visits": "last_visit_at",
    "emails_clicked": "last_email_click_at",
    "forms": "last_form_at",
    "events": None,
}
"""Counters of interest, with the moment that says when they last rose."""

_BEFORE: dict[str, Kind] = dict.fromkeys((*COUNTERS, "copies"), "number")


def with_copies(inbound: Inbound, leads: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The lead frame with `copies`, unless the mapping feeds it: as remembered, else of this page."""
    if "copies" in inbound.fed:
        return leads
    before = _known_of(leads, memory)["was:copies"]
    return leads.with_columns(count_copies(leads).alias("now")).select(
        pl.coalesce(pl.lit(before), "now").alias("copies") if name == "copies" else name
        for name in leads.columns
    )


def with_active_days(
    inbound: Inbound, leads: pl.DataFrame, memory: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """The lead frame with `active_days`, unless the mapping feeds it.

    It is unknown where neither a moment nor a counter of interest was ever told.
    """
    if "active_days" in inbound.fed:
        return leads
    days = days_of_interest(leads, memory, as_of).group_by("id").len("number")
    counted = leads.select("id").join(days, on="id", how="left", maintain_order="left")
    number = pl.lit(counted["number"].cast(pl.Float64))
    told = pl.any_horizontal(pl.col(*MOMENTS, *COUNTERS).is_not_null())
    return leads.with_columns(
        pl.coalesce(number, pl.when(told).then(pl.lit(0.0))).alias("active_days")
    )


def new_days(leads: pl.DataFrame, memory: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The days of interest that the ledger does not have yet: id, day."""
    found = days_of_interest(leads, memory, as_of)
    return found.join(_recorded(memory), on=["id", "day"], how="anti")


def days_of_interest(leads: pl.DataFrame, memory: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The days of the window on which leads showed interest, each once: id, day.

    Days that the ledger has, those of the last moments, and `as_of` where a counter has risen since
    it was remembered and its moment is not told.
    """
    frame = leads.select("id", *MOMENTS, *COUNTERS).hstack(_known_of(leads, memory))
    rose = [
        (pl.col(name) > pl.col(f"was:{name}"))
        & (pl.lit(value=True) if moment is None else pl.col(moment).is_null())
        for name, moment in COUNTERS.items()
    ]
    seen = [frame.select("id", pl.col(name).dt.date().alias("day")) for name in MOMENTS]
    today = frame.filter(pl.any_horizontal(rose)).select("id", pl.lit(as_of).alias("day"))
    recorded = _recorded(memory).join(leads.select("id"), on="id", how="semi")
    begin = as_of - timedelta(days=WINDOW_DAYS - 1)
    every = pl.concat([recorded, *seen, today])
    return every.filter(pl.col("day").is_between(begin, as_of)).unique()


def _recorded(memory: pl.DataFrame) -> pl.DataFrame:
    """The days that the ledger has: id, day."""
    if "days" not in memory.columns:
        return pl.DataFrame(schema={"id": pl.String(), "day": pl.Date()})
    return memory.select("id", pl.col("days").alias("day")).drop_nulls().explode("day")


def _known_of(leads: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The numbers that were remembered of each lead, row for row, as `was:F`."""
    facts = pl.col("facts") if "facts" in memory.columns else pl.lit(None, dtype=pl.String)
    kept = memory.select("id", facts.alias("facts"))
    known = leads.select("id").join(kept, on="id", how="left", maintain_order="left")
    before = decoded_facts(known["facts"], _BEFORE, seen_here=True)
    return before.select(pl.all().name.prefix("was:"))
