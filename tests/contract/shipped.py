"""The three CRMs that ship with leadgate, as the contract suite meets them."""

# ruff: noqa: D102 — what each method does is said in Site

from __future__ import annotations

import csv
import html
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from connector.sandbox.hubspot import Fault, HubSpotPortal, PortalConfig
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg
from mappings.mapping import Conversion
from mappings.schema import NewField
from tests.contract.sites import LEADS, SITES, Site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TASK = ("id", "owner", "subject", "body", "due")
CLOSE_DATE = "2030-05-17"
DERIVED = {"createdate", "num_associated_contacts"}
"""Deal properties that HubSpot fills by itself, beside those that begin with `hs_`."""


class SalesforceSite(Site):
    """A local org with pages of 200."""

    name = "salesforce"
    capabilities = Site.capabilities | {"reach"}
    member_channel = "campaign"
    texts = ("Title", "City")
    typed = "Street"
    email = "Email"
    culprit = ("Title", "planted-value " * 20)
    new_field = NewField("lead", "Contract_Note__c", "Contract note", "text", length=100)
    opportunity: ClassVar = {
        "Name": "Planted – Web",
        "StageName": "Prospecting",
        "CloseDate": CLOSE_DATE,
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = OrgConfig(page_size=200, bulk_delay_seconds=0.01)
        self.org = SalesforceOrg(leads=LEADS, seed=4, now=datetime.now(UTC), config=config)
        self.served = self.org.serve()

    def settings(self) -> dict[str, Any]:
        known = self.org.credentials
        keys = {name: known[name] for name in ("client_id", "client_secret")}
        return {"login_url": self.served.url, "auth": "client_credentials"} | keys

    def wrong_settings(self, secret: str) -> dict[str, Any]:
        return {"client_secret": secret}

    def lead_ids(self) -> list[str]:
        there = "IsDeleted = false AND IsConverted = false"
        return [row["Id"] for row in self.org.rows(f"SELECT Id FROM Lead WHERE {there}")]  # noqa: S608 — our own names

    def convertible(self) -> list[str]:
        owned = "SELECT Id, OwnerId FROM Lead WHERE IsDeleted = false AND IsConverted = false"
        return [row["Id"] for row in self.org.rows(owned) if row["OwnerId"].startswith("005")]

    def now(self) -> datetime:
        return datetime.fromisoformat(self.org.advance(0))

    def pass_time(self, seconds: float) -> None:
        self.org.advance(seconds)

    def edit(self, ids: Sequence[str], value: str) -> None:
        moment = self.now().isoformat()
        self.org.mutate({"ids": list(ids), "fields": {self.typed: value}, "at": moment})

    def delete(self, record_id: str) -> None:
        self.org.mutate({"id": record_id, "delete": True})

    def merge(self, winner: str, loser: str) -> tuple[str, set[str]]:
        self.org.mutate({"merge": {"master": winner, "victims": [loser]}})
        return winner, {loser}

    def fields_written(self) -> set[str]:
        return self._written("Lead.")

    def opportunity_fields_written(self) -> set[str]:
        return self._written("Opportunity.")

    def opportunities(self, lead: str) -> dict[str, dict[str, str]]:
        made = self.org.audit()["opportunities_per_lead"].get(lead, [])
        names = ", ".join(["Id", *self.opportunity])
        found = {one["Id"]: one for one in self.org.rows(f"SELECT {names} FROM Opportunity")}  # noqa: S608 — our own names
        return {one: {name: found[one][name] for name in self.opportunity} for one in made}

    def tasks(self, lead: str) -> list[dict[str, str]]:
        fields = "Id, WhoId, OwnerId, Subject, Description, ActivityDate, CreatedById"
        rows = self.org.rows(f"SELECT {fields} FROM Task WHERE WhoId = '{lead}'")  # noqa: S608 — our own names
        names = ("Id", "OwnerId", "Subject", "Description", "ActivityDate")
        told = [[row[name] or "" for name in names] for row in rows if row["Description"]]
        return [dict(zip(TASK, each, strict=True)) for each in told]

    def target(self) -> str:
        return "Spring Webinar"

    def members(self) -> list[str]:
        rows = self.org.rows("SELECT LeadId FROM CampaignMember WHERE Campaign.IsActive = true")
        return [row["LeadId"] for row in rows]

    def lose_answers(self, act: str) -> None:
        path = {"convert": "Soap"}.get(act, "composite")
        self.org.faults([{"kind": "drop_after", "path": path, "times": 1}])

    def spoil(self, act: str, fault: str, status: int = 500) -> None:
        path = {"write": "composite/sobjects$", "read": "composite/sobjects/Lead$"}[act]
        rule = {"kind": fault, "path": path, "times": 1}
        self.org.faults([rule | ({"status": status} if fault == "status" else {})])

    def revoke(self) -> None:
        body = '{"error":"invalid_grant","error_description":"expired access/refresh token"}'
        rule = {"kind": "status", "path": "oauth2/token", "status": 400, "body": body}
        self.org.faults([rule])
        self.org.expire()

    def be_busy(self, status: int) -> None:
        self.org.faults([{"kind": "status", "status": status, "path": "/data/", "times": 1}])

    def refuse_all(self) -> None:
        self.org.faults([{"kind": "status", "status": 403, "path": "/data/"}])

    def end_sessions(self) -> None:
        self.org.expire()

    def calls_seen(self) -> int:
        return sum(self.org.stats()["calls"].values())

    def close(self) -> None:
        super().close()
        self.served.close()

    def _written(self, prefix: str) -> set[str]:
        written = self.org.audit()["fields_written"]
        return {name.removeprefix(prefix) for name in written if name.startswith(prefix)}


class HubSpotSite(Site):
    """A local portal, reached by OAuth, with its limits switched off so that no test waits."""

    name = "hubspot"
    capabilities = Site.capabilities | {"reach"}
    member_channel = "list"
    texts = ("jobtitle", "city")
    typed = "address"
    email = "email"
    culprit = ("hs_lead_status", "planted-value")
    new_field = NewField("lead", "contract_note", "Contract note", "text")
    opportunity: ClassVar = {
        "dealname": "Planted – Web", "pipeline": "default", "dealstage": "appointmentscheduled"
    }  # fmt: skip
    conversion = Conversion(key="leadgate_key")
    new_for_conversion = (NewField("opportunity", "leadgate_key", "Key", "text", unique=True),)
    conversion_extras = frozenset({"leadgate_key", "hubspot_owner_id"})

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = PortalConfig(burst=0, oauth_burst=0, search_per_second=0)
        self.portal = HubSpotPortal(LEADS, 4, now=datetime.now(UTC), config=config)
        self.served = self.portal.serve()
        self._list: str | None = None

    def settings(self) -> dict[str, Any]:
        known = self.portal.credentials
        names = ("client_id", "client_secret", "refresh_token")
        return {"base_url": self.served.url, "search_per_second": 100} | {
            name: getattr(known, name) for name in names
        }

    def wrong_settings(self, secret: str) -> dict[str, Any]:
        return {"refresh_token": secret}

    def lead_ids(self) -> list[str]:
        with self.portal.lock:
            found = self.portal.records.stores["contacts"].records.values()
            return [str(one.id) for one in found if not one.archived]

    def now(self) -> datetime:
        return self.portal.clock.moment()

    def pass_time(self, seconds: float) -> None:
        self.portal.advance(seconds)

    def edit(self, ids: Sequence[str], value: str) -> None:
        self.portal.admin.touch("contacts", {self.typed: value}, ids)

    def delete(self, record_id: str) -> None:
        self.portal.admin.archive("contacts", record_id)

    def merge(self, winner: str, loser: str) -> tuple[str, set[str]]:
        stays = self.portal.admin.merge("contacts", winner, loser)
        return stays, {winner, loser} - {stays}

    def fields_written(self) -> set[str]:
        written = self.portal.audit()["properties_written"]
        return {n.removeprefix("contacts.") for n in written if n.startswith("contacts.")}

    def opportunity_fields_written(self) -> set[str]:
        with self.portal.lock:
            deals = self.portal.records.stores["deals"].records.values()
            ours = [deal for deal in deals if deal.properties.get("leadgate_key")]
            names = {name for deal in ours for name in deal.properties}
        return {name for name in names if not name.startswith("hs_")} - DERIVED

    def opportunities(self, lead: str) -> dict[str, dict[str, str]]:
        with self.portal.lock:
            deals = list(self.portal.records.stores["deals"].records.values())
            return {
                str(deal.id): {name: deal.properties.get(name, "") for name in self.opportunity}
                for deal in deals
                if int(lead) in deal.linked("contacts")
            }

    def tasks(self, lead: str) -> list[dict[str, str]]:
        names = ("hubspot_owner_id", "hs_task_subject", "hs_task_body", "hs_timestamp")
        with self.portal.lock:
            tasks = self.portal.records.stores["tasks"].records.values()
            ours = [one for one in tasks if int(lead) in one.linked("contacts")]
            told = [[str(t.id), *(t.properties.get(n, "") for n in names)] for t in ours]
        rows = [dict(zip(TASK, each, strict=True)) for each in told]
        return [
            row | {"body": html.unescape(row["body"].replace("<br>", "\n")), "due": row["due"][:10]}
            for row in rows
        ]

    def target(self) -> str:
        if self._list is None:
            body = {"name": "Wake up", "objectTypeId": "0-1", "processingType": "MANUAL"}
            self._list = self._lists("POST", "", json=body)["list"]["listId"]
        return "Wake up"

    def members(self) -> list[str]:
        found = self._lists("GET", f"/{self._list}/memberships", params={"limit": 250})
        return [one["recordId"] for one in found["results"]]

    def _lists(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        url = f"{self.served.url}/crm/v3/lists{path}"
        headers = {"Authorization": f"Bearer {self.portal.token}"}
        answer: dict[str, Any] = httpx.request(method, url, headers=headers, **request).json()
        return answer

    def lose_answers(self, act: str) -> None:
        path = {
            "write": "contacts/batch/update",
            "convert": "deals/batch/create",
            "task": "tasks/batch/create",
            "member": "memberships/add",
        }[act]
        self.portal.faults.add(Fault("drop_after", path=path))

    def spoil(self, act: str, fault: str, status: int = 500) -> None:
        path = {"write": "contacts/batch/update", "read": "contacts/batch/read"}[act]
        rule = {"kind": fault, "path": path, "status": status}
        self.portal.faults.read(rule)

    def revoke(self) -> None:
        self.portal.auth.revoke()

    def be_busy(self, status: int) -> None:
        if status == 503:
            self.portal.faults.add(Fault("status", path="/crm/", status=status))
        else:
            self.portal.faults.add(Fault("rate_limit", path="/crm/", retry_after=1))

    def refuse_all(self) -> None:
        self.portal.faults.add(Fault("status", path="/crm/", status=403, times=None))

    def end_sessions(self) -> None:
        self.portal.auth.expire()

    def calls_seen(self) -> int:
        return int(self.portal.stats()["calls"])

    def close(self) -> None:
        super().close()
        self.served.close()


class CsvSite(Site):
    """A file of leads. It has no clock, no network and no opinion on values."""

    name = "csv"
    capabilities = frozenset()
    texts = ("leadgate_grade", "leadgate_reasons")
    typed = "city"
    email = "email"
    new_field = NewField("lead", "contract_note", "Contract note", "text")
    opportunity: ClassVar = {"name": "Planted – Web", "amount": "1200"}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ahead = timedelta(0)
        self.path = self.folder / "leads.csv"
        self._write(
            {"id": str(n), "email": f"p{n}@example.com", "city": "Ulm", "company": f"Firm {n}"}
            for n in range(1, LEADS + 1)
        )

    def settings(self) -> dict[str, Any]:
        return {"path": str(self.path)}

    def lead_ids(self) -> list[str]:
        return [row["id"] for row in self._rows()]

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def pass_time(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def edit(self, ids: Sequence[str], value: str) -> None:
        wanted = set(ids)
        self._write(row | {"city": value} if row["id"] in wanted else row for row in self._rows())

    def delete(self, record_id: str) -> None:
        self._write(row for row in self._rows() if row["id"] != record_id)

    def opportunities(self, lead: str) -> dict[str, dict[str, str]]:
        path = self.folder / "leads.leadgate.opportunities.csv"
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.DictReader(stream) if row["lead_id"] == lead]
        return {row["opportunity_id"]: {n: row[n] for n in self.opportunity} for row in rows}

    def _rows(self) -> list[dict[str, str]]:
        with self.path.open(newline="") as stream:
            return list(csv.DictReader(stream))

    def _write(self, rows: Any) -> None:
        rows = list(rows)
        with self.path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, ["id", "email", "city", "company"])
            writer.writeheader()
            writer.writerows(rows)
        os.utime(self.path, (self.now().timestamp(), self.now().timestamp()))


SITES |= {"salesforce": SalesforceSite, "hubspot": HubSpotSite, "csv": CsvSite}
