"""What several connections saw of one person, put together and taken apart again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.lead import DTYPES, FIELDS
from scoring.sharing import HIGHEST, SHAREABLE, Elsewhere, as_seen_here, with_shared

DAYS = pl.List(pl.Date())
SCHEMA = {name: DTYPES[FIELDS[name].kind] for name in SHAREABLE}
MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


def page(*rows: dict[str, Any]) -> pl.DataFrame:
    """Leads of these facts; the others are unknown."""
    blank = dict.fromkeys(SCHEMA)
    return pl.DataFrame([blank | row for row in rows], schema=SCHEMA)


def other(name: str, *rows: dict[str, Any]) -> Elsewhere:
    """The same persons in another connection, one record each unless it is said."""
    frame = page(*({k: v for k, v in row.items() if k in SCHEMA} for row in rows))
    records = [row.get("records", 1) for row in rows]
    days = pl.Series("days", [row.get("days") for row in rows], dtype=DAYS)
    return Elsewhere(name, frame.with_columns(pl.Series("records", records), days))


def shared(leads: pl.DataFrame, *elsewhere: Elsewhere, **known: list[Any]) -> pl.DataFrame:
    """The leads with what was seen elsewhere."""
    days = pl.Series(known.get("days", [None] * leads.height), dtype=DAYS)
    several = pl.Series(known.get("several", [1] * leads.height), dtype=pl.UInt32)
    return with_shared(leads, days, several, elsewhere)


def test_the_highest_counts_and_says_where_it_came_from() -> None:
    """A visit that two trackers saw counts once; what is blank here is taken from there."""
    found = shared(
        page({"visits": 3.0, "forms": 2.0}),
        other("market", {"visits": 5.0, "forms": 1.0, "emails_clicked": 1.0}),
        other("shop", {"visits": 4.0}),
    ).row(0, named=True)

    assert (found["visits"], found["forms"], found["emails_clicked"]) == (5.0, 2.0, 1.0)
    assert found["shared"]["visits"] == {"own": 3.0, "from": "market"}
    assert found["shared"]["emails_clicked"] == {"own": None, "from": "market"}
    assert found["shared"]["forms"] is None


def test_days_of_interest_are_counted_together_once() -> None:
    """The same day in both is one day; what a mapping counts itself stands if it is more."""
    here, there = [[MONDAY], [MONDAY], None], [[MONDAY, TUESDAY], [MONDAY], None]
    found = shared(
        page({"active_days": 1.0}, {"active_days": 1.0}, {"active_days": 7.0}),
        other("market", *({"days": days} for days in there)),
        days=here,
    )

    assert found["active_days"].to_list() == [2.0, 1.0, 7.0]
    assert [row and row["active_days"]["from"] for row in found["shared"]] == ["market", None, None]


def test_an_address_of_several_leads_shares_nothing_but_refusals() -> None:
    """Nobody knows who of them it was, so nobody gets the visits and all keep their peace."""
    found = shared(
        page({"visits": 1.0}, {"visits": 1.0}),
        other("market", {"visits": 9.0, "records": 2, "email_opt_out": True}, {"visits": 9.0}),
        several=[1, 2],
    )

    assert found["visits"].to_list() == [1.0, 1.0]
    assert found["email_opt_out"].to_list() == [True, None]
    assert [row["apart"] for row in found["shared"]] == [
        "2 leads of market have this address",
        "2 leads here have this address",
    ]


def test_nobody_elsewhere_changes_nothing() -> None:
    """A person whom no other connection knows stays as it is, with nothing beside it."""
    nobody = other("market", {"records": None})
    leads = page({"visits": 1.0, "email_opt_out": False})

    assert shared(leads, nobody).drop("shared").equals(leads)
    assert shared(leads, nobody)["shared"].to_list() == [None]


BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
moment = st.none() | st.integers(0, 8_000).map(lambda hours: BEGIN + timedelta(hours=hours))
number = st.none() | st.integers(0, 9).map(float)


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Any facts of a lead that can be shared."""
    kinds = {name: FIELDS[name].kind for name in SHAREABLE}
    drawn = {"number": number, "datetime": moment, "boolean": st.none() | st.booleans()}
    return {name: draw(drawn[kind]) for name, kind in kinds.items()}


@given(facts(), st.lists(facts(), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_what_was_seen_here_can_be_told_from_the_rest(
    own: dict[str, Any], theirs: list[dict[str, Any]]
) -> None:
    """Taking out what came from elsewhere leaves the lead as it was; nothing ever becomes less."""
    leads = page(own)
    found = shared(leads, *(other(f"c{n}", each) for n, each in enumerate(theirs)))

    assert as_seen_here(found).drop("shared").equals(leads)
    for name in HIGHEST:
        every = [each[name] for each in (own, *theirs) if each[name] is not None]
        assert found[name].item() == (max(every) if every else None)
    assert (found["email_opt_out"].item() is True) == any(
        each["email_opt_out"] for each in (own, *theirs)
    )
