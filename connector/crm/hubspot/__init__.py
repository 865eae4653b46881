"""HubSpot: contacts or leads in, properties and deals out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.crm.hubspot.settings import HubSpotSettings
    from connector.engine.calls import CallStore


class Runtime(Protocol):
    """What an adapter is given besides its settings."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The local time, aware."""
        ...

    @property
    def secret_changed(self) -> Callable[[str, str], Any]:
        """Keeps a secret that the CRM has replaced: settings key, new value."""
        ...

    @property
    def calls(self) -> CallStore | None:
        """Counts calls for all processes that share a ledger, if there is one."""
        ...


class HubSpotPlugin:
    """How leadgate finds and opens HubSpot. Nothing heavy is imported before it is needed."""

    name = "hubspot"

    def settings_type(self) -> type[HubSpotSettings]:
        """The schema of this CRM's connection keys."""
        from connector.crm.hubspot.settings import HubSpotSettings  # noqa: PLC0415 — lazy on purpose

        return HubSpotSettings

    def open(self, settings: HubSpotSettings, runtime: Runtime) -> HubSpotCrm:
        """A connection to one portal; nothing is sent before the first question."""
        from connector.crm.hubspot.adapter import open_crm  # noqa: PLC0415 — lazy on purpose

        return open_crm(settings, runtime)


PLUGIN = HubSpotPlugin()
