"""Records as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.store import first_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Records
    from connector.sandbox.hubspot.store import Record, Version


@dataclass(frozen=True, slots=True)
class View:
    """Which parts of a record a caller asked for."""

    kind: Kind
    names: tuple[str, ...]
    portal_id: int
    history: tuple[str, ...] = ()
    associated: tuple[str, ...] = ()

    def show(self, record: Record, properties: dict[str, str] | None = None) -> dict[str, Any]:
        """Show a record; `properties` stand in for its own when the search index is behind."""
        held = record.properties if properties is None else properties
        modified = held[self.kind.modified]
        shown: dict[str, Any] = {
            "id": str(record.id),
            "properties": {name: held.get(name) for name in self.names},
            "createdAt": iso(record.created),
            "updatedAt": modified,
            "archived": record.archived_at is not None,
        }
        if record.archived_at is not None:
            shown["archivedAt"] = iso(record.archived_at)
        if self.history:
            shown["propertiesWithHistory"] = {n: _history(record, n) for n in self.history}
        place = f"{self.portal_id}/record/{self.kind.type_id}/{record.id}"
        shown["url"] = f"https://app.hubspot.com/contacts/{place}"
        return shown


def view(records: Records, kind: Kind, wanted: Sequence[str], history: Sequence[str] = ()) -> View:
    """Choose what to show: the properties asked for that exist, or the type's few defaults."""
    known = records.catalogs[kind.name].properties
    chosen = [name for name in wanted if name in known] if wanted else list(kind.defaults)
    names = tuple(dict.fromkeys([*chosen, *kind.always]))
    return View(kind, names, records.portal_id, tuple(n for n in history if n in known))


def full_view(records: Records, kind: Kind, record: Record) -> View:
    """Show every property that has a value."""
    return view(records, kind, list(record.properties))


def associations(
    records: Records, kind: Kind, record: Record, wanted: Sequence[str]
) -> dict[str, Any]:
    """Show the associations of a record: an id comes once for each of its types."""
    shown: dict[str, Any] = {}
    for name in wanted:
        other = kind_of(name)
        results = [
            {"id": str(target), "type": _type_name(records, kind, other, type_id)}
            for target, types in sorted(record.linked(other.name).items())
            for type_id in sorted(types)
        ]
        if results:
            shown[other.name] = {"results": results}
    return shown


def _type_name(records: Records, kind: Kind, other: Kind, type_id: int) -> str:
    link = records.types.get(kind.name, other.name, type_id)
    name = f"{kind.singular}_to_{other.singular}"
    if link.name:
        return link.name
    has_primary = records.types.primary(kind.name, other.name) is not None
    return f"{name}_unlabeled" if link.label is None and has_primary else name


def _history(record: Record, name: str) -> list[dict[str, Any]]:
    versions = record.history.get(name)
    if versions is None:
        versions = first_versions(record, name)
    return [_version(version) for version in reversed(versions)]


def _version(version: Version) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "value": version.value,
        "timestamp": iso(version.at),
        "sourceType": version.source.type,
    }
    if version.source.id:
        shown["sourceId"] = version.source.id
        user = version.source.id.removeprefix("userId:")
        if user != version.source.id:
            shown["updatedByUserId"] = int(user)
    return shown
