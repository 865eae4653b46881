"""An org built again from what a live one tells of itself: fields, statuses, stages and some leads.

What the live org's user may not see is hidden here, too; what the describe does not tell (formulas,
validation and duplicate rules, triggers) is not there. Records keep their ids and moments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.engine.rehearsing import SalesStage
from connector.sandbox.draws import Draws
from connector.sandbox.names import COUNTRIES
from connector.sandbox.salesforce.clock import stamp
from connector.sandbox.salesforce.derived import full_name
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.fields import Field, Option, fields_of
from connector.sandbox.salesforce.ids import normalised
from connector.sandbox.salesforce.org import SalesforceOrg
from connector.sandbox.salesforce.rules import from_text
from connector.sandbox.salesforce.schema import SYSTEM, objects
from connector.sandbox.salesforce.seed import NOT_PROVIDED
from connector.sandbox.salesforce.state import OrgConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.engine.rehearsing import SalesProcess, Snapshot
    from connector.sandbox.salesforce.schema import ObjectSpec
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record
    from mappings.schema import Field as Described
    from mappings.schema import ObjectSchema

TYPES = {
    "text": "string", "long_text": "textarea", "picklist": "picklist",
    "multi_picklist": "multipicklist", "boolean": "boolean", "integer": "int", "number": "double",
    "money": "currency", "percent": "percent", "date": "date", "datetime": "datetime",
    "email": "email", "phone": "phone", "url": "url", "id": "reference",
}  # fmt: skip
LONGEST_SHORT_TEXT = 255
MANY = 1_000_000


def described_org(
    snapshot: Snapshot, *, seed: int, config: OrgConfig | None = None
) -> SalesforceOrg:
    """The org that a snapshot tells of; its leads are the snapshot's."""
    settings = config or OrgConfig(daily_limit=MANY)
    specs = [_spec(spec, snapshot) for spec in objects()]
    building = _Building(snapshot, Draws(seed, snapshot.now))
    return SalesforceOrg(
        0, seed, now=snapshot.now, config=settings, specs=specs, prepare=building.prepare
    )


def _spec(spec: ObjectSpec, snapshot: Snapshot) -> ObjectSpec:
    told = {"Lead": snapshot.schema.lead, "Opportunity": snapshot.schema.opportunity}.get(spec.name)
    if told is None:
        return spec
    parents = snapshot.schema.parents if spec.name == "Lead" else {}
    stock = {name: field for name, field in spec.fields.items() if not field.custom}
    found = {name: _field(each, stock.get(name), parents) for name, each in told.fields.items()}
    return replace(spec, fields=stock | found)


def _field(told: Described, stock: Field | None, parents: Mapping[str, tuple[str, ...]]) -> Field:
    """A field as described; what a describe in shared words leaves out is the stock field's."""
    field = stock or _unknown(told, parents)
    whole = field.type == "int"
    default = field.default if field.default in {o.value for o in told.options} else None
    return replace(
        field,
        label=told.label or field.label,
        length=told.precision if whole else told.length or field.length,
        precision=0 if whole else told.precision or field.precision,
        scale=told.scale or 0,
        required=told.required,
        createable=told.createable,
        updateable=told.writable,
        unique=told.unique and field.type != "id",
        restricted=told.restricted,
        options=tuple(Option(o.value, o.label, o.active) for o in told.options),
        default=default if told.options else field.default,
    )


def _unknown(told: Described, parents: Mapping[str, tuple[str, ...]]) -> Field:
    kind = TYPES[told.type]
    if kind == "string" and told.length > LONGEST_SHORT_TEXT:
        kind = "textarea"
    relationship = told.name.removesuffix("__c") + "__r"
    behind = parents.get(relationship)
    return Field(
        name=told.name,
        label=told.label,
        type=kind,
        custom=told.custom,
        reference_to=("User",) if behind and "Username" in behind else ("Account",),
        relationship=relationship if behind else None,
        default=False if kind == "boolean" else None,
    )


@dataclass(frozen=True)
class _Building:
    """Furnishes the empty org: setup rows, people, leads and what has become of them."""

    snapshot: Snapshot
    draws: Draws

    def prepare(self, state: State) -> None:
        self._hide(state, "Lead", self.snapshot.schema.lead)
        opportunity = self.snapshot.schema.opportunity
        if opportunity is not None:
            self._hide(state, "Opportunity", opportunity)
        process = _complete(self.snapshot)
        _setup_rows(state, process, self.snapshot.schema.lead)
        leads = [self._lead(state, row) for row in self.snapshot.leads.iter_rows(named=True)]
        self._hire(state, {str(lead["OwnerId"]) for lead in leads})
        state.store.tables["Lead"].load(leads)
        for row in self.snapshot.opportunities.iter_rows(named=True):
            self._opportunity(state, process, row)

    def _hide(self, state: State, name: str, told: ObjectSchema) -> None:
        """Hide the stock fields that the live org's user does not see."""
        hidden = {
            f"{name}.{field.name}"
            for field in state.store.tables[name].fields.values()
            if field.name not in told.fields and field.permissionable
        }
        for row in list(state.store.live("FieldPermissions")):
            if row["Field"] in hidden:
                state.store.put("FieldPermissions", {**row, "IsDeleted": True})

    def _hire(self, state: State, owners: set[str]) -> None:
        """Owners keep their ids and get names of nobody."""
        for owner in sorted(owners):
            if owner.startswith("00G") and state.store.find(owner) is None:
                queue = dict(state.store.get("Group", state.people.queue) or {})
                state.store.put("Group", queue | {"Id": owner, "Name": "Queue"})
            elif owner.startswith("005") and state.store.find(owner) is None:
                self._user(state, owner, f"{owner.lower()}@rehearsal.example")
        named = self.snapshot.owner
        if named and normalised(named) is None:
            self._user(state, state.store.tables["User"].new_id(), named)
        elif named and state.store.find(normalised(named)) is None:
            self._user(state, str(normalised(named)), f"{named.lower()}@rehearsal.example")

    def _user(self, state: State, user_id: str, username: str) -> None:
        country = self.draws.pick(COUNTRIES)
        first, last = self.draws.pick(country.given)[0], self.draws.pick(country.family)[0]
        like = dict(state.store.get("User", state.people.reps[0]) or {})
        values = {"FirstName": first, "LastName": last, "Name": f"{first} {last}"}
        values |= {"Username": username, "Email": username, "Id": user_id}
        state.store.put("User", like | values)

    def _lead(self, state: State, row: dict[str, Any]) -> Record:
        fields = state.store.tables["Lead"].fields
        at = stamp(row["@modified_at"] or self.snapshot.now)
        system = {
            "Id": row["@id"],
            "IsDeleted": False,
            "IsConverted": bool(row["@converted"]),
            "OwnerId": normalised(row["@owner_id"]) or state.people.reps[0],
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "LastName": NOT_PROVIDED,
        }
        defaults = {n: False for n, f in fields.items() if f.type == "boolean"}
        values = {
            name: _stored(fields[name], text)
            for name, text in row.items()
            if name in fields and text is not None and name not in _KEPT_APART
        }
        if row["@opportunity_id"]:
            values["ConvertedOpportunityId"] = row["@opportunity_id"]
        record = defaults | system | {n: v for n, v in values.items() if v is not None}
        record["Name"] = full_name(record)
        return record

    def _opportunity(self, state: State, process: SalesProcess, row: dict[str, Any]) -> None:
        stage = next((s for s in process.stages if s.state == row["state"]), None)
        at = stamp(row["closed_at"] or self.snapshot.now)
        record: Record = {
            "Id": row["@opportunity_id"],
            "IsDeleted": False,
            "Name": "Rehearsal",
            "StageName": stage.value if stage else row["state"],
            "IsClosed": row["state"] != "open",
            "IsWon": row["state"] == "won",
            "CloseDate": at[:10],
            "CreatedDate": at,
            "CreatedById": state.people.admin,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "OwnerId": state.people.reps[0],
        }
        state.store.put("Opportunity", record)


_KEPT_APART = frozenset(
    {*fields_of(SYSTEM), "OwnerId", "IsConverted", "ConvertedOpportunityId"}
) - {"CreatedDate"}


def _stored(field: Field, text: str) -> Any:
    """The stored form of a text as it was pulled; None for one that is not of the field's type."""
    try:
        return from_text(field, text)
    except ApiError:
        return None


def _complete(snapshot: Snapshot) -> SalesProcess:
    """The sales process, guessed from the picklists' words where the user may not read it."""
    process, schema = snapshot.process, snapshot.schema
    stages, converted = process.stages, process.converted
    field = schema.opportunity.fields.get("StageName") if schema.opportunity else None
    if not stages and field is not None:
        stages = tuple(
            SalesStage(
                v, v, "won" if "won" in v.lower() else "lost" if "lost" in v.lower() else "open"
            )
            for v in field.values
        )
    status = schema.lead.fields.get("Status")
    if not converted and status is not None:
        likely = [v for v in status.values if "convert" in v.lower() and "not" not in v.lower()]
        converted = tuple(likely or status.values[-1:])
    return replace(process, stages=stages, converted=converted)


def _setup_rows(state: State, process: SalesProcess, lead: ObjectSchema) -> None:
    """Put the live org's statuses and stages in the place of the stock ones."""
    status = lead.fields.get("Status")
    if status is not None and process.converted:
        names = dict.fromkeys([*status.values, *process.converted])
        rows = [
            {"ApiName": n, "MasterLabel": n, "IsConverted": n in process.converted} for n in names
        ]
        _replace_rows(state, "LeadStatus", [row | {"IsDefault": False} for row in rows])
    if process.stages:
        stages = [
            {
                "ApiName": stage.value,
                "MasterLabel": stage.label,
                "IsActive": True,
                "IsClosed": stage.state != "open",
                "IsWon": stage.state == "won",
                "DefaultProbability": stage.probability * 100,
                "ForecastCategoryName": "Pipeline" if stage.state == "open" else "Closed",
            }
            for stage in process.stages
        ]
        _replace_rows(state, "OpportunityStage", stages)


def _replace_rows(state: State, name: str, rows: list[dict[str, Any]]) -> None:
    table, at = state.store.tables[name], state.clock.stamp()
    table.rows.clear()
    for number, row in enumerate(rows, start=1):
        system = {"Id": table.new_id(), "IsDeleted": False, "SystemModstamp": at}
        state.store.put(name, system | row | {"SortOrder": number})
