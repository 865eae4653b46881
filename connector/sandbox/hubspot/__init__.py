"""A sandbox HubSpot portal: real API, synthetic people, served on loopback."""

from __future__ import annotations

from connector.sandbox.hubspot.config import PortalConfig
from connector.sandbox.hubspot.faults import Fault
from connector.sandbox.hubspot.portal import HubSpotPortal

__all__ = ["Fault", "HubSpotPortal", "PortalConfig"]
