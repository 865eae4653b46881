"""What the portal does by itself: stages that only move forward, deals that move their contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.store import PORTAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.hubspot.audit import Journal
    from connector.sandbox.hubspot.config import PortalConfig
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.pipelines import Pipelines
    from connector.sandbox.hubspot.properties import Catalog
    from connector.sandbox.hubspot.store import Record, Store

STAGE = "lifecyclestage"
_STAGED = ("contacts", "companies")


class Holdings(Protocol):
    """What the rules look at and change: records, definitions, settings, the clock."""

    now: Callable[[], int]
    config: PortalConfig
    stores: dict[str, Store]
    catalogs: dict[str, Catalog]
    pipelines: Pipelines
    journal: Journal


def forward_only(
    records: Holdings, kind: Kind, record: Record, values: dict[str, str]
) -> dict[str, str]:
    """Leave out a lifecycle stage that lies before the present one: HubSpot ignores it silently.

    A cleared stage may be set to any.
    """
    before, wanted = record.properties.get(STAGE), values.get(STAGE)
    if kind.name not in _STAGED or not before or not wanted:
        return values
    if _rank(records, kind, wanted) >= _rank(records, kind, before):
        return values
    records.journal.backward(kind, record, before, wanted)
    return {name: value for name, value in values.items() if name != STAGE}


def with_dates(records: Holdings, kind: Kind, values: dict[str, str]) -> dict[str, str]:
    """Add the date on which a record enters a lifecycle stage, and a contact's e-mail domain."""
    more: dict[str, str] = {}
    entered = f"hs_lifecyclestage_{values.get(STAGE)}_date"
    if kind.name == "contacts" and entered in records.catalogs["contacts"].properties:
        more[entered] = iso(records.now())
    if kind.name == "contacts" and "email" in values:
        more["hs_email_domain"] = values["email"].rpartition("@")[2]
    return values | more


def with_deal_state(
    records: Holdings, record: Record | None, values: dict[str, str]
) -> dict[str, str]:
    """Add what follows from a deal's stage: closed, won, probability, weighted amount."""
    if not values.keys() & {"dealstage", "pipeline", "amount"}:
        return values
    held = record.properties if record else {}
    merged = held | values
    stage = records.pipelines.stage("deals", merged.get("pipeline"), merged.get("dealstage"))
    if stage is None:
        return values
    won, lost = stage.probability == "1.0", stage.probability == "0.0"
    derived = {
        "hs_is_closed": str(stage.closed).lower(),
        "hs_is_closed_won": str(won).lower(),
        "hs_is_closed_lost": str(lost).lower(),
        "hs_deal_stage_probability": stage.probability or "",
    }
    if merged.get("amount") and stage.probability:
        weighted = float(merged["amount"]) * float(stage.probability)
        derived["hs_projected_amount"] = f"{weighted:g}"
    if stage.closed and not merged.get("closedate"):
        derived["closedate"] = iso(records.now())
    return values | derived


def deal_moved(records: Holdings, deal: Record) -> None:
    """Bring the contacts and companies of a deal to opportunity, or to customer when it is won."""
    if not records.config.deal_sets_lifecycle:
        return
    wanted = "customer" if deal.properties.get("hs_is_closed_won") == "true" else "opportunity"
    for name in _STAGED:
        store = records.stores[name]
        for record_id in list(deal.linked(name)):
            record = store.records[record_id]
            stage = record.properties.get(STAGE, "")
            if _rank(records, store.kind, stage) < _rank(records, store.kind, wanted):
                store.change(record, with_dates(records, store.kind, {STAGE: wanted}), PORTAL)


def recount(records: Holdings, type_name: str, record: Record) -> None:
    """Bring the counts of associated records up to date."""
    counts = _COUNTED.get(type_name, {})
    counted = {prop: str(len(record.linked(other))) for prop, other in counts.items()}
    known = {n: v for n, v in counted.items() if v != "0" or n in record.properties}
    if type_name == "contacts":
        known["associatedcompanyid"] = _primary_company(record)
    records.stores[type_name].change(record, known, PORTAL)


_COUNTED = {
    "contacts": {"num_associated_deals": "deals", "num_notes": "notes"},
    "companies": {"num_associated_contacts": "contacts", "num_associated_deals": "deals"},
    "deals": {"num_associated_contacts": "contacts"},
}


def _primary_company(record: Record) -> str:
    companies = record.linked("companies")
    return next((str(c) for c, types in companies.items() if 1 in types), "")


def activity_logged(
    records: Holdings, activity: tuple[str, Record], target: tuple[str, Record]
) -> None:
    """Move the activity dates of a record that a task or note was attached to."""
    type_name, record = target
    if type_name not in _COUNTED:
        return
    name = "notes_next_activity_date" if activity[0] == "tasks" else "notes_last_updated"
    at = activity[1].properties.get("hs_timestamp") or iso(records.now())
    store = records.stores[type_name]
    known = {name: at} if name in records.catalogs[type_name].properties else {}
    if not store.change(record, known, PORTAL):
        store.touch(record)


def _rank(records: Holdings, kind: Kind, stage: str) -> int:
    options = records.catalogs[kind.name].properties[STAGE].options
    return next((place for place, choice in enumerate(options) if choice.value == stage), -1)
