"""Leads on static lists. Adding a record that is on a list already does nothing."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.faults import Fault
from connector.crm.hubspot.outcomes import APPLIED, Row, refused
from connector.crm.hubspot.translate import MissingScopesError, RefusedError
from connector.engine.channel import TOUCH_OUTCOMES, TargetProblem
from connector.engine.ports import chunks
from scoring.problem import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject

_PART = 1_000
_STATIC = ("MANUAL", "SNAPSHOT")
_GONE = Fault(code="OBJECT_NOT_FOUND")
_KNOWN = 250


class Lists:
    """Adds records to lists, which are named by name or id and looked up once."""

    def __init__(self, api: Api, lead_object: LeadObject) -> None:
        self._api = api
        self._object = lead_object
        self._ids: dict[str, str | TargetProblem] = {}

    def add(self, members: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The members frame of `connector.engine.channel`; touch outcomes, a thousand at a time."""
        for part in members.partition_by("target", maintain_order=True):
            found = self._list(part["target"][0])
            for frame in chunks(part, _PART):
                ids = frame["@id"].to_list()
                if isinstance(found, TargetProblem):
                    yield _told({one: _unknown(found) for one in ids}, None)
                else:
                    yield self._add_to(found, ids)

    def problems(self, targets: Sequence[str]) -> list[TargetProblem]:
        """The lists that are not there or fill themselves, or the scope that is missing."""
        try:
            found = [self._list(target) for target in targets]
        except MissingScopesError as error:
            fix = "Grant the token crm.lists.read and crm.lists.write."
            return [TargetProblem("", f"this token may not use lists ({error}).", fix)]
        return [each for each in found if isinstance(each, TargetProblem)]

    def _add_to(self, list_id: str, ids: list[str]) -> pl.DataFrame:
        answer = self._api.call(
            "add to a list", self._api.sdk.memberships.add, list_id, request_body=ids
        )
        missing = {str(one) for one in answer.get("recordIdsMissing") or ()}
        return _told({one: refused(_GONE) if one in missing else APPLIED for one in ids}, list_id)

    def _list(self, target: str | None) -> str | TargetProblem:
        """The id of the list with this name or id, or what is wrong with it."""
        if not target:
            return TargetProblem("", "the step names no list.", "Name one.")
        if target not in self._ids:
            self._ids[target] = self._look_up(target)
        return self._ids[target]

    def _look_up(self, target: str) -> str | TargetProblem:
        kind = self._object.type_id
        found = self._read(target) or next(
            (one for one in self._known() if one.get("name") == target), None
        )
        if found is None:
            near = did_you_mean(target, [str(one.get("name")) for one in self._known()])
            return TargetProblem(target, "there is no such list.", near)
        if found.get("processingType") not in _STATIC:
            what = "is an active list, which HubSpot fills by its own filters."
            return TargetProblem(target, what, "Name a static list.")
        if found.get("objectTypeId") != kind:
            return TargetProblem(target, f"is not a list of {self._object.name}.", "Name another.")
        return str(found["listId"])

    def _read(self, target: str) -> dict[str, Any] | None:
        """The list with this id or name, if the address can tell it (a name may hold a slash)."""
        lists = self._api.sdk.lists
        try:
            if target.isdecimal():
                answer = self._api.call("read a list", lists.get_by_id, target)
            else:
                kind = self._object.type_id
                answer = self._api.call("read a list", lists.get_by_name, target, kind)
        except RefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        return answer.get("list") or None

    def _known(self) -> list[dict[str, Any]]:
        """The static lists of these records."""
        wanted = {"count": _KNOWN, "offset": 0, "processingTypes": list(_STATIC)}
        answer = self._api.call("search lists", self._api.sdk.lists.do_search, wanted)
        return [
            one
            for one in answer.get("lists") or ()
            if one.get("objectTypeId") == self._object.type_id
        ]


def _unknown(problem: TargetProblem) -> Row:
    fix = problem.fix or "Mend the step's target; leadgate check names what is wrong."
    return Row("rejected", "UNKNOWN_LIST", "target", problem.what, fix)


def _told(rows: dict[str, Row], list_id: str | None) -> pl.DataFrame:
    told = [
        {**row.columns(one), "@touch_id": list_id if row.outcome == "applied" else None}
        for one, row in rows.items()
    ]
    return pl.DataFrame(told, schema=TOUCH_OUTCOMES)
