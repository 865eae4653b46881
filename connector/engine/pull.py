"""Reading what has changed, judging it page by page, and writing the plan as it grows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.connection import judge_page
from connector.engine.memory import remember_page
from connector.engine.page import JudgedPage
from connector.engine.plan import plan_page
from connector.engine.quarantine import without_held

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.page import PullOrder
    from connector.engine.ports import Page, Progress, Window


@dataclass
class Pulled:
    """What a pull has come to so far; `again` counts versions that were judged before.

    `looked_at` are the ids of the leads of a plan, which the ledger does not learn of.
    """

    read: int = 0
    again: int = 0
    judged: int = 0
    rescored: int = 0
    unchanged: int = 0
    planned: int = 0
    quarantined: int = 0
    gone: int = 0
    data_problems: int = 0
    expected: int | None = None
    stages: dict[str, int] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    looked_at: list[pl.Series] = field(default_factory=list)

    def met(self) -> pl.DataFrame:
        """The leads that a plan has met, as a frame of `id`; of a sync the ledger knows them."""
        none = pl.Series("id", [], dtype=pl.String)
        return pl.concat([none, *(ids.alias("id") for ids in self.looked_at)]).to_frame()


def pull_and_plan(
    connection: Connection, ledger: Ledger, order: PullOrder, progress: Progress
) -> Pulled:
    """Pull the window, judge every lead in it once, and save the plan's lines in the ledger."""
    pulled = Pulled()
    _walk(connection, ledger, order, pulled, progress)
    overlap = order.overlap
    if overlap is not None and _turned_up(connection, ledger, overlap):
        _walk(connection, ledger, replace(order, window=overlap), pulled, progress)
    return pulled


def _turned_up(connection: Connection, ledger: Ledger, overlap: Window) -> bool:
    """Whether anything was added to a time that was read before.

    What has left it since was changed later, and so was just read; then the ledger counts what the
    CRM counts, unless a late commit or a lagging index shows more now than it did.
    """
    counted = connection.crm.count(overlap)
    return counted is None or counted != ledger.count_modified(connection.name, overlap)


def _walk(
    connection: Connection, ledger: Ledger, order: PullOrder, pulled: Pulled, progress: Progress
) -> None:
    """Pull one window, and judge every lead in it once."""
    expected: int | None = None
    for page in connection.crm.pull(order.window, connection.fields):
        if page.expected is not None:
            expected = page.expected
            progress.begin("pull", page.expected)
        if not order.remember:
            pulled.looked_at += [page.leads["@id"], page.gone["@id"]]
        if order.remember and not page.gone.is_empty():
            pulled.gone += ledger.forget_gone(connection.name, order.run, page.gone)
        if not page.leads.is_empty():
            take_page(connection, ledger, order, page, pulled)
        progress.advance(page.leads.height)
    if expected is not None:
        pulled.expected = (pulled.expected or 0) + expected


def take_page(
    connection: Connection, ledger: Ledger, order: PullOrder, page: Page, pulled: Pulled
) -> None:
    """Judge one page, save its lines, and remember it if that is ordered."""
    memory = ledger.seen(connection.name, page.leads["@id"].to_list())
    raw = page.leads if order.every_version else _new_versions(connection, page.leads, memory)
    pulled.again += page.leads.height - raw.height
    pulled.read += raw.height
    if raw.is_empty():
        return
    judged = judge_page(connection, raw, memory, order.as_of)
    difference = connection.outbound.compare(raw, judged, _written(raw, memory))
    lines = plan_page(connection, raw, judged, difference)
    kept = without_held(connection, lines, memory)
    pulled.quarantined += lines.height - kept.height
    save_lines(ledger, order.run, kept, pulled)
    if order.remember:
        page_judged = JudgedPage(raw, memory, judged, difference, kept)
        remember_page(connection, ledger, order, page_judged)
    pulled.judged += judged.height
    pulled.data_problems += judged.select((pl.col("problems").list.len() > 0).sum()).item()
    count(judged, kept, pulled)


def _written(raw: pl.DataFrame, memory: pl.DataFrame) -> pl.Series:
    """What we last wrote to each lead, in the order of the raw page."""
    return raw.select("@id").join(
        memory.select(pl.col("id").alias("@id"), "written"),
        on="@id",
        how="left",
        maintain_order="left",
    )["written"]


def _new_versions(
    connection: Connection, leads: pl.DataFrame, memory: pl.DataFrame
) -> pl.DataFrame:
    """The leads that were not yet judged in this version by this model and mapping."""
    known = memory.filter(pl.col("verdict_key") == connection.verdict_key).select(
        pl.col("id").alias("@id"), pl.col("modified_at").alias("@modified_at")
    )
    return leads.join(known, on=["@id", "@modified_at"], how="anti", maintain_order="left")


def save_lines(ledger: Ledger, run: str, lines: pl.DataFrame, pulled: Pulled) -> None:
    """Save a page's lines, numbered on from those that the run has."""
    if lines.is_empty():
        return
    ledger.save_lines(run, lines.with_columns(pl.col("line") + pulled.planned))
    pulled.planned += lines.height


def count(judged: pl.DataFrame, lines: pl.DataFrame, pulled: Pulled) -> None:
    """Add the verdicts of one page, and for how many of its leads nothing is planned."""
    pulled.unchanged += judged.height - lines["id"].n_unique()
    for name, counts in (("stage", pulled.stages), ("priority", pulled.priorities)):
        for value, number in judged[name].value_counts().iter_rows():
            counts[value or "none"] = counts.get(value or "none", 0) + number
