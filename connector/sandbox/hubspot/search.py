"""The search: filter groups over an index that may lag, one sort, at most 10,000 results."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.hubspot.failures import invalid
from connector.sandbox.hubspot.filters import reader_of, test_of
from connector.sandbox.hubspot.http import Answer, names
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.views import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.sandbox.hubspot.filters import Test
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Records
    from connector.sandbox.hubspot.store import Store

GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
PAGE, DEFAULT_PAGE = 200, 10
LONGEST_QUERY = 3000
_REMEMBERED = 24
_BOUNDS = ("GT", "GTE", "LT", "LTE")


@dataclass(slots=True)
class _Matches:
    """The ids that satisfy some filters, up to a place in the store's list of changes."""

    ids: list[int]
    position: int


class SearchApi:
    """Answers searches. What matched is remembered, and brought up to date from the changes."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._matches: dict[bytes, _Matches] = {}
        self._sorted: tuple[bytes, list[int]] = (b"", [])

    def search(self, call: Call) -> Answer:
        """Answer one page of a search."""
        kind, body = kind_of(call.params["type"]), call.json()
        limit, offset = self._page(body)
        groups = _groups(body)
        sort = _sort(body.get("sorts"))
        query = str(body.get("query") or "")
        if len(query) > LONGEST_QUERY:
            raise invalid(f"query must be at most {LONGEST_QUERY} characters")
        store = self._records.stores[kind.name]
        store.settle()
        ids = self._found(store, groups, query)
        ids = self._in_order(store, ids, sort, orjson.dumps([groups, query, sort, kind.name]))
        shown = view(self._records, kind, names(body.get("properties")))
        page = [store.records[i] for i in ids[offset : offset + limit]]
        found = [shown.show(record, store.seen(record)) for record in page]
        answer: dict[str, Any] = {"total": len(ids), "results": found}
        if offset + limit < len(ids):
            answer["paging"] = {"next": {"after": str(offset + limit)}}
        return Answer(200, answer)

    def _page(self, body: Mapping[str, Any]) -> tuple[int, int]:
        try:
            limit = int(body.get("limit") or DEFAULT_PAGE)
            offset = int(body.get("after") or 0)
        except (TypeError, ValueError):
            raise invalid("Invalid input JSON: limit and after must be numbers") from None
        if not 0 < limit <= PAGE or offset < 0:
            raise invalid(f"Invalid input JSON: limit must be between 1 and {PAGE}")
        if offset + limit > self._records.config.search_ceiling:
            raise invalid(
                "Search results are limited: paging beyond "
                f"{self._records.config.search_ceiling} results is not supported."
            )
        return limit, offset

    def _found(self, store: Store, groups: list[list[dict[str, Any]]], query: str) -> list[int]:
        found = [self._group(store, group, query) for group in groups or [[]]]
        return found[0] if len(found) == 1 else sorted(set().union(*found))

    def _group(self, store: Store, group: list[dict[str, Any]], query: str) -> list[int]:
        """Find the ids that pass all filters; bounds on the id are cut from a remembered list."""
        catalog = self._records.catalogs[store.kind.name]
        tests = [test_of(catalog, each) for each in group]
        bounds = [each for each in group if _is_bound(each)]
        others = [t for t, each in zip(tests, group, strict=True) if not _is_bound(each)]
        if query:
            others.append(_text_test(store.kind, query))
        rest = [each for each in group if not _is_bound(each)]
        ids = self._remembered(store, orjson.dumps([store.kind.name, rest, query]), others)
        start, end = 0, len(ids)
        for each in bounds:
            value, operator = float(each["value"]), each["operator"]
            cut = bisect_left if operator in ("GTE", "LT") else bisect_right
            if operator.startswith("G"):
                start = max(start, cut(ids, value))
            else:
                end = min(end, cut(ids, value))
        return ids[start:end] if bounds else ids

    def _remembered(self, store: Store, key: bytes, tests: list[Test]) -> list[int]:
        matches = self._matches.pop(key, None)
        if matches is None:
            ids = [i for i in store.order if _passes(store, i, tests)]
            matches = _Matches(ids, len(store.changed))
        elif matches.position < len(store.changed):
            _catch_up(store, matches, tests)
        self._matches[key] = matches
        while len(self._matches) > _REMEMBERED:
            del self._matches[next(iter(self._matches))]
        return matches.ids

    def _in_order(
        self, store: Store, ids: list[int], sort: tuple[str, bool], asked: bytes
    ) -> list[int]:
        name, descending = sort
        if name == "hs_object_id":
            return ids[::-1] if descending else ids
        definition = self._records.catalogs[store.kind.name].properties.get(name)
        if definition is None:
            raise invalid(f"Property '{name}' does not exist")
        key = asked + str(len(store.changed)).encode()
        if self._sorted[0] != key:
            read = reader_of(definition.type)
            held = {i: store.seen(store.records[i]) or {} for i in ids}
            known = [i for i in ids if name in held[i]]
            known.sort(key=lambda i: read(held[i][name]), reverse=descending)
            self._sorted = (key, [*known, *(i for i in ids if name not in held[i])])
        return self._sorted[1]


def _passes(store: Store, record_id: int, tests: list[Test]) -> bool:
    record = store.records.get(record_id)
    held = store.seen(record)
    if held is None or record is None:
        return False
    return all(test(held, record) for test in tests)


def _catch_up(store: Store, matches: _Matches, tests: list[Test]) -> None:
    ids = matches.ids
    for record_id in set(store.changed[matches.position :]):
        place = bisect_left(ids, record_id)
        held = place < len(ids) and ids[place] == record_id
        passes = _passes(store, record_id, tests)
        if passes and not held:
            ids.insert(place, record_id)
        elif held and not passes:
            del ids[place]
    matches.position = len(store.changed)


def _is_bound(given: Mapping[str, Any]) -> bool:
    return given.get("propertyName") == "hs_object_id" and given.get("operator") in _BOUNDS


def _text_test(kind: Kind, query: str) -> Test:
    words = query.lower().split()

    def found(held: dict[str, str], _: object) -> bool:
        text = " ".join(held.get(name, "") for name in kind.searched).lower()
        return all(word in text for word in words)

    return found


def _groups(body: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    groups = body.get("filterGroups") or []
    if body.get("filters"):
        groups = [*groups, {"filters": body["filters"]}]
    if len(groups) > GROUPS:
        raise invalid(f"too many filterGroups (count: {len(groups)}, max allowed: {GROUPS})")
    filters = [list(group.get("filters") or []) for group in groups]
    for each in filters:
        if len(each) > FILTERS:
            raise invalid(f"too many filters (count: {len(each)}, max allowed: {FILTERS})")
    if sum(map(len, filters)) > ALL_FILTERS:
        raise invalid(f"too many filters in all (max allowed: {ALL_FILTERS})")
    return filters


def _sort(given: Sequence[Any] | None) -> tuple[str, bool]:
    if not given:
        return "hs_object_id", False
    if len(given) > 1:
        raise invalid(f"too many sorts (count: {len(given)}, max allowed: 1)")
    first = given[0]
    if isinstance(first, str):
        return first.removeprefix("-"), first.startswith("-")
    return str(first.get("propertyName")), first.get("direction") == "DESCENDING"
