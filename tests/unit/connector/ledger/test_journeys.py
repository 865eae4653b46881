"""What reports ask the ledger: stays, addresses, facts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from connector.ledger import SqlLedger

DAY = timedelta(days=1)
FACTS = {
    "1": {"email": "Ann@Example.com", "source": "Web", "owner": "005A",
          "created_at": "2026-10-01T10:00:00.5+00:00"},
    "2": {"email": None, "source": None, "created_at": "2026-10-02T10:00:00Z"},
    "3": {"email": "cy@example.com", "source": "Fair"},
}  # fmt: skip


@pytest.fixture
def travelled(ledger: SqlLedger, begun, clock) -> SqlLedger:
    """Lead 1 went lead, mql, recycled, mql; lead 2 stayed mql; lead 3 has gone."""
    ways = {"1": ["lead", "mql", "mql", "recycled", "mql"], "2": ["mql"] * 5, "3": ["sal"] * 5}
    for turn in range(5):
        run = f"r{turn}"
        ledger.begin_run(begun(run))
        now = clock()
        since = {lead: _since(way, turn, clock) for lead, way in ways.items()}
        page = {"id": list(ways), "stage": [way[turn] for way in ways.values()]}
        memory = {"stage_since": [since[lead] for lead in ways],
                  "facts": [json.dumps(FACTS[lead]) for lead in ways]}  # fmt: skip
        ledger.remember("acme", run, pl.DataFrame(page | memory))
        clock.forward(1)
        judged = pl.DataFrame(page | {"score": [float(turn)] * 3})
        ledger.record_verdicts("acme", run, judged, date(2026, 11, 22), "m1")
        clock.forward(86_400 - 1)
        assert clock() == now + DAY
    gone = pl.DataFrame(
        {"@id": ["3"], "@merged_into": [None]}, {"@id": pl.String, "@merged_into": pl.String}
    )
    ledger.forget_gone("acme", "r4", gone)
    return ledger


def _since(way: list[str], turn: int, clock) -> datetime:
    """Since when the present stay lasts, if every turn is a day."""
    first = turn
    while first and way[first - 1] == way[turn]:
        first -= 1
    return clock() - (turn - first) * DAY


def test_each_stay_is_told_once(travelled: SqlLedger, clock) -> None:
    """Other scores are no new stay, coming back is one, and the gone are left out."""
    start = clock() - 5 * DAY
    second = timedelta(seconds=1)
    expected = [
        ("1", "lead", start + second),
        ("1", "mql", start + DAY + second),
        ("1", "recycled", start + 3 * DAY + second),
        ("1", "mql", start + 4 * DAY),
        ("2", "mql", start),
    ]

    assert travelled.journeys("acme").select("id", "stage", "entered_at").rows() == expected


def test_stays_carry_what_funnels_are_told_apart_by(travelled: SqlLedger) -> None:
    """Source, owner and the moment of creation come from the facts; unknown ones are null."""
    told = travelled.journeys("acme").unique("id").sort("id")

    assert told.select("id", "source", "owner", "created_at").rows() == [
        ("1", "Web", "005A", datetime(2026, 10, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2", None, None, datetime(2026, 10, 2, 10, tzinfo=UTC)),
    ]


def test_no_leads_make_an_empty_history(ledger: SqlLedger) -> None:
    """A connection that was never read has no stays, and says so with the right columns."""
    history = ledger.journeys("nobody")

    assert history.is_empty()
    assert history.columns == ["id", "source", "owner", "created_at", "stage", "entered_at"]


def test_addresses_and_facts(travelled: SqlLedger) -> None:
    """Only living leads with an address are found by it; facts come by id."""
    assert travelled.addresses("acme").select("id", "email").rows() == [("1", "Ann@Example.com")]
    found = travelled.facts_of("acme", ["2", "1", "9"])
    assert [(lead, json.loads(facts)["source"]) for lead, facts in found.rows()] == [
        ("1", "Web"),
        ("2", None),
    ]
