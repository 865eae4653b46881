"""Fills a portal with what years of use leave behind: leads, companies, deals, merges, a full bin."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from connector.sandbox.hubspot.clock import iso, milliseconds
from connector.sandbox.hubspot.contact_values import contact_values
from connector.sandbox.hubspot.kinds import KINDS
from connector.sandbox.hubspot.lifecycle import with_deal_state
from connector.sandbox.hubspot.pipelines import Owner
from connector.sandbox.hubspot.stock import SALES_QUESTIONS, read_table
from connector.sandbox.hubspot.store import PORTAL, Record
from connector.sandbox.people import REPS, people

if TYPE_CHECKING:
    from datetime import datetime

    from connector.sandbox.hubspot.clock import Clock
    from connector.sandbox.hubspot.records import Records
    from connector.sandbox.people import Person

_DAY = 86_400_000
_CONTACTS, _COMPANIES, _DEALS = KINDS["contacts"], KINDS["companies"], KINDS["deals"]
_ARCHIVED, _MERGED, _WITH_DEAL = 0.02, 0.005, 0.2
"""Shares: of all leads in the bin; of all leads merged with another; of buyers who have a deal."""

_REP_NAMES = (
    "Alma Reyes", "Ben Okafor", "Chiara Conti", "Dmitri Sokolov", "Eun-ji Park", "Farah Haddad",
    "Gösta Lind", "Hana Novák", "Idris Diallo", "Juno Clark", "Kenji Abe", "Lena Vogt",
    "Marc Petit", "Nora Quinn",
)  # fmt: skip


def seed_portal(records: Records, clock: Clock, count: int, seed: int) -> dict[str, str]:
    """Fill an empty portal; returns what each contact will become, by id."""
    lag, records.config.index_lag_seconds = records.config.index_lag_seconds, 0.0
    _hire(records)
    _ask_questions(records)
    seeded = _Seeding(records, clock, seed)
    seeded.add_people(count, seed)
    seeded.merge(int(count * _MERGED))
    seeded.archive(int(count * _ARCHIVED))
    records.config.index_lag_seconds = lag
    for store in records.stores.values():
        store.changed.clear()
    return seeded.truth


def _hire(records: Records) -> None:
    for place, name in enumerate(_REP_NAMES):
        first, _, last = name.partition(" ")
        owner = Owner(
            id=str(78_000_101 + 7 * place),
            email=f"rep{place + 1}@seller.example",
            first_name=first,
            last_name=last,
            user_id=1001 + place,
            archived=place >= REPS,
        )
        records.owners[owner.id] = owner


def _ask_questions(records: Records) -> None:
    """Add the properties that the portal's admin once made for the sales team's questions."""
    made_at = records.made_at + 200 * _DAY
    asked = read_table(SALES_QUESTIONS, "sales_questions", created_at=made_at, stock=False)
    catalog = records.catalogs["contacts"]
    catalog.properties |= asked
    catalog.groups["sales_questions"] = "Sales questions"


class _Seeding:
    """One seeding as it goes on."""

    def __init__(self, records: Records, clock: Clock, seed: int) -> None:
        self.truth: dict[str, str] = {}
        self._records = records
        self._clock = clock
        self._now = clock()
        self._chance = random.Random(seed + 1)
        self._reps = [owner.id for owner in records.owners.values() if not owner.archived]
        self._companies: dict[str, Record] = {}

    def add_people(self, count: int, seed: int) -> None:
        """Add the leads in the order in which they came, each with company and deal."""
        crowd = people(count, seed, self._clock.moment())
        for person in sorted(crowd, key=_created):
            contact = self._contact(person)
            if person.domain:
                self._employ(contact, person)
            buys = person.truth == "customer" and person.status == "working"
            if buys and self._chance.random() < _WITH_DEAL:
                self._sell(contact, person)
            self.truth[str(contact.id)] = person.truth
        for company in self._companies.values():
            company.properties["num_associated_contacts"] = str(len(company.linked("contacts")))

    def merge(self, pairs: int) -> None:
        """Merge some contacts at some time in the past."""
        store = self._records.stores["contacts"]
        chosen = self._chance.sample(store.order, min(2 * pairs, len(store.order) // 2 * 2))
        for one, other in zip(chosen[::2], chosen[1::2], strict=True):
            primary, second = store.records[one], store.records[other]
            with self._clock.held(self._later_than(max(primary.created, second.created))):
                merged = self._records.merge(_CONTACTS, primary, second)
            self.truth[str(merged.id)] = self.truth.pop(str(one))
            del self.truth[str(other)]

    def archive(self, count: int) -> None:
        """Put some contacts into the bin at some time in the past."""
        store = self._records.stores["contacts"]
        for record_id in self._chance.sample(store.order, min(count, len(store.order))):
            record = store.records[record_id]
            with self._clock.held(self._later_than(record.updated)):
                self._records.archive(_CONTACTS, record, PORTAL)

    def _later_than(self, start: int) -> int:
        return start + int((self._now - start) * self._chance.random())

    def _contact(self, person: Person) -> Record:
        owner = "" if person.rep_index is None else self._reps[person.rep_index]
        properties, updated = contact_values(person, owner, self._now, self._chance)
        record_id = self._records.new_id(self._chance.randrange(1, 40))
        created = milliseconds(person.created_at)
        properties["hs_object_id"] = str(record_id)
        record = Record(record_id, properties, created, updated)
        self._records.stores["contacts"].add(record)
        return record

    def _employ(self, contact: Record, person: Person) -> None:
        company = self._companies.get(person.domain)
        if company is None:
            company = self._companies[person.domain] = self._company(person, contact.created)
        _tie(contact, "contacts", company, "companies", ({1, 279}, {2, 280}))
        contact.properties["associatedcompanyid"] = str(company.id)

    def _company(self, person: Person, created: int) -> Record:
        record_id, born = self._records.new_id(), iso(created)
        values = {
            "hs_object_id": str(record_id),
            "createdate": born,
            "hs_createdate": born,
            "name": person.company,
            "domain": person.domain,
            "website": person.website,
            "country": person.country_name,
            "city": person.city,
            "lifecyclestage": "lead",
            "numberofemployees": "" if person.employees is None else str(person.employees),
            "annualrevenue": ""
            if person.annual_revenue is None
            else f"{person.annual_revenue:.0f}",
        }
        properties = {name: value for name, value in values.items() if value}
        company = Record(record_id, properties, created, created)
        self._records.stores["companies"].add(company)
        return company

    def _sell(self, contact: Record, person: Person) -> None:
        """Give a contact the deal that a rep once made by hand."""
        stages = self._records.pipelines.known("deals")["default"].stages
        stage = self._chance.choice(stages)
        made = self._later_than(contact.created)
        record_id = self._records.new_id()
        values = {
            "hs_object_id": str(record_id),
            "createdate": iso(made),
            "hs_createdate": iso(made),
            "dealname": f"{person.company or person.last_name.strip()} - New Deal",
            "pipeline": "default",
            "dealstage": stage.id,
            "amount": str(self._chance.randrange(5, 400) * 250),
            "closedate": iso(made + 60 * _DAY),
            "num_associated_contacts": "1",
        }
        deal = Record(record_id, with_deal_state(self._records, None, values), made, made)
        self._records.stores["deals"].add(deal)
        _tie(deal, "deals", contact, "contacts", ({3}, {4}))
        company = self._companies.get(person.domain)
        if company is not None:
            _tie(deal, "deals", company, "companies", ({5, 341}, {6, 342}))
        stage_name = "customer" if stage.probability == "1.0" else "opportunity"
        contact.properties |= {"lifecyclestage": stage_name, "num_associated_deals": "1"}
        contact.updated = max(contact.updated, made)
        self._records.stores["contacts"].stamp(contact)


def _tie(
    one: Record, one_type: str, other: Record, other_type: str, types: tuple[set[int], set[int]]
) -> None:
    one.links.setdefault(other_type, {})[other.id] = set(types[0])
    other.links.setdefault(one_type, {})[one.id] = set(types[1])


def _created(person: Person) -> datetime:
    return person.created_at
