"""The org's opportunity stages and converted lead statuses: what a describe does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm.salesforce import soql
from connector.engine.rehearsing import SalesProcess, SalesStage
from connector.errors import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.salesforce.client import Client
    from connector.engine.rehearsing import State

_STAGE = ("ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon", "DefaultProbability")
_STATUS = ("ApiName", "MasterLabel", "IsConverted")
_PERCENT = 100


def sales_process(client: Client) -> SalesProcess:
    """Both in two calls; what the user may not see is left out."""
    stages = _rows(client, "OpportunityStage", _STAGE)
    statuses = _rows(client, "LeadStatus", _STATUS)
    return SalesProcess(
        stages=tuple(_stage(row) for row in stages if row.get("IsActive", True)),
        converted=tuple(str(row["MasterLabel"]) for row in statuses if row["IsConverted"]),
    )


def _rows(client: Client, name: str, fields: Sequence[str]) -> list[dict[str, Any]]:
    try:
        found = client.query(soql.select(fields, name, "ORDER BY SortOrder"))
    except RequestRefusedError:
        return []
    return list(found["records"])


def _stage(row: dict[str, Any]) -> SalesStage:
    state: State = "open" if not row["IsClosed"] else "won" if row["IsWon"] else "lost"
    return SalesStage(
        value=str(row.get("ApiName") or row["MasterLabel"]),
        label=str(row["MasterLabel"]),
        state=state,
        probability=float(row.get("DefaultProbability") or 0) / _PERCENT,
    )
