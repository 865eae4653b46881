"""Outcome rows, one per input row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.crm.hubspot.refusals import explain

if TYPE_CHECKING:
    from connector.crm.hubspot.faults import Fault
    from connector.engine.ports import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome, as the outcome frames of `connector.engine.ports` have it."""

    outcome: Outcome
    code: str = ""
    field: str = ""
    message: str = ""
    remedy: str = ""

    def columns(self, record_id: str) -> dict[str, str]:
        """The outcome frame's columns."""
        return {
            "@id": record_id,
            "outcome": self.outcome,
            "code": self.code,
            "field": self.field,
            "message": self.message,
            "remedy": self.remedy,
        }


APPLIED = Row("applied")


def refused(fault: Fault) -> Row:
    """A fault as an outcome: what is gone is skipped, everything else rejected."""
    message, remedy = explain(fault)
    outcome: Outcome = "skipped" if fault.code == "OBJECT_NOT_FOUND" else "rejected"
    return Row(outcome, fault.code, fault.field, message, remedy)
