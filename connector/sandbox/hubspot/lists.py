"""Lists of records (segments): static ones that people and the API fill, active ones that fill themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import NOT_FOUND, ApiFailure, invalid
from connector.sandbox.hubspot.http import Answer
from connector.sandbox.hubspot.kinds import kind_of

if TYPE_CHECKING:
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.records import Records

STATIC, ACTIVE = ("MANUAL", "SNAPSHOT"), "DYNAMIC"
MOST_ADDED, PAGE = 100_000, 250


@dataclass(slots=True, eq=False)
class Segment:
    """One list. `members` leads from record id to the moment of joining (milliseconds)."""

    id: int
    name: str
    type_id: str
    processing: str
    created: int
    updated: int
    members: dict[int, int] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The list as answers show it; filters are left out unless asked for."""
        return {
            "listId": str(self.id),
            "listVersion": 1,
            "name": self.name,
            "objectTypeId": self.type_id,
            "processingType": self.processing,
            "processingStatus": "COMPLETE",
            "createdById": "1001",
            "updatedById": "1001",
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "size": len(self.members),
        }


class ListsApi:
    """Answers calls on lists and on who is on them."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lists: dict[int, Segment] = {}

    def create(self, call: Call) -> Answer:
        """Make a list; a name is taken once for each object type."""
        body = call.json()
        missing = [n for n in ("name", "objectTypeId", "processingType") if not body.get(n)]
        if missing:
            raise invalid(
                "Invalid input JSON: some of required attributes are not set "
                f"[{', '.join(missing)}]"
            )
        processing = str(body["processingType"])
        if processing not in (*STATIC, ACTIVE):
            raise invalid(f"Invalid processingType: {processing}")
        kind = kind_of(str(body["objectTypeId"]))
        if self._named(kind.type_id, str(body["name"])) is not None:
            raise ApiFailure(400, "A list with this name already exists.", "VALIDATION_ERROR")
        now = self._records.now()
        number = len(self._lists) + 1
        made = Segment(number, str(body["name"]), kind.type_id, processing, now, now)
        self._lists[made.id] = made
        return Answer(200, {"list": made.body()})

    def get(self, call: Call) -> Answer:
        """Get a list by id."""
        return Answer(200, {"list": self._find(call).body()})

    def get_by_name(self, call: Call) -> Answer:
        """Get a list by its object type and name."""
        kind = kind_of(call.params["object_type"])
        found = self._named(kind.type_id, call.params["name"])
        if found is None:
            raise _no_list(call.params["name"])
        return Answer(200, {"list": found.body()})

    def search(self, call: Call) -> Answer:
        """Find lists by a part of their name and by how they are filled."""
        body = call.json()
        wanted = str(body.get("query") or "").lower()
        kinds = body.get("processingTypes") or (*STATIC, ACTIVE)
        found = [
            one
            for one in self._lists.values()
            if wanted in one.name.lower() and one.processing in kinds
        ]
        start, count = int(body.get("offset") or 0), int(body.get("count") or 20)
        page = [one.body() for one in found[start : start + count]]
        more = len(found) > start + count
        end = start + len(page)
        return Answer(200, {"lists": page, "hasMore": more, "offset": end, "total": len(found)})

    def members(self, call: Call) -> Answer:
        """List who is on a list, by record id."""
        segment = self._find(call)
        limit, after = call.number("limit", 100), call.number("after", 0)
        if not 1 <= limit <= PAGE:
            raise invalid(f"Invalid query parameter limit: it must be between 1 and {PAGE}")
        ids = [one for one in sorted(segment.members) if one >= after]
        page = [
            {"recordId": str(one), "membershipTimestamp": iso(segment.members[one])}
            for one in ids[:limit]
        ]
        body: dict[str, Any] = {"results": page, "total": len(segment.members)}
        if len(ids) > limit:
            body["paging"] = {"next": {"after": str(ids[limit])}}
        return Answer(200, body)

    def add(self, call: Call) -> Answer:
        """Put records on a list; those that are on it already or do not exist are passed over."""
        return self._change(self._filled(call), _ids(call.any_json()), [])

    def remove(self, call: Call) -> Answer:
        """Take records off a list."""
        return self._change(self._filled(call), [], _ids(call.any_json()))

    def add_and_remove(self, call: Call) -> Answer:
        """Do both at once."""
        segment, body = self._filled(call), call.json()
        adding = _ids(body.get("recordIdsToAdd") or [])
        return self._change(segment, adding, _ids(body.get("recordIdsToRemove") or []))

    def _change(self, segment: Segment, adding: list[str], removing: list[str]) -> Answer:
        store = self._records.stores[kind_of(segment.type_id).name]
        live = {r: r.isdigit() and _lives(store.records.get(int(r))) for r in (*adding, *removing)}
        added = [r for r in adding if live[r] and int(r) not in segment.members]
        removed = [r for r in removing if int(r) in segment.members] if removing else []
        now = self._records.now()
        segment.members |= {int(r): now for r in added}
        for one in removed:
            del segment.members[int(one)]
        if added or removed:
            segment.updated = now
        missing = [r for r, lives in live.items() if not lives]
        body = {"recordIdsMissing": missing, "recordIdsRemoved": removed, "recordsIdsAdded": added}
        return Answer(200, body)

    def _filled(self, call: Call) -> Segment:
        """The list of a call, if people may fill it."""
        found = self._find(call)
        if found.processing not in STATIC:
            raise invalid(
                f"List {found.id} has the processing type {found.processing}; memberships can only"
                f" be changed for {' or '.join(STATIC)} lists."
            )
        return found

    def _find(self, call: Call) -> Segment:
        number = call.params["list"]
        found = self._lists.get(int(number)) if number.isdigit() else None
        if found is None:
            raise _no_list(number)
        return found

    def _named(self, type_id: str, name: str) -> Segment | None:
        known = (one for one in self._lists.values() if one.type_id == type_id)
        return next((one for one in known if one.name == name), None)


def _ids(given: object) -> list[str]:
    if not isinstance(given, list) or len(given) > MOST_ADDED:
        raise invalid(f"Invalid input JSON: a list of at most {MOST_ADDED} record ids was expected")
    return list(dict.fromkeys(map(str, given)))


def _lives(record: Any) -> bool:
    return record is not None and not record.archived


def _no_list(which: str) -> ApiFailure:
    return ApiFailure(404, f"List does not exist: {which}", NOT_FOUND)
