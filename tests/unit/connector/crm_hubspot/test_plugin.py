"""The plugin is found by its entry point and costs nothing until it is opened."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

from connector.crm.hubspot import PLUGIN
from connector.crm.hubspot.settings import HubSpotSettings


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    """Neither the SDK nor polars nor pydantic is imported with the module."""
    heavy = ("hubspot", "polars", "pydantic", "urllib3", "httpx", "tenacity")
    script = (
        "import sys; import connector.crm.hubspot;"
        f"print(','.join(m for m in {heavy!r} if m in sys.modules))"
    )

    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )

    assert found.stdout.strip() == ""


def test_entry_point_leads_to_the_plugin() -> None:
    """The address written in pyproject.toml is the plugin object."""
    entry = EntryPoint("hubspot", "connector.crm.hubspot:PLUGIN", "leadgate.crms")

    assert entry.load() is PLUGIN
    assert PLUGIN.name == "hubspot"
    assert PLUGIN.settings_type() is HubSpotSettings
