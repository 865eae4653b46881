"""A writer that is killed in the middle leaves a ledger that can be read and written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from connector.ledger import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys, datetime
import polars as pl
from connector.ledger import open_ledger
clock = lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ledger = open_ledger(sys.argv[1], clock=clock)
ledger.remember("acme", "r1", pl.DataFrame({"id": ["kept"], "stage": ["mql"]}))
with ledger.writing() as transaction:
    for number in range(10_000):
        transaction.exec_driver_sql(
            "INSERT INTO leads (connection, id, facts) VALUES ('acme', ?, ?)",
            [(f"{number}-{part}", "x" * 500) for part in range(50)],
        )
        if number == 200:
            print("half way", flush=True)
"""


def test_killed_writer_leaves_a_readable_ledger(tmp_path: Path) -> None:
    """After SIGKILL inside a transaction, what was committed is there and nothing of the rest is."""
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, address], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "half way\n"
        os.kill(process.pid, signal.SIGKILL)

    ledger = open_ledger(address, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert ledger.stage_counts("acme") == {"mql": 1}
    assert ledger.count_leads("acme") == 1
    ledger.remember("acme", "r2", pl.DataFrame({"id": ["kept"], "stage": ["sql"]}))
    assert ledger.stage_counts("acme") == {"sql": 1}
    with ledger.reading() as transaction:
        assert transaction.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    ledger.close()
