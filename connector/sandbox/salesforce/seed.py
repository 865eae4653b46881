"""People as the org's leads: the one place that knows both."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector.sandbox.people import people
from connector.sandbox.salesforce import dml
from connector.sandbox.salesforce.clock import stamp
from connector.sandbox.salesforce.convert import Conversion, convert
from connector.sandbox.salesforce.derived import full_name
from connector.sandbox.salesforce.org_chart import CONVERTED_STATUS
from connector.sandbox.salesforce.state import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from connector.sandbox.people import Person
    from connector.sandbox.salesforce.state import State
    from connector.sandbox.salesforce.store import Record

STATUS = {
    "new": "Open - Not Contacted",
    "working": "Working - Contacted",
    "unqualified": "Closed - Not Converted",
}
YES_NO = {"yes": "Yes", "no": "No"}
NOT_PROVIDED = "[not provided]"
DELETED_SHARE, TASK_SHARE = 0.02, 0.1
CONVERTED_BELOW = DELETED_SHARE + 0.045
"""Deleted or converted: about 4 % of all are converted, since spam never is."""


def seed_leads(state: State, count: int) -> None:
    """Fill the org with leads: most are open, some were converted, some were deleted."""
    now = state.clock.now()
    crowd = people(count, state.seed, now)
    table = state.store.tables["Lead"]
    records = [_lead(state, person, table.new_id(), now) for person in crowd]
    table.load(records)
    for record, person in zip(records, crowd, strict=True):
        state.truth[record["Id"]] = {"truth": person.truth, "kind": person.kind}
    _live_in(state, records, now)


def _lead(state: State, person: Person, record_id: str, now: datetime) -> Record:
    rep = None if person.rep_index is None else state.people.reps[person.rep_index]
    touched = stamp(min(now, max(person.created_at, person.last_activity_at or person.created_at)))
    record: Record = {
        "Id": record_id,
        "IsDeleted": False,
        "IsConverted": False,
        "IsUnreadByOwner": person.status == "new",
        "HasOptedOutOfEmail": person.opted_out,
        "HasOptedOutOfFax": False,
        "DoNotCall": person.do_not_call,
        "OwnerId": rep or state.people.queue,
        "CreatedDate": stamp(person.created_at),
        "CreatedById": state.people.admin,
        "LastModifiedDate": touched,
        "LastModifiedById": rep or state.people.admin,
        "SystemModstamp": touched,
    }
    values = _identity(person) | _engagement(person) | _answers(person)
    record.update((name, value) for name, value in values.items() if value is not None)
    record["Name"] = full_name(record)
    return record


def _identity(person: Person) -> dict[str, Any]:
    return {
        "LastName": person.last_name.strip() or NOT_PROVIDED,
        "FirstName": person.first_name.strip() or None,
        "Title": person.title or None,
        "Company": person.company.strip() or NOT_PROVIDED,
        "Email": person.email or None,
        "Phone": person.phone or None,
        "MobilePhone": person.mobile or None,
        "Website": person.website or None,
        "Industry": person.industry or None,
        "NumberOfEmployees": person.employees,
        "AnnualRevenue": None if person.annual_revenue is None else float(person.annual_revenue),
        "City": person.city or None,
        "State": person.state or None,
        "Country": person.country_name or None,
        "LeadSource": person.source or None,
        "Status": STATUS[person.status],
        "Description": person.message or None,
    }


def _engagement(person: Person) -> dict[str, Any]:
    activity, visit = person.last_activity_at, person.last_visit_at
    bounced = person.bounced and person.email
    return {
        "LastActivityDate": stamp(activity)[:10] if activity else None,
        "Web_Visits__c": float(person.visits),
        "Page_Views__c": float(person.page_views),
        "Last_Web_Visit__c": stamp(visit) if visit else None,
        "Emails_Opened__c": float(person.emails_opened),
        "Emails_Clicked__c": float(person.emails_clicked),
        "Forms_Submitted__c": float(person.forms),
        "EmailBouncedReason": "550 5.1.1 mailbox unavailable" if bounced else None,
        "EmailBouncedDate": stamp(person.created_at) if bounced else None,
        "Heard_From__c": person.heard_from or None,
    }


def _answers(person: Person) -> dict[str, Any]:
    answers = person.answers
    budget = answers.get("budget")
    return {
        "Decision_Maker__c": YES_NO.get(str(answers.get("authority"))),
        "Budget__c": None if budget is None else float(budget),
        "Budget_Approved__c": YES_NO.get(str(answers.get("budget_approved"))),
        "Need_Fit__c": YES_NO.get(str(answers.get("need"))),
        "Purchase_Timeline__c": answers.get("timeline"),
        "Ready_To_Buy__c": YES_NO.get(str(answers.get("ready_to_buy"))),
        "Replacing__c": answers.get("replacing"),
    }


def _live_in(state: State, records: list[Record], now: datetime) -> None:
    """Convert and delete some of the leads, and leave tasks and campaign memberships behind."""
    chance = random.Random(state.seed)
    for record in records:
        roll = chance.random()
        if roll < DELETED_SHARE:
            actor = Actor(state.people.admin, role="system", at=_between(record, now, chance))
            dml.delete(state, actor, state.store.tables["Lead"], record["Id"])
        elif state.truth[record["Id"]]["truth"] != "spam" and roll < CONVERTED_BELOW:
            _convert(state, record, _between(record, now, chance))
    _leave_traces(state, records, chance, now)


def _between(record: Record, now: datetime, chance: random.Random) -> str:
    """A moment of the last 14 days, but not before the record's last change."""
    return max(str(record["SystemModstamp"]), stamp(now - timedelta(days=14 * chance.random())))


def _convert(state: State, record: Record, at: str) -> None:
    owner = record["OwnerId"]
    rep = state.people.reps[0] if owner == state.people.queue else owner
    asked = Conversion(record["Id"], CONVERTED_STATUS, owner_id=rep)
    convert(state, Actor(rep, role="system", at=at), asked)


def _leave_traces(
    state: State, records: list[Record], chance: random.Random, now: datetime
) -> None:
    actor = Actor(state.people.admin, role="system", at=stamp(now))
    tables = state.store.tables
    campaign = {"Name": "Spring Webinar", "Status": "In Progress", "IsActive": True}
    campaign_id = dml.insert(state, actor, tables["Campaign"], campaign)
    for record in records:
        current = tables["Lead"].rows[record["Id"]]
        if current["IsDeleted"] or current["IsConverted"]:
            continue
        if chance.random() < TASK_SHARE:
            values = {"WhoId": record["Id"], "Subject": "Call", "OwnerId": record["OwnerId"]}
            dml.insert(state, actor, tables["Task"], values)
        if record.get("LeadSource") == "Webinar":
            values = {"CampaignId": campaign_id, "LeadId": record["Id"], "Status": "Responded"}
            dml.insert(state, actor, tables["CampaignMember"], values)
