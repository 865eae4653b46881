"""What people do to the org behind the API's back, and what a test may ask it afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce import dml
from connector.sandbox.salesforce.bulk_jobs import advance
from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.clock import moment_of, stamp
from connector.sandbox.salesforce.convert import Conversion, convert
from connector.sandbox.salesforce.errors import ApiError, not_found
from connector.sandbox.salesforce.org_chart import CONVERTED_STATUS
from connector.sandbox.salesforce.query import OrgSource
from connector.sandbox.salesforce.rules import from_json
from connector.sandbox.salesforce.soql_run import run
from connector.sandbox.salesforce.state import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record, Table

    Act = Mapping[str, Any]

ACTS = frozenset({"delete", "undelete", "merge", "convert"})


class Admin:
    """The org as its own people see it: no sessions, limits, faults or field-level security."""

    def __init__(self, state: State) -> None:
        self._state = state

    def mutate(self, act: Act | Sequence[Act]) -> list[str]:
        """Do one or several things as a person would; the ids of the records.

        {"object", "fields"} creates; with "id" or "ids" it edits. {"delete": true} and
        {"undelete": true} need ids too, {"merge": {"master", "victims"}} and {"convert":
        {"leadId", "ownerId"}} do not. "at" (ISO 8601) back-dates the stamps, "user" names who.
        Raises ApiError as the CRM would.
        """
        acts = [act] if isinstance(act, Mapping) else list(act)
        with self._state.lock:
            return [record_id for one in acts for record_id in self._do(one)]

    def audit(self) -> dict[str, Any]:
        """What the API wrote: see the keys of `Audit.report`."""
        with self._state.lock:
            advance(self._state)
            return self._state.audit.report()

    def stats(self) -> dict[str, Any]:
        """Calls for each address, calls used of the daily limit, jobs by state."""
        with self._state.lock:
            jobs = [f"{job.kind} {job.state}" for job in self._state.jobs.values()]
            return {
                "calls": dict(self._state.calls),
                "used": self._state.used,
                "limit": self._state.daily_limit,
                "jobs": {kind: jobs.count(kind) for kind in sorted(set(jobs))},
                "faults_fired": {
                    f"{number} {rule.kind}": rule.fired
                    for number, rule in enumerate(self._state.faults.rules)
                },
            }

    def advance(self, seconds: float) -> str:
        """Put the org's clock forward; what it then shows."""
        return stamp(self._state.clock.advance(seconds))

    def expire(self) -> int:
        """End every session; how many there were."""
        with self._state.lock:
            count = len(self._state.sessions)
            self._state.sessions.clear()
            return count

    def limit(self, most: int | None = None, used: int | None = None) -> None:
        """Set the daily limit of API calls and how many are used."""
        self._state.daily_limit = self._state.daily_limit if most is None else most
        self._state.used = self._state.used if used is None else used

    def fls(self, field: str, *, read: bool = True, edit: bool = True) -> None:
        """Show or hide a field (`Lead.Title`) to the connected user; raises ApiError."""
        with self._state.lock:
            self._hide(field)
            if read:
                actor = Actor(self._state.people.admin, role="system")
                table = self._state.store.tables["FieldPermissions"]
                values = {"PermissionsRead": True, "PermissionsEdit": edit, "Field": field}
                values["ParentId"] = self._state.people.profile_permissions
                values["SobjectType"] = field.partition(".")[0]
                dml.insert(self._state, actor, table, values)

    def faults(self, rules: Sequence[Act] | None = None) -> None:
        """Add fault rules (see FaultRule); None takes all of them away. Raises ValueError."""
        with self._state.lock:
            if rules is None:
                self._state.faults.clear()
            else:
                self._state.faults.add(rules)

    def truth(self) -> dict[str, dict[str, str]]:
        """What each seeded lead really is: `truth` (customer, lead, spam) and `kind` (b2b, b2c)."""
        return dict(self._state.truth)

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """The records that a query finds, deleted and hidden included, without attributes."""
        with self._state.lock:
            source = OrgSource(self._state, everything=True)
            found = run(source, soql, self._state.chance, all_rows=True)
            names = [".".join(column.names) for column in found.columns]
            return [
                dict(zip(names, (column.value(row) for column in found.columns), strict=True))
                for row in found.records
            ]

    def _hide(self, field: str) -> None:
        table, _, name = field.partition(".")
        held = self._state.store.table(table)
        known = held.fields.get(name) if held else None
        if known is None or not known.permissionable:
            message = f"{field} is not a field that can be hidden"
            raise ApiError("INVALID_FIELD", message)
        for row in list(self._state.store.live("FieldPermissions")):
            if row["Field"] == field:
                self._state.store.put("FieldPermissions", {**row, "IsDeleted": True})

    def _do(self, act: Act) -> list[str]:
        state = self._state
        at = stamp(moment_of(act["at"])) if "at" in act else None
        actor = Actor(act.get("user", state.people.admin), role="person", at=at)
        if "convert" in act:
            return [self._convert(actor, act["convert"])]
        table = dml.table_named(state, act.get("object", "Lead"))
        if "merge" in act:
            merge = act["merge"]
            return [dml.merge(state, actor, table, merge["master"], list(merge["victims"]))]
        ids = list(act.get("ids", [act["id"]] if "id" in act else []))
        if act.get("delete"):
            return [dml.delete(state, actor, table, key) for key in ids]
        if act.get("undelete"):
            return [dml.undelete(state, actor, table, key) for key in ids]
        values = self._values(table, act.get("fields", {}))
        if "id" not in act and "ids" not in act:
            return [dml.insert(state, actor, table, values)]
        return [dml.update(state, actor, table, key, dict(values)) for key in ids]

    def _values(self, table: Table, fields: Mapping[str, Any]) -> Record:
        unknown = [name for name in fields if name not in table.fields]
        if unknown:
            message = f"No such column '{unknown[0]}' on sobject of type {table.name}"
            raise ApiError("INVALID_FIELD", message)
        return {name: from_json(table.fields[name], value) for name, value in fields.items()}

    def _convert(self, actor: Actor, asked: Mapping[str, Any]) -> str:
        lead = self._state.store.get("Lead", asked["leadId"]) or {}
        owner = asked.get("ownerId") or lead.get("OwnerId")
        if owner == self._state.people.queue:
            owner = actor.user_id
        conversion = Conversion(asked["leadId"], CONVERTED_STATUS, owner_id=owner)
        return convert(self._state, actor, conversion).lead_id


def answer(state: State, call: Call) -> Answer:
    """Anything below /__sandbox__/: GET asks, POST with JSON does, DELETE takes faults away."""
    verb = call.path.rpartition("/")[2]
    handler = VERBS.get((call.method, verb))
    if handler is None:
        raise not_found()
    try:
        return Answer(handler(Admin(state), call))
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError("INVALID_INPUT", f"{type(error).__name__}: {error}") from error


VERBS: dict[tuple[str, str], Callable[[Admin, Call], Any]] = {
    ("GET", "audit"): lambda admin, _call: admin.audit(),
    ("GET", "stats"): lambda admin, _call: admin.stats(),
    ("GET", "truth"): lambda admin, _call: admin.truth(),
    ("GET", "rows"): lambda admin, call: admin.rows(call.params["q"]),
    ("POST", "mutate"): lambda admin, call: admin.mutate(call.json()),
    ("POST", "clock"): lambda admin, call: admin.advance(**call.json_object()),
    ("POST", "expire"): lambda admin, _call: admin.expire(),
    ("POST", "limit"): lambda admin, call: admin.limit(**call.json_object()),
    ("POST", "fls"): lambda admin, call: admin.fls(**call.json_object()),
    ("POST", "faults"): lambda admin, call: admin.faults(call.json()),
    ("DELETE", "faults"): lambda admin, _call: admin.faults(),
}
