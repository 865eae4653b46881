"""Leads of the tests, and what stands in the CRM about them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import World

COLD = {
    "salesforce": {"Status": "Open - Not Contacted", "Decision_Maker__c": "No"},
    "hubspot": {"hs_lead_status": "NEW", "decision_maker": "no"},
}
"""Answers of a lead that is not converted yet."""


def plant(world: World, email: str, **answers: Any) -> str:
    """A lead that nobody converts yet; it becomes an MQL."""
    return world.plant(email, **COLD[world.crm] | answers)


def score(world: World, lead: str) -> float | None:
    """Our score in the CRM, if it has one."""
    found = world.values(lead, world.score)[world.score]
    return float(found) if found not in (None, "") else None


@contextmanager
def dropped_option(world: World, name: str, value: str) -> Iterator[Callable[[], None]]:
    """Lets an admin of the portal remove a value of a property when asked; after the block it is back."""
    catalog = world.portal.records.catalogs["contacts"]
    before = catalog.get(name).body()["options"]

    def drop() -> None:
        with world.portal.lock:
            catalog.update(name, {"options": [o for o in before if o["value"] != value]})

    yield drop
    with world.portal.lock:
        catalog.update(name, {"options": before})
