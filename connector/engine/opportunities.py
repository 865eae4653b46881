"""Following converted leads: what has become of their opportunities, asked before each sync's pull.

What is learnt goes into the ledger, and the leads that it concerns are judged again in the same
run: won makes a customer, lost recycles or disqualifies.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

NEW_AT_ONCE = 2_000
"""So many opportunities of which nothing is known are asked for in one run; the rest wait."""


def follow_opportunities(connection: Connection, ledger: Ledger, run: str) -> int:
    """Ask for opportunities that are not settled, and keep the news; how many have changed."""
    news = opportunity_news(connection, ledger)
    ledger.record_opportunities(connection.name, run, news)
    return news.height


def opportunity_news(connection: Connection, ledger: Ledger) -> pl.DataFrame:
    """The leads whose opportunity is in another state than the ledger knows: id, state, reason.

    No call without any that is not settled.
    """
    unsettled = ledger.unsettled_opportunities(connection.name)
    fresh = unsettled.filter(pl.col("state").is_null()).head(NEW_AT_ONCE)
    watermark = ledger.watermark(connection.name)
    since = None
    if watermark is not None:
        since = watermark - timedelta(seconds=connection.crm.overlap_seconds)
    news = [pl.DataFrame(schema=dict.fromkeys(("id", "state", "reason"), pl.String()))]
    for asked, moment in ((fresh, None), (unsettled.filter(pl.col("state").is_not_null()), since)):
        if not asked.is_empty():
            ids = asked["opportunity_id"].unique(maintain_order=True).to_list()
            found = connection.crm.opportunities(ids, moment)
            news.append(_changed(asked, found))
    return pl.concat(news)


def with_news(memory: pl.DataFrame, news: pl.DataFrame | None) -> pl.DataFrame:
    """The memory frame as it would be if the news were kept."""
    if news is None or news.is_empty():
        return memory
    told = news.select("id", pl.col("state").alias("@state"), pl.col("reason").alias("@reason"))
    known = pl.col("@state").is_not_null()
    return (
        memory.join(told, on="id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("@state", "opportunity_state").alias("opportunity_state"),
            pl.when(known).then("@reason").otherwise("lost_reason").alias("lost_reason"),
        )
        .select(memory.columns)
    )


def _changed(asked: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The leads whose opportunity is in another state than we knew: id, state, reason."""
    told = found.select(
        pl.col("@opportunity_id").alias("opportunity_id"), pl.col("state").alias("now"), "reason"
    )
    joined = asked.join(told, on="opportunity_id", how="inner", maintain_order="left")
    moved = joined.filter(pl.col("now").ne_missing(pl.col("state")))
    return moved.select("id", pl.col("now").alias("state"), "reason")
