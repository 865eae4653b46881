"""A project and a local CRM whose clock the test puts forward, and the people who work in it.

Every day leads come in, visit, click, answer and fall silent, and reps accept, refuse, move,
convert, win and lose. What then stands in the CRM is read from the CRM itself, not by the product.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from connector import wiring
from connector.sandbox.hubspot import HubSpotPortal, PortalConfig
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg
from connector.template import write_project
from tests.played.recount import Lead
from tests.support import Ran, leadgate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

BEGIN = datetime(2026, 8, 3, 7, 0, tzinfo=UTC)
MODEL = Path(__file__).with_name("model.yaml")
BLANK = {"", "[not provided]", "n/a", "none", "-"}
TIMELINES = {"this quarter": 90, "next quarter": 180, "this year": 365, "later": 730}
RIVAL = "chose a rival"

CHANCES = {
    "visit": 0.09, "click": 0.02, "need": 0.02, "authority": 0.015, "budget": 0.01, "timeline": 0.01,
    "ready": 0.012, "accept": 0.04, "refuse": 0.003, "reopen": 0.004, "move": 0.004,
    "opt_out": 0.003, "bounce": 0.002, "convert": 0.001, "close": 0.05, "delete": 0.0005,
}  # fmt: skip
"""How likely each act is for a lead on a day. A third of the leads do nothing at all."""


@dataclass
class Clock:
    """The time of everybody: it runs, and jumps when it is told to."""

    ahead: timedelta = timedelta()
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        """The present moment."""
        return BEGIN + self.ahead + timedelta(seconds=time.monotonic() - self.began)

    def until(self, moment: datetime) -> None:
        """Jump to a moment; the time never goes back."""
        self.ahead += max(timedelta(), moment - self())


class Played:
    """One CRM of so many leads, a project that is connected to it, and a seeded crowd."""

    crm: str
    environment: dict[str, str]
    stage_field: str

    def __init__(self, folder: Path, leads: int, seed: int = 11) -> None:
        self.folder = folder
        self.clock = Clock()
        self.chance = random.Random(seed)
        self.site = self._site(leads, seed)
        self.served = self.site.serve()
        write_project(folder, [self.crm], {self.crm: self.served.url})
        (folder / "scoring/model.yaml").write_text(MODEL.read_text("utf-8"), "utf-8")
        settings = folder / "leadgate.yaml"  # ninety days in thirty runs are no usual runs
        text = settings.read_text("utf-8") + "\nbrake: {floor: 1000000}\n"
        settings.write_text(text, "utf-8")
        assert self.run("setup", self.crm, "--yes").code == 0
        self.silent = {name for name in self.leads() if self.chance.random() < 1 / 3}
        self.moved: set[str] = set()
        """The leads whose stage a person has ever moved."""
        self.fresh = 0

    def run(self, *arguments: str) -> Ran:
        """One command of a user, at the time that it is here."""
        with patch.object(wiring, "clock", self.clock):
            return leadgate(self.folder, *arguments, environment=self.environment)

    def close(self) -> None:
        """Stop the server."""
        self.served.close()

    def day(self, number: int) -> None:
        """Let a day pass: what the crowd does in it, between eight and six."""
        self.clock.until(BEGIN + timedelta(days=number, hours=1))
        for name, lead in self.leads().items():
            if name not in self.silent:
                self._one(name, lead)
        for _ in range(self.chance.random() < 0.3):
            self.fresh += 1
            self.arrive(f"new{self.fresh}@arrived.example", firm=self.chance.random() < 0.7)

    def _one(self, name: str, lead: Lead) -> None:
        """What one lead and its rep do on a day."""
        done = [act for act, share in CHANCES.items() if self.chance.random() < share]
        if lead.converted:
            if "close" in done and lead.opportunity == "open":
                self.finish(name, won=self.chance.random() < 0.4)
            return
        for act in done:
            if act == "delete":
                self.delete(name)
                return
            if act == "convert":
                if self.rep_converts(name):
                    return
            elif act != "close":
                self.moved |= {name} if act == "move" else set()
                self.edit(name, self.values(act, lead))

    def answer(self, likely: float = 0.7) -> bool:
        """A yes or no."""
        return self.chance.random() < likely

    def _site(self, leads: int, seed: int) -> Any:
        raise NotImplementedError

    def leads(self) -> dict[str, Lead]:
        """Every lead that is there, as it stands in the CRM."""
        raise NotImplementedError

    def touches(self) -> list[tuple[str, date]]:
        """Every task that was made for a lead to be brought back: whose, and on which day."""
        raise NotImplementedError

    def values(self, act: str, lead: Lead) -> dict[str, Any]:
        """What an act writes into the CRM."""
        raise NotImplementedError

    def edit(self, name: str, values: Mapping[str, Any]) -> None:
        """Somebody or something writes into a lead."""
        raise NotImplementedError

    def arrive(self, email: str, *, firm: bool) -> None:
        """A new lead."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """A person deletes a lead."""
        raise NotImplementedError

    def rep_converts(self, name: str) -> bool:
        """A rep converts a lead by hand, where the CRM has such a thing."""
        raise NotImplementedError

    def finish(self, name: str, *, won: bool) -> None:
        """The opportunity of a lead is won or lost."""
        raise NotImplementedError


class PlayedSalesforce(Played):
    """Ninety days in a Salesforce org."""

    crm, stage_field = "salesforce", "Leadgate_Stage__c"

    def _site(self, leads: int, seed: int) -> SalesforceOrg:
        config = OrgConfig(bulk_delay_seconds=0.01)
        site = SalesforceOrg(leads, seed, now=BEGIN, config=config, clock=self.clock)
        secrets = site.credentials
        self.environment = {
            "SALESFORCE_CLIENT_ID": secrets["client_id"],
            "SALESFORCE_CLIENT_SECRET": secrets["client_secret"],
        }
        return site

    def leads(self) -> dict[str, Lead]:
        """Every lead that is there, as it stands in the org."""
        rows = self.site.rows(f"SELECT {_SALESFORCE} FROM Lead WHERE IsDeleted = false")  # noqa: S608 — our own names
        states = self.site.rows("SELECT Id, IsClosed, IsWon FROM Opportunity")
        state = {r["Id"]: _state(closed=r["IsClosed"], won=r["IsWon"]) for r in states}
        return {row["Id"]: _of_salesforce(row, state) for row in rows}

    def touches(self) -> list[tuple[str, date]]:
        """Every task that was made for a lead to be brought back: whose, and on which day."""
        rows = self.site.rows("SELECT WhoId, Subject, CreatedDate FROM Task")
        ours = [row for row in rows if "[leadgate " in (row["Subject"] or "")]
        who = self.site.rows("SELECT Id, ConvertedContactId FROM Lead WHERE IsConverted = true")
        lead = {row["ConvertedContactId"]: row["Id"] for row in who}
        return [(lead.get(row["WhoId"], row["WhoId"]), _day(row["CreatedDate"])) for row in ours]

    def values(self, act: str, lead: Lead) -> dict[str, Any]:
        """What an act writes into the org."""
        yes_no = {True: "Yes", False: "No"}
        acts: dict[str, dict[str, Any]] = {
            "visit": {
                "Web_Visits__c": (lead.visits or 0) + 1,
                "Last_Web_Visit__c": self.clock().strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            },
            "click": {"Emails_Clicked__c": (lead.clicks or 0) + 1},
            "need": {"Need_Fit__c": yes_no[self.answer(0.8)]},
            "authority": {"Decision_Maker__c": yes_no[self.answer(0.75)]},
            "budget": {"Budget_Approved__c": yes_no[self.answer()]},
            "timeline": {"Purchase_Timeline__c": self.chance.choice(("This quarter", "Later"))},
            "ready": {"Ready_To_Buy__c": yes_no[self.answer()]},
            "accept": {"Status": "Working - Contacted"},
            "refuse": {"Status": "Closed - Not Converted"},
            "reopen": {"Status": "Open - Not Contacted"},
            "move": {
                self.stage_field: self.chance.choice(("Lead", "MQL", "SAL", "SQL", "Recycled"))
            },
            "opt_out": {"HasOptedOutOfEmail": True},
            "bounce": {"EmailBouncedDate": self.clock().strftime("%Y-%m-%dT%H:%M:%S.000+0000")},
        }
        return acts[act]

    def edit(self, name: str, values: Mapping[str, Any]) -> None:
        """Somebody or something writes into a lead."""
        self.site.mutate({"id": name, "fields": dict(values)})

    def arrive(self, email: str, *, firm: bool) -> None:
        """A new lead."""
        company = "Arrived Works" if firm else "[not provided]"
        values = {"LastName": "Arrived", "Company": company, "Email": email, "LeadSource": "Web"}
        self.site.mutate({"fields": values | {"Status": "Open - Not Contacted"}})

    def delete(self, name: str) -> None:
        """A person deletes a lead."""
        self.site.mutate({"id": name, "delete": True})

    def rep_converts(self, name: str) -> bool:
        """A rep converts a lead by hand."""
        self.site.mutate({"convert": {"leadId": name}})
        return True

    def finish(self, name: str, *, won: bool) -> None:
        """The opportunity of a lead is won or lost."""
        rows = self.site.rows(f"SELECT ConvertedOpportunityId FROM Lead WHERE Id = '{name}'")  # noqa: S608 — our own ids
        fields = {"StageName": "Closed Won" if won else "Closed Lost"}
        opportunity = rows[0]["ConvertedOpportunityId"]
        self.site.mutate({"object": "Opportunity", "id": opportunity, "fields": fields})


_SALESFORCE = (
    "Id, Company, CreatedDate, LeadSource, Web_Visits__c, Last_Web_Visit__c, Emails_Clicked__c, "
    "Need_Fit__c, Decision_Maker__c, Budget_Approved__c, Purchase_Timeline__c, Ready_To_Buy__c, "
    "Status, HasOptedOutOfEmail, EmailBouncedDate, IsConverted, ConvertedOpportunityId, Leadgate_Stage__c"
)


def _of_salesforce(row: Mapping[str, Any], states: Mapping[str, str]) -> Lead:
    opportunity = row["ConvertedOpportunityId"]
    return Lead(
        firm=(row["Company"] or "").strip().lower() not in BLANK,
        created=_moment(row["CreatedDate"]),
        source=row["LeadSource"],
        visits=row["Web_Visits__c"],
        last_visit=_day(row["Last_Web_Visit__c"]),
        clicks=row["Emails_Clicked__c"],
        need=_yes_no(row["Need_Fit__c"]),
        authority=_yes_no(row["Decision_Maker__c"]),
        budget_approved=_yes_no(row["Budget_Approved__c"]),
        timeline=TIMELINES.get((row["Purchase_Timeline__c"] or "").lower()),
        ready=_yes_no(row["Ready_To_Buy__c"]),
        accepted=row["Status"] in ("Working - Contacted", "Closed - Converted"),
        disqualified=row["Status"] == "Closed - Not Converted",
        opted_out=row["HasOptedOutOfEmail"],
        bounced=row["EmailBouncedDate"] is not None,
        stage=(row["Leadgate_Stage__c"] or "").lower() or None,
        converted=row["IsConverted"],
        opportunity=states.get(opportunity) if opportunity else None,
    )


class PlayedHubSpot(Played):
    """Ninety days in a HubSpot portal."""

    crm, stage_field = "hubspot", "leadgate_stage"

    def _site(self, leads: int, seed: int) -> HubSpotPortal:
        config = PortalConfig(burst=0, search_per_second=0)
        site = HubSpotPortal(leads, seed, now=BEGIN, config=config, source=self.clock)
        self.environment = {"HUBSPOT_ACCESS_TOKEN": site.token}
        return site

    def leads(self) -> dict[str, Lead]:
        """Every contact that is there, as it stands in the portal."""
        with self.site.lock:
            stores = self.site.records.stores
            deals = {
                deal.properties["leadgate_key"]: dict(deal.properties)
                for deal in stores["deals"].records.values()
                if deal.properties.get("leadgate_key") and not deal.archived
            }
            return {
                str(record.id): _of_hubspot(record.properties, deals.get(str(record.id)))
                for record in stores["contacts"].records.values()
                if not record.archived
            }

    def touches(self) -> list[tuple[str, date]]:
        """Every task that was made for a lead to be brought back: whose, and on which day."""
        with self.site.lock:
            tasks = list(self.site.records.stores["tasks"].records.values())
        ours = [task for task in tasks if "leadgate_key" in task.properties or _marked(task)]
        return [
            (str(contact), _day(task.properties["hs_createdate"]))
            for task in ours
            for contact in task.linked("contacts")
        ]

    def values(self, act: str, lead: Lead) -> dict[str, Any]:
        """What an act writes into the portal."""
        yes_no = {True: "yes", False: "no"}
        now = int(self.clock().timestamp() * 1000)
        acts: dict[str, dict[str, Any]] = {
            "visit": {
                "hs_analytics_num_visits": (lead.visits or 0) + 1,
                "hs_analytics_last_visit_timestamp": now,
            },
            "click": {"hs_email_click": (lead.clicks or 0) + 1},
            "need": {"need_fit": yes_no[self.answer(0.8)]},
            "authority": {"decision_maker": yes_no[self.answer(0.75)]},
            "budget": {"budget_approved": yes_no[self.answer()]},
            "timeline": {"purchase_timeline": self.chance.choice(("this_quarter", "later"))},
            "ready": {"ready_to_buy": yes_no[self.answer()]},
            "accept": {"hs_lead_status": "IN_PROGRESS"},
            "refuse": {"hs_lead_status": "UNQUALIFIED"},
            "reopen": {"hs_lead_status": "NEW"},
            "move": {
                self.stage_field: self.chance.choice(("lead", "mql", "sal", "sql", "recycled"))
            },
            "opt_out": {"hs_email_optout": "true"},
            "bounce": {"hs_email_hard_bounce_reason_enum": "UNKNOWN_USER"},
        }
        return acts[act]

    def edit(self, name: str, values: Mapping[str, Any]) -> None:
        """Somebody or something writes into a contact; what is read only, the trackers write."""
        tracked = any(field.startswith("hs_") and field != "hs_lead_status" for field in values)
        act = self.site.admin.observe if tracked else self.site.admin.update
        act("contacts", name, dict(values))

    def arrive(self, email: str, *, firm: bool) -> None:
        """A new contact."""
        company = {"company": "Arrived Works"} if firm else {}
        values = {"lastname": "Arrived", "email": email, "hs_lead_status": "NEW"}
        self.site.admin.create("contacts", values | company)

    def delete(self, name: str) -> None:
        """A person deletes a contact."""
        self.site.admin.archive("contacts", name)

    def rep_converts(self, name: str) -> bool:
        """Contacts are not converted; reps make deals of their own, which are no business of ours."""
        return False

    def finish(self, name: str, *, won: bool) -> None:
        """The deal of a contact is won or lost."""
        with self.site.lock:
            deals = self.site.records.stores["deals"].records.values()
            deal = next(d.id for d in deals if d.properties.get("leadgate_key") == name)
        lost = {"dealstage": "closedlost"}
        lost |= {"closed_lost_reason": self.chance.choice(("Too dear", RIVAL))}
        self.site.admin.update("deals", deal, {"dealstage": "closedwon"} if won else lost)


def _of_hubspot(row: Mapping[str, Any], deal: Mapping[str, Any] | None) -> Lead:
    state = None
    if deal is not None:
        won = deal.get("hs_is_closed_won") == "true"
        state = _state(closed=deal.get("hs_is_closed") == "true", won=won)
    status = row.get("hs_lead_status") or None
    return Lead(
        firm=bool((row.get("company") or "").strip()),
        created=_moment(row.get("createdate")),
        source=row.get("hs_analytics_source"),
        visits=_number(row.get("hs_analytics_num_visits")),
        last_visit=_day(row.get("hs_analytics_last_visit_timestamp")),
        clicks=_number(row.get("hs_email_click")),
        need=_yes_no(row.get("need_fit")),
        authority=_yes_no(row.get("decision_maker")),
        budget_approved=_yes_no(row.get("budget_approved")),
        timeline=TIMELINES.get((row.get("purchase_timeline") or "").replace("_", " ")),
        ready=_yes_no(row.get("ready_to_buy")),
        accepted=None if status is None else status in ("IN_PROGRESS", "OPEN_DEAL", "CONNECTED"),
        disqualified=None if status is None else status == "UNQUALIFIED",
        opted_out=None if row.get("hs_email_optout") is None else row["hs_email_optout"] == "true",
        bounced=bool(row.get("hs_email_hard_bounce_reason_enum")),
        stage=row.get("leadgate_stage") or None,
        converted=deal is not None,
        opportunity=state,
        lost_reason=(deal or {}).get("closed_lost_reason") if state == "lost" else None,
    )


def _marked(task: Any) -> bool:
    return "leadgate " in (task.properties.get("hs_task_body") or "")


def _state(*, closed: bool, won: bool) -> str:
    return ("won" if won else "lost") if closed else "open"


def _yes_no(text: str | None) -> bool | None:
    return {"yes": True, "no": False}.get((text or "").lower())


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromisoformat(text.replace("+0000", "+00:00"))


def _day(text: str | None) -> Any:
    moment = _moment(text)
    return moment.date() if moment else None


WORLDS: dict[str, type[Played]] = {"salesforce": PlayedSalesforce, "hubspot": PlayedHubSpot}
