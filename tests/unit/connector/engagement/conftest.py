"""A local HubSpot behind real HTTP, and a clock that the test puts forward by days."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connector import wiring
from connector.cli.progress import Silent
from connector.engine.run import Runner
from connector.sandbox.hubspot import HubSpotPortal
from connector.settings import load_project
from connector.template import write_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class World:
    """A portal with leads, a project that is connected to it, and the time in both."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._ahead = timedelta()
        self._began = time.monotonic()
        self._run = 0
        self.portal = HubSpotPortal(leads=120, seed=3, now=START)
        served = stack.enter_context(closing(self.portal.serve()))
        write_project(folder, ["hubspot"], {"hubspot": served.url})
        self.project = load_project(folder, {"HUBSPOT_ACCESS_TOKEN": self.portal.token})
        self.files = wiring.load_files(self.project, "hubspot")
        self.ledger: SqlLedger = stack.enter_context(closing(wiring.open_ledger(self.project)))
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm) as adapter:
            adapter.setup(opened.checked.missing)

    def now(self) -> datetime:
        """The time, which runs."""
        return START + self._ahead + timedelta(seconds=time.monotonic() - self._began)

    def forward(self, **span: float) -> None:
        """Let time pass, here and in the CRM."""
        self._ahead += timedelta(**span)
        self.portal.advance(timedelta(**span).total_seconds())

    def sync(self, *, full: bool = False) -> RunReport:
        """One `leadgate sync`, a minute after what was before."""
        self._run += 1
        self.forward(minutes=1)
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm):
            connection = wiring.compile_connection(opened)
            runner = Runner(connection, self.ledger, Silent(), self.now, f"run{self._run:04}")
            return runner.sync(full=full)

    def does(self, lead: str, **values: object) -> None:
        """A lead does something: the portal's trackers write it down."""
        texts = {name: str(value) for name, value in values.items()}
        self.portal.admin.observe("contacts", lead, texts)

    def known(self, lead: str) -> dict[str, Any]:
        """All that the ledger knows of a lead."""
        found = self.ledger.lead("hubspot", lead)
        assert found is not None
        return found

    def active_days(self, lead: str) -> float | None:
        """On how many days the lead showed interest, as the ledger has it."""
        days: float | None = self.known(lead)["facts"]["active_days"]
        return days

    def quiet_lead(self) -> str:
        """A living lead that fails the first gate for not having come back, with no visit yet."""
        for page in self.ledger.leads_facts("hubspot"):
            for lead in page["id"]:
                known = self.known(lead)
                unmet = str(known["verdict"]["unmet"])
                if known["facts"]["active_days"] == 0 and "must come back" in unmet:
                    return str(lead)
        raise AssertionError("the portal has no such lead")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A portal of a hundred and twenty leads, set up and not yet read."""
    with ExitStack() as stack:
        yield World(tmp_path, stack)
