"""Judging again from the ledger: a score falls with time even when the lead does not change.

After the pull of a run, the leads that were not judged as of its day are judged from the facts that
the ledger keeps, and compared with what it knows to be in the CRM. Whatever a person has changed
since was read by this very run. What only says the same in other words is not written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from connector.engine.connection import judged_leads
from connector.engine.counts import with_active_days
from connector.engine.facts import decoded_facts
from connector.engine.plan import plan_page
from connector.engine.pull import count, save_lines
from connector.engine.quarantine import without_held
from connector.engine.there import STAGE, decoded
from scoring.lead import DTYPES, FIELDS

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.page import PullOrder
    from connector.engine.ports import Progress
    from connector.engine.pull import Pulled

WORDING = ("reasons", "overdue")
"""Verdict fields that say the day in other words ("3 days ago"): they go along with other news."""


def rescore_and_plan(
    connection: Connection, ledger: Ledger, order: PullOrder, pulled: Pulled, progress: Progress
) -> None:
    """Judge every lead that the run has not met as of its day, and add what moved to the plan."""
    met = pulled.met()
    for page in ledger.outdated(connection.name, order.run, order.as_of):
        left = page.join(met, on="id", how="anti", maintain_order="left")
        if not left.is_empty():
            _take(connection, ledger, order, left, pulled)
        progress.advance(left.height)


def _take(
    connection: Connection, ledger: Ledger, order: PullOrder, page: pl.DataFrame, pulled: Pulled
) -> None:
    raw = _raw(connection, page)
    leads = with_active_days(connection.inbound, _leads(connection, page, raw), page, order.as_of)
    judged = judged_leads(connection, leads, order.as_of)
    compared = connection.outbound.compare(raw, judged, page["written"])
    lines = plan_page(connection, raw, judged, _without_wording(connection, compared))
    kept = without_held(connection, lines, page)
    pulled.rescored += page.height
    pulled.quarantined += lines.height - kept.height
    save_lines(ledger, order.run, kept, pulled)
    if order.remember:
        _remember(connection, ledger, order, page.hstack(_moved(page, leads, judged, kept)), judged)
    count(judged, kept, pulled)


def _raw(connection: Connection, page: pl.DataFrame) -> pl.DataFrame:
    """The page as a pull would bring it, as far as the ledger knows: what we write and compare."""
    there = decoded(connection.outbound.fields, page["there"])
    meta = page.select(
        pl.col("id").alias("@id"),
        pl.col("modified_at").alias("@modified_at"),
        pl.col("converted").alias("@converted"),
        pl.col("opportunity_id").alias("@opportunity_id"),
    )
    return pl.concat([meta, there], how="horizontal")


def _leads(connection: Connection, page: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """The lead frame of remembered facts; conversion and stage are as they are known by now."""
    kinds = {name: field.kind for name, field in FIELDS.items()} | connection.inbound.facts
    facts = decoded_facts(page["facts"], connection.kinds, problems=True)
    stage = pl.coalesce(pl.lit(_stage_said(connection, raw)), pl.col("stage"))
    since = pl.when(pl.col("stage").eq_missing(stage)).then("stage_since")
    now = page.select(
        "id",
        "converted",
        "modified_at",
        "opportunity_state",
        "lost_reason",
        stage.alias("stage"),
        since.alias("stage_since"),
    )
    known = facts.drop([name for name in facts.columns if name in now.columns])
    frame = pl.concat([now, known], how="horizontal")
    absent = [
        pl.lit(None, dtype=DTYPES[kind]).alias(name)
        for name, kind in kinds.items()
        if name not in frame.columns
    ]
    return frame.with_columns(absent).select("id", *kinds, "problems")


def _stage_said(connection: Connection, raw: pl.DataFrame) -> pl.Series:
    """The stage that the CRM names: what we last wrote there counts, where it is read from there."""
    sources = [each for each in connection.inbound.sources if each.fact == "stage"]
    ours = all(each.field in connection.outbound.fields for each in sources)
    if not sources or not ours or "stage" in connection.inbound.defaults:
        return raw[STAGE]
    return raw.select(pl.coalesce([each.value for each in sources]).cast(pl.String)).to_series()


def _without_wording(connection: Connection, difference: pl.DataFrame) -> pl.DataFrame:
    """The difference frame in which rows that only say the same in other words do not change."""
    nothing = pl.lit(value=False)
    news = [nothing]
    for target in connection.outbound.targets:
        name = target.field.name
        blank = pl.col(f"from:{name}").is_null() != pl.col(f"to:{name}").is_null()
        changes = pl.col(f"change:{name}")
        news.append(changes & blank if target.name in WORDING else changes)
    return difference.with_columns(
        (pl.col(f"change:{name}") & pl.any_horizontal(news)).alias(f"change:{name}")
        for name in connection.outbound.fields
    )


def _moved(
    page: pl.DataFrame, leads: pl.DataFrame, judged: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """Per row whether a line is planned for it, and whether the ledger has to learn anything."""
    planned = page["id"].is_in(lines["id"].implode())
    said = pl.col("facts").str.json_path_match("$.stage")
    both = page.select("score", "stage", said.alias("said")).with_columns(
        judged["score"].alias("new_score"),
        judged["stage"].alias("new_stage"),
        leads["stage"].alias("came_in"),
        planned.alias("planned"),
        page["facts"].str.json_path_match("$.active_days").cast(pl.Float64).alias("days_were"),
        leads["active_days"],
    )
    return both.select(
        "planned",
        (
            pl.col("planned")
            | pl.col("score").ne_missing(pl.col("new_score"))
            | pl.col("stage").ne_missing(pl.col("new_stage"))
            | pl.col("said").ne_missing(pl.col("came_in"))
            | pl.col("days_were").ne_missing(pl.col("active_days"))
        ).alias("moved"),
    )


def _remember(
    connection: Connection,
    ledger: Ledger,
    order: PullOrder,
    page: pl.DataFrame,
    judged: pl.DataFrame,
) -> None:
    """Keep what moved; of all others only that they have been judged as of this day."""
    stays = pl.col("was:stage").eq_missing(pl.col("stage")) & pl.col("was:since").is_not_null()
    memory = judged.with_columns(
        page["stage"].alias("was:stage"),
        page["stage_since"].alias("was:since"),
        page["verdict_key"],
        page["planned"],
        page["moved"],
    ).filter("moved")
    frame = memory.select(
        "id",
        connection.facts.alias("facts"),
        "stage",
        pl.when(stays).then("was:since").otherwise(pl.lit(order.now)).alias("stage_since"),
        "score",
        pl.when(~pl.col("planned")).then("verdict_key").alias("verdict_key"),
    )
    if not frame.is_empty():
        ledger.remember(connection.name, order.run, frame)
    ledger.record_verdicts(
        connection.name,
        order.run,
        judged,
        order.as_of,
        connection.model.digest,
        quiet=WORDING,
        facts=connection.facts,
    )


def heeds_people(connection: Connection) -> pl.Expr:
    """Which lines must not be carried out before their record is looked at, over a lines frame.

    Conversions, and changes of fields whose rule leaves what a person has put there.
    """
    rules = ("unless_edited", "fill_blank")
    fields = [t.field.name for t in connection.outbound.targets if t.rule in rules]
    converts = pl.col("kind") == "convert"
    if not fields:
        return converts
    kind = pl.Struct({name: pl.List(pl.String()) for name in fields})
    body = pl.when(~converts).then("body").str.json_decode(kind)
    touched = [body.struct.field(name).is_not_null() for name in fields]
    return converts | pl.any_horizontal(touched)
