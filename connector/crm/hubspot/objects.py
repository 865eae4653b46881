"""The HubSpot objects that can hold leads, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

MERGED_IDS = "hs_merged_object_ids"
OWNER = "hubspot_owner_id"
RECORD_ID = "hs_object_id"


@dataclass(frozen=True, slots=True)
class LeadObject:
    """An object: its name in paths, its number in addresses, its modified time, its pipeline's properties."""

    name: str
    type_id: str
    modified: str
    pipeline: str = ""
    stage: str = ""


CONTACTS = LeadObject("contacts", "0-1", "lastmodifieddate")
LEADS = LeadObject("leads", "0-136", "hs_lastmodifieddate", "hs_pipeline", "hs_pipeline_stage")
DEALS = LeadObject("deals", "0-3", "hs_lastmodifieddate", "pipeline", "dealstage")

LEAD_OBJECTS = {known.name: known for known in (CONTACTS, LEADS)}
