"""Several real processes on one portal keep its limits together."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from connector.ledger import open_ledger
from connector.ledger.tables import calls
from connector.sandbox.hubspot import HubSpotPortal, PortalConfig

if TYPE_CHECKING:
    from pathlib import Path

BURST, SEARCHES = 12, 5
PROCESS = """
import sys
from datetime import UTC, datetime
from connector.crm.hubspot.adapter import open_crm
from connector.crm.hubspot.settings import HubSpotSettings
from connector.engine.ports import Runtime, Window
from connector.ledger import open_ledger

url, token, address, times, share = sys.argv[1:]
now = lambda: datetime.now(UTC)
ledger = open_ledger(address, clock=now)
settings = HubSpotSettings(token=token, base_url=url, burst=12, search_per_second=5, quota="100%")
calls = ledger if share == "shared" else None
crm = open_crm(settings, Runtime(now, lambda key, value: None, calls))
for _ in range(int(times)):
    crm.fetch(["1"], ["email"])
    crm.count(Window(None, now()))
crm.close()
ledger.close()
"""


def work(portal: HubSpotPortal, url: str, ledger: str, times: int, share: str) -> None:
    """Two processes at once, each reading and searching so many times."""
    command = [sys.executable, "-c", PROCESS, url, portal.token, ledger, str(times), share]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()


def counted(address: str) -> int:
    """The calls of the day that the ledger has counted."""
    with closing(open_ledger(address, clock=lambda: datetime.now(UTC))) as ledger:
        total = select(func.sum(calls.c.used)).where(calls.c.family == "daily")
        with ledger.reading() as transaction:
            return int(transaction.execute(total).scalar_one())


def test_two_processes_stay_within_the_portals_limits(tmp_path: Path) -> None:
    """18 calls and 16 searches of two processes: never more than 12 in 10 seconds nor 5 in one.

    The portal counts, and refuses whatever comes too soon: it has to refuse nothing. The ledger's
    count of the day is the portal's own, and names nobody's token.
    """
    config = PortalConfig(burst=BURST, search_per_second=SEARCHES)
    portal = HubSpotPortal(10, 1, now=datetime.now(UTC), config=config)
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_ledger(address, clock=lambda: datetime.now(UTC)).close()
    served = portal.serve()
    try:
        work(portal, served.url, address, 8, "shared")
    finally:
        served.close()
    told = portal.stats()
    assert told["statuses"].keys() <= {"200", "207"}
    assert told["calls"] == 2 * (8 + 8 + 1)
    assert 5 < told["max_in_10_seconds"] <= BURST
    assert 2 < told["max_searches_in_1_second"] <= SEARCHES
    assert counted(address) == told["calls"]
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert portal.token.encode() not in files
