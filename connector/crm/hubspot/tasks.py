"""Tasks for the owners of leads, one for each touch.

A task bears the key of its touch where it can be read back at once, which the search cannot: in the
property `leadgate_key` of tasks if the portal has one that holds unique values, and then HubSpot
itself refuses a second task; else in the last line of its body, read by way of the lead.
"""

from __future__ import annotations

import hashlib
import html
import logging
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.batches import Answers, Batch, Input
from connector.crm.hubspot.faults import Fault
from connector.crm.hubspot.objects import OWNER
from connector.crm.hubspot.outcomes import APPLIED, refused
from connector.crm.hubspot.reading import BATCH, hundreds, linked
from connector.crm.hubspot.translate import MissingScopesError, RefusedError
from connector.engine.channel import TOUCH_OUTCOMES, TargetProblem
from connector.engine.ports import chunks
from connector.errors import ConfigurationError, LostAnswerError
from mappings.schema import NewField
from scoring.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject

log = logging.getLogger("leadgate.crm.hubspot")

KEY = "leadgate_key"
_BODY = "hs_task_body"
_MARK = re.compile(r"leadgate ([0-9a-f]{32})")
_TASK_TO = {"contacts": 204, "leads": 647}
_PAUSES = (1.0, 3.0, 9.0, 27.0)
_NO_OWNER = Fault(code="NO_OWNER", field=OWNER)
_SUBJECT = 255


@dataclass
class _Chunk:
    """A hundred tasks by key: the touches, what is made, and which were asked for before."""

    rows: dict[str, dict[str, Any]]
    owner: str | None
    made: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def open(self) -> list[str]:
        """The keys of which nothing is known."""
        return [key for key in self.rows if key not in self.made and key not in self.faults]


class Tasks:
    """Makes tasks. The portal is asked once whether tasks have a property for the key."""

    def __init__(self, api: Api, lead_object: LeadObject) -> None:
        self._api = api
        self._object = lead_object
        self._keyed: bool | None = None

    def add(self, tasks: pl.DataFrame, owner: str | None) -> Iterator[pl.DataFrame]:
        """The tasks frame of `connector.engine.channel`; a touch outcomes frame per hundred."""
        unowned = bool((tasks["@owner_id"].fill_null("") == "").any())
        fallback = self._owner(owner) if owner and unowned else None
        for frame in chunks(tasks, BATCH):
            chunk = _Chunk({row["@key"]: row for row in frame.iter_rows(named=True)}, fallback)
            lost = self._make(chunk)
            yield pl.DataFrame(list(_told(chunk)), schema=TOUCH_OUTCOMES)
            if lost is not None:
                raise lost

    def key_fields(self) -> list[NewField]:
        """The property for keys, where the portal has none that holds unique values."""
        if self._has_property():
            return []
        return [NewField("task", KEY, "leadgate key", "text", unique=True)]

    def problems(self) -> list[TargetProblem]:
        """What hinders this token from making tasks."""
        try:
            self._api.call(
                "read tasks", self._api.sdk.records.get_page, "tasks", limit=1, properties=[]
            )
        except (MissingScopesError, RefusedError) as error:
            fix = "Grant the token crm.objects.contacts.read and .write."
            return [TargetProblem("", f"this token may not read tasks ({error}).", fix)]
        return []

    def _make(self, chunk: _Chunk) -> LostAnswerError | None:
        """Make what is missing; the error of the last answer, if it was lost and is not settled."""
        chunk.made |= self._find(chunk, chunk.rows)
        unowned = [key for key in chunk.open() if not _owner_of(chunk, key)]
        chunk.faults |= dict.fromkeys(unowned, _NO_OWNER)
        for seconds in _PAUSES:
            try:
                self._settle(chunk)
            except LostAnswerError as error:
                log.warning("%s; reading what was created before going on", error)
                self._api.wait(seconds)
                last = error
            else:
                return None
        chunk.made |= self._find(chunk, chunk.open())
        return last if chunk.open() else None

    def _settle(self, chunk: _Chunk) -> None:
        batch = Batch(lambda inputs: self._send(chunk, inputs), _key_of, self._api.wait)
        answers: Answers = batch.settle([self._input(chunk, key) for key in chunk.open()])
        for key, answer in answers.items():
            if isinstance(answer, Fault):
                chunk.faults[key] = answer
            else:
                chunk.made[key] = str(answer["id"])
        found = self._find(chunk, [key for key in answers if key in chunk.faults])
        chunk.made |= found  # its key was taken: another call of ours was quicker
        chunk.faults = {key: fault for key, fault in chunk.faults.items() if key not in found}

    def _send(self, chunk: _Chunk, inputs: list[Input]) -> dict[str, Any]:
        """One call. Whatever was asked for before is looked for first, and left out if it is there."""
        again = [one["id"] for one in inputs if one["id"] in chunk.asked]
        there = self._find(chunk, again)
        rest = [one for one in inputs if one["id"] not in there]
        known = [{"id": task, "objectWriteTraceId": key} for key, task in there.items()]
        if not rest:
            return {"results": known}
        chunk.asked |= {one["id"] for one in rest}
        bodies = [{name: one[name] for name in one.keys() - {"id"}} for one in rest]
        try:
            answer: dict[str, Any] = self._api.call_once(
                "create tasks", self._api.sdk.batches.create, "tasks", {"inputs": bodies}
            )
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # one task's lead, not the tasks
                error.status = HTTPStatus.BAD_REQUEST
            raise
        return answer | {"results": [*known, *(answer.get("results") or ())]}

    def _input(self, chunk: _Chunk, key: str) -> Input:
        row = chunk.rows[key]
        properties = {
            "hs_timestamp": f"{row['due'].isoformat()}T12:00:00Z",  # the same day almost everywhere
            "hs_task_subject": row["subject"][:_SUBJECT],
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "TODO",
            OWNER: _owner_of(chunk, key),
            _BODY: _html(row["body"]),
        }
        if self._has_property():
            properties[KEY] = key
        else:
            properties[_BODY] += f"<br>leadgate {mark(key)}"
        kind = {
            "associationCategory": "HUBSPOT_DEFINED",
            "associationTypeId": _TASK_TO[self._object.name],
        }
        return {
            "id": key,
            "properties": properties,
            "associations": [{"to": {"id": row["@id"]}, "types": [kind]}],
        }

    def _find(self, chunk: _Chunk, keys: Iterable[str]) -> dict[str, str]:
        """The tasks that bear these keys; marked ones also where the property is new."""
        wanted = list(keys)
        by_key: dict[str, str] = {}
        if wanted and self._has_property():
            found = self._read(wanted, [KEY], idProperty=KEY)
            by_key = {str(one["properties"].get(KEY)): str(one["id"]) for one in found}
        return by_key | self._marked(chunk, [key for key in wanted if key not in by_key])

    def _marked(self, chunk: _Chunk, wanted: list[str]) -> dict[str, str]:
        """The tasks of these touches' leads whose bodies end in the marks of the keys."""
        if not wanted:
            return {}
        leads = list(dict.fromkeys(chunk.rows[key]["@id"] for key in wanted))
        tasks = linked(self._api, self._object.name, "tasks", leads)
        ids = list(dict.fromkeys(task for each in tasks.values() for task in each))
        by_mark = {mark(key): key for key in wanted}
        read = [one for part in hundreds(ids) for one in self._read(part, [_BODY])]
        marks = ((_mark_in(one), str(one["id"])) for one in read)
        return {by_mark[said]: task for said, task in marks if said in by_mark}

    def _read(self, ids: Any, properties: list[str], **options: str) -> list[dict[str, Any]]:
        request = {"inputs": [{"id": one} for one in ids], "properties": properties, **options}
        read = self._api.sdk.batches.read
        return results(self._api.call("read tasks", read, "tasks", request))

    def _has_property(self) -> bool:
        """Whether tasks have a property for the key that holds unique values."""
        if self._keyed is None:
            get = self._api.sdk.properties.get_by_name
            try:
                said = self._api.call("read a property of tasks", get, "tasks", KEY)
                self._keyed = bool(said.get("hasUniqueValue"))
            except (RefusedError, MissingScopesError):
                self._keyed = False
        return self._keyed

    def _owner(self, wanted: str) -> str:
        """The id of the owner with this id or e-mail address."""
        if wanted.isdecimal():
            return wanted
        get = self._api.sdk.owners.get_page
        found = results(self._api.call("read owners", get, email=wanted, limit=2))
        if len(found) == 1:
            return str(found[0]["id"])
        what = f'"{wanted}" is not the address of one owner of this portal.'
        problem = Problem("outreach.task.owner", what, "Name one by e-mail address or id.")
        raise ConfigurationError("The tasks cannot be made.", [problem])


def mark(key: str) -> str:
    """The part of a key's digest that stands in a body: 128 bits."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _html(text: str) -> str:
    """A plain text as the body of a task, which HubSpot shows as HTML."""
    return html.escape(text).replace("\n", "<br>")


def _owner_of(chunk: _Chunk, key: str) -> str | None:
    return chunk.rows[key]["@owner_id"] or chunk.owner


def _mark_in(task: dict[str, Any]) -> str:
    marks: list[str] = _MARK.findall(str(task["properties"].get(_BODY) or ""))
    return marks[-1] if marks else ""


def _key_of(task: dict[str, Any]) -> str:
    """The key of a new task whose answer does not echo the trace."""
    return str(task["properties"].get(KEY) or "")


def _told(chunk: _Chunk) -> Iterator[dict[str, str | None]]:
    for key, row in chunk.rows.items():
        if key in chunk.made:
            yield {**APPLIED.columns(row["@id"]), "@touch_id": chunk.made[key]}
        elif key in chunk.faults:
            yield {**refused(chunk.faults[key]).columns(row["@id"]), "@touch_id": None}
