"""Judging again from the ledger: a score falls with time even when the lead does not change.

After the pull of a run, the leads that were not judged as of its day are judged from the facts that
the ledger keeps, and compared with what it knows to be in the CRM. Whatever a person has changed
since was read by this very run. What only says the same in other words is not written. So are leads
of whose persons another connection has seen more since, where the model shares it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.ahead import one_ahead
from connector.engine.connection import judged_leads, with_moves_of_people
from connector.engine.counts import with_active_days
from connector.engine.facts import decoded_facts
from connector.engine.opportunities import with_news
from connector.engine.plan import plan_page
from connector.engine.pull import count, save_lines
from connector.engine.quarantine import without_held
from connector.engine.there import STAGE, decoded
from scoring.lead import DTYPES, FIELDS
from scoring.sharing import SHAREABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.page import PullOrder
    from connector.engine.ports import Progress
    from connector.engine.position import Position, Pulled

WORDING = ("reasons", "overdue")
"""Verdict fields that say the day in other words ("3 days ago"): they go along with other news."""


def rescore_and_plan(
    connection: Connection,
    ledger: Ledger,
    order: PullOrder,
    position: Position,
    progress: Progress,
) -> None:
    """Judge every lead that the run has not met as of its day, and add what moved to the plan.

    While a page is written the next one is judged, and the one after that is read.
    """
    met = position.pulled.met()
    also, after = _also(order), position.place

    def looks() -> Iterator[_Looked]:
        pages = ledger.outdated(connection.name, order.run, order.as_of, also=also, after=after)
        for page in one_ahead(pages):
            left = with_news(page, order.news).join(met, on="id", how="anti", maintain_order="left")
            yield _look(connection, order, left, page["id"][-1])

    for looked in one_ahead(looks()):
        with ledger.together():
            _keep(connection, ledger, order, looked, position.pulled)
            position.place = looked.last
            position.keep(ledger)
        progress.advance(looked.judged.height)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one page up to the lead `last` comes to, before anything of it is kept."""

    last: str
    page: pl.DataFrame
    judged: pl.DataFrame
    lines: pl.DataFrame
    held: int


def _also(order: PullOrder) -> pl.Series:
    """The leads that are judged again whenever they were: those of which there is news."""
    found = [pl.Series("id", [], dtype=pl.String)]
    found += [order.news["id"]] if order.news is not None else []
    found += [order.sharing.news()] if order.sharing is not None else []
    return pl.concat(found)


def _look(connection: Connection, order: PullOrder, page: pl.DataFrame, last: str) -> _Looked:
    raw = _raw(connection, page)
    leads = with_active_days(connection.inbound, _leads(connection, page, raw), page, order.as_of)
    if order.sharing is not None:
        leads = order.sharing.add(leads, page, order.as_of)
    judged = with_moves_of_people(judged_leads(connection, leads, order.as_of), page)
    compared = connection.outbound.compare(raw, judged, page["written"])
    lines = plan_page(connection, raw, judged, _without_wording(connection, compared))
    kept = without_held(connection, lines, page)
    moved = page.hstack(_moved(connection, page, leads, judged, kept))
    return _Looked(last, moved, judged, kept, lines.height - kept.height)


def _keep(
    connection: Connection, ledger: Ledger, order: PullOrder, looked: _Looked, pulled: Pulled
) -> None:
    if looked.page.is_empty():
        return
    pulled.rescored += looked.page.height
    pulled.quarantined += looked.held
    save_lines(ledger, order.run, looked.lines, pulled)
    if order.remember:
        _remember(connection, ledger, order, looked.page, looked.judged)
    count(looked.judged, looked.lines, pulled)


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
    facts = decoded_facts(page["facts"], connection.kinds, problems=True, seen_here=True)
    stage = pl.coalesce("stage", pl.lit(raw[STAGE]))
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
    connection: Connection,
    page: pl.DataFrame,
    leads: pl.DataFrame,
    judged: pl.DataFrame,
    lines: pl.DataFrame,
) -> pl.DataFrame:
    """Per row whether a line is planned for it, and whether the ledger has to learn anything."""
    planned = page["id"].is_in(lines["id"].implode())
    said = pl.col("facts").str.json_path_match("$.stage")
    names = SHAREABLE if connection.shares else ("active_days",)
    were = decoded_facts(page["facts"], {name: connection.kinds[name] for name in names})
    other = [were[name].ne_missing(leads[name]).alias(name) for name in names]
    both = page.select("score", "stage", said.alias("said")).with_columns(
        judged["score"].alias("new_score"),
        judged["stage"].alias("new_stage"),
        leads["stage"].alias("came_in"),
        planned.alias("planned"),
        pl.any_horizontal(pl.lit(value=False), *other).alias("seen"),
    )
    return both.select(
        "planned",
        (
            pl.col("planned")
            | pl.col("score").ne_missing(pl.col("new_score"))
            | pl.col("stage").ne_missing(pl.col("new_stage"))
            | pl.col("said").ne_missing(pl.col("came_in"))
            | pl.col("seen")
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
        connection.known_facts.alias("facts"),
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
        facts=connection.known_facts,
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
