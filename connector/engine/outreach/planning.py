"""Whom to touch: what the ledger knows of the leads, decided upon; no CRM is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from connector.engine.facts import decoded_facts
from connector.engine.outreach.people import past_of, with_people, with_since
from scoring.revival import DECISIONS
from scoring.revival.activity import NEEDED, possibly_stalled

if TYPE_CHECKING:
    from datetime import datetime

    from connector.engine.ledger import Ledger
    from scoring.judge import Judge
    from scoring.revival import Revival

_KNOWN_BY_NOW = ("modified_at", "converted", "stage", "stage_since")
_PERSONAL = ("phone", "mobile", "domain", "company", "region", "time_zone")


@dataclass(frozen=True)
class Book:
    """A connection's leads as the ledger has them, and the model that decides on them."""

    connection: str
    judge: Judge
    revival: Revival
    ledger: Ledger


@dataclass(frozen=True)
class Look:
    """What was decided on whom.

    `decisions` has a row per lead that is stalled or in a cadence (see
    scoring/revival/decide.py); the other living leads are only counted.
    """

    decisions: pl.DataFrame
    leads: int

    @property
    def not_stalled(self) -> int:
        """Leads that nothing is to be done about."""
        return self.leads - self.decisions.height

    @property
    def planned(self) -> pl.DataFrame:
        """Those to touch now and those to hold out, the better-scored first."""
        now = self.decisions.filter(pl.col("decision").is_in(["touch", "hold"]))
        return now.sort("score", "id", descending=[True, False], nulls_last=True)


def look(book: Book, now: datetime, *, watch: bool = False) -> Look:
    """Decide on every living lead. With `watch` the ledger learns who owns the candidates now."""
    candidates, count = _candidates(book, now)
    if candidates.is_empty():
        return Look(pl.DataFrame(schema=DECISIONS), count)
    if watch:
        owners = candidates.select("id", "owner")
        book.ledger.watch_owners(book.connection, owners, now)
    leads = with_people(book.ledger, candidates)
    past = past_of(book.ledger, book.connection, leads, book.ledger.objections())
    return Look(book.revival.decide(leads, past, now), count)


def _candidates(book: Book, now: datetime) -> tuple[pl.DataFrame, int]:
    """The judged leads that may be stalled or are in a cadence, and how many leads there are."""
    enrolled = _running(book, now)
    parts: list[pl.DataFrame] = []
    count = 0
    for page in book.ledger.leads_facts(book.connection):
        count += page.height
        leads = _leads(book, page)
        known = with_since(book.ledger, book.connection, leads)
        asked = possibly_stalled(known, book.revival.section, now)
        asked |= known["id"].is_in(enrolled.implode())
        if asked.any():
            judged = _judged(book, leads.filter(asked), now)
            since = known.filter(asked).select("stage_since", "reached")
            parts.append(judged.with_columns(since))
    return (pl.concat(parts, how="diagonal") if parts else pl.DataFrame()), count


def _running(book: Book, now: datetime) -> pl.Series:
    """The ids of leads whose cadence may still run."""
    section = book.revival.section
    longest = max(sum(step.after_days for step in c.steps) for c in section.cadences)
    days = 2 * (longest + section.measure_days)  # steps may be late
    enrolled = book.ledger.enrolments(book.connection)
    return enrolled.filter(pl.col("began") > now - timedelta(days=days))["id"].unique()


def _leads(book: Book, page: pl.DataFrame) -> pl.DataFrame:
    """The lead frame of a page of remembered facts; stage and conversion are as known by now."""
    facts = decoded_facts(page["facts"], book.judge.kinds, problems=True).drop(_KNOWN_BY_NOW)
    return pl.concat([page.select("id", *_KNOWN_BY_NOW), facts], how="horizontal")


def _judged(book: Book, leads: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What the decision needs of leads and their verdicts."""
    found = book.judge.assess(leads, now.date()).rename(
        {"stage": "stage_was", "stage:new": "stage"}
    )
    wanted = ["id", "stage", "stage_was", *NEEDED, *_PERSONAL]
    wanted += [form.fact for form in book.revival.forms]
    return found.select(name for name in dict.fromkeys(wanted) if name in found.columns)
