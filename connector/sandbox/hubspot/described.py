"""A portal built again from what a live one tells of itself: properties, pipelines and some contacts.

What the properties do not tell (workflows, validation rules, calculations) is not there. Records
keep their ids and moments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.draws import Draws
from connector.sandbox.hubspot.clock import iso, milliseconds
from connector.sandbox.hubspot.config import PortalConfig
from connector.sandbox.hubspot.pipelines import Owner, Pipeline, Stage
from connector.sandbox.hubspot.portal import HubSpotPortal
from connector.sandbox.hubspot.properties import Choice, Property, with_options
from connector.sandbox.hubspot.store import Record
from connector.sandbox.names import COUNTRIES

if TYPE_CHECKING:
    from connector.engine.rehearsing import SalesProcess, SalesStage, Snapshot
    from connector.sandbox.hubspot.properties import Catalog
    from connector.sandbox.hubspot.records import Records
    from mappings.schema import Field as Described
    from mappings.schema import ObjectSchema

SHAPES = {
    "text": ("string", "text"), "long_text": ("string", "textarea"), "email": ("string", "text"),
    "url": ("string", "text"), "phone": ("string", "phonenumber"), "number": ("number", "number"),
    "integer": ("number", "number"), "money": ("number", "number"), "percent": ("number", "number"),
    "boolean": ("bool", "booleancheckbox"), "picklist": ("enumeration", "select"),
    "multi_picklist": ("enumeration", "checkbox"), "date": ("date", "date"),
    "datetime": ("datetime", "date"), "id": ("enumeration", "select"),
}  # fmt: skip
"""The type and field type of each type in shared words."""

NEEDED = frozenset({
    "hs_object_id", "createdate", "lastmodifieddate", "hs_createdate", "hs_lastmodifieddate",
    "email", "lifecyclestage", "hubspot_owner_id", "hs_merged_object_ids", "dealname", "dealstage",
    "pipeline", "amount", "closedate", "hs_is_closed", "hs_is_closed_won",
})  # fmt: skip
"""What the portal itself works with, whether the live token sees it or not."""


def described_portal(
    snapshot: Snapshot, *, seed: int, config: PortalConfig | None = None
) -> HubSpotPortal:
    """The portal that a snapshot tells of; its contacts are the snapshot's leads."""
    portal = HubSpotPortal(0, seed, now=snapshot.now, config=config or PortalConfig())
    records = portal.records
    _define(records, "contacts", snapshot.schema.lead)
    if snapshot.schema.opportunity is not None:
        _define(records, "deals", snapshot.schema.opportunity)
    pipelines = _pipelines(snapshot.process)
    if pipelines:
        records.pipelines.put("deals", pipelines)
    _hire(records, snapshot, Draws(seed, snapshot.now))
    for row in snapshot.leads.sort("@id").iter_rows(named=True):
        records.stores["contacts"].add(_contact(records.catalogs["contacts"], row))
    return portal


def _define(records: Records, type_name: str, told: ObjectSchema) -> None:
    """Put the described properties in the place of the stock ones."""
    catalog = records.catalogs[type_name]
    stock = dict(catalog.properties)
    catalog.properties.clear()
    catalog.properties |= {name: each for name, each in stock.items() if name in NEEDED}
    group = next(iter(catalog.groups))
    for name, each in told.fields.items():
        catalog.properties[name] = _property(each, stock.get(name), group)
        if each.unique and name != "email":
            records.stores[type_name].make_unique(name)


def _property(told: Described, stock: Property | None, group: str) -> Property:
    kind, field_type = SHAPES[told.type]
    options = tuple(Choice(o.value, o.label, hidden=not o.active) for o in told.options)
    if told.type == "boolean" and not options:
        options = (Choice("true", "Yes"), Choice("false", "No"))
    definition = replace(
        stock or Property(told.name, told.label, kind, field_type, group),
        label=told.label or told.name,
        read_only=not told.writable,
        calculated=told.calculated,
        unique=told.unique,
        stock=not told.custom,
        external_options=told.type == "id",
    )
    if stock is None or (stock.type, stock.field_type) != (kind, field_type):
        definition = replace(definition, type=kind, field_type=field_type)
    return with_options(definition, options)


def _pipelines(process: SalesProcess) -> list[Pipeline]:
    return [
        Pipeline(
            key, label, tuple(_stage(stage) for stage in process.stages if stage.pipeline == key)
        )
        for key, label in process.pipelines.items()
    ]


def _stage(stage: SalesStage) -> Stage:
    certain = {"won": "1.0", "lost": "0.0"}
    return Stage(stage.value, stage.label, certain.get(stage.state, f"{stage.probability:g}"))


def _hire(records: Records, snapshot: Snapshot, draws: Draws) -> None:
    """Owners keep their ids and get names of nobody."""
    owners = snapshot.leads["@owner_id"].drop_nulls().unique().sort().to_list()
    named = [snapshot.owner] if snapshot.owner else []
    for place, owner in enumerate(dict.fromkeys([*owners, *named])):
        country = draws.pick(COUNTRIES)
        records.owners[owner] = Owner(
            id=owner,
            email=owner if "@" in owner else f"owner{place + 1}@rehearsal.example",
            first_name=draws.pick(country.given)[0],
            last_name=draws.pick(country.family)[0],
            user_id=5_000 + place,
        )


def _contact(catalog: Catalog, row: dict[str, Any]) -> Record:
    at = milliseconds(row["@modified_at"]) if row["@modified_at"] else catalog.now()
    properties = {n: v for n, v in row.items() if v and n in catalog.properties}
    created = properties.get("createdate") or iso(at)
    system = {"hs_object_id": row["@id"], "createdate": created, "hs_createdate": created}
    system |= {"hubspot_owner_id": row["@owner_id"]} if row["@owner_id"] else {}
    if properties.get("email"):
        properties["email"] = properties["email"].lower()
    return Record(int(row["@id"]), properties | system, at, at)
