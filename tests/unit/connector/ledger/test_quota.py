"""Calls are counted once, whoever counts them at the same moment, and only what still counts stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from connector.crm.windows import Rolling
from connector.ledger.tables import calls

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.ledger import SqlLedger

DAY = Rolling(timedelta(hours=1), timedelta(hours=24))


def test_no_more_are_taken_than_there_are(ledger: SqlLedger) -> None:
    """A block is cut to what is left; what comes back can be taken again."""
    taken = ledger.take_calls("org", "daily", DAY, want=70, most=100)
    assert taken.calls == 70
    assert ledger.take_calls("org", "daily", DAY, want=70, most=100).calls == 30
    assert ledger.take_calls("org", "daily", DAY, want=1, most=100).calls == 0
    ledger.return_calls("org", "daily", taken.span.window, 5)
    assert ledger.take_calls("org", "daily", DAY, want=70, most=100).calls == 5
    assert ledger.calls_taken("org", "daily", DAY) == (100, taken.span.window)


def test_accounts_and_families_are_apart(ledger: SqlLedger) -> None:
    """Another org's day, and another limit of this one, have calls of their own."""
    ledger.take_calls("org", "daily", DAY, want=100, most=100)
    assert ledger.take_calls("org", "burst", DAY, want=1, most=100).calls == 1
    assert ledger.take_calls("other", "daily", DAY, want=1, most=100).calls == 1


def test_calls_that_the_crm_has_counted_are_counted(ledger: SqlLedger) -> None:
    """What others have made takes its place; what we know of already is not counted twice."""
    ledger.take_calls("org", "daily", DAY, want=10, most=100)
    assert ledger.take_calls("org", "daily", DAY, want=50, most=100, at_least=80).calls == 20
    assert ledger.calls_taken("org", "daily", DAY)[0] == 100


def test_what_no_longer_counts_is_dropped(ledger: SqlLedger, clock: Callable[[], datetime]) -> None:
    """After a day the hour's calls are back, and its row is gone."""
    ledger.take_calls("org", "daily", DAY, want=100, most=100)
    clock.forward(23 * 3600)  # type: ignore[attr-defined]
    assert ledger.take_calls("org", "daily", DAY, want=1, most=100).calls == 0
    clock.forward(2 * 3600)  # type: ignore[attr-defined]
    assert ledger.take_calls("org", "daily", DAY, want=100, most=100).calls == 100
    with ledger.reading() as transaction:
        assert transaction.execute(select(func.count()).select_from(calls)).scalar() == 1


def test_many_at_once_take_each_call_once(opened: Callable[[], SqlLedger]) -> None:
    """Six workers grab what they can: together exactly what there is."""
    ledgers = [opened() for _ in range(6)]

    def grab(ledger: SqlLedger) -> int:
        takes = (ledger.take_calls("org", "daily", DAY, want=7, most=100) for _ in range(5))
        return sum(taken.calls for taken in takes)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(grab, ledgers)) == 100
