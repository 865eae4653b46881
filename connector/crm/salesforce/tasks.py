"""Tasks for the owners of leads, one for each touch.

A task bears the key of its touch where it can be read back: in the custom field `Leadgate_Key__c`
of Activity if the org has it and the user may write it, else at the end of its subject, because the
description of a task cannot be searched. Deleted tasks count as made.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from connector.crm.salesforce import soql
from connector.crm.salesforce.conversion_setup import owner_id
from connector.crm.salesforce.creating import BATCH, Creator, Made, Record, touch_outcomes
from connector.crm.salesforce.lookup import long_id
from connector.crm.salesforce.outcomes import RowError
from connector.engine.channel import TargetProblem
from connector.engine.ports import chunks
from connector.errors import RequestRefusedError
from mappings.schema import NewField

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from connector.crm.salesforce.client import Client

KEY_FIELD = "Leadgate_Key__c"
_KEY_LENGTH = 255
_SUBJECT = 255
_MARK = re.compile(r"\[leadgate ([0-9a-f]{16})\]\s*$")
_USER = "005"
_NO_OWNER = RowError("QUEUE_OWNER", "OwnerId", "no user owns the lead")


class Tasks:
    """Makes tasks. The org's Task object is described once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._fields: dict[str, dict[str, Any]] | None = None

    def add(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """The tasks frame of `connector.engine.channel`; a touch outcomes frame per hundred."""
        unowned = not tasks["@owner_id"].fill_null("").str.starts_with(_USER).all()
        fallback = self._owner(owner) if owner and unowned else None
        for frame in chunks(tasks, BATCH):
            rows = frame.to_dicts()
            records = {row["@key"]: self._record(row, fallback) for row in rows}
            orphans = {key: _NO_OWNER for key, one in records.items() if not one["OwnerId"]}
            whos = {row["@key"]: row["@id"] for row in rows}
            creator = Creator(self._client, partial(self._find, whos=whos))
            made = creator.make({k: one for k, one in records.items() if k not in orphans})
            made.errors |= orphans
            yield touch_outcomes(rows, made, _texts)
            _raise_lost(made)

    def key_fields(self) -> list[NewField]:
        """The field for keys, where the user cannot write one yet."""
        if _createable(self._described().get(KEY_FIELD)):
            return []
        return [NewField("task", KEY_FIELD, "leadgate key", "text", length=_KEY_LENGTH)]

    def problems(self) -> list[TargetProblem]:
        """What hinders the connected user from making tasks."""
        try:
            fields = self._described()
        except RequestRefusedError:
            return [TargetProblem("", "the connected user may not see tasks.", _GRANT)]
        lacking = [n for n in ("WhoId", "Subject", "OwnerId") if not _createable(fields.get(n))]
        if not lacking:
            return []
        what = f"the connected user may not write {', '.join(lacking)} of Task."
        return [TargetProblem("", what, _GRANT)]

    def _owner(self, wanted: str) -> str:
        failed = "The tasks cannot be made."
        return owner_id(self._client, wanted, key="outreach.task.owner", failed=failed)

    def _described(self) -> dict[str, dict[str, Any]]:
        if self._fields is None:
            found = self._client.json("GET", "sobjects/Task/describe")
            self._fields = {field["name"]: field for field in found["fields"]}
        return self._fields

    def _has_field(self, keys: Sequence[str]) -> bool:
        """Whether the keys go into the field of their own."""
        field = self._described().get(KEY_FIELD)
        return (
            _createable(field)
            and bool(field and field.get("filterable"))
            and max(map(len, keys), default=0) <= int((field or {}).get("length") or 0)
        )

    def _record(self, row: Mapping[str, Any], fallback: str | None) -> Record:
        owner = row["@owner_id"] or ""
        record: Record = {
            "attributes": {"type": "Task"},
            "WhoId": row["@id"],
            "OwnerId": owner if owner.startswith(_USER) else fallback,
            "Description": row["body"],
            "ActivityDate": row["due"].isoformat() if row["due"] else None,
        }
        if self._has_field([row["@key"]]):
            return record | {KEY_FIELD: row["@key"], "Subject": row["subject"][:_SUBJECT]}
        return record | {"Subject": marked(row["subject"], row["@key"])}

    def _find(self, keys: Sequence[str], whos: Mapping[str, str]) -> dict[str, str]:
        """The tasks that bear these keys, deleted ones too; marked ones where the field is new."""
        found: dict[str, str] = {}
        if self._has_field(keys):
            where = soql.where(f"{KEY_FIELD} IN {{}}", list(keys))
            rows = self._rows(soql.select(["Id", KEY_FIELD], "Task", where))
            found = {row[KEY_FIELD]: row["Id"] for row in rows}
        rest = [key for key in keys if key not in found]
        return found | (self._marked(rest, whos) if rest else {})

    def _marked(self, keys: Sequence[str], whos: Mapping[str, str]) -> dict[str, str]:
        """The tasks of these leads whose subjects end in the marks of these keys."""
        where = soql.where("WhoId IN {}", list({long_id(whos[key]) for key in keys}))
        rows = self._rows(
            soql.select(["Id", "Subject"], "Task", f"{where} AND Subject LIKE '%[leadgate %]'")
        )
        by_mark = {mark(key): key for key in keys}
        found = ((_MARK.search(row["Subject"] or ""), row["Id"]) for row in rows)
        return {by_mark[m[1]]: task for m, task in found if m is not None and m[1] in by_mark}

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        answer = self._client.query(query, all_rows=True)
        yield from answer["records"]
        while not answer["done"]:
            answer = self._client.json("GET", answer["nextRecordsUrl"])
            yield from answer["records"]


_GRANT = "Give its permission set Create on activities (Edit Tasks), and access to the fields."


def mark(key: str) -> str:
    """The part of a key's digest that stands in a subject: 64 bits, and the lead is known beside it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def marked(subject: str, key: str) -> str:
    """A subject of at most 255 characters that ends in the mark of its key."""
    end = f" [leadgate {mark(key)}]"
    return subject[: _SUBJECT - len(end)].rstrip() + end


def _createable(field: Mapping[str, Any] | None) -> bool:
    return bool(field and field.get("createable"))


def _texts(row: Mapping[str, Any]) -> list[str]:
    return [row["subject"], row["body"]]


def _raise_lost(made: Made) -> None:
    if made.lost is not None:
        raise made.lost
