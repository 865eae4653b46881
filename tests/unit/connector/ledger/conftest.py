"""A ledger in a fresh database, and a clock that the test moves."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connector.engine.runs import RunStart
from connector.ledger import SqlLedger, open_ledger
from tests.postgresql import empty_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.moment

    def forward(self, seconds: float) -> datetime:
        """Move the clock and return what it says then."""
        self.moment += timedelta(seconds=seconds)
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """A clock at 2026-11-22T08:30:00Z."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return empty_postgresql()


@pytest.fixture
def opened(url: str, clock: Clock) -> Iterator[Callable[[], SqlLedger]]:
    """Opens the database once more, as another process would."""
    with ExitStack() as stack:

        def again() -> SqlLedger:
            ledger = open_ledger(url, clock=clock)
            stack.callback(ledger.close)
            return ledger

        yield again


@pytest.fixture
def ledger(opened: Callable[[], SqlLedger]) -> SqlLedger:
    """An open, empty ledger."""
    return opened()


def run_start(run: str, connection: str = "acme", **changed: object) -> RunStart:
    """What a sync run begins with."""
    values: dict[str, object] = {
        "run": run, "connection": connection, "kind": "sync", "started_at": START,
        "as_of": "2026-11-22", "model": "m1", "mapping": "p1",
    }  # fmt: skip
    return RunStart(**(values | changed))  # type: ignore[arg-type]


@pytest.fixture
def begun() -> Callable[..., RunStart]:
    """Makes the record that a run begins with."""
    return run_start
