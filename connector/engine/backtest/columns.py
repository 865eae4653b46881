"""A history that a file or a CRM field holds: each lead once, as of the day that its row shows.

Facts in such a history are as they were last written, so three things are taken out before anybody
is judged: what the ledger alone could tell of stages, columns that the outcome has written, and
moments after the row's day. The outcome itself is only a label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.ports import Window
from connector.errors import ConfigurationError
from scoring.backtest import PastPage, Refused, no_days, refused_columns, without_the_future
from scoring.lead import DTYPES
from scoring.problem import did_you_mean
from scoring.training.settings import TrainingSettings

if TYPE_CHECKING:
    from datetime import datetime

    from connector.engine.backtest.order import Order
    from connector.engine.connection import Connection
    from mappings.entries import History
    from mappings.mapping import Mapping

_KNOWN_LATER = ("converted", "opportunity_state", "lost_reason", "stage_since", "modified_at")
"""Facts that only the time after the row's day can have written."""

_MOST_BLANK = 0.2
"""The share of rows without a readable day from which the column is taken for another kind."""


@dataclass(frozen=True)
class ColumnPast:
    """The history as one page, the facts that were refused, and how many rows have no day."""

    page: PastPage
    refused: list[Refused]
    without_day: int
    target: str


def reading_only(mapping: Mapping) -> Mapping:
    """The mapping as old leads are read with it: nothing is written, so no such field need exist.

    What we have written ourselves is no fact of the past, so it is not read either.
    """
    ours = {entry.field for entry in mapping.write.values()}
    theirs = {
        n: tuple(e for e in entries if e.field not in ours) for n, entries in mapping.read.items()
    }
    read = {name: entries for name, entries in theirs.items() if entries}
    return replace(mapping, read=read, write={}, convert=None)


def read_columns(connection: Connection, given: History, order: Order, now: datetime) -> ColumnPast:
    """The leads of a mapping's `history` section, without anything of after their day.

    Raises `ConfigurationError` or `ProblemsError` where the section cannot serve.
    """
    target, time = order.target or given.target, given.time
    _require(connection, target, time)
    fields = tuple(dict.fromkeys((*connection.inbound.fields, target, str(time))))
    pages = [page.leads for page in connection.crm.pull(Window(None, now), fields)]
    if not pages:
        raise ConfigurationError(f"{connection.name} has no lead to look back on.")
    raw = pl.concat(pages)
    leads = connection.inbound(raw)
    day = _days(connection, raw, leads, str(time))
    dated = day.is_not_null() & _within(day, order)
    raw, leads, day = raw.filter(dated), leads.filter(dated), day.filter(dated)
    if leads.is_empty():
        raise ConfigurationError(f"No row of {connection.name} lies between --from and --to.")
    leads, won, refused = _honest(connection, given, order, (raw, leads, day))
    return ColumnPast(_page(leads, day, won), refused, int((~dated).sum()), target)


def _require(connection: Connection, target: str, time: str | None) -> None:
    if time is None:
        raise ConfigurationError(
            "The mapping's `history` names no `time`: the backtest must know which day each row "
            "shows. Add the column with that day: history: {target: …, time: COLUMN}."
        )
    for key, name in (("target", target), ("time", time)):
        if name not in connection.schema.lead.fields:
            near = did_you_mean(name, connection.schema.lead.fields)
            raise ConfigurationError(
                f'history: {key}: "{name}" is not a field of {connection.name}. {near}'.strip()
            )


def _days(connection: Connection, raw: pl.DataFrame, leads: pl.DataFrame, time: str) -> pl.Series:
    """The day of each row: as the mapping reads that field where it does, else an ISO date."""
    mapping = connection.mapping
    fed = {n: e[0].field for n, e in mapping.read.items() if len(e) == 1}
    fed |= {name: extra.field for name, extra in mapping.extra.items()}
    for fact, name in fed.items():
        if name == time and leads.schema.get(fact) in (DTYPES["date"], DTYPES["datetime"]):
            day = leads[fact].cast(pl.Date)
            break
    else:
        day = raw[time].str.strip_chars().str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    filled = int((raw[time].str.strip_chars() != "").sum())
    if day.drop_nulls().len() < (1 - _MOST_BLANK) * max(filled, 1):
        raise ConfigurationError(
            f'history: time: "{time}" holds no dates that can be read. Write them as 2026-01-31, '
            "or let the mapping read the field as a fact of type date with its `format`."
        )
    return day


def _within(day: pl.Series, order: Order) -> pl.Series:
    inside = pl.Series([True]).new_from_index(0, day.len())
    if order.first is not None:
        inside &= day >= order.first
    if order.last is not None:
        inside &= day <= order.last
    return inside.fill_null(value=False)


def _honest(
    connection: Connection,
    given: History,
    order: Order,
    rows: tuple[pl.DataFrame, pl.DataFrame, pl.Series],
) -> tuple[pl.DataFrame, pl.DataFrame, list[Refused]]:
    """The leads with nothing of after their day; id and `won`; and what was refused."""
    raw, leads, day = rows
    target = order.target or given.target
    kinds = {n: k for n, k in order.judges[0].kinds.items() if n in leads.columns}
    later = [n for n in _KNOWN_LATER if n in kinds and n not in order.allow]
    leads = leads.with_columns(pl.lit(None, dtype=DTYPES[kinds[n]]).alias(n) for n in later)
    label, order_name = "@outcome", "@day"
    settings = TrainingSettings(
        target=label,
        time=order_name,
        positive=None if given.positive is None else str(given.positive),
        allow=order.allow,
    )
    known_facts = (n for n in order.facts if n in kinds and n not in later)
    asked = sorted(n for n in known_facts if leads[n].null_count() < leads.height)
    excluded = _excluded(connection, given, asked, order.allow)
    table = leads.select("id", *asked).with_columns(
        raw[target].str.strip_chars().alias(label), day.alias(order_name)
    )
    left = [name for name in asked if name not in {each.fact for each in excluded}]
    known, refused = refused_columns(table, settings, left)
    refused = [*excluded, *refused]
    leads = leads.with_columns(
        pl.lit(None, dtype=DTYPES[kinds[r.fact]]).alias(r.fact) for r in refused
    )
    leads, late = without_the_future(leads, day, kinds)
    won = known.frame.select("id").with_columns(won=pl.Series(known.outcome) > 0)
    return leads, won, [*refused, *(each for each in late if each.fact in order.facts)]


def _excluded(
    connection: Connection, given: History, asked: list[str], allow: tuple[str, ...]
) -> list[Refused]:
    """The facts that the mapping's `history` leaves out, by their names or those of their fields."""
    mapping = connection.mapping
    fields = {n: {e.field for e in entries} for n, entries in mapping.read.items()}
    fields |= {name: {extra.field} for name, extra in mapping.extra.items()}
    return [
        Refused(name, "the mapping's `history` leaves it out.")
        for name in asked
        if name not in allow and not {name, *fields.get(name, ())}.isdisjoint(given.exclude)
    ]


def _page(leads: pl.DataFrame, day: pl.Series, won: pl.DataFrame) -> PastPage:
    facts = leads.drop("id", "stage", "stage_since", strict=False)
    about = leads.select("id").join(won, on="id", how="left", maintain_order="left")
    about = about.select(
        "id",
        day.alias("ended"),
        "won",
        pl.lit(None, pl.Date()).alias("won_on"),
    )
    snapshots = leads.select(
        "id",
        day.alias("day"),
        pl.lit(0, pl.Int64()).alias("nth"),
        day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("at"),
        pl.lit(value=True).alias("said"),
        "stage",
        pl.lit(None, DTYPES["datetime"]).alias("stage_since"),
        pl.lit(None, pl.String()).alias("recorded"),
        pl.int_range(pl.len()).alias("row"),
    ).sort("day", "id")
    return PastPage(about, snapshots, facts, no_days())
