"""The API for associations: read, set, label, archive, one by one and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import NOT_FOUND, ApiFailure, invalid
from connector.sandbox.hubspot.http import Answer, inputs
from connector.sandbox.hubspot.kinds import kind_of

if TYPE_CHECKING:
    from connector.sandbox.hubspot.associations import LinkType
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Records
    from connector.sandbox.hubspot.store import Record

MOST_READ, MOST_MADE, PAGE = 1000, 2000, 500
Pair = tuple["Kind", "Kind"]


class AssociationsApi:
    """Answers calls on associations; ids of records are JSON numbers here."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._types = records.types

    def page(self, call: Call) -> Answer:
        """List the records that one record is associated with."""
        source, target = _kinds(call)
        record = self._records.find(source, call.params["id"])
        limit, after = call.number("limit", PAGE), call.number("after", 0)
        if not 1 <= limit <= PAGE:
            raise invalid(f"Invalid query parameter limit: it must be between 1 and {PAGE}")
        held = [i for i in sorted(record.linked(target.name)) if i >= after]
        body: dict[str, Any] = {
            "results": [self._entry((source, target), record, i) for i in held[:limit]]
        }
        if len(held) > limit:
            body["paging"] = {"next": {"after": str(held[limit])}}
        return Answer(200, body)

    def put_default(self, call: Call) -> Answer:
        """Associate without a label; repeating does no harm."""
        pair = _kinds(call)
        ends = self._ends(pair, call.params["id"], call.params["to_id"])
        default = self._types.default(pair[0].name, pair[1].name)
        self._join(pair, ends, [default])
        return self._answer(_directed(ends, default), [], 200)

    def put_labels(self, call: Call) -> Answer:
        """Associate with the given types."""
        pair = _kinds(call)
        ends = self._ends(pair, call.params["id"], call.params["to_id"])
        types = self._types.named(pair[0].name, pair[1].name, call.any_json())
        self._join(pair, ends, types)
        return Answer(201, self._labelled(pair, ends, types))

    def archive(self, call: Call) -> Answer:
        """Take all associations between two records away."""
        pair = _kinds(call)
        self._part(pair, call.params["id"], call.params["to_id"])
        return Answer(204)

    def batch_read(self, call: Call) -> Answer:
        """Read the associations of many records; one that has none is an error entry."""
        pair = _kinds(call)
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for each in inputs(call.json(), MOST_READ):
            identifier = str(each.get("id", ""))
            try:
                held = self._records.find(pair[0], identifier)
            except ApiFailure:
                held = None
            if held is None or not held.linked(pair[1].name):
                errors.append(_nothing_found(pair, identifier))
                continue
            to = [self._entry(pair, held, i) for i in sorted(held.linked(pair[1].name))]
            results.append({"from": {"id": identifier}, "to": to})
        return self._answer(results, errors, 200)

    def batch_default(self, call: Call) -> Answer:
        """Associate many pairs without labels."""
        pair = _kinds(call)
        default = self._types.default(pair[0].name, pair[1].name)
        results: list[dict[str, Any]] = []
        for each in inputs(call.json(), MOST_MADE):
            ends = self._ends(pair, *_ids(each))
            self._join(pair, ends, [default])
            results += _directed(ends, default)
        return self._answer(results, [], 200)

    def batch_create(self, call: Call) -> Answer:
        """Associate many pairs with the given types."""
        pair, results = _kinds(call), []
        for each in inputs(call.json(), MOST_MADE):
            types = self._types.named(pair[0].name, pair[1].name, each.get("types"))
            ends = self._ends(pair, *_ids(each))
            self._join(pair, ends, types)
            results.append(self._labelled(pair, ends, types))
        return self._answer(results, [], 201)

    def batch_archive(self, call: Call) -> Answer:
        """Take all associations of many pairs away; `to` of an input is a list."""
        pair = _kinds(call)
        for each in inputs(call.json(), MOST_MADE):
            for to in each.get("to") or []:
                self._part(pair, str(each.get("from", {}).get("id")), str(to.get("id")))
        return Answer(204)

    def batch_archive_labels(self, call: Call) -> Answer:
        """Take only the given types away."""
        pair = _kinds(call)
        for each in inputs(call.json(), MOST_MADE):
            types = self._types.named(pair[0].name, pair[1].name, each.get("types"))
            self._part(pair, *_ids(each), types)
        return Answer(204)

    def labels(self, call: Call) -> Answer:
        """List the association types between two object types."""
        source, target = _kinds(call)
        found = self._types.between(source.name, target.name)
        return Answer(200, {"results": [link.body() for link in found]})

    def create_label(self, call: Call) -> Answer:
        """Define a label of the team's own."""
        (source, target), body = _kinds(call), call.json()
        label, name = str(body.get("label") or ""), str(body.get("name") or "")
        if not label or not name:
            raise invalid("Invalid input JSON: label and name are required")
        made = self._types.define(source.name, target.name, label, name)
        return Answer(200, {"results": [link.body() for link in made]})

    def _ends(self, pair: Pair, one: str, other: str) -> tuple[Record, Record]:
        return self._records.find(pair[0], one), self._records.find(pair[1], other)

    def _join(self, pair: Pair, ends: tuple[Record, Record], types: list[LinkType]) -> None:
        self._records.associate((pair[0], ends[0]), (pair[1], ends[1]), types)

    def _part(self, pair: Pair, one: str, other: str, types: list[LinkType] | None = None) -> None:
        try:
            ends = self._ends(pair, one, other)
        except ApiFailure:
            return
        self._records.dissociate((pair[0], ends[0]), (pair[1], ends[1]), types or ())

    def _entry(self, pair: Pair, record: Record, to: int) -> dict[str, Any]:
        types = sorted(record.linked(pair[1].name)[to])
        names = (pair[0].name, pair[1].name)
        shown = [self._types.get(*names, type_id).body() for type_id in types]
        return {"toObjectId": to, "associationTypes": shown}

    def _labelled(
        self, pair: Pair, ends: tuple[Record, Record], types: list[LinkType]
    ) -> dict[str, Any]:
        return {
            "fromObjectTypeId": pair[0].type_id,
            "fromObjectId": ends[0].id,
            "toObjectTypeId": pair[1].type_id,
            "toObjectId": ends[1].id,
            "labels": [link.label for link in types if link.label],
        }

    def _answer(
        self, results: list[dict[str, Any]], errors: list[dict[str, Any]], status: int
    ) -> Answer:
        now = iso(self._records.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        body |= {"startedAt": now, "completedAt": now}
        if not errors:
            return Answer(status, body)
        return Answer(207, body | {"numErrors": len(errors), "errors": errors})


def _kinds(call: Call) -> Pair:
    return kind_of(call.params["type"]), kind_of(call.params["to"])


def _ids(given: dict[str, Any]) -> tuple[str, str]:
    try:
        return str(given["from"]["id"]), str(given["to"]["id"])
    except (KeyError, TypeError):
        raise invalid(
            "Invalid input JSON: some of required attributes are not set [from, to]"
        ) from None


def _directed(ends: tuple[Record, Record], link: LinkType) -> list[dict[str, Any]]:
    one, other = ({"id": str(end.id)} for end in ends)
    there, back = link.spec(), link.spec() | {"associationTypeId": link.reverse}
    return [
        {"from": one, "to": other, "associationSpec": there},
        {"from": other, "to": one, "associationSpec": back},
    ]


def _nothing_found(pair: Pair, identifier: str) -> dict[str, Any]:
    source, target = pair
    return {
        "status": "error",
        "category": NOT_FOUND,
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {target.singular} is associated with {source.singular} {identifier}.",
        "context": {
            "fromObjectId": [identifier],
            "fromObjectType": [source.singular],
            "toObjectType": [target.singular],
        },
    }
