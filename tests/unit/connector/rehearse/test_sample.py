"""How far back a rehearsal reads for its sample, and what finding that out costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.rehearsal.snapshot import POOL, since_when

if TYPE_CHECKING:
    from connector.engine.ports import Window

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Counting:
    """A CRM whose leads have these ages in hours, and that counts how often it is asked."""

    def __init__(self, ages: list[int]) -> None:
        self.moments = [NOW - timedelta(hours=age) for age in ages]
        self.asked = 0

    def count(self, window: Window) -> int:
        """How many leads were changed in the window."""
        self.asked += 1
        assert window.since is not None
        return sum(moment >= window.since for moment in self.moments)


@given(st.lists(st.integers(1, 20_000), min_size=100, max_size=300), st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_enough_leads_are_found_in_few_calls(ages: list[int], wanted: int) -> None:
    """The moment is late enough to leave most leads unread, early enough for the sample."""
    live = Counting(ages)

    since = since_when(live, wanted, NOW)
    found = sum(moment >= since for moment in live.moments)

    assert found >= wanted
    assert live.asked <= 14


def test_leads_of_every_hour_are_not_read_in_vain() -> None:
    """Where leads come evenly no more than the pool is read."""
    live = Counting(list(range(1, 5_000)))

    since = since_when(live, 50, NOW)

    assert 50 <= sum(moment >= since for moment in live.moments) <= 50 * POOL
