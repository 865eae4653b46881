"""Reading what has changed, judging it page by page, and writing the plan as it grows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from connector.engine.ahead import one_ahead
from connector.engine.connection import judge_page
from connector.engine.memory import remember_page
from connector.engine.observer import span, spanned
from connector.engine.opportunities import with_news
from connector.engine.page import JudgedPage, Looked
from connector.engine.plan import plan_page
from connector.engine.quarantine import without_held

if TYPE_CHECKING:
    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from connector.engine.page import PullOrder
    from connector.engine.ports import Page, Progress, Window
    from connector.engine.position import Position, Pulled


def pull_and_plan(
    connection: Connection,
    ledger: Ledger,
    order: PullOrder,
    position: Position,
    progress: Progress,
) -> None:
    """Pull what the position has left of the order's windows, and judge every lead in them once.

    The lines of the plan are saved in the ledger.
    """
    if position.step == "pull":
        _walk(connection, ledger, order, position, progress)
        position.enter("overlap")
    if position.step == "overlap":
        late = order.overlap
        begun = position.place is not None
        if late is not None and (begun or _turned_up(connection, ledger, late)):
            _walk(connection, ledger, replace(order, window=late), position, progress)
        position.enter("rescore")
        position.keep(ledger)


def _turned_up(connection: Connection, ledger: Ledger, overlap: Window) -> bool:
    """Whether anything was added to a time that was read before.

    What has left it since was changed later, and so was just read; then the ledger counts what the
    CRM counts, unless a late commit or a lagging index shows more now than it did.
    """
    counted = connection.crm.count(overlap)
    return counted is None or counted != ledger.count_modified(connection.name, overlap)


def _walk(
    connection: Connection,
    ledger: Ledger,
    order: PullOrder,
    position: Position,
    progress: Progress,
) -> None:
    """Pull one window from its place on; what a page comes to is written with the place after it.

    While a page is written the next one is judged, and the one after that is fetched. What is
    written may be news to the page that was judged meanwhile: then it is judged once more.
    """
    pulled, before = position.pulled, None
    pages = one_ahead(connection.crm.pull(order.window, connection.fields, after=position.place))
    looks = (_look(connection, ledger, order, page) for page in pages)
    for looked in spanned("pull page", one_ahead(looks)):
        page, gone = looked.page, 0
        if page.expected is not None:
            position.told = page.expected
            progress.begin("pull", page.expected)
        if not order.remember:
            pulled.looked_at += [page.leads["@id"], page.gone["@id"]]
        if order.remember and not page.gone.is_empty():
            gone = ledger.forget_gone(connection.name, order.run, page.gone)
        if gone or (before is not None and (before.gone or looked.joins(before.page))):
            looked = _look(connection, ledger, order, page)  # noqa: PLW2901 — it is the same page
        with ledger.together():
            pulled.gone += gone
            _keep(connection, ledger, order, looked, pulled)
            position.place = page.place or position.place
            position.keep(ledger)
        before = _Before(page, gone)
        progress.advance(page.leads.height)


class _Before(NamedTuple):
    """The page that was written last, and how many leads were gone by it."""

    page: Page
    gone: int


def take_page(
    connection: Connection, ledger: Ledger, order: PullOrder, page: Page, pulled: Pulled
) -> None:
    """Judge one page, save its lines, and remember it if that is ordered."""
    looked = _look(connection, ledger, order, page)
    with ledger.together():
        _keep(connection, ledger, order, looked, pulled)


def _look(connection: Connection, ledger: Ledger, order: PullOrder, page: Page) -> Looked:
    """The page judged and compared, so far as it is news."""
    if page.leads.is_empty():
        return Looked(page, 0, 0, None)
    memory = with_news(ledger.seen(connection.name, page.leads["@id"]), order.news)
    raw = page.leads if order.every_version else _new_versions(connection, page.leads, memory)
    raw = _not_met(order, raw, memory)
    again = page.leads.height - raw.height
    if raw.is_empty():
        return Looked(page, again, 0, None)
    with span("judge"):
        judged = judge_page(connection, raw, memory, order.as_of, order.sharing)
    with span("plan"):
        difference = connection.outbound.compare(raw, judged, _written(raw, memory))
        lines = plan_page(connection, raw, judged, difference)
    kept = lines if order.despite_hold else without_held(connection, lines, memory)
    found = JudgedPage(raw, memory, judged, difference, kept)
    return Looked(page, again, lines.height - kept.height, found)


def _keep(
    connection: Connection, ledger: Ledger, order: PullOrder, looked: Looked, pulled: Pulled
) -> None:
    """Save a judged page's lines, and remember it if that is ordered."""
    pulled.again += looked.again
    pulled.quarantined += looked.held
    page = looked.judged
    if page is None:
        return
    save_lines(ledger, order.run, page.lines, pulled)
    if order.remember:
        remember_page(connection, ledger, order, page)
    judged = page.judged
    pulled.read += page.raw.height
    pulled.judged += judged.height
    pulled.data_problems += judged.select((pl.col("problems").list.len() > 0).sum()).item()
    count(judged, page.lines, pulled)


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


def _not_met(order: PullOrder, leads: pl.DataFrame, memory: pl.DataFrame) -> pl.DataFrame:
    """The leads without those that a resumed run has taken in this very version already.

    Where an adapter cannot go on after the last page, it begins its window again.
    """
    if not order.resumed:
        return leads
    met = memory.filter(pl.col("run") == order.run).select(
        pl.col("id").alias("@id"), pl.col("modified_at").alias("@modified_at")
    )
    return leads.join(met, on=["@id", "@modified_at"], how="anti", maintain_order="left")


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
