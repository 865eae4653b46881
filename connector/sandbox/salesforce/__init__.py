"""A local Salesforce org, served over HTTP on loopback: for the demo, the tests and rehearsals."""

from __future__ import annotations

from connector.sandbox.salesforce.org import SalesforceOrg
from connector.sandbox.salesforce.state import OrgConfig

__all__ = ["OrgConfig", "SalesforceOrg"]
