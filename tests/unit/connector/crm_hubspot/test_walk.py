"""A walk through a window counts what it reads, and does not call a gap complete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from connector.crm.hubspot.objects import CONTACTS
from connector.crm.hubspot.pulling import Puller
from connector.engine.ports import GONE, Page, Window
from connector.errors import RunAbortedError

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))


class Index:
    """A search index of contacts that may hide some of them, some of the time.

    `hidden` says for each walk which ids it hides; `edited` how many records changed later.
    """

    def __init__(self, ids: range, hidden: list[set[int]], edited: int = 0) -> None:
        self.ids, self.hidden, self.edited = ids, hidden, edited
        self.walk = -1
        self.queries: list[dict[str, Any]] = []

    def search(self, _what: str, _type: str, query: dict[str, Any]) -> dict[str, Any]:
        """One answer; a query without a last id begins a walk."""
        self.queries.append(query)
        filters = query["filterGroups"][0]["filters"]
        if filters[0]["operator"] == "GT":
            return {"total": self.edited, "results": []}
        last = int(filters[1]["value"]) if len(filters) > 1 else 0
        self.walk += len(filters) == 1
        left = [one for one in self.ids if one > last]
        shown = [one for one in left if one not in self.hidden[self.walk]][: query["limit"]]
        more = bool(shown) and shown[-1] < self.ids[-1]
        paging = {"paging": {"next": {"after": "200"}}} if more else {}
        return {"total": len(left), "results": [_record(one) for one in shown]} | paging


class NoArchive:
    """A reader of a portal in which nothing is archived."""

    def properties(self, fields: list[str]) -> list[str]:
        """What is asked for."""
        return fields

    def archived(self, _since: datetime, _merged: set[str]) -> pl.DataFrame:
        """Nothing."""
        return pl.DataFrame(schema=GONE)


def _record(number: int) -> dict[str, Any]:
    return {"id": str(number), "properties": {}, "updatedAt": "2026-01-01T00:00:00Z"}


def pull(index: Index) -> list[Page]:
    """All pages of a pull over that index."""
    return list(Puller(index, NoArchive(), CONTACTS).pull(WINDOW, []))


def ids(pages: list[Page]) -> list[int]:
    """The ids of all pages, as they came."""
    return [int(one) for page in pages for one in page.leads["@id"]]


def test_it_pages_by_id_and_tells_how_many_to_expect() -> None:
    """Every record comes once; no query uses an offset; the first page says how many there are."""
    index = Index(range(1, 4_502), [set()])

    pages = pull(index)

    assert ids(pages) == list(range(1, 4_502))
    assert [page.leads.height for page in pages] == [2_000, 2_000, 501]
    assert [page.expected for page in pages] == [4_501, None, None]
    assert not any("after" in query for query in index.queries)
    assert index.queries[0]["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]


def test_the_window_is_asked_for_in_milliseconds() -> None:
    """Both edges go out as epoch milliseconds, inclusive."""
    index = Index(range(1, 2), [set()])
    pull(index)

    expected = {
        "propertyName": "lastmodifieddate",
        "operator": "BETWEEN",
        "value": "1767225600000",
        "highValue": "1767312000000",
    }

    assert index.queries[0]["filterGroups"] == [{"filters": [expected]}]


def test_an_empty_window_costs_one_search() -> None:
    """Nothing changed: one query, no leads."""
    index = Index(range(0), [set()])

    assert ids(pull(index)) == []
    assert len(index.queries) == 1


def test_edits_during_the_walk_are_no_gap() -> None:
    """Records that left the window by a later edit come next time; the count says so."""
    index = Index(range(1, 301), [{7, 8}], edited=2)

    pages = pull(index)

    assert len(ids(pages)) == 298
    assert index.walk == 0
    assert pages[-1].expected == 298


def test_a_gap_is_read_again() -> None:
    """What the first walk did not show is found by the second; nothing comes twice."""
    index = Index(range(1, 301), [{7, 250}, set()])

    pages = pull(index)

    assert sorted(ids(pages)) == list(range(1, 301))
    assert ids(pages)[-2:] == [7, 250]


def test_a_gap_that_stays_stops_the_run_with_numbers() -> None:
    """Twice short without an explanation: the window must not count as read."""
    index = Index(range(1, 301), [{7, 8, 9}, {7, 8}], edited=1)

    with pytest.raises(RunAbortedError, match=r"300 contacts .* gave 298"):
        pull(index)


def test_it_goes_on_after_a_place() -> None:
    """Another process asks for the ids after the last one; the count is the whole window's."""
    first, *others = pull(Index(range(1, 4_502), [set()]))
    index = Index(range(1, 4_502), [set(), set()])
    index.walk = 0  # it is in the middle of one

    rest = list(Puller(index, NoArchive(), CONTACTS).pull(WINDOW, [], after=first.place))

    assert ids(rest) == ids(others)
    assert rest[0].expected == 4_501
    assert index.queries[0]["filterGroups"][0]["filters"][1]["value"] == "2000"
