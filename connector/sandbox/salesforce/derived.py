"""Fields that follow from others: full names, closed and won, probability, finished tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record, Table

ADDRESS_PARTS = {
    "city": "City",
    "country": "Country",
    "geocodeAccuracy": "",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "postalCode": "PostalCode",
    "state": "State",
    "street": "Street",
}


def derive(state: State, table: Table, before: Record | None, record: Record) -> None:
    """Work out the derived fields of a new record in place."""
    if table.spec.person:
        record["Name"] = full_name(record)
    elif table.name == "Opportunity":
        _derive_stage(state, before, record)
    elif table.name == "Task":
        record["IsClosed"] = record.get("Status") == "Completed"
    elif table.name == "CampaignMember":
        record["HasResponded"] = record.get("Status") == "Responded"


def full_name(record: Record) -> str:
    """First and last name as the CRM shows them."""
    first = record.get("FirstName")
    return f"{first} {record['LastName']}" if first else str(record["LastName"])


def address(record: Record) -> dict[str, Any] | None:
    """The compound address of a lead; None when all its parts are empty."""
    parts = {key: record.get(name) for key, name in ADDRESS_PARTS.items()}
    return parts if any(value is not None for value in parts.values()) else None


def stage(state: State, name: object) -> Record | None:
    """The opportunity stage of this name, if the org has it."""
    rows = state.store.live("OpportunityStage")
    return next((row for row in rows if row["MasterLabel"] == name), None)


def _derive_stage(state: State, before: Record | None, record: Record) -> None:
    row = stage(state, record.get("StageName"))
    record["IsClosed"] = bool(row and row["IsClosed"])
    record["IsWon"] = bool(row and row["IsWon"])
    if row is None:
        record.setdefault("Probability", 0.0)
        record.setdefault("ForecastCategoryName", "Pipeline")
        return
    moved = before is not None and before.get("StageName") != record["StageName"]
    unsaid = before is not None and before.get("Probability") == record.get("Probability")
    if "Probability" not in record or (moved and unsaid):
        record["Probability"] = row["DefaultProbability"]
    if "ForecastCategoryName" not in record or moved:
        record["ForecastCategoryName"] = row["ForecastCategoryName"]
