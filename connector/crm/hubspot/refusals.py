"""What a fault means to a user, and what to do about it; never with the value it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.crm.hubspot.faults import Fault

_MEND_MAPPING = "Mend the mapping; leadgate check names what is wrong."
_OPEN_RECORD = "Open the record in HubSpot and mend it there."

_KNOWN: dict[str, tuple[str, str]] = {
    "PROPERTY_DOESNT_EXIST": (
        "the property does not exist",
        "Run leadgate setup to create it, or mend the mapping.",
    ),
    "READ_ONLY_VALUE": ("the property is read-only", _MEND_MAPPING),
    "INVALID_OPTION": (
        "the value is none of the property's options",
        "Add the option in HubSpot, or map to one that exists; leadgate check lists them.",
    ),
    "INVALID_EMAIL": ("the value is not an e-mail address that HubSpot takes", _OPEN_RECORD),
    "INVALID_LONG": ("the value is not a date that HubSpot takes", _MEND_MAPPING),
    "INVALID_DATE": ("the value is not a date that HubSpot takes", _MEND_MAPPING),
    "INVALID_INTEGER": ("the value is not a number", _MEND_MAPPING),
    "INVALID_NUMERIC": ("the value is not a number", _MEND_MAPPING),
    "REQUIRED_PROPERTY": ("a required property is missing", _MEND_MAPPING),
    "CONFLICT": (
        "another record has this value already",
        "Merge the two records in HubSpot, or leave this property out of the mapping.",
    ),
    "OBJECT_NOT_FOUND": ("the record is deleted, archived or merged", ""),
    "VALIDATION_ERROR": (
        "HubSpot refused the record as not valid",
        "Compare the mapping with the portal's rules for required and unique properties.",
    ),
    "LIFECYCLE_STAGE_KEPT": (
        "HubSpot kept the lifecycle stage that it had, even after clearing it",
        "Allow stages to be set by this app in the portal's lifecycle settings, or write another"
        " property.",
    ),
    "ASSOCIATION_REFUSED": (
        "the deal exists, but HubSpot refused to associate it with its contact or lead",
        "Associate the deal by hand, or allow it in the portal and convert again.",
    ),
    "NO_OWNER": (
        "nobody owns the lead, so the task would be seen by nobody",
        "Give the lead an owner, or name who gets such tasks under outreach.task.owner.",
    ),
    "INTERNAL_ERROR": ("HubSpot failed on this record, several times", "Run again later."),
    "NO_ANSWER": ("HubSpot answered the batch, but not for this record", "Run again."),
}
_UNKNOWN = ("HubSpot refused it", _OPEN_RECORD)


def explain(fault: Fault) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    what, remedy = _KNOWN.get(fault.code, _UNKNOWN)
    return (f"{fault.field}: {what}" if fault.field else what), remedy
