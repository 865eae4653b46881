"""A small served portal and a client that speaks plain HTTP to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector.sandbox.http import serve
from connector.sandbox.hubspot import HubSpotPortal

if TYPE_CHECKING:
    from starlette.types import ASGIApp

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Api:
    """Short calls to a served portal; answers the status and the parsed body."""

    def __init__(self, portal: HubSpotPortal, http: httpx.Client) -> None:
        self.portal = portal
        self.http = http

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Call a path; answers the status and the parsed body."""
        response = self.http.request(method, path, json=body, **more)
        return response.status_code, response.json() if response.content else None

    def contact(self, **properties: str) -> str:
        """Create a contact and return its id."""
        status, body = self("POST", "/crm/v3/objects/contacts", {"properties": properties})

        assert status == 201, body
        return str(body["id"])

    def properties(self, record_id: str, *names: str, kind: str = "contacts") -> dict[str, Any]:
        """Read properties of a record."""
        path = f"/crm/v3/objects/{kind}/{record_id}"
        status, body = self("GET", path, params={"properties": ",".join(names)})

        assert status == 200, body
        return dict(body["properties"])

    def search(self, kind: str = "contacts", **body: Any) -> tuple[int, Any]:
        """Search records."""
        return self("POST", f"/crm/v3/objects/{kind}/search", body)

    def found(self, *filters: dict[str, Any], kind: str = "contacts") -> set[str]:
        """Ids of the records that pass all filters."""
        status, body = self.search(kind, filterGroups=[{"filters": list(filters)}], limit=200)

        assert status == 200, body
        return {record["id"] for record in body["results"]}


@pytest.fixture
def portal() -> HubSpotPortal:
    """A portal of 120 leads without call limits."""
    portal = HubSpotPortal(120, 7, now=NOW)
    portal.config.burst = portal.config.search_per_second = portal.config.daily = 0
    return portal


class Switch:
    """An application that hands every request to the portal of the running test."""

    app: ASGIApp

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand one request over."""
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch():
    """One server for all tests, and the switch behind it."""
    switch = Switch()
    with serve(switch, date_header=False) as served:
        yield switch, served.url


@pytest.fixture
def url(portal: HubSpotPortal, switch) -> str:
    """Where the portal is served."""
    switch[0].app = portal.app()
    return switch[1]


@pytest.fixture
def api(portal: HubSpotPortal, url: str):
    """A client with the portal's token."""
    headers = {"Authorization": f"Bearer {portal.token}"}
    with httpx.Client(base_url=url, headers=headers) as http:
        yield Api(portal, http)
