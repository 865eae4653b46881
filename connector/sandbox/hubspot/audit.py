"""What the API has done to the portal: who wrote what, how often, and over whose hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.store import INTEGRATION, PERSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.store import Record, Source, Store


@dataclass(slots=True)
class Journal:
    """Writes by the API, counted as they happen; keys are `contacts/123` and `contacts.city`."""

    writes: Counter[str] = field(default_factory=Counter)
    no_op_writes: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    overwritten: list[dict[str, Any]] = field(default_factory=list)
    backwards: list[dict[str, Any]] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)
    archived: Counter[str] = field(default_factory=Counter)

    def writing(
        self, kind: Kind, record: Record, values: Mapping[str, str], *, source: Source, now: int
    ) -> None:
        """Note a write before it happens, while the values it will replace are still there."""
        if source is not INTEGRATION:
            return
        key = f"{kind.name}/{record.id}"
        changes = {n: v for n, v in values.items() if record.properties.get(n, "") != v}
        self.writes[key] += 1
        if not changes:
            self.no_op_writes[key] += 1
        for name, value in changes.items():
            self.properties[f"{kind.name}.{name}"] += 1
            versions = record.history.get(name)
            if versions and versions[-1].source.type == PERSON.type:
                entry = {"type": kind.name, "id": str(record.id), "property": name}
                entry |= {"person": versions[-1].value, "edited_at": iso(versions[-1].at)}
                self.overwritten.append(entry | {"value": value, "written_at": iso(now)})

    def backward(self, kind: Kind, record: Record, before: str, wanted: str) -> None:
        """Note a lifecycle move to an earlier stage, which HubSpot ignores."""
        entry = {"type": kind.name, "id": str(record.id), "from": before, "to": wanted}
        self.backwards.append(entry)

    def clear(self) -> None:
        """Forget everything so far."""
        for counted in (self.writes, self.no_op_writes, self.properties):
            counted.clear()
        self.created.clear()
        self.archived.clear()
        self.overwritten.clear()
        self.backwards.clear()


def audit(journal: Journal, deal_store: Store, deal_key: str | None = None) -> dict[str, Any]:
    """Sum up the journal and the deals as they stand.

    `deal_key` names the deal property that is to differ from deal to deal.
    """
    deals = [d for d in deal_store.records.values() if not d.archived]
    per_contact: Counter[str] = Counter(str(c) for deal in deals for c in deal.linked("contacts"))
    keys = Counter(deal.properties.get(deal_key, "") for deal in deals) if deal_key else Counter()
    keys.pop("", None)
    return {
        "writes": sum(journal.writes.values()),
        "writes_per_record": dict(journal.writes),
        "no_op_writes": dict(journal.no_op_writes),
        "properties_written": dict(journal.properties),
        "created": dict(journal.created),
        "archived": dict(journal.archived),
        "deals": len(deals),
        "deals_per_contact": dict(per_contact),
        "contacts_with_many_deals": sorted(c for c, n in per_contact.items() if n > 1),
        "deals_without_contact": [str(d.id) for d in deals if not d.linked("contacts")],
        "duplicate_deal_keys": {key: n for key, n in keys.items() if n > 1},
        "human_edits_overwritten": list(journal.overwritten),
        "lifecycle_moves_ignored": list(journal.backwards),
    }
