"""One deal per lead, whatever is lost on the way and however often it is asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.batches import Answers, Batch, Input
from connector.crm.hubspot.faults import Fault
from connector.crm.hubspot.objects import OWNER
from connector.crm.hubspot.outcomes import APPLIED, refused
from connector.crm.hubspot.reading import BATCH, linked
from connector.crm.hubspot.translate import MissingScopesError, RefusedError
from connector.engine.ports import CONVERSION_OUTCOMES, chunks
from connector.errors import ConfigurationError, LostAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.crm.hubspot.api import Api
    from connector.crm.hubspot.objects import LeadObject
    from connector.crm.hubspot.writing import Writer
    from mappings.mapping import Conversion

log = logging.getLogger("leadgate.crm.hubspot")

DEFAULT_KEY = "leadgate_key"
_COMPANY = "associatedcompanyid"
_GONE = Fault(code="OBJECT_NOT_FOUND")
_LOOSE = Fault(code="ASSOCIATION_REFUSED")
_LATER = ("INTERNAL_ERROR", "NO_ANSWER")
_DEAL_TO = {"contacts": 3, "companies": 341}
"""HubSpot's unlabelled association types; the first company becomes the primary one by itself."""
_PAUSES = (1.0, 3.0, 9.0, 27.0)
_STATUS = {"contacts": "hs_lead_status", "leads": "hs_pipeline_stage"}


@dataclass
class _Chunk:
    """A hundred conversions and what is known of them so far; keyed by the lead's id unless said."""

    rows: list[dict[str, Any]]
    deals: dict[str, str] = field(default_factory=dict)
    """By conversion key."""
    people: dict[str, str] = field(default_factory=dict)
    """The contact behind each lead, under its present id."""
    companies: dict[str, str] = field(default_factory=dict)
    """By contact."""
    joined: set[tuple[str, str]] = field(default_factory=set)
    """Deals made together with their contact, with that contact."""
    faults: dict[str, Fault] = field(default_factory=dict)
    status: dict[str, Fault] = field(default_factory=dict)
    """Where the deal was made and only the lead's status was refused, by the updated record."""

    @property
    def ids(self) -> list[str]:
        """The leads, each once."""
        return list(dict.fromkeys(row["@id"] for row in self.rows))

    def missing(self) -> dict[str, dict[str, Any]]:
        """A row for every key that still wants a deal and has a contact to give it to."""
        return {
            row["@key"]: row
            for row in self.rows
            if row["@key"] not in self.deals
            and row["@id"] not in self.faults
            and row["@id"] in self.people
        }

    def forget_companies(self, leads: Iterable[str]) -> list[str]:
        """Leave the companies of these leads out from now on; the leads that had one."""
        had = [lead for lead in leads if self.people.get(lead) in self.companies]
        for contact in {self.people[lead] for lead in had}:
            del self.companies[contact]
        return had

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Each lead that has a deal, with the deal."""
        for row in self.rows:
            if row["@key"] in self.deals:
                yield row["@id"], self.deals[row["@key"]]


class Converter:
    """Makes deals under a unique key, so that the same conversion never makes two.

    What exists under its key is left as it is, apart from missing associations.
    """

    def __init__(self, api: Api, lead_object: LeadObject, writer: Writer) -> None:
        self._api = api
        self._object = lead_object
        self._writer = writer

    def convert(self, conversions: pl.DataFrame, how: Conversion) -> Iterator[pl.DataFrame]:
        """The conversions frame of `connector.engine.ports`; an outcome frame per hundred rows."""
        for frame in chunks(conversions, BATCH):
            chunk = _Chunk(frame.to_dicts())
            self._find_deals(chunk, how)
            self._find_people(chunk)
            self._find_companies(chunk)
            self._make_deals(chunk, how)
            self._associate(chunk)
            self._set_status(chunk, how)
            rows = [_outcome(chunk, row) for row in chunk.rows]
            yield pl.DataFrame(rows, schema=CONVERSION_OUTCOMES)

    def _find_deals(self, chunk: _Chunk, how: Conversion) -> None:
        """Read by key: consistent at once, where a search is minutes behind."""
        key = how.key or DEFAULT_KEY
        keys = dict.fromkeys(row["@key"] for row in chunk.rows)
        request = {
            "idProperty": key,
            "properties": [key],
            "inputs": [{"id": found} for found in keys],
        }
        try:
            answer = self._api.call(
                "read deals by key", self._api.sdk.batches.read, "deals", request
            )
        except RefusedError as error:
            raise ConfigurationError(
                f"convert.key: deals cannot be found by the property {key} ({error.code}). It must"
                " exist and hold unique values. Run leadgate setup."
            ) from None
        chunk.deals |= {str(deal["properties"].get(key)): deal["id"] for deal in results(answer)}

    def _find_people(self, chunk: _Chunk) -> None:
        """The contacts behind the leads; a lead that is gone gets no deal."""
        ids, with_deal = chunk.ids, dict(chunk.pairs())
        if self._object.name == "contacts":
            contact_of = {one: one for one in ids}
        else:
            found = linked(self._api, self._object.name, "contacts", ids)
            contact_of = {lead: contacts[0] for lead, contacts in found.items() if contacts}
        contacts = self._read_contacts(list(dict.fromkeys(contact_of.values())))
        for lead in ids:
            person = contacts.get(contact_of.get(lead, ""))
            if person is None:
                if lead not in with_deal:
                    chunk.faults[lead] = _GONE
                continue
            chunk.people[lead] = person["id"]
            if person["properties"].get(_COMPANY):
                chunk.companies[person["id"]] = str(person["properties"][_COMPANY])
        if self._object.name == "contacts":
            _share_deals(chunk)

    def _read_contacts(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """The contacts by the id that was asked for, which a merge may have replaced."""
        if not ids:
            return {}
        request = {
            "inputs": [{"id": one} for one in ids],
            "properties": [_COMPANY, "hs_merged_object_ids"],
        }
        answer = self._api.call("read contacts", self._api.sdk.batches.read, "contacts", request)
        found: dict[str, dict[str, Any]] = {}
        for person in results(answer):
            merged = person["properties"].get("hs_merged_object_ids") or ""
            found |= dict.fromkeys(merged.split(";"), person) | {person["id"]: person}
        return found

    def _make_deals(self, chunk: _Chunk, how: Conversion) -> None:
        """Create what is missing.

        After a lost answer the keys are read again before the next try, so that a deal that is
        there already is not asked for twice. Even if it were, its unique key would refuse it.
        """
        for seconds in _PAUSES:
            try:
                self._create_missing(chunk, how)
            except LostAnswerError as error:
                log.warning("%s; reading what was created before going on", error)
                self._api.wait(seconds)
                self._find_deals(chunk, how)
            else:
                return
        self._create_missing(chunk, how)

    def _create_missing(self, chunk: _Chunk, how: Conversion) -> None:
        """Create; where a contact or company may be to blame, look again and leave the company."""
        refusals = self._create(chunk, how)
        doubtful = [lead for lead, fault in refusals.items() if _may_be_association(fault)]
        chunk.faults |= {lead: refusals[lead] for lead in refusals.keys() - set(doubtful)}
        if not doubtful:
            return
        self._find_people(chunk)
        had_company = chunk.forget_companies(doubtful)
        chunk.faults |= self._create(chunk, how)
        alone = [lead for lead in had_company if lead not in chunk.faults]
        if alone:
            log.warning("%d deals could not be associated with their companies", len(alone))

    def _create(self, chunk: _Chunk, how: Conversion) -> dict[str, Fault]:
        """What is missing, each deal at once with its contact and company; refusals by lead.

        A refused key is read again: another deal may hold it, which then is the lead's.
        """
        missing = chunk.missing()
        answers = self._settle(chunk, how)
        for key, answer in answers.items():
            if not isinstance(answer, Fault):
                chunk.deals[key] = str(answer["id"])
                chunk.joined.add((str(answer["id"]), chunk.people[missing[key]["@id"]]))
        refusals = {key: answer for key, answer in answers.items() if isinstance(answer, Fault)}
        if refusals:
            self._find_deals(chunk, how)
        return {
            row["@id"]: refusals[row["@key"]]
            for row in chunk.rows
            if row["@key"] in refusals.keys() - chunk.deals.keys()
        }

    def _settle(self, chunk: _Chunk, how: Conversion) -> Answers:
        key = how.key or DEFAULT_KEY
        batch = Batch(self._send, lambda deal: str(deal["properties"].get(key)), self._api.wait)
        try:
            return batch.settle(_deals(chunk, key, how))
        except MissingScopesError as error:
            if not chunk.forget_companies(chunk.ids):
                raise
            log.warning("deals stay without their companies: %s", error)
        return batch.settle(_deals(chunk, key, how))

    def _send(self, inputs: list[Input]) -> dict[str, Any]:
        bodies = [{name: one[name] for name in one.keys() - {"id"}} for one in inputs]
        try:
            answer: dict[str, Any] = self._api.call_once(
                "create deals", self._api.sdk.batches.create, "deals", {"inputs": bodies}
            )
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # one association's target, not the deals
                error.status = HTTPStatus.BAD_REQUEST
            raise
        return answer

    def _associate(self, chunk: _Chunk) -> None:
        """Deal to contact, lead and company, where not made with them; repeating it is harmless."""
        pairs = list(chunk.pairs())
        people = [(deal, chunk.people[lead]) for lead, deal in pairs if lead in chunk.people]
        people = [pair for pair in people if pair not in chunk.joined]
        failed = self._join("deals", "contacts", people)
        if self._object.name == "leads":
            failed |= self._join("deals", "leads", [(deal, lead) for lead, deal in pairs])
        chunk.faults |= {lead: _LOOSE for lead, deal in pairs if deal in failed}
        companies = [
            (deal, chunk.companies[contact])
            for deal, contact in people
            if contact in chunk.companies
        ]
        try:
            missed = self._join("deals", "companies", companies)
        except MissingScopesError as error:
            log.warning("deals stay without their companies: %s", error)
            return
        if missed:
            log.warning("%d deals could not be associated with their companies", len(missed))

    def _find_companies(self, chunk: _Chunk) -> None:
        people = dict.fromkeys(chunk.people.values())
        unknown = [one for one in people if one not in chunk.companies]
        if not unknown:
            return
        try:
            found = linked(self._api, "contacts", "companies", unknown)
        except MissingScopesError as error:
            log.warning("the companies of contacts cannot be read: %s", error)
            return
        chunk.companies |= {contact: ids[0] for contact, ids in found.items() if ids}

    def _join(self, one: str, other: str, pairs: list[tuple[str, str]]) -> set[str]:
        """Associate in one call; the ids of the first records where it was refused."""
        if not pairs:
            return set()
        inputs = [
            {"from": {"id": left}, "to": {"id": right}} for left, right in dict.fromkeys(pairs)
        ]
        answer = self._api.call(
            f"associate {one} with {other}",
            self._api.sdk.associations.create_default,
            one,
            other,
            {"inputs": inputs},
        )
        if not answer.get("errors"):
            return set()
        done = {
            (str(found["from"]["id"]), str(found["to"]["id"]))
            for found in answer.get("results") or ()
        }
        return {pair[0] for pair in pairs if pair not in done and pair[::-1] not in done}

    def _set_status(self, chunk: _Chunk, how: Conversion) -> None:
        if not how.status:
            return
        name = _STATUS[self._object.name]
        leads = [lead for lead, _ in chunk.pairs() if lead not in chunk.faults]
        if self._object.name == "contacts":  # updates do not take the id from before a merge
            leads = [chunk.people.get(lead, lead) for lead in leads]
        answers = self._writer.update(
            [{"id": one, "properties": {name: how.status}} for one in dict.fromkeys(leads)]
        )
        chunk.status = {one: found for one, found in answers.items() if isinstance(found, Fault)}


def _share_deals(chunk: _Chunk) -> None:
    """Leads that have been merged into one contact since they were planned get one deal."""
    keys: dict[str, str] = {}
    for row in sorted(chunk.rows, key=lambda row: row["@key"] not in chunk.deals):
        person = chunk.people.get(row["@id"])
        if person is None:
            continue
        first = keys.setdefault(person, row["@key"])
        if row["@key"] not in chunk.deals:
            row["@key"] = first


def _deals(chunk: _Chunk, key: str, how: Conversion) -> list[Input]:
    return [
        {
            "id": row["@key"],
            "properties": _properties(row, how) | {key: row["@key"]},
            "associations": _associations(chunk, chunk.people[row["@id"]]),
        }
        for row in chunk.missing().values()
    ]


def _properties(row: dict[str, Any], how: Conversion) -> dict[str, Any]:
    properties = {
        name.removeprefix("to:"): value
        for name, value in row.items()
        if name.startswith("to:") and value not in (None, "")
    }
    owner = how.owner or row["@owner_id"]
    if owner:
        properties.setdefault(OWNER, owner)
    return properties


def _associations(chunk: _Chunk, contact: str) -> list[dict[str, Any]]:
    targets = {"contacts": contact, "companies": chunk.companies.get(contact)}
    return [
        {
            "to": {"id": target},
            "types": [
                {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _DEAL_TO[kind]}
            ],
        }
        for kind, target in targets.items()
        if target
    ]


def _may_be_association(fault: Fault) -> bool:
    """HubSpot blames no property; what is wrong may be what the deal was to be associated with."""
    return not fault.field and fault.code not in _LATER


def _outcome(chunk: _Chunk, row: dict[str, Any]) -> dict[str, str | None]:
    """The deal's id is told even where something after its creation was refused."""
    lead = row["@id"]
    fault = chunk.faults.get(lead)
    told = APPLIED if fault is None else refused(fault)
    status = chunk.status.get(lead) or chunk.status.get(chunk.people.get(lead, ""))
    if fault is None and status is not None:
        told = replace(refused(status), outcome="applied")
    return told.columns(lead) | {"@opportunity_id": chunk.deals.get(row["@key"])}
