"""A pull: everything by list, or what changed in a window by search, complete or not at all."""

from __future__ import annotations

import logging
from array import array
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.hubspot.api import results
from connector.crm.hubspot.frames import merged_frame, raw_frame
from connector.crm.hubspot.objects import RECORD_ID
from connector.engine.ports import Page
from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject
    from connector.crm.hubspot.reading import Reader
    from connector.engine.ports import Window

log = logging.getLogger("leadgate.crm.hubspot")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = 2_000
_SEARCH_PAGE = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pull goes on in another process.

    A walk through a window: after the id `last`, when `read` of `expected` records were read. The
    list of everything: at its cursor, or nowhere if it is `listed` to the end.
    """

    last: int | None = None
    read: int = 0
    expected: int = 0
    cursor: str | None = None
    listed: bool = False

    def as_text(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_text(cls, text: str | None) -> Place:
        """The place from its JSON; the very beginning for none and for one that is of no use."""
        try:
            return cls(**orjson.loads(text or ""))
        except (ValueError, TypeError):
            return cls()


class Walk:
    """One walk through a window by ascending id, and the ids it met.

    Each page is asked for by "id greater than the last one", never by offset: that has no ceiling
    at 10,000, and records that change (and so leave the window) shift nothing.
    """

    def __init__(
        self, api: Api, lead_object: LeadObject, window: Window, start: Place | None = None
    ) -> None:
        self._api = api
        self._object = lead_object
        self._window = window
        self._start = start or Place()
        self.expected = self._start.expected
        self.ids = array("q")

    @property
    def read(self) -> int:
        """How many records were read, by an earlier process, too."""
        return self._start.read + len(self.ids)

    @property
    def place(self) -> Place:
        """Where the walk goes on after what it has met so far."""
        last = max(self.ids[-_SEARCH_PAGE:]) if self.ids else self._start.last
        return Place(last=last, read=self.read, expected=self.expected)

    def pages(self, properties: list[str]) -> Iterator[list[dict[str, Any]]]:
        """The records of the window, 200 at a time."""
        last = self._start.last
        while True:
            answer = self._search(self._window_filters(last), properties, _SEARCH_PAGE)
            if not self.ids:
                self.expected = self._start.read + int(answer.get("total") or 0)
            found = results(answer)
            self.ids.extend(int(record["id"]) for record in found)
            if found:
                yield found
                last = max(self.ids[-len(found) :])
            if not found or not (answer.get("paging") or {}).get("next"):
                return

    def count(self) -> int:
        """How many records the window has now."""
        return int(self._search(self._window_filters(None), [], 1).get("total") or 0)

    def shortfall(self) -> int:
        """How many records are missing that no edit since has taken out of the window."""
        missing = self.expected - self.read
        if missing <= 0:
            return 0
        later = self._filter("GT", value=_milliseconds(self._window.until))
        edited = int(self._search([later], [], 1).get("total") or 0)
        return max(0, missing - edited)

    def _window_filters(self, last: int | None) -> list[dict[str, str]]:
        until = _milliseconds(self._window.until)
        since = self._window.since
        low = "0" if since is None else _milliseconds(since)
        between = self._filter("BETWEEN", value=low, highValue=until)
        after = {"propertyName": RECORD_ID, "operator": "GT", "value": str(last)}
        return [between] if last is None else [between, after]

    def _filter(self, operator: str, **values: str) -> dict[str, str]:
        return {"propertyName": self._object.modified, "operator": operator, **values}

    def _search(self, filters: list[dict[str, str]], properties: list[str], limit: int) -> Any:
        query = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": RECORD_ID, "direction": "ASCENDING"}],
            "properties": properties,
            "limit": limit,
        }
        return self._api.search(f"search {self._object.name}", self._object.name, query)


class Puller:
    """Pulls windows into pages of about two thousand leads."""

    def __init__(self, api: Api, reader: Reader, lead_object: LeadObject) -> None:
        self._api = api
        self._reader = reader
        self._object = lead_object

    def pull(
        self, window: Window, fields: Sequence[str], *, after: str | None = None
    ) -> Iterator[Page]:
        """Every lead of the window once, then what has been archived since.

        `after` a place in it that an earlier pull has told only what is left.
        """
        merged: set[str] = set()
        start = Place.from_text(after)
        full = window.since is None
        pages = self._everything(fields, start) if full else self._changed(window, fields, start)
        for page in pages:
            merged.update(page.gone["@id"])
            yield page
        if not window.gone:
            return
        gone = self._reader.archived(window.since, merged)
        if gone.height:
            yield Page(raw_frame([], fields, self._object), gone)

    def count(self, window: Window) -> int:
        """How many leads were last changed in the window, as the search shows it now."""
        return Walk(self._api, self._object, window).count()

    def _everything(self, fields: Sequence[str], start: Place) -> Iterator[Page]:
        if start.listed:
            return
        cursor = start.cursor

        def listed() -> Iterator[list[dict[str, Any]]]:
            nonlocal cursor
            for records, cursor in self._reader.all(fields, start.cursor):  # noqa: B007 — told below
                yield records

        for records in gathered(listed()):
            place = Place(cursor=cursor, listed=cursor is None)
            yield self._page(records, fields, place=place)

    def _changed(self, window: Window, fields: Sequence[str], start: Place) -> Iterator[Page]:
        properties = self._reader.properties(fields)
        walk = Walk(self._api, self._object, window, start)
        expected: int | None = None
        for records in gathered(walk.pages(properties)):
            expected, first = walk.expected, expected is None
            yield self._page(records, fields, expected if first else None, place=walk.place)
        read = walk.read
        if walk.shortfall():
            again = Walk(self._api, self._object, window)
            for records in self._second_walk(walk, again, properties):
                read += len(records)
                yield self._page(records, fields)
        if read != (expected or start.read):  # edits during the walk; the count that is true now
            yield self._page([], fields, read)

    def _second_walk(
        self, first: Walk, again: Walk, properties: list[str]
    ) -> Iterator[list[dict[str, Any]]]:
        """What the first walk did not meet. Raises `RunAbortedError` if it still is not all."""
        log.warning(
            "search gave %d of %d %s; reading the window again",
            first.read, first.expected, self._object.name,
        )  # fmt: skip
        met = frozenset(first.ids)
        for records in gathered(again.pages(properties)):
            fresh = [record for record in records if int(record["id"]) not in met]
            if fresh:
                yield fresh
        if again.shortfall():
            raise RunAbortedError(
                f"hubspot: search says that {again.expected} {self._object.name} changed in the"
                f" window and gave {again.read} of them, twice. Nothing is marked as read; run"
                " again later."
            )

    def _page(
        self,
        records: Sequence[dict[str, Any]],
        fields: Sequence[str],
        expected: int | None = None,
        *,
        place: Place | None = None,
    ) -> Page:
        told = None if place is None else place.as_text()
        return Page(raw_frame(records, fields, self._object), merged_frame(records), expected, told)


def gathered(pages: Iterable[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Small pages put together to about two thousand records."""
    kept: list[dict[str, Any]] = []
    for page in pages:
        kept += page
        if len(kept) >= _ROWS:
            yield kept
            kept = []
    if kept:
        yield kept


def _milliseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(milliseconds=1))
