"""A HubSpot portal in memory, served over HTTP on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.http import serve
from connector.sandbox.hubspot.app import App
from connector.sandbox.hubspot.core import PortalCore

if TYPE_CHECKING:
    from connector.sandbox.http import Served


class HubSpotPortal(PortalCore):
    """A lived-in portal of synthetic contacts, with everything that HubSpot's API does to them."""

    def app(self) -> App:
        """Make the ASGI application; it sends the Date header itself."""
        return App(self)

    def serve(self, port: int = 0) -> Served:
        """Serve the portal on loopback until the result is closed."""
        return serve(self.app(), port, date_header=False)
