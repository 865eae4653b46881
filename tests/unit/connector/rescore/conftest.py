"""Both local CRMs behind real HTTP, and a clock that the test puts forward by days."""

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
from connector.sandbox.salesforce import SalesforceOrg
from connector.settings import load_project
from connector.template import write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.engine.runs import RunReport
    from connector.ledger import SqlLedger

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LEADS = 150


class World:
    """A CRM with leads, a project that is connected to it, and the time in both."""

    def __init__(self, crm: str, folder: Path, stack: ExitStack) -> None:
        self.crm = crm
        self.folder = folder
        self._ahead = timedelta()
        self._began = time.monotonic()
        self.site: Any
        if crm == "salesforce":
            self.site = SalesforceOrg(leads=LEADS, seed=3, now=START)
            self.environment = {
                "SALESFORCE_CLIENT_ID": self.site.credentials["client_id"],
                "SALESFORCE_CLIENT_SECRET": self.site.credentials["client_secret"],
            }
        else:
            self.site = HubSpotPortal(leads=LEADS, seed=3, now=START)
            self.environment = {"HUBSPOT_ACCESS_TOKEN": self.site.token}
        served = stack.enter_context(closing(self.site.serve()))
        write_project(folder, [crm], {crm: served.url})
        self.project = load_project(folder, self.environment)
        self.files = wiring.load_files(self.project, crm)
        self.ledger: SqlLedger = stack.enter_context(closing(wiring.open_ledger(self.project)))
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm) as adapter:
            adapter.setup(opened.checked.missing)
        self._run = 0
        self.calls_to_open = 0

    def now(self) -> datetime:
        """The time, which runs."""
        return START + self._ahead + timedelta(seconds=time.monotonic() - self._began)

    def forward(self, **span: float) -> None:
        """Let time pass, here and in the CRM."""
        self._ahead += timedelta(**span)
        self.site.advance(timedelta(**span).total_seconds())

    def run(self, act: Callable[[Runner], RunReport]) -> RunReport:
        """One command: a fresh connection, a run of its own."""
        self._run += 1
        self.forward(seconds=1)
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm):
            connection = wiring.compile_connection(opened)
            self.calls_to_open = connection.crm.api_calls
            runner = Runner(connection, self.ledger, Silent(), self.now, f"run{self._run:04}")
            return act(runner)

    def sync(self, *, full: bool = False) -> RunReport:
        """One `leadgate sync`."""
        return self.run(lambda runner: runner.sync(full=full))

    def settle(self) -> None:
        """Sync until there is nothing left to say, on the present day."""
        while self.sync().planned:
            self.forward(hours=1)
        self.forward(hours=1)

    def remap(self, old: str, new: str) -> None:
        """Change the mapping file of the project."""
        path = self.folder / f"mappings/{self.crm}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.files = wiring.load_files(self.project, self.crm)

    def value(self, lead: str, field: str) -> str | None:
        """What is in a field of a record now."""
        found: list[str | None] = []
        opened = wiring.open_connection(self.project, self.files)
        with closing(opened.crm):
            found += opened.crm.fetch([lead], [field])[field].to_list()
        return found[0]

    def edit(self, lead: str, values: dict[str, str]) -> None:
        """A person edits a record."""
        if self.crm == "salesforce":
            self.site.mutate({"object": "Lead", "id": lead, "fields": values})
        else:
            self.site.admin.update("contacts", lead, values)


@pytest.fixture(params=["salesforce", "hubspot"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A CRM of a hundred and fifty leads, set up and not yet read."""
    with ExitStack() as stack:
        yield World(request.param, tmp_path, stack)
