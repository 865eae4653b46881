"""Which older verdicts go, a few thousand leads at a time: see retention.py for what stays and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import case, func, select

from connector.ledger.frames import among, delete_rows, read, update_rows
from connector.ledger.tables import leads, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection, Select

    Transactions = Callable[[], AbstractContextManager[Connection]]

LEADS = 1_000
ROWS = 5_000
"""A transaction looks at this many leads, and at about this many of their verdicts, at most."""


def prune_verdicts(
    transactions: Transactions, connection: str, until: datetime, *, look: bool = False
) -> Iterator[int]:
    """Prune the verdicts of living leads from before that moment; the count after each transaction."""
    last = ""
    while True:
        with transactions() as transaction:
            page = _page(transaction, connection, until, after=last)
            if page.is_empty():
                return
            older = _older(transaction, connection, until, page)
            if not look:
                _hand_facts_on(transaction, connection, older)
                delete_rows(transaction, verdicts, _named(connection, older.filter("goes")))
        yield int(older["goes"].sum())
        last = page[-1]


def prune_gone(
    transactions: Transactions, connection: str, until: datetime, *, look: bool = False
) -> Iterator[int]:
    """Prune every verdict from before that moment of leads that are deleted or merged."""
    old = (verdicts.c.connection == connection, verdicts.c.judged_at < until)
    theirs = (
        select(verdicts.c.id, verdicts.c.run)
        .join(leads, (leads.c.connection == connection) & (leads.c.id == verdicts.c.id))
        .where(*old, leads.c.gone.is_not(None))
    )
    if look:
        with transactions() as transaction:
            count = select(func.count()).select_from(theirs.subquery())
            yield transaction.execute(count).scalar_one()
        return
    while True:
        with transactions() as transaction:
            some = read(transaction, theirs.limit(ROWS))
            delete_rows(transaction, verdicts, _named(connection, some))
        yield some.height
        if some.height < ROWS:
            return


def _page(transaction: Connection, connection: str, until: datetime, *, after: str) -> pl.Series:
    """The next leads that have verdicts of before which are not their latest."""
    old = (verdicts.c.connection == connection, verdicts.c.judged_at < until)
    counted = (
        select(verdicts.c.id, func.count().label("rows"))
        .where(*old, verdicts.c.latest == 0, verdicts.c.id > after)
        .group_by(verdicts.c.id)
        .order_by(verdicts.c.id)
        .limit(LEADS)
    )
    found = read(transaction, counted)
    fits = pl.col("rows").cum_sum() - pl.col("rows") < ROWS
    return found.filter(fits)["id"]


def _older(
    transaction: Connection, connection: str, until: datetime, page: pl.Series
) -> pl.DataFrame:
    """Their verdicts from before, oldest first, with `goes`: whether nothing needs it any more."""
    found = read(
        transaction, _columns(connection, until).where(verdicts.c.id.in_(among(transaction, page)))
    ).sort("id", "judged_at", "run")
    first = pl.int_range(pl.len()).over("id") == 0
    in_force = pl.int_range(pl.len(), 0, -1).over("id") == 1
    same_stage = pl.col("stage").eq_missing(pl.col("stage").last().over("id"))
    stay = same_stage & (same_stage.cum_sum().over("id") == 1)
    return found.with_columns(goes=~(first | in_force | stay | pl.col("latest")))


def _columns(connection: str, until: datetime) -> Select[tuple[object, ...]]:
    names = ("id", "run", "judged_at", "stage", "latest", "facts_key")
    has_facts = case((verdicts.c.facts.is_not(None), 1), else_=0).label("has_facts")
    return select(*(verdicts.c[n] for n in names), has_facts).where(
        verdicts.c.connection == connection, verdicts.c.judged_at < until
    )


def _hand_facts_on(transaction: Connection, connection: str, older: pl.DataFrame) -> None:
    """A verdict that stays gets its facts if they are not those of the one that is left before it."""
    same = ["id", "facts_key"]
    has_facts = pl.col("has_facts") == 1
    before = pl.col("facts_key").shift().over("id")
    news = pl.col("facts_key").ne_missing(before)
    heirs = older.filter(~pl.col("goes")).filter(news & ~has_facts)
    holders = older.filter(has_facts).unique(same, keep="first", maintain_order=True)
    pairs = heirs.join(holders, on=same, suffix=":holder")
    if pairs.is_empty():
        return
    kept = select(verdicts.c.id, verdicts.c.run.label("run:holder"), verdicts.c.facts).where(
        verdicts.c.connection == connection,
        verdicts.c.facts.is_not(None),
        verdicts.c.id.in_(among(transaction, pairs["id"])),
    )
    handed = pairs.join(read(transaction, kept), on=["id", "run:holder"])
    frame = handed.select(pl.lit(connection).alias("connection"), "id", "run", "facts")
    update_rows(transaction, verdicts, frame, ("connection", "id", "run"))


def _named(connection: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.lit(connection).alias("connection"), "id", "run")
