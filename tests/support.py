"""A user at a command line, with local CRMs to work on: what several suites share."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson

from connector.cli import main
from connector.sandbox.hubspot import Fault, HubSpotPortal, PortalConfig
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg
from connector.template import write_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connector.sandbox.http import Served


@dataclass(frozen=True)
class Ran:
    """What a command left behind: its exit code and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects of the output, one per line."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> dict[str, Any]:
        """The only JSON object of the output."""
        (only,) = self.lines
        return only


def leadgate(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run one command in a folder as the installed program runs it, and take its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["leadgate", *map(str, arguments)]),
        patch.dict(os.environ, environment or {}),
        contextlib.chdir(folder),
        _logging_kept(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _logging_kept() -> Iterator[None]:
    """Commands set logging up for a process of their own; afterwards it is as it was."""
    loggers = [logging.getLogger(), logging.getLogger("leadgate")]
    before = [(each.handlers, each.level, each.propagate) for each in loggers]
    try:
        yield
    finally:
        for each, (handlers, level, propagate) in zip(loggers, before, strict=True):
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)


class World:
    """A project whose one connection leads to a local CRM, and that CRM's own people."""

    batch = 200
    """Records that one call writes."""
    stage = ""
    score = ""
    mapped: frozenset[str] = frozenset()
    served: Served
    environment: dict[str, str]

    def __init__(self, crm: str, folder: Path) -> None:
        self.crm = crm
        self.folder = folder

    def run(self, *arguments: str) -> Ran:
        """Run a command in the project's folder, a moment after all that was done before."""
        self.tick()
        return leadgate(self.folder, *arguments, environment=self.environment)

    def sync(self, *options: str) -> dict[str, Any]:
        """Sync, and the report; whatever was rejected is the test's to look at.

        Runs that were brought to their end first are in the output before it.
        """
        ran = self.run("sync", self.crm, "--json", *options)
        assert ran.code in (0, 3), ran.err
        return ran.lines[-1]

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a text in one of the project's files, where it stands first."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def close(self) -> None:
        """Stop the server."""
        self.served.close()

    def tick(self) -> None:
        """Let two seconds pass: what was done before is older than a pull that begins now."""
        raise NotImplementedError

    def plant(self, email: str, **answers: Any) -> str:
        """A lead that has said all that a rep can ask for, made by a person; its id."""
        raise NotImplementedError

    def type(self, lead: str, **values: Any) -> None:
        """A person edits a lead."""
        raise NotImplementedError

    def values(self, lead: str, *names: str) -> dict[str, Any]:
        """What stands in fields of a lead."""
        raise NotImplementedError

    def no_op_writes(self) -> int:
        """How many API writes changed nothing."""
        raise NotImplementedError

    def fields_written(self) -> set[str]:
        """Lead fields that the API has written."""
        raise NotImplementedError

    def opportunities(self) -> dict[str, int]:
        """How many opportunities the API has made of each lead."""
        raise NotImplementedError

    def calls(self) -> dict[str, int]:
        """API calls so far, by endpoint."""
        raise NotImplementedError

    def slow(self, act: str, seconds: float) -> None:
        """Take long over every "write" or "convert"."""
        raise NotImplementedError

    def slowed(self) -> int:
        """How many acts have been slowed down so far, counted when they begin."""
        raise NotImplementedError

    def unslow(self) -> None:
        """Be as fast as ever again."""
        raise NotImplementedError

    def writes(self) -> int:
        """How many records the API has written."""
        raise NotImplementedError


class SalesforceWorld(World):
    """A project on a local Salesforce org."""

    stage, score = "Leadgate_Stage__c", "Leadgate_Score__c"
    mapped = frozenset(
        f"Leadgate_{name}__c"
        for name in ("Score", "Grade", "Priority", "Stage", "Reasons", "Missing", "Next_Question")
    )

    def __init__(self, folder: Path, leads: int, *, seed: int = 6, **config: Any) -> None:
        super().__init__("salesforce", folder)
        config = {"bulk_delay_seconds": 0.01} | config
        now = datetime.now(UTC)
        self.org = SalesforceOrg(leads=leads, seed=seed, now=now, config=OrgConfig(**config))
        self.served = self.org.serve()
        self.environment = {
            "SALESFORCE_CLIENT_ID": self.org.credentials["client_id"],
            "SALESFORCE_CLIENT_SECRET": self.org.credentials["client_secret"],
        }
        _write(self)

    def tick(self) -> None:
        """Let two seconds pass."""
        self.org.advance(2)

    def plant(self, email: str, **answers: Any) -> str:
        """A lead that has said all that a rep can ask for; `answers` replace its fields."""
        values = {
            "FirstName": "Ada", "LastName": "Planted", "Company": "Planted Works", "Email": email,
            "Title": "Chief Financial Officer", "Industry": "Software", "NumberOfEmployees": 400,
            "Country": "Germany", "Website": "https://planted.example", "LeadSource": "Partner",
            "Phone": "+49 30 901820", "Status": "Working - Contacted", "AnnualRevenue": 90_000_000,
            "Decision_Maker__c": "Yes", "Budget__c": 80_000, "Budget_Approved__c": "Yes",
            "Need_Fit__c": "Yes", "Purchase_Timeline__c": "This quarter", "Ready_To_Buy__c": "Yes",
            "Web_Visits__c": 14, "Page_Views__c": 60, "Emails_Opened__c": 8, "Emails_Clicked__c": 5,
            "Forms_Submitted__c": 3, "OwnerId": self._rep(),
            "Last_Web_Visit__c": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        }  # fmt: skip
        return self.org.mutate({"fields": values | answers})[0]

    def type(self, lead: str, **values: Any) -> None:
        """A person edits a lead."""
        self.org.mutate({"id": lead, "fields": values})

    def values(self, lead: str, *names: str) -> dict[str, Any]:
        """What stands in fields of a lead."""
        return self.org.rows(f"SELECT {', '.join(names)} FROM Lead WHERE Id = '{lead}'")[0]  # noqa: S608 — our own names

    def no_op_writes(self) -> int:
        """How many API writes changed nothing."""
        return sum(self.org.audit()["no_op_writes"].values())

    def fields_written(self) -> set[str]:
        """Lead fields that the API has written."""
        written = self.org.audit()["fields_written"]
        return {n.removeprefix("Lead.") for n in written if n.startswith("Lead.")}

    def opportunities(self) -> dict[str, int]:
        """How many opportunities the API has made of each lead."""
        return {k: len(v) for k, v in self.org.audit()["opportunities_per_lead"].items()}

    def calls(self) -> dict[str, int]:
        """API calls so far, by endpoint."""
        return dict(self.org.stats()["calls"])

    def slow(self, act: str, seconds: float) -> None:
        """Take long over every "write" or "convert"."""
        path = {"write": "composite", "convert": "Soap"}[act]
        self.org.faults([{"kind": "slow", "path": path, "seconds": seconds}])

    def slowed(self) -> int:
        """How many acts have been slowed down so far."""
        return sum(self.org.stats()["faults_fired"].values())

    def unslow(self) -> None:
        """Be as fast as ever again."""
        self.org.faults(None)

    def writes(self) -> int:
        """How many records the API has written."""
        written = self.org.audit()["writes_per_record"]
        return sum(count for record, count in written.items() if record.startswith("00Q"))

    def _rep(self) -> str:
        users = self.org.rows("SELECT OwnerId FROM Lead")
        return next(row["OwnerId"] for row in users if row["OwnerId"].startswith("005"))


class HubSpotWorld(World):
    """A project on a local HubSpot portal."""

    stage, score = "leadgate_stage", "leadgate_score"
    batch = 100
    mapped = frozenset(
        f"leadgate_{name}"
        for name in ("score", "grade", "priority", "stage", "reasons", "missing", "next_question")
    )

    def __init__(self, folder: Path, leads: int, *, seed: int = 6, **config: Any) -> None:
        super().__init__("hubspot", folder)
        settings = PortalConfig(**({"burst": 0, "search_per_second": 0} | config))
        self.portal = HubSpotPortal(leads, seed, now=datetime.now(UTC), config=settings)
        self.served = self.portal.serve()
        self.environment = {"HUBSPOT_ACCESS_TOKEN": self.portal.token}
        _write(self)

    def tick(self) -> None:
        """Let two seconds pass."""
        self.portal.advance(2)

    def plant(self, email: str, **answers: Any) -> str:
        """A lead that has said all that a rep can ask for; `answers` replace its properties."""
        values = {
            "firstname": "Ada", "lastname": "Planted", "company": "Planted Works", "email": email,
            "jobtitle": "Chief Financial Officer", "numemployees": "100-500", "country": "Germany",
            "website": "https://planted.example", "phone": "+49 30 901820",
            "hs_lead_status": "IN_PROGRESS", "annualrevenue": "90000000",
            "decision_maker": "yes", "budget": "80000", "budget_approved": "yes", "need_fit": "yes",
            "purchase_timeline": "this_quarter", "ready_to_buy": "yes",
        }  # fmt: skip
        lead = self.portal.admin.create("contacts", values | answers)
        visit = int(datetime.now(UTC).timestamp() * 1000)
        seen = {
            "hs_analytics_num_visits": 14, "hs_analytics_num_page_views": 60,
            "hs_analytics_last_visit_timestamp": visit, "hs_email_open": 8, "hs_email_click": 5,
            "num_conversion_events": 3, "recent_conversion_date": visit,
            "hs_analytics_source": "REFERRALS",
        }  # fmt: skip
        self.portal.admin.observe("contacts", lead, seen)
        return lead

    def type(self, lead: str, **values: Any) -> None:
        """A person edits a contact."""
        self.portal.admin.update("contacts", lead, values)

    def values(self, lead: str, *names: str) -> dict[str, Any]:
        """What stands in properties of a contact."""
        with self.portal.lock:
            found = self.portal.records.stores["contacts"].records[int(lead)].properties
            return {name: found.get(name) for name in names}

    def no_op_writes(self) -> int:
        """How many API writes changed nothing."""
        return sum(self.portal.audit()["no_op_writes"].values())

    def fields_written(self) -> set[str]:
        """Contact properties that the API has written."""
        written = self.portal.audit()["properties_written"]
        return {n.removeprefix("contacts.") for n in written if n.startswith("contacts.")}

    def opportunities(self) -> dict[str, int]:
        """How many deals each contact has that bear a conversion's key."""
        found: dict[str, int] = {}
        with self.portal.lock:
            for deal in self.portal.records.stores["deals"].records.values():
                if deal.properties.get("leadgate_key"):
                    for contact in deal.linked("contacts"):
                        found[str(contact)] = found.get(str(contact), 0) + 1
        return found

    def calls(self) -> dict[str, int]:
        """API calls so far, by endpoint."""
        return dict(self.portal.stats()["endpoints"])

    def slow(self, act: str, seconds: float) -> None:
        """Take long over every "write" or "convert"."""
        path = {"write": "contacts/batch/update", "convert": "deals/batch/create"}[act]
        self.portal.faults.add(Fault("slow", path=path, seconds=seconds, times=None))

    def slowed(self) -> int:
        """How many acts have been slowed down so far."""
        return sum(rule.struck for rule in self.portal.faults.rules())

    def unslow(self) -> None:
        """Be as fast as ever again."""
        self.portal.faults.clear()

    def writes(self) -> int:
        """How many records the API has written."""
        return int(self.portal.audit()["writes"])


def _write(world: World) -> None:
    """The project's files, as `leadgate init` writes them, for the server of this world."""
    write_project(world.folder, [world.crm], {world.crm: world.served.url})


WORLDS: dict[str, Any] = {"salesforce": SalesforceWorld, "hubspot": HubSpotWorld}
