"""Records in memory, the search index that lags behind them, and what was done to each."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.hubspot.clock import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.sandbox.hubspot.config import PortalConfig
    from connector.sandbox.hubspot.kinds import Kind

_UNSEEN: dict[str, str] = {}
"""Stands for a record that the search index does not know yet."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who makes a change: CRM_UI is a person, INTEGRATION the API, ANALYTICS the portal itself."""

    type: str
    id: str | None = None


PERSON = Source("CRM_UI", "userId:1001")
INTEGRATION = Source("INTEGRATION", "7001")
PORTAL = Source("CALCULATED")


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a property had, since when, and from whom."""

    value: str
    at: int
    source: Source


@dataclass(slots=True, eq=False)
class Record:
    """One record. `properties` holds no empty values; moments are milliseconds since 1970.

    `links` leads from object type and record id to association type ids. `history` begins with the
    first change that was made after the portal was seeded.
    """

    id: int
    properties: dict[str, str]
    created: int
    updated: int
    archived_at: int | None = None
    links: dict[str, dict[int, set[int]]] = field(default_factory=dict)
    history: dict[str, list[Version]] = field(default_factory=dict)
    indexed: dict[str, str] | None = None
    pending: int = 0

    @property
    def archived(self) -> bool:
        """Whether the record is in the bin."""
        return self.archived_at is not None

    def linked(self, type_name: str) -> dict[int, set[int]]:
        """Look up the associations with records of a type; not to be changed."""
        return self.links.get(type_name, {})


class Store:
    """All records of one object type. `changed` lists ids in the order the search index saw them."""

    def __init__(self, kind: Kind, now: Callable[[], int], config: PortalConfig) -> None:
        self.kind = kind
        self.records: dict[int, Record] = {}
        self.order: list[int] = []
        self.merged: dict[int, int] = {}
        self.unique: dict[str, dict[str, int]] = {"email": {}} if kind.name == "contacts" else {}
        self.changed: list[int] = []
        self._now = now
        self._config = config
        self._queue: deque[tuple[int, Record, dict[str, str]]] = deque()

    def add(self, record: Record) -> None:
        """Put a new record in; it becomes searchable after the index lag."""
        self.stamp(record)
        self.records[record.id] = record
        if not self.order or record.id > self.order[-1]:
            self.order.append(record.id)
        else:
            insort(self.order, record.id)
        self._remember_unique(record)
        self._index(record, _UNSEEN)

    def change(self, record: Record, values: Mapping[str, str], source: Source) -> dict[str, str]:
        """Set properties ("" clears) and the modified date; returns those that really changed."""
        before = record.properties
        changes = {n: v for n, v in values.items() if before.get(n, "") != v}
        if not changes:
            return changes
        now = self._now()
        old = dict(before) if self._lagging(record) else before
        moved = changes.keys() & self.unique.keys()
        if moved:
            self._forget_unique(record)
        for name, value in changes.items():
            self._note(record, name, Version(value, now, source))
            if value:
                before[name] = value
            else:
                before.pop(name, None)
        if moved:
            self._remember_unique(record)
        record.updated = now
        self.stamp(record)
        self._index(record, old)
        return changes

    def touch(self, record: Record) -> None:
        """Set the modified date only, as hidden properties and activities do."""
        old = dict(record.properties) if self._lagging(record) else record.properties
        record.updated = self._now()
        self.stamp(record)
        self._index(record, old)

    def archive(self, record: Record) -> None:
        """Put a record into the bin; its unique values are free again."""
        record.archived_at = self._now()
        self._forget_unique(record)
        self.changed.append(record.id)

    def restore(self, record: Record) -> None:
        """Take a record out of the bin."""
        record.archived_at = None
        self._remember_unique(record)
        self.touch(record)

    def remove(self, record: Record, successor: int) -> None:
        """Take a record away that was merged into another."""
        self._forget_unique(record)
        del self.records[record.id]
        del self.order[bisect_left(self.order, record.id)]
        self.merged[record.id] = successor
        self.changed.append(record.id)

    def find(self, record_id: int) -> Record | None:
        """Find a record by its id or by that of one merged into it, archived or not."""
        while record_id in self.merged:
            record_id = self.merged[record_id]
        return self.records.get(record_id)

    def after(self, record_id: int, *, archived: bool = False) -> Iterator[Record]:
        """Go through the records from an id on, in the order of ids."""
        for place in range(bisect_left(self.order, record_id), len(self.order)):
            record = self.records[self.order[place]]
            if record.archived == archived:
                yield record

    def seen(self, record: Record | None) -> dict[str, str] | None:
        """Give a record's properties as the search index has them; None when it does not."""
        if record is None or record.archived_at is not None or record.indexed is _UNSEEN:
            return None
        return record.properties if record.indexed is None else record.indexed

    def settle(self, *, flush: bool = False) -> None:
        """Let the search index catch up with everything that is due (or with everything)."""
        now = self._now()
        while self._queue and (flush or self._queue[0][0] <= now):
            _, record, properties = self._queue.popleft()
            record.pending -= 1
            record.indexed = properties if record.pending else None
            self.changed.append(record.id)

    def make_unique(self, name: str) -> None:
        """Begin to keep a property's values unique."""
        self.unique.setdefault(name, {})

    def stamp(self, record: Record) -> None:
        """Write the modified date into the record's properties."""
        updated = iso(record.updated)
        record.properties["hs_lastmodifieddate"] = updated
        record.properties[self.kind.modified] = updated

    def _lagging(self, record: Record) -> bool:
        return self._config.index_lag_seconds > 0 or record.pending > 0

    def _index(self, record: Record, before: dict[str, str]) -> None:
        if not self._lagging(record):
            self.changed.append(record.id)
            return
        if not record.pending:
            record.indexed = before
        record.pending += 1
        due = self._now() + int(self._config.index_lag_seconds * 1000)
        self._queue.append((due, record, dict(record.properties)))

    def _note(self, record: Record, name: str, version: Version) -> None:
        versions = record.history.get(name)
        if versions is None:
            versions = record.history[name] = first_versions(record, name)
        versions.append(version)

    def _remember_unique(self, record: Record) -> None:
        for name, taken in self.unique.items():
            for value in _unique_values(record, name):
                taken[value] = record.id

    def _forget_unique(self, record: Record) -> None:
        for name, taken in self.unique.items():
            for value in _unique_values(record, name):
                if taken.get(value) == record.id:
                    del taken[value]


def first_versions(record: Record, name: str) -> list[Version]:
    """Make the history of a property that has not changed since the record was created."""
    value = record.properties.get(name)
    source = Source(record.properties.get("hs_object_source", INTEGRATION.type))
    return [Version(value, record.created, source)] if value else []


def _unique_values(record: Record, name: str) -> list[str]:
    value = record.properties.get(name)
    found = [value] if value else []
    if name == "email":
        found += filter(None, record.properties.get("hs_additional_emails", "").split(";"))
    return found
