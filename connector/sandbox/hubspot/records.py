"""Everything that can be done to the portal's records, whoever does it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.sandbox.hubspot import lifecycle
from connector.sandbox.hubspot.associations import LinkTypes, link, unlink
from connector.sandbox.hubspot.audit import Journal
from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import (
    ApiFailure,
    PropertyError,
    email_taken,
    invalid,
    invalid_properties,
    not_numeric,
    resource_not_found,
)
from connector.sandbox.hubspot.kinds import KINDS
from connector.sandbox.hubspot.pipelines import Owner, Pipelines
from connector.sandbox.hubspot.properties import Catalog
from connector.sandbox.hubspot.stock import stock_properties
from connector.sandbox.hubspot.store import INTEGRATION, PORTAL, Record, Store
from connector.sandbox.hubspot.validate import Validator, appended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connector.sandbox.hubspot.associations import LinkType
    from connector.sandbox.hubspot.config import PortalConfig
    from connector.sandbox.hubspot.kinds import Kind
    from connector.sandbox.hubspot.store import Source

Link = tuple["Kind", Record, "list[LinkType]"]
"""What a new record is to be associated with: type, record, association types."""

_MERGES_ALLOWED = 250
_STAGE_OF = {"deals": ("pipeline", "dealstage"), "leads": ("hs_pipeline", "hs_pipeline_stage")}
_FIRST_PIPELINE = {"deals": "default", "leads": "lead-pipeline-id"}
_NEEDED = {"leads": "hs_lead_name", "tasks": "hs_timestamp", "notes": "hs_timestamp"}


class Records:
    """The portal's records, definitions and rules."""

    def __init__(self, now: Callable[[], int], config: PortalConfig, *, portal_id: int) -> None:
        self.now = now
        self.config = config
        self.portal_id = portal_id
        self.made_at = now() - 900 * 86_400_000
        self.types = LinkTypes()
        self.pipelines = Pipelines(self.made_at)
        self.owners: dict[str, Owner] = {}
        self.journal = Journal()
        self.refusing: dict[int, str] = {}
        """Records of which the portal refuses every change, and the words it says then."""
        self.refused: Counter[int] = Counter()
        """How often it did."""
        self.stores = {name: Store(kind, now, config) for name, kind in KINDS.items()}
        self.catalogs = {
            name: Catalog(kind, stock_properties(name, self.made_at), now)
            for name, kind in KINDS.items()
        }
        self._validators = {
            name: Validator(catalog, self._active_owners) for name, catalog in self.catalogs.items()
        }
        self._last_id = 29_000_000_000

    def new_id(self, step: int = 1) -> int:
        """Give the next record id; ids rise over all object types."""
        self._last_id += step
        return self._last_id

    # finding

    def find(
        self, kind: Kind, identifier: str, id_property: str | None = None, *, archived: bool = False
    ) -> Record:
        """Find a record by id, or by the value of a unique property.

        Raises `ApiFailure` 404, or 400 for a property that is not unique.
        """
        if id_property and id_property != "hs_object_id":
            record_id = self._lookup(kind, id_property).get(_key(id_property, identifier))
        elif not identifier.isdigit():
            raise not_numeric(identifier)
        else:
            record_id = int(identifier)
        record = None if record_id is None else self.stores[kind.name].find(record_id)
        if record is None or record.archived != archived:
            raise resource_not_found()
        return record

    def _lookup(self, kind: Kind, id_property: str) -> dict[str, int]:
        found = self.stores[kind.name].unique.get(id_property)
        if found is None:
            message = f"Unable to perform update/upsert by non-unique {kind.type_id} property"
            raise invalid(f"{message} {id_property}")
        return found

    # making

    def check_new(self, kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
        """Check a new record's values; raises `ApiFailure` 400 or 409."""
        values = self._validators[kind.name].check(given)
        values = {name: value for name, value in values.items() if value}
        needed = _NEEDED.get(kind.name)
        if kind.name == "contacts" and not values.keys() & {"email", "firstname", "lastname"}:
            raise _required(kind, "email")
        if needed and needed not in values:
            raise _required(kind, needed)
        if kind.name in _STAGE_OF:
            values = {_STAGE_OF[kind.name][0]: _FIRST_PIPELINE[kind.name]} | values
            self._check_stage(kind, values)
        self._check_unique(kind, values, None)
        return values

    def create(
        self, kind: Kind, values: dict[str, str], links: Iterable[Link] = (), *, source: Source
    ) -> Record:
        """Make a record of values that `check_new` returned."""
        now = self.now()
        record_id = self.new_id()
        properties = {"hs_object_id": str(record_id), kind.created: iso(now)}
        properties |= {"hs_createdate": iso(now), "hs_object_source": source.type}
        if kind.name == "contacts":
            properties |= {"lifecyclestage": "lead", "hs_is_unworked": "true"}
            properties["hs_pipeline"] = "contacts-lifecycle-pipeline"
        properties |= values
        if kind.name == "deals":
            properties = lifecycle.with_deal_state(self, None, properties)
        properties = lifecycle.with_dates(self, kind, properties)
        record = Record(record_id, properties, now, now)
        self.stores[kind.name].add(record)
        if source is INTEGRATION:
            self.journal.created[kind.name] += 1
        for other, target, types in links:
            self.associate((kind, record), (other, target), types)
        return record

    # changing

    def check_change(self, kind: Kind, record: Record, given: Mapping[str, str]) -> dict[str, str]:
        """Check values for an existing record; raises `ApiFailure` 400 or 409."""
        if record.id in self.refusing and given:
            self.refused[record.id] += 1
            message = self.refusing[record.id]
            raise invalid_properties([PropertyError(next(iter(given)), "INVALID_OPTION", message)])
        values = self._validators[kind.name].check(given)
        if kind.name in _STAGE_OF and values.keys() & set(_STAGE_OF[kind.name]):
            self._check_stage(kind, record.properties | values)
        self._check_unique(kind, values, record)
        catalog = self.catalogs[kind.name].properties
        for name, value in values.items():
            if value.startswith(";") and catalog[name].field_type == "checkbox":
                values[name] = appended(record.properties.get(name, ""), value)
        return values

    def change(self, kind: Kind, record: Record, values: dict[str, str], source: Source) -> None:
        """Set values that `check_change` returned."""
        if source is INTEGRATION:
            values = lifecycle.forward_only(self, kind, record, values)
        self.journal.writing(kind, record, values, source=source, now=self.now())
        changing = {n: v for n, v in values.items() if record.properties.get(n, "") != v}
        if kind.name == "deals":
            changing = lifecycle.with_deal_state(self, record, changing)
        store = self.stores[kind.name]
        changes = store.change(record, lifecycle.with_dates(self, kind, changing), source)
        if "dealstage" in changes and kind.name == "deals":
            lifecycle.deal_moved(self, record)

    def observe(self, kind: Kind, record: Record, given: Mapping[str, str], source: Source) -> None:
        """Set any properties, read-only ones too: what trackers and the portal itself write."""
        values = self._validators[kind.name].check(given, internal=True)
        self._check_unique(kind, values, record)
        self.change(kind, record, values, source)

    def archive(self, kind: Kind, record: Record, source: Source) -> None:
        """Put a record into the bin; its associations go."""
        if record.archived:
            return
        if source is INTEGRATION:
            self.journal.archived[kind.name] += 1
        self.stores[kind.name].archive(record)
        for name in list(record.links):
            for other in list(record.linked(name)):
                self.dissociate((kind, record), (KINDS[name], self.stores[name].records[other]))

    def restore(self, kind: Kind, record: Record) -> None:
        """Take a record out of the bin; raises `ApiFailure` when its unique values are taken."""
        self._check_unique(kind, record.properties, record)
        self.stores[kind.name].restore(record)

    def merge(self, kind: Kind, primary: Record, other: Record) -> Record:
        """Make one new record of two; the values of the primary one win. Cannot be undone."""
        if primary is other:
            raise invalid("Cannot merge a record with itself.")
        past = [[*_ids(r), str(r.id)] for r in (primary, other)]
        if len(past[0]) + len(past[1]) > _MERGES_ALLOWED:
            raise ApiFailure(414, "A record cannot take part in more than 250 merges.")
        now, store, merged_id = self.now(), self.stores[kind.name], self.new_id()
        properties = other.properties | primary.properties
        properties |= {"hs_object_id": str(merged_id)}
        properties["hs_merged_object_ids"] = ";".join(past[0] + past[1])
        if kind.name == "contacts":
            properties |= _merged_contact(primary, other, now)
        created = min(primary.created, other.created)
        properties[kind.created] = iso(created)
        merged = Record(merged_id, properties, created, now)
        for old in (primary, other):
            self._hand_over(kind, old, merged)
            store.remove(old, merged_id)
        store.add(merged)
        lifecycle.recount(self, kind.name, merged)
        return merged

    def _hand_over(self, kind: Kind, old: Record, new: Record) -> None:
        for name, held in old.links.items():
            for other_id, types in held.items():
                other = self.stores[name].records[other_id]
                new.links.setdefault(name, {}).setdefault(other_id, set()).update(types)
                back = other.links[kind.name].pop(old.id, set())
                other.links[kind.name].setdefault(new.id, set()).update(back)

    # associations

    def associate(
        self, source: tuple[Kind, Record], target: tuple[Kind, Record], types: list[LinkType]
    ) -> None:
        """Associate two records and do what the portal does then."""
        turned = self.types.forward(types)
        if turned is not None:
            source, target, types = target, source, turned
        others = self.stores[target[0].name].records.__getitem__
        if not link(self.types, source[1], target[1], types, others):
            return
        for (kind, record), (other, far) in ((source, target), (target, source)):
            lifecycle.recount(self, kind.name, record)
            if kind.name in ("tasks", "notes"):
                lifecycle.activity_logged(self, (kind.name, record), (other.name, far))
            if kind.name == "deals":
                lifecycle.deal_moved(self, record)

    def dissociate(
        self,
        source: tuple[Kind, Record],
        target: tuple[Kind, Record],
        types: Iterable[LinkType] = (),
    ) -> None:
        """Take associations away; a lead that loses its last contact is archived."""
        unlink(source[1], target[1], (source[0].name, target[0].name), types)
        for kind, record in (source, target):
            if record.archived:
                continue
            lifecycle.recount(self, kind.name, record)
            if kind.name == "leads" and not record.linked("contacts"):
                self.archive(kind, record, PORTAL)

    # rules

    def _check_stage(self, kind: Kind, values: Mapping[str, str]) -> None:
        pipeline_name, stage_name = _STAGE_OF[kind.name]
        known = self.pipelines.known(kind.name)
        pipeline, stage = values.get(pipeline_name, ""), values.get(stage_name, "")
        if pipeline not in known:
            message = f"{pipeline} was not one of the allowed options: [{', '.join(known)}]"
            raise invalid_properties([PropertyError(pipeline_name, "INVALID_OPTION", message)])
        if stage and self.pipelines.stage(kind.name, pipeline, stage) is None:
            valid = ", ".join(s.id for s in known[pipeline].stages)
            message = (
                f"{stage} is not a valid pipeline stage ID. Valid options are: "
                f"pipelineId={pipeline} : [{valid}]"
            )
            raise invalid_properties([PropertyError(stage_name, "INVALID_OPTION", message)])

    def _check_unique(self, kind: Kind, values: Mapping[str, str], record: Record | None) -> None:
        for name, taken in self.stores[kind.name].unique.items():
            value = values.get(name)
            holder = taken.get(value) if value else None
            if holder is None or (record is not None and holder == record.id):
                continue
            if name == "email" and kind.name == "contacts":
                raise email_taken(holder)
            which = f"portalId={self.portal_id}, objectTypeId={kind.type_id}, propertyName={name}"
            raise invalid(
                f"Cannot set PropertyValueCoordinates{{{which}, value={value}}} on "
                f"{record.id if record else 'new object'}. {holder} already has that value."
            )

    def _active_owners(self) -> set[str]:
        return {owner.id for owner in self.owners.values() if not owner.archived}


def _key(id_property: str, value: str) -> str:
    return value.strip().lower() if id_property == "email" else value


def _required(kind: Kind, name: str) -> ApiFailure:
    message = f"Error creating {kind.label}. Some required properties were not set."
    context = {"properties": [name]}
    detail = {"message": message, "code": "MISSING_REQUIRED_PROPERTY", "context": context}
    return invalid(message, errors=[detail], context=context)


def _ids(record: Record) -> list[str]:
    return [i for i in record.properties.get("hs_merged_object_ids", "").split(";") if i]


def _merged_contact(primary: Record, other: Record, now: int) -> dict[str, str]:
    kept = primary.properties.get("email") or other.properties.get("email", "")
    emails = [
        e
        for r in (primary, other)
        for e in (
            r.properties.get("email", ""),
            *r.properties.get("hs_additional_emails", "").split(";"),
        )
        if e and e != kept
    ]
    vids = [r.properties.get("hs_calculated_merged_vids", "") for r in (primary, other)]
    vids += [f"{primary.id}:{now}", f"{other.id}:{now}"]
    found = {"hs_calculated_merged_vids": ";".join(filter(None, vids))}
    if emails:
        found["hs_additional_emails"] = ";".join(dict.fromkeys(emails))
    return found
