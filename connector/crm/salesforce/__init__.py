"""Salesforce: leads pulled, written and converted through its REST, Bulk and SOAP APIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.crm.salesforce.adapter import SalesforceCrm
    from connector.crm.salesforce.settings import SalesforceSettings
    from connector.engine.ports import Runtime

# Importing a plugin must stay cheap, so the adapter is imported when it is first asked for.


@dataclass(frozen=True, slots=True)
class _Salesforce:
    name: str = "salesforce"

    def settings_type(self) -> type[SalesforceSettings]:
        """The checked schema of the connection keys that only Salesforce has."""
        from connector.crm.salesforce.settings import SalesforceSettings  # noqa: PLC0415

        return SalesforceSettings

    def open(self, settings: SalesforceSettings, runtime: Runtime) -> SalesforceCrm:
        """A connection from checked settings; nothing is sent before the first call."""
        from connector.crm.salesforce.adapter import SalesforceCrm  # noqa: PLC0415

        return SalesforceCrm(settings, runtime)


PLUGIN = _Salesforce()
"""What the entry-point group `leadgate.crms` finds."""
