"""The API for one record at a time: list, get, create, change, archive, merge."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.failures import ApiFailure, invalid, resource_not_found
from connector.sandbox.hubspot.http import Answer
from connector.sandbox.hubspot.kinds import kind_of
from connector.sandbox.hubspot.store import INTEGRATION
from connector.sandbox.hubspot.validate import texts
from connector.sandbox.hubspot.views import associations, full_view, view

if TYPE_CHECKING:
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.records import Link, Records

PAGE = 100
PAGE_WITH_HISTORY = 50


class ObjectsApi:
    """Answers calls on single records and the plain list."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def page(self, call: Call) -> Answer:
        """List records in the order of ids; `after` is the id that the page begins with."""
        kind = kind_of(call.params["type"])
        history = call.listed("propertiesWithHistory")
        limit, most = call.number("limit", 10), PAGE_WITH_HISTORY if history else PAGE
        if not 1 <= limit <= most:
            raise invalid(f"Invalid query parameter limit: it must be between 1 and {most}")
        shown = view(self._records, kind, call.listed("properties"), history)
        wanted = call.listed("associations")
        found = self._records.stores[kind.name].after(
            call.number("after", 0), archived=call.flag("archived")
        )
        page = list(islice(found, limit + 1))
        results = [shown.show(record) for record in page[:limit]]
        if wanted:
            for result, record in zip(results, page, strict=False):
                self._associate(result, kind, record, wanted)
        body: dict[str, Any] = {"results": results}
        if len(page) > limit:
            after = str(page[limit].id)
            link = f"https://api.hubapi.com/{call.path}?limit={limit}&after={after}"
            body["paging"] = {"next": {"after": after, "link": link}}
        return Answer(200, body)

    def get(self, call: Call) -> Answer:
        """Get one record by id or by the value of a unique property."""
        kind = kind_of(call.params["type"])
        record = self._find(kind, call, archived=call.flag("archived"))
        history = call.listed("propertiesWithHistory")
        shown = view(self._records, kind, call.listed("properties"), history).show(record)
        if call.listed("associations"):
            self._associate(shown, kind, record, call.listed("associations"))
        return Answer(200, shown)

    def create(self, call: Call) -> Answer:
        """Create one record, with its associations."""
        kind, body = kind_of(call.params["type"]), call.json()
        values = self._records.check_new(kind, texts(body.get("properties")))
        links = read_links(self._records, kind, body.get("associations"))
        record = self._records.create(kind, values, links, source=INTEGRATION)
        return Answer(201, full_view(self._records, kind, record).show(record))

    def update(self, call: Call) -> Answer:
        """Change the given properties of one record."""
        kind, body = kind_of(call.params["type"]), call.json()
        record = self._find(kind, call)
        given = texts(body.get("properties"))
        values = self._records.check_change(kind, record, given)
        self._records.change(kind, record, values, INTEGRATION)
        return Answer(200, view(self._records, kind, list(given)).show(record))

    def archive(self, call: Call) -> Answer:
        """Archive one record; answers 204 even when there is none."""
        kind, identifier = kind_of(call.params["type"]), call.params["id"]
        store = self._records.stores[kind.name]
        record = store.records.get(int(identifier)) if identifier.isdigit() else None
        if record is not None:
            self._records.archive(kind, record, INTEGRATION)
        return Answer(204)

    def merge(self, call: Call) -> Answer:
        """Merge two records into a new one."""
        kind, body = kind_of(call.params["type"]), call.json()
        try:
            primary, other = str(body["primaryObjectId"]), str(body["objectIdToMerge"])
        except KeyError as error:
            raise invalid(
                "Invalid input JSON on line 1, column 1: Cannot build PublicMergeInput, some of "
                f"required attributes are not set [{error.args[0]}]"
            ) from None
        merged = self._records.merge(
            kind, self._records.find(kind, primary), self._records.find(kind, other)
        )
        return Answer(200, full_view(self._records, kind, merged).show(merged))

    def _find(self, kind: Kind, call: Call, *, archived: bool = False) -> Any:
        return self._records.find(
            kind, call.params["id"], call.query.get("idProperty"), archived=archived
        )

    def _associate(self, shown: dict[str, Any], kind: Kind, record: Any, wanted: list[str]) -> None:
        found = associations(self._records, kind, record, wanted)
        if found:
            shown["associations"] = found


def read_links(records: Records, kind: Kind, given: object) -> list[Link]:
    """Read the associations of a new record.

    Raises `ApiFailure` for a wrong type or target, and for a lead without a contact.
    """
    links = [_read_link(records, kind, each) for each in given] if isinstance(given, list) else []
    if kind.name == "leads" and not any(link[0].name == "contacts" for link in links):
        raise invalid("A lead must be associated with a contact when it is created.")
    return links


def _read_link(records: Records, kind: Kind, given: Any) -> Link:
    try:
        target, specs = str(given["to"]["id"]), given["types"]
        type_id = int(specs[0]["associationTypeId"])
    except (KeyError, TypeError, ValueError, IndexError):
        raise invalid("Invalid input JSON: an association needs to.id and types") from None
    other = next(
        (o for name in records.stores if _fits(records, kind, o := kind_of(name), type_id)),
        None,
    )
    if other is None:
        message = f"Association type {type_id} is not valid from {kind.name}."
        raise invalid(message).adding(subCategory="crm.associations.INVALID_ASSOCIATION_TYPE")
    try:
        record = records.find(other, target)
    except ApiFailure:
        missing = resource_not_found()
        missing.message = f"{other.label} with id {target} does not exist"
        raise missing from None
    return other, record, records.types.named(kind.name, other.name, specs)


def _fits(records: Records, kind: Kind, other: Kind, type_id: int) -> bool:
    return any(t.id == type_id for t in records.types.between(kind.name, other.name))
