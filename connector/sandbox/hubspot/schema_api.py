"""The API for what the portal is made of: properties, groups, pipelines, owners, the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import ApiFailure, invalid, resource_not_found
from connector.sandbox.hubspot.http import Answer, inputs
from connector.sandbox.hubspot.kinds import kind_of

if TYPE_CHECKING:
    from connector.sandbox.hubspot.http import Call
    from connector.sandbox.hubspot.pipelines import Owner
    from connector.sandbox.hubspot.properties import Catalog, Property
    from connector.sandbox.hubspot.records import Records

MOST, OWNERS_PAGE, LEAST_OWNERS = 100, 500, 1


class PropertiesApi:
    """Answers calls on property definitions and their groups."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def all(self, call: Call) -> Answer:
        """List the definitions of an object type."""
        catalog = self._catalog(call)
        found = catalog.archived if call.flag("archived") else catalog.properties
        return Answer(200, {"results": [definition.body() for definition in found.values()]})

    def get(self, call: Call) -> Answer:
        """Describe one property."""
        found = self._catalog(call).get(call.params["name"], archived=call.flag("archived"))
        return Answer(200, found.body())

    def create(self, call: Call) -> Answer:
        """Define one property."""
        return Answer(201, self._make(self._catalog(call), call.json()).body())

    def update(self, call: Call) -> Answer:
        """Change one definition."""
        return Answer(200, self._catalog(call).update(call.params["name"], call.json()).body())

    def archive(self, call: Call) -> Answer:
        """Archive one property."""
        self._catalog(call).archive(call.params["name"])
        return Answer(204)

    def batch_create(self, call: Call) -> Answer:
        """Define properties; those that exist are error entries and do not hinder the others."""
        catalog = self._catalog(call)
        results, errors = [], []
        for each in inputs(call.json(), MOST):
            try:
                results.append(self._make(catalog, each).body())
            except ApiFailure as failure:
                errors.append(failure.entry())
        return self._answer(results, errors, 201)

    def batch_read(self, call: Call) -> Answer:
        """Describe properties by name."""
        catalog, results, errors = self._catalog(call), [], []
        for each in inputs(call.json(), MOST):
            try:
                results.append(catalog.get(str(each.get("name"))).body())
            except ApiFailure as failure:
                errors.append(failure.entry())
        return self._answer(results, errors, 200)

    def batch_archive(self, call: Call) -> Answer:
        """Archive properties; those that do not exist are passed over."""
        catalog = self._catalog(call)
        for each in inputs(call.json(), MOST):
            if str(each.get("name")) in catalog.properties:
                catalog.archive(str(each["name"]))
        return Answer(204)

    def groups(self, call: Call) -> Answer:
        """List the property groups."""
        catalog = self._catalog(call)
        return Answer(200, {"results": [catalog.group_body(name) for name in catalog.groups]})

    def group(self, call: Call) -> Answer:
        """Describe one property group."""
        return Answer(200, self._catalog(call).group_body(call.params["name"]))

    def create_group(self, call: Call) -> Answer:
        """Define a property group."""
        body = call.json()
        label = str(body.get("label") or "")
        return Answer(201, self._catalog(call).add_group(str(body.get("name") or ""), label))

    def _catalog(self, call: Call) -> Catalog:
        return self._records.catalogs[kind_of(call.params["type"]).name]

    def _make(self, catalog: Catalog, given: dict[str, Any]) -> Property:
        made = catalog.create(given)
        if made.unique:
            self._records.stores[catalog.kind.name].make_unique(made.name)
        return made

    def _answer(
        self, results: list[dict[str, Any]], errors: list[dict[str, Any]], status: int
    ) -> Answer:
        now = iso(self._records.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        body |= {"startedAt": now, "completedAt": now}
        if not errors:
            return Answer(status, body)
        return Answer(207, body | {"numErrors": len(errors), "errors": errors})


class AccountApi:
    """Answers calls on pipelines, owners and the account itself."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def pipelines(self, call: Call) -> Answer:
        """List the pipelines of an object type."""
        return Answer(200, {"results": self._records.pipelines.bodies(call.params["type"])})

    def pipeline(self, call: Call) -> Answer:
        """Describe one pipeline."""
        return Answer(200, self._records.pipelines.body(call.params["type"], call.params["id"]))

    def stages(self, call: Call) -> Answer:
        """List the stages of one pipeline."""
        found = self._records.pipelines.body(call.params["type"], call.params["id"])
        return Answer(200, {"results": found["stages"]})

    def owners(self, call: Call) -> Answer:
        """List the owners, all or the one with an e-mail address; `after` is an id."""
        limit = call.number("limit", 100)
        if not LEAST_OWNERS <= limit <= OWNERS_PAGE:
            raise invalid(f"Invalid query parameter limit: it must be 1 to {OWNERS_PAGE}")
        after, archived = call.number("after", 0), call.flag("archived")
        email = call.query.get("email", "").lower()
        found = [
            owner
            for owner in self._records.owners.values()
            if owner.archived == archived and int(owner.id) > after
            and (not email or owner.email == email)
        ]  # fmt: skip
        body: dict[str, Any] = {"results": [self._owner(owner) for owner in found[:limit]]}
        if len(found) > limit:
            body["paging"] = {"next": {"after": found[limit - 1].id}}
        return Answer(200, body)

    def owner(self, call: Call) -> Answer:
        """Describe one owner by id, or by user id with `idProperty=userId`."""
        identifier, by_user = call.params["id"], call.query.get("idProperty") == "userId"
        for owner in self._records.owners.values():
            given = str(owner.user_id) if by_user else owner.id
            if given == identifier and owner.archived == call.flag("archived"):
                return Answer(200, self._owner(owner))
        raise resource_not_found()

    def account(self, _: Call) -> Answer:
        """Describe the account."""
        return Answer(
            200,
            {
                "portalId": self._records.portal_id, "accountType": "STANDARD",
                "timeZone": "US/Eastern", "companyCurrency": "USD", "additionalCurrencies": [],
                "utcOffset": "-05:00", "utcOffsetMilliseconds": -18_000_000,
                "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
            },
        )  # fmt: skip

    def _owner(self, owner: Owner) -> dict[str, Any]:
        return owner.body(self._records.made_at)
