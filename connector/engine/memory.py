"""What the ledger keeps of a judged page: facts, verdicts, what is ours, and where people differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.counts import new_days
from connector.engine.plan import changed
from connector.engine.there import read_there
from scoring.sharing import as_seen_here

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.page import JudgedPage, PullOrder

_FACTS = "@facts"


def remember_page(
    connection: Connection, ledger: Ledger, order: PullOrder, page: JudgedPage
) -> None:
    """Keep one judged page in the ledger; the verdict history grows only where a verdict moved."""
    # First the days: when the facts are replaced nobody can tell any more that a counter rose.
    seen = as_seen_here(page.judged)
    ledger.record_engagement(connection.name, new_days(seen, page.memory, order.as_of))
    judged = page.judged.with_columns(connection.known_facts.alias(_FACTS))
    ledger.remember(
        connection.name, order.run, _memory(connection, order, replace(page, judged=judged))
    )
    ledger.record_verdicts(
        connection.name,
        order.run,
        judged,
        order.as_of,
        connection.model.digest,
        facts=pl.col(_FACTS),
    )
    ledger.record_problems(connection.name, order.run, page.judged.select("id", "problems"))
    _note_edits(connection, ledger, order.run, page.difference)


def _memory(connection: Connection, order: PullOrder, page: JudgedPage) -> pl.DataFrame:
    """The memory frame of a page: settled where nothing is left to be written."""
    names = ("stage", "stage_since", "written")
    known = page.memory.select("id", *(pl.col(name).alias(f"was:{name}") for name in names))
    planned = page.lines.select("id", pl.lit(value=True).alias("planned")).unique()
    # Whom a person has moved away and a gate has let in again has come anew.
    stays = (
        pl.col("was:stage").eq_missing(pl.col("stage"))
        & pl.col("stage_was").eq_missing(pl.col("stage"))
        & pl.col("was:stage_since").is_not_null()
    )
    return (
        page.judged.with_columns(
            page.raw["@modified_at"],
            page.raw["@opportunity_id"],
            page.difference["written"].alias("agreed"),
            page.difference.select(
                read_there(
                    connection.outbound.fields, page.raw["@owner_id"], page.judged["stage_said"]
                ).alias("there")
            ).to_series(),
            page.difference.select(
                changed(connection.outbound.fields).alias("changes")
            ).to_series(),
        )
        .join(known, on="id", how="left", maintain_order="left")
        .join(planned, on="id", how="left", maintain_order="left")
        .select(
            "id",
            pl.col("@modified_at").alias("modified_at"),
            pl.col(_FACTS).alias("facts"),
            "stage",
            pl.when(stays)
            .then("was:stage_since")
            .otherwise(pl.lit(order.now))
            .alias("stage_since"),
            "score",
            "converted",
            pl.col("@opportunity_id").alias("opportunity_id"),
            "there",
            pl.when("changes").then("was:written").otherwise("agreed").alias("written"),
            pl.when(pl.col("planned").is_null() & ~pl.col("changes"))
            .then(pl.lit(connection.verdict_key))
            .alias("verdict_key"),
        )
    )


def _note_edits(connection: Connection, ledger: Ledger, run: str, difference: pl.DataFrame) -> None:
    """A person's edit that was left standing is recorded as a disagreement."""
    for name in connection.outbound.fields:
        kept = difference.filter(pl.col(f"edited:{name}"))
        if not kept.is_empty():
            found = kept.select(
                pl.col("@id").alias("id"),
                pl.lit(name).alias("field"),
                pl.col(f"to:{name}").alias("ours"),
                pl.col(f"from:{name}").alias("theirs"),
            )
            ledger.record_disagreements(connection.name, run, found)
