"""A scripted wire to an org that answers what a test tells it to."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import httpx
import orjson
import polars as pl
import pytest

from connector.crm.salesforce.adapter import SalesforceCrm
from connector.crm.salesforce.settings import SalesforceSettings
from connector.engine.ports import Runtime
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg

LOGIN = "https://acme.my.salesforce.com"
TOKEN = {
    "access_token": "00Dxx!opaque.token",
    "instance_url": LOGIN,
    "id": "https://login.salesforce.com/id/00Dxx0000000001EAA/005xx0000000001AAA",
}


def field(name, kind="string", **more):
    """One field of a describe answer."""
    usual = {"label": name, "createable": True, "updateable": True, "nillable": True}
    return {"name": name, "type": kind, "custom": name.endswith("__c"), **usual, **more}


LEAD = [
    field("Id", "id", length=18, createable=False, updateable=False, nillable=False),
    field("SystemModstamp", "datetime", createable=False, updateable=False),
    field("IsDeleted", "boolean", createable=False, updateable=False),
    field("MasterRecordId", "reference", createable=False, updateable=False),
    field("IsConverted", "boolean", updateable=False),
    field("ConvertedOpportunityId", "reference", updateable=False),
    field("OwnerId", "reference", relationshipName="Owner", referenceTo=["Group", "User"]),
    field("Email", "email", length=80),
    field("Company", length=255, nillable=False),
    field("Score__c", "double", precision=5, scale=2),
    field("Employees", "int", digits=8),
    field("Stage__c", "picklist", restrictedPicklist=True),
    field("Active__c", "boolean"),
    field("Seen__c", "datetime"),
    field("Day__c", "date"),
    field("Notes__c", "textarea", length=32000),
    field("Address", "address"),
]
OPPORTUNITY = [
    field("Id", "id"),
    field("Name", length=120),
    field("StageName", "picklist"),
    field("Amount", "currency", precision=18, scale=2),
    field("CreatedById", "reference", updateable=False),
    field("Key__c", unique=True, length=18),
]


class Wire:
    """Answers by method and path; the last rule that fits and is not used up wins."""

    def __init__(self):
        self.rules = []
        self.log = []
        self.on("POST", "/oauth2/token", json=TOKEN)
        self.on("GET", "/sobjects/Lead/describe", json={"name": "Lead", "fields": LEAD})
        self.on("GET", "/Opportunity/describe", json={"name": "Opportunity", "fields": OPPORTUNITY})

    def on(self, method, path, *, times=None, status=200, json=None, do=None, **more):
        """Add a rule: a fixed answer, or `do`, a function of the request."""
        if do is None:
            content = more.pop("content", None)
            if json is not None:
                content = orjson.dumps(json)

            def do(_request):
                return httpx.Response(status, content=content, **more)

        self.rules.append([method, re.compile(path), times, do])

    def __call__(self, request):
        """Answer one request."""
        self.log.append(request)
        target = request.url.path + (f"?{request.url.query.decode()}" if request.url.query else "")
        for rule in reversed(self.rules):
            method, path, times, do = rule
            if method == request.method and path.search(target) and times != 0:
                rule[2] = None if times is None else times - 1
                answer = do(request)
                answer.headers.setdefault("Date", "Sun, 22 Nov 2026 08:00:00 GMT")
                return answer
        return httpx.Response(404, json=[{"errorCode": "NOT_FOUND", "message": "?"}])

    def sent(self, method, path=""):
        """The requests of that method whose path fits."""
        return [r for r in self.log if r.method == method and re.search(path, str(r.url))]


@pytest.fixture
def wire():
    """A scripted org that can log in and describe, and nothing else yet."""
    return Wire()


@pytest.fixture
def secrets():
    """What the adapter asked to keep: (key, value) pairs."""
    return []


@pytest.fixture
def naps():
    """The seconds that the adapter slept."""
    return []


@pytest.fixture
def connect(wire, secrets, naps):
    """Makes connections to the scripted org; nothing sleeps."""
    made = []

    def build(**changes):
        usual = {
            "login_url": LOGIN,
            "auth": "client_credentials",
            "client_id": "app",
            "client_secret": "app-secret",
        }
        runtime = Runtime(
            clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
            secret_changed=lambda key, value: secrets.append((key, value)),
        )
        crm = SalesforceCrm(
            SalesforceSettings(**(usual | changes)),
            runtime,
            transport=httpx.MockTransport(wire),
            sleep=naps.append,
        )
        made.append(crm)
        return crm

    yield build
    for crm in made:
        crm.close()


@pytest.fixture
def changes_of():
    """Builds the frame that a plan hands to `write`: ids, and texts by field."""

    def build(ids, **columns):
        frame = pl.DataFrame({"@id": list(ids)}, schema={"@id": pl.String})
        for name, values in columns.items():
            frame = frame.with_columns(
                pl.Series(f"to:{name}", values, pl.String),
                pl.lit(value=True).alias(f"change:{name}"),
            )
        return frame

    return build


NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def org():
    """A local org of 420 leads over real HTTP; `org.url` is its address."""
    made = SalesforceOrg(leads=420, seed=3, now=NOW, config=OrgConfig(bulk_delay_seconds=0.01))
    with made.serve() as served:
        made.url = served.url
        yield made


@pytest.fixture
def join(org, naps):
    """Makes connections to the local org; nothing sleeps longer than a bulk job needs."""
    made = []

    def build(**changes):
        keys = {name: org.credentials[name] for name in ("client_id", "client_secret")}
        usual = {"login_url": org.url, "auth": "client_credentials", **keys}
        crm = SalesforceCrm(
            SalesforceSettings(**(usual | changes)),
            Runtime(clock=lambda: NOW, secret_changed=lambda *_: None),
            sleep=lambda seconds: (naps.append(seconds), time.sleep(min(seconds, 0.03)))[0],
        )
        made.append(crm)
        return crm

    yield build
    for crm in made:
        crm.close()
