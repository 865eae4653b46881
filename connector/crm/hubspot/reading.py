"""Leads by id or e-mail address, all of them, and those that are gone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.frames import raw_frame
from connector.crm.hubspot.objects import MERGED_IDS, OWNER
from connector.engine.ports import GONE, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject

BATCH = 100
_LIST_PAGE = 100
_LONGEST_PROPERTY_LIST = 6_000
"""Characters of property names in an address; longer lists are read by POST, short of a 414."""
_ARCHIVE_PAGES = 10
"""How many pages of archived records a pull of changes looks through (they cannot be searched)."""


class Reader:
    """Reads that are consistent at once: by id and by list, never by search."""

    def __init__(self, api: Api, lead_object: LeadObject) -> None:
        self._api = api
        self._object = lead_object

    def properties(self, fields: Sequence[str]) -> list[str]:
        """What to ask for: the fields, and what the raw frame needs besides."""
        return list(dict.fromkeys([*fields, self._object.modified, OWNER, MERGED_IDS]))

    def all(
        self, fields: Sequence[str], after: str | None = None
    ) -> Iterator[tuple[list[dict[str, Any]], str | None]]:
        """Every record that is not archived, by the hundred, ordered by id.

        Each page comes with the cursor of the next, `after` which another call goes on; None: it
        was the last.
        """
        wanted = self.properties(fields)
        if len(",".join(wanted)) <= _LONGEST_PROPERTY_LIST:
            yield from self._listed(after, properties=wanted)
            return
        for page, following in self._listed(after, properties=[self._object.modified]):
            yield self._batch([record["id"] for record in page], wanted), following

    def archived(self, since: datetime | None, merged: set[str]) -> pl.DataFrame:
        """The gone rows of records archived since then, without those known as merged.

        With `since`, only the first thousand archived records are looked through: more would cost
        a call each hundred, every run. A later write finds the rest gone.
        """
        pages = self._listed(properties=[self._object.modified], archived="true")
        ids = [
            record["id"]
            for page, _ in islice(pages, None if since is None else _ARCHIVE_PAGES)
            for record in page
            if since is None or _archived_at(record) >= since
        ]
        rows = [{"@id": found, "@merged_into": None} for found in ids if found not in merged]
        return pl.DataFrame(rows, schema=GONE)

    def fetch(self, ids: Iterable[str], fields: Sequence[str]) -> pl.DataFrame:
        """The raw frame of these records; a merged one answers under its new id."""
        wanted = self.properties(fields)
        numeric = list(dict.fromkeys(found for found in ids if found.isdecimal()))
        records = [record for chunk in hundreds(numeric) for record in self._batch(chunk, wanted)]
        return raw_frame(records, fields, self._object).unique("@id", maintain_order=True)

    def find(self, text: str, fields: Sequence[str]) -> pl.DataFrame:
        """The raw frame of the leads with this id or e-mail address."""
        wanted = text.strip()
        if "@" not in wanted:
            return self.fetch([wanted], fields)
        contacts = self._by_email(wanted.lower(), fields)
        if self._object.name == "contacts":
            return raw_frame(contacts, fields, self._object)
        leads = linked(self._api, "contacts", self._object.name, [one["id"] for one in contacts])
        return self.fetch([lead for found in leads.values() for lead in found], fields)

    def _by_email(self, address: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """By POST, so that no address of a person stands in a path."""
        return self._batch_of(
            "contacts",
            {
                "idProperty": "email",
                "inputs": [{"id": address}],
                "properties": self.properties(fields),
            },
        )

    def _batch(self, ids: Sequence[str], wanted: list[str]) -> list[dict[str, Any]]:
        inputs = [{"id": found} for found in ids]
        return self._batch_of(self._object.name, {"inputs": inputs, "properties": wanted})

    def _batch_of(self, object_type: str, request: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._api.call(
            f"read {object_type}", self._api.sdk.batches.read, object_type, request
        )
        return results(answer)

    def _listed(
        self, after: str | None = None, **options: Any
    ) -> Iterator[tuple[list[dict[str, Any]], str | None]]:
        while True:
            position = {} if after is None else {"after": after}
            answer = self._api.call(
                f"list {self._object.name}",
                self._api.sdk.records.get_page,
                self._object.name,
                limit=_LIST_PAGE,
                **position,
                **options,
            )
            after = ((answer.get("paging") or {}).get("next") or {}).get("after")
            yield results(answer), after
            if after is None:
                return


def linked(api: Api, from_type: str, to_type: str, ids: Sequence[str]) -> dict[str, list[str]]:
    """For each record the ids of its associated ones, the primary first; none are left out."""
    found: dict[str, list[str]] = {}
    for chunk in hundreds(ids):
        answer = api.call(
            f"read associations of {from_type} to {to_type}",
            api.sdk.associations.get_page,
            from_type,
            to_type,
            {"inputs": [{"id": one} for one in chunk]},
        )
        for entry in results(answer):
            ordered = sorted(entry["to"], key=lambda to: not _is_primary(to))
            found[str(entry["from"]["id"])] = [str(to["toObjectId"]) for to in ordered]
    return found


def hundreds(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids in parts that one batch call takes."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _is_primary(to: dict[str, Any]) -> bool:
    return any(kind.get("label") == "Primary" for kind in to.get("associationTypes") or ())


def _archived_at(record: dict[str, Any]) -> datetime:
    return utc(record.get("archivedAt") or record["updatedAt"])
