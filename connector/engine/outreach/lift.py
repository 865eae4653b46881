"""Who came back of those who began a cadence, touched or held out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.facts import decoded_facts
from connector.engine.ports import INSTANT
from scoring.lead import FIELDS
from scoring.revival import Lift, measure_lift
from scoring.revival.activity import VISITED
from scoring.stage_rules import RANK

if TYPE_CHECKING:
    from datetime import datetime

    from connector.engine.ledger import Ledger
    from scoring.revival import Revival

_SIGNS = (*VISITED, "last_reply_at")


def note_returns(ledger: Ledger, connection: str, revival: Revival, now: datetime) -> None:
    """Keep who has come back, of both arms, as the ledger's facts tell it now."""
    found = _returns(ledger, connection, revival, now)
    if not found.is_empty():
        ledger.came_back(connection, found)


def lift(ledger: Ledger, connection: str, revival: Revival, now: datetime) -> list[Lift]:
    """What revival was worth so far; nothing is written."""
    enrolled = ledger.enrolments(connection)
    fresh = _returns(ledger, connection, revival, now).select(
        "id", "cadence", "began", just=pl.lit(value=True)
    )
    both = enrolled.join(fresh, on=["id", "cadence", "began"], how="left")
    back = pl.col("back_at").is_not_null() | pl.col("just").fill_null(value=False)
    return measure_lift(both.with_columns(back.alias("back")))


def _returns(ledger: Ledger, connection: str, revival: Revival, now: datetime) -> pl.DataFrame:
    """Who is found to be back and was not before: id, cadence, began, back_at, back_by.

    A visit, a form, a click or a reply, a higher stage, an opportunity; within the days that both
    arms are watched. What reps do is not counted: a task makes them do it.
    """
    days = timedelta(days=revival.section.measure_days)
    open_ = ledger.enrolments(connection).filter(pl.col("back_at").is_null())
    known = ledger.seen(connection, open_["id"].unique())
    facts = decoded_facts(known["facts"], {name: FIELDS[name].kind for name in _SIGNS})
    state = known.select("id", "converted", "stage_since", now_stage="stage")
    leads = open_.join(pl.concat([state, facts], how="horizontal"), on="id")
    return _found(leads, days, now)


def _found(leads: pl.DataFrame, days: timedelta, now: datetime) -> pl.DataFrame:
    """Of enrolled leads with their facts those who are back."""
    until = pl.col("began") + days
    sign = pl.max_horizontal(
        pl.when(pl.col(n).is_between(pl.col("began").dt.truncate("1d"), until)).then(pl.col(n))
        for n in _SIGNS
    )
    before, after = (
        pl.col(name).replace_strict(RANK, default=0, return_dtype=pl.Int64)
        for name in ("stage", "now_stage")
    )
    rose = (after > before) & pl.col("stage_since").is_between("began", until)
    moment = pl.lit(now).cast(INSTANT)
    sold = pl.col("converted").fill_null(value=False) & (moment <= until)
    by = (
        pl.when(sign.is_not_null())
        .then(pl.lit("interest"))
        .when(rose)
        .then(pl.lit("stage"))
        .when(sold)
        .then(pl.lit("opportunity"))
    )
    at = pl.coalesce(sign, pl.when(rose).then("stage_since"), moment)
    found = leads.with_columns(by.alias("back_by"), at.alias("back_at"))
    return found.filter(pl.col("back_by").is_not_null()).select(
        "id", "cadence", "began", "back_at", "back_by"
    )
