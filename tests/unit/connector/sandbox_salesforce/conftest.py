"""An org of its own for every test, and a client that has logged in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector.sandbox.salesforce import OrgConfig, SalesforceOrg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUIET = {"Sforce-Auto-Assign": "FALSE"}
BASE = "/services/data/v62.0"


class InProcess(httpx.BaseTransport):
    """Hands requests to an application without a network."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._transport = httpx.ASGITransport(org.app())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        return asyncio.run(self._handled(request))

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        body = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


class Api:
    """The REST API of one org, with a session."""

    def __init__(self, org: SalesforceOrg, http: httpx.Client) -> None:
        self.org = org
        self.http = http
        known = org.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": known["client_id"],
            "client_secret": known["client_secret"],
        }
        self.token = http.post("/services/oauth2/token", data=form).json()["access_token"]
        self.http.headers.update({"Authorization": f"Bearer {self.token}", **QUIET})

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request to the REST API."""
        return self.http.request(method, BASE + path, **options)

    def soql(self, query: str) -> list[dict[str, Any]]:
        """Return the records of a query that has to work."""
        answer = self.call("GET", "/query", params={"q": query})
        assert answer.status_code == 200, answer.text
        return answer.json()["records"]

    def refused(self, query: str) -> str:
        """Return the code of a query that has to be refused."""
        answer = self.call("GET", "/query", params={"q": query})
        return answer.json()[0]["errorCode"]

    def create(self, table: str = "Lead", **fields: Any) -> str:
        """Create a record; its id."""
        if table == "Lead":
            fields = {"LastName": "Doe", "Company": "Acme"} | fields
        answer = self.call("POST", f"/sobjects/{table}", json=fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def error(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and code of a refused request."""
        answer = self.call(method, path, **options)
        return answer.status_code, answer.json()[0]["errorCode"]


@pytest.fixture
def make_api() -> Iterator[Callable[..., Api]]:
    """Make orgs as configured, each with a client."""
    clients: list[httpx.Client] = []

    def make(leads: int = 0, **config: Any) -> Api:
        org = SalesforceOrg(leads, 1, now=NOW, config=OrgConfig(**config))
        clients.append(httpx.Client(transport=InProcess(org), base_url="http://org.test"))
        return Api(org, clients[-1])

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """Make an empty org with a client."""
    return make_api()
