"""What is counted of leads, from what is seen now and what was seen before."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from connector.engine.counts import new_days, with_active_days, with_copies
from connector.ledger import open_ledger
from scoring.lead import empty_leads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.ledger import SqlLedger

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger."""
    with closing(open_ledger(f"sqlite:///{tmp_path / 'l.db'}", clock=lambda: NOW)) as opened:
        yield opened


def connection(*fed: str) -> Any:
    """What counting asks of a connection: the facts that its mapping feeds."""
    return SimpleNamespace(inbound=SimpleNamespace(fed=frozenset(fed)))


def leads(*rows: dict[str, Any]) -> pl.DataFrame:
    """Leads in every canonical column, numbered from 1."""
    frame = empty_leads()
    blank = dict.fromkeys(frame.columns)
    full = [blank | {"id": str(n)} | row for n, row in enumerate(rows, 1)]
    return pl.DataFrame(full, schema=frame.schema)


def memory(*known: tuple[dict[str, Any], list[date] | None]) -> pl.DataFrame:
    """What is remembered of the leads numbered from 1: facts and days."""
    rows = [(str(n), orjson.dumps(f).decode(), d) for n, (f, d) in enumerate(known, 1)]
    schema = {"id": pl.String(), "facts": pl.String(), "days": pl.List(pl.Date())}
    return pl.DataFrame(rows, schema=schema, orient="row")


def ago(days: int) -> datetime:
    """A moment so many days ago."""
    return NOW - timedelta(days=days)


def active(page: pl.DataFrame, known: pl.DataFrame, *fed: str) -> list[float | None]:
    """The days of interest of each lead."""
    return with_active_days(connection(*fed).inbound, page, known, TODAY)["active_days"].to_list()


def test_days_of_first_sight() -> None:
    """Different moments of one day are one day; ninety days count; nothing told is unknown."""
    page = leads(
        {"last_visit_at": ago(0), "last_form_at": ago(0), "last_email_click_at": ago(3)},
        {"last_visit_at": ago(89), "last_form_at": ago(90)},
        {"last_visit_at": ago(-1)},
        {"visits": 0.0},
        {"email": "ann@x.de"},
    )

    assert active(page, memory()) == [2, 1, 0, 0, None]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"events": 1.0}, {"events": 2.0}, [TODAY]),
        ({"events": 2.0}, {"events": 2.0}, []),
        ({"events": 2.0}, {"events": 1.0}, []),
        ({"events": None}, {"events": 1.0}, []),
        ({"forms": 1.0}, {"forms": 2.0}, [TODAY]),
        ({"forms": 1.0}, {"forms": 2.0, "last_form_at": ago(2)}, [ago(2).date()]),
        ({"visits": 1.0}, {"visits": 5.0, "forms": 1.0}, [TODAY]),
    ],
)
def test_a_counter_that_rises(
    before: dict[str, Any], now: dict[str, Any], expected: list[date]
) -> None:
    """It counts on the day of its moment, else today; only if it was known and is higher now."""
    known = memory((before, None))

    assert new_days(leads(now), known, TODAY)["day"].to_list() == expected
    assert active(leads(now), known) == [len(expected)]


def test_recorded_days_and_those_of_the_page_are_one_set() -> None:
    """What is recorded is not new, counts once, and counts while the page is silent."""
    day = date(2026, 11, 20)
    known = memory(({}, [day]), ({}, [day, date(2026, 1, 1)]), ({}, None))
    page = leads({"last_visit_at": ago(2)}, {}, {"last_visit_at": ago(1)})

    assert active(page, known) == [1, 1, 1]
    assert new_days(page, known, TODAY).rows() == [("3", date(2026, 11, 21))]


def test_a_mapping_that_feeds_the_facts_wins() -> None:
    """Nothing is counted where the CRM counts itself."""
    page = leads({"active_days": 7.0, "copies": 4.0, "last_visit_at": ago(0)})

    assert active(page, memory(), "active_days") == [7]
    assert with_copies(connection("copies").inbound, page, memory())["copies"].to_list() == [4]


def test_copies_stay_as_first_counted() -> None:
    """Three of one page are three, and stay so when one of them comes again alone or with more."""
    ann = {"first_name": "Ann", "last_name": "Lee", "company": "Acme"}
    wave = leads(*(ann | {"email": f"ann{n}@x.de"} for n in range(3)))

    assert with_copies(connection().inbound, wave, memory())["copies"].to_list() == [3, 3, 3]

    known = memory(({"copies": 3.0}, None), ({"copies": 1.0}, None))
    assert with_copies(connection().inbound, wave[:1], known)["copies"].to_list() == [3]
    assert with_copies(connection().inbound, wave[:2], known)["copies"].to_list() == [3, 1]


def test_namesakes_are_no_copies() -> None:
    """The same name alone, with neither a company nor a text, says nothing."""
    page = leads(*({"first_name": "Ann", "last_name": "Lee", "email": f"{n}@x.de"} for n in "ab"))

    assert with_copies(connection().inbound, page, memory())["copies"].to_list() == [None, None]


def test_the_ledger_keeps_each_day_once(ledger: SqlLedger) -> None:
    """Days come back in order beside the memory, whoever records them how often."""
    ledger.remember("acme", "r", pl.DataFrame({"id": ["1", "2"]}))
    days = pl.DataFrame({"id": ["1", "1"], "day": [date(2026, 11, 22), date(2026, 11, 2)]})
    ledger.record_engagement("acme", days)
    ledger.record_engagement("acme", days[:1])

    found = ledger.seen("acme", ["1", "2"]).sort("id")["days"].to_list()

    assert found == [[date(2026, 11, 2), date(2026, 11, 22)], None]
    assert ledger.seen("other", ["1"]).is_empty()


def test_days_of_leads_that_go(ledger: SqlLedger) -> None:
    """A merged lead hands its days on to the one that is left; a deleted one leaves none."""
    ledger.remember("acme", "r", pl.DataFrame({"id": ["1", "2", "3"]}))
    days = [date(2026, 11, n) for n in (20, 21, 21, 22)]
    ledger.record_engagement("acme", pl.DataFrame({"id": ["1", "1", "2", "3"], "day": days}))
    ledger.forget_gone("acme", "r", pl.DataFrame({"@id": ["1", "3"], "@merged_into": ["2", None]}))

    found = ledger.seen("acme", ["1", "2", "3"]).sort("id")["days"].to_list()

    assert found == [None, days[:2], None]


def test_a_forgotten_person_leaves_no_day(ledger: SqlLedger) -> None:
    """Erasing a person erases their days of interest."""
    facts = orjson.dumps({"email": "ann@x.de"}).decode()
    ledger.remember("acme", "r", pl.DataFrame({"id": ["1"], "facts": [facts]}))
    ledger.record_engagement("acme", pl.DataFrame({"id": ["1"], "day": [TODAY]}))

    done = ledger.forget_person("ann@x.de", holder="test")

    assert done.erased["engagement"] == 1
    assert done.clean
