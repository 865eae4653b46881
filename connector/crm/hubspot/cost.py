"""How many calls work in HubSpot takes: the formulas of reader, writer and converter."""

from __future__ import annotations

from connector.crm.hubspot.reading import BATCH

_CONVERSION = 4  # deals by key, contacts, their companies, the deals made with both
_LEAD_OBJECT = 2  # contacts behind the leads, deals associated with the leads
_TASK = 3  # what is there by the lead, tasks read, tasks made


def calls(reads: int, changes: int, conversions: int, tasks: int, *, leads: bool) -> int:
    """About how many calls it takes to read so many records, and to write, convert and make so many.

    All of it goes by the hundred. Lifecycle stages that move back, and a status that conversions set,
    take calls beside these; `leads` says that the lead object is not the contact.
    """
    per_hundred = _CONVERSION + (_LEAD_OBJECT if leads else 0)
    return (
        _hundreds(reads)
        + _hundreds(changes)
        + per_hundred * _hundreds(conversions)
        + _TASK * _hundreds(tasks)
    )


def _hundreds(count: int) -> int:
    return -(-count // BATCH)
