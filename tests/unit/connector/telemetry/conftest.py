"""A ledger with two connections: one was read and has rejects, one is paused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connector.engine.runs import RunReport, RunStart
from connector.ledger import SqlLedger, open_ledger
from connector.ledger.tables import calls, leads, lines
from tests.postgresql import empty_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def begin(ledger: SqlLedger, run: str, connection: str, started: datetime) -> None:
    """A run begins."""
    ledger.begin_run(RunStart(run, connection, "sync", started, "2026-11-22", "m", "p"))


def end(ledger: SqlLedger, run: str, connection: str, **figures: object) -> None:
    """A run ends."""
    report = RunReport(run, connection, "csv", "sync", "done", "", "2026-11-22", **figures)  # type: ignore[arg-type]
    ledger.end_run(report)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """The ledger; its clock stands at 08:30."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'ledger.db'}" if sqlite else empty_postgresql()
    opened = open_ledger(url, clock=lambda: NOW)
    begin(opened, "20261122-082000-aa", "acme", NOW - timedelta(seconds=40))
    end(opened, "20261122-082000-aa", "acme", read=7, rejected=1, seconds=40.0, quota={"left": 9})
    begin(opened, "20261121-235959-bb", "acme", NOW - timedelta(hours=9))
    end(opened, "20261121-235959-bb", "acme")
    begin(opened, "20261120-100000-cc", "acme", NOW - timedelta(days=2))
    end(opened, "20261120-100000-cc", "acme")
    opened.set_watermark("acme", NOW - timedelta(minutes=10), "20261122-082000-aa", "k")
    opened.pause("beta", "holiday")
    opened.note("acme", "leadgate.yaml:3 is wrong.")
    opened.beat("one", "")
    opened.take_lease("acme", "r", NOW, 60)
    _fill(opened)
    yield opened
    opened.close()


def _fill(opened: SqlLedger) -> None:
    with opened.writing() as transaction:
        for lead, stage, gone in (("1", "mql", None), ("2", "mql", None), ("3", "mql", "deleted")):
            row = {"connection": "acme", "id": lead, "stage": stage, "gone": gone}
            transaction.execute(leads.insert().values(**row))
        row = {"run": "r", "line": 1, "connection": "acme", "id": "1", "kind": "change"}
        transaction.execute(lines.insert().values(**row, body="{}", outcome="rejected"))
        for hours, used in ((1, 30), (30, 99)):
            slot = NOW - timedelta(hours=hours)
            row = {"account": "org", "family": "daily", "slot": slot, "used": used}
            transaction.execute(calls.insert().values(**row))
