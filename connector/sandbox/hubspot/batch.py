"""The API for up to 100 records at a time, with the ways in which a part of them can fail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import (
    ApiFailure,
    duplicate_ids,
    email_taken,
    invalid,
    some_not_found,
)
from connector.sandbox.hubspot.http import Answer, inputs, names
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.objects import read_links
from connector.sandbox.hubspot.store import INTEGRATION
from connector.sandbox.hubspot.validate import texts
from connector.sandbox.hubspot.views import full_view, view

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Link, Records
    from connector.sandbox.hubspot.store import Record

MOST = 100
MOST_WITH_HISTORY = 50
Input = dict[str, Any]


class BatchApi:
    """Answers the batch calls. Results come in any order, as HubSpot's do."""

    def __init__(self, records: Records, order: random.Random) -> None:
        self._records = records
        self._order = order

    def read(self, call: Call) -> Answer:
        """Read records by id or by a unique property; all that are missing are one error."""
        kind, body = kind_of(call.params["type"]), call.json()
        history = names(body.get("propertiesWithHistory"))
        if history and len(body.get("inputs") or []) > MOST_WITH_HISTORY:
            raise invalid(
                "The maximum number of inputs supported in a batch request for property "
                f"histories is {MOST_WITH_HISTORY}."
            )
        wanted = inputs(body, MOST)
        _refuse_duplicates(wanted)
        shown = view(self._records, kind, names(body.get("properties")), history)
        archived = call.flag("archived")
        found, missing = self._find(kind, wanted, body.get("idProperty"), archived=archived)
        results = [shown.show(record) for _, record in found]
        return self._answer(results, missing, 200)

    def create(self, call: Call) -> Answer:
        """Create records: all or nothing, unless every input carries an objectWriteTraceId."""
        kind, wanted = kind_of(call.params["type"]), inputs(call.json(), MOST)
        traced = _traced(wanted)
        if not traced:
            checked = [self._check_new(kind, each) for each in wanted]
            _refuse_same_email([values for values, _ in checked])
            return self._answer([self._make(kind, *each) for each in checked], [], 201)
        results, errors = _each(wanted, lambda i: self._make(kind, *self._check_new(kind, i)))
        return self._answer(results, errors, 201)

    def update(self, call: Call) -> Answer:
        """Change records; ids of records that were merged away are not taken."""
        kind, wanted = kind_of(call.params["type"]), inputs(call.json(), MOST)
        _refuse_duplicates(wanted)
        by = wanted[0].get("idProperty")
        if by == "email":
            raise invalid(
                f"Unable to perform update/upsert by non-unique {kind.type_id} property email"
            )
        found, missing = self._find(kind, wanted, by, merged=False)
        if not _traced(wanted):
            checked = [(i, r, self._check_change(kind, r, i)) for i, r in found]
            results = [self._change(kind, *each) for each in checked]
            return self._answer(results, missing, 200)
        records = {id(i): r for i, r in found}
        results, errors = _each(
            [i for i, _ in found],
            lambda i: self._change(
                kind, i, records[id(i)], self._check_change(kind, records[id(i)], i)
            ),
        )
        return self._answer(results, [*missing, *errors], 200)

    def upsert(self, call: Call) -> Answer:
        """Create or change records by a unique property; `new` tells which it was."""
        kind, wanted = kind_of(call.params["type"]), inputs(call.json(), MOST)
        _refuse_duplicates(wanted)
        by = {str(each.get("idProperty") or "hs_object_id") for each in wanted}
        for name in by - {"hs_object_id", *self._records.stores[kind.name].unique}:
            raise invalid(
                f"Unable to perform update/upsert by non-unique {kind.type_id} property {name}"
            )
        if not _traced(wanted) or "email" in by:
            checked = [self._check_upsert(kind, each) for each in wanted]
            return self._answer([self._upsert(kind, *each) for each in checked], [], 200)
        results, errors = _each(wanted, lambda i: self._upsert(kind, *self._check_upsert(kind, i)))
        return self._answer(results, errors, 200)

    def archive(self, call: Call) -> Answer:
        """Archive records; those that do not exist are passed over."""
        kind, wanted = kind_of(call.params["type"]), inputs(call.json(), MOST)
        store = self._records.stores[kind.name]
        for each in wanted:
            identifier = str(each.get("id", ""))
            record = store.records.get(int(identifier)) if identifier.isdigit() else None
            if record is not None:
                self._records.archive(kind, record, INTEGRATION)
        return Answer(204)

    def _find(
        self, kind: Kind, wanted: Sequence[Input], by: str | None, **how: bool
    ) -> tuple[list[tuple[Input, Record]], list[dict[str, Any]]]:
        found: list[tuple[Input, Record]] = []
        missing: list[str] = []
        for each in wanted:
            identifier = str(each.get("id", ""))
            try:
                record = self._records.find(
                    kind, identifier, by, archived=how.get("archived", False)
                )
            except ApiFailure as failure:
                if failure.status != 404:  # noqa: PLR2004 — a property that is not unique
                    raise
                missing.append(identifier)
                continue
            if how.get("merged", True) or by or str(record.id) == identifier:
                found.append((each, record))
            else:
                missing.append(identifier)
        return found, [some_not_found(kind.label, missing).entry()] if missing else []

    def _check_new(self, kind: Kind, given: Input) -> tuple[dict[str, str], Sequence[Link]]:
        values = self._records.check_new(kind, texts(given.get("properties")))
        return values, read_links(self._records, kind, given.get("associations"))

    def _make(self, kind: Kind, values: dict[str, str], links: Sequence[Link]) -> dict[str, Any]:
        record = self._records.create(kind, values, links, source=INTEGRATION)
        return full_view(self._records, kind, record).show(record)

    def _check_change(self, kind: Kind, record: Record, given: Input) -> dict[str, str]:
        return self._records.check_change(kind, record, texts(given.get("properties")))

    def _change(
        self, kind: Kind, _: Input, record: Record, values: dict[str, str]
    ) -> dict[str, Any]:
        self._records.change(kind, record, values, INTEGRATION)
        return view(self._records, kind, list(values)).show(record)

    def _check_upsert(self, kind: Kind, given: Input) -> tuple[Record | None, dict[str, str]]:
        identifier, by = str(given.get("id", "")), given.get("idProperty")
        properties = texts(given.get("properties"))
        try:
            record = self._records.find(kind, identifier, by)
        except ApiFailure as failure:
            if failure.status != 404 or not by:  # noqa: PLR2004 — only a free value may be made
                raise
            return None, self._records.check_new(kind, {by: identifier} | properties)
        return record, self._records.check_change(kind, record, properties)

    def _upsert(self, kind: Kind, record: Record | None, values: dict[str, str]) -> dict[str, Any]:
        if record is None:
            return self._make(kind, values, ()) | {"new": True}
        return self._change(kind, {}, record, values) | {"new": False}

    def _answer(
        self, results: list[dict[str, Any]], errors: list[dict[str, Any]], status: int
    ) -> Answer:
        if self._records.config.shuffle_batch:
            self._order.shuffle(results)
        now = iso(self._records.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        body |= {"startedAt": now, "completedAt": now}
        if not errors:
            return Answer(status, body)
        return Answer(207, body | {"numErrors": len(errors), "errors": errors})


def _each(
    wanted: Sequence[Input], act: Callable[[Input], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    results, errors = [], []
    for each in wanted:
        trace = str(each["objectWriteTraceId"])
        try:
            results.append(act(each) | {"objectWriteTraceId": trace})
        except ApiFailure as failure:
            errors.append(failure.entry(trace))
    return results, errors


def _traced(wanted: Sequence[Input]) -> bool:
    traces = [each.get("objectWriteTraceId") for each in wanted]
    return None not in traces and len(set(traces)) == len(traces)


def _refuse_duplicates(wanted: Sequence[Input]) -> None:
    counted = Counter(str(each.get("id", "")) for each in wanted)
    repeated = [identifier for identifier, n in counted.items() if n > 1]
    if repeated:
        raise duplicate_ids(repeated)


def _refuse_same_email(values: Sequence[dict[str, str]]) -> None:
    emails = [each["email"] for each in values if each.get("email")]
    if len(set(emails)) < len(emails):
        raise email_taken(None)
