"""What converting a lead does: account, contact, opportunity, and the lead that becomes read-only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce import dml
from connector.sandbox.salesforce.clock import end_of_quarter, moment_of
from connector.sandbox.salesforce.errors import row_error

if TYPE_CHECKING:
    from connector.sandbox.salesforce.state import Actor, State
    from connector.sandbox.salesforce.store import Record, Table

    Values = dict[str, Any]

TO_ACCOUNT = {
    "Name": "Company", "Phone": "Phone", "Fax": "Fax", "Website": "Website",
    "Industry": "Industry", "AnnualRevenue": "AnnualRevenue", "Rating": "Rating",
    "NumberOfEmployees": "NumberOfEmployees", "AccountSource": "LeadSource",
    "BillingStreet": "Street", "BillingCity": "City", "BillingState": "State",
    "BillingPostalCode": "PostalCode", "BillingCountry": "Country",
}  # fmt: skip
TO_CONTACT = {
    "LastName": "LastName", "FirstName": "FirstName", "Salutation": "Salutation",
    "Title": "Title", "Email": "Email", "Phone": "Phone", "MobilePhone": "MobilePhone",
    "Fax": "Fax", "Description": "Description", "LeadSource": "LeadSource",
    "HasOptedOutOfEmail": "HasOptedOutOfEmail", "DoNotCall": "DoNotCall",
    "MailingStreet": "Street", "MailingCity": "City", "MailingState": "State",
    "MailingPostalCode": "PostalCode", "MailingCountry": "Country",
}  # fmt: skip
LONGEST_NAME = 80
QUEUE_OWNED = (
    "Converted objects can only be owned by users.  If the lead is not owned by a user, you must "
    "specify a user for the Owner field."
)


@dataclass(frozen=True)
class Conversion:
    """One conversion as asked for; empty ids mean that a new record is made."""

    lead_id: str
    status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    owner_id: str | None = None
    no_opportunity: bool = False
    overwrite_source: bool = False


@dataclass(frozen=True)
class Converted:
    """The records that a lead has become."""

    lead_id: str
    account_id: str
    contact_id: str
    opportunity_id: str | None


def convert(state: State, actor: Actor, asked: Conversion) -> Converted:
    """Convert one lead wholly or not at all; raises the row's ApiError."""
    with state.transaction():
        converted = _convert(state, actor, asked)
    if actor.role == "api":
        state.audit.converted(converted.lead_id, converted.opportunity_id)
    return converted


def _check(state: State, asked: Conversion, lead: Record) -> None:
    if lead.get("IsConverted"):
        raise row_error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    allowed = {
        name
        for row in state.store.live("LeadStatus")
        if row["IsConverted"]
        for name in (row["MasterLabel"], row["ApiName"])
    }
    if asked.status not in allowed:
        raise row_error("INVALID_STATUS", f"invalid convertedStatus: {asked.status}", "Status")
    if asked.contact_id and not asked.account_id:
        raise row_error("MISSING_ARGUMENT", "contactId needs accountId", "accountId")
    if asked.opportunity_id and asked.opportunity_name:
        message = "opportunityId and opportunityName cannot both be given"
        raise row_error("INVALID_ARGUMENT_TYPE", message)
    if asked.no_opportunity and (asked.opportunity_id or asked.opportunity_name):
        message = "no opportunity may be named when doNotCreateOpportunity is true"
        raise row_error("INVALID_ARGUMENT_TYPE", message)
    if asked.opportunity_name and len(asked.opportunity_name) > LONGEST_NAME:
        message = f"opportunityName: data value too large (max length={LONGEST_NAME})"
        raise row_error("STRING_TOO_LONG", message, "opportunityName")
    _check_owner(state, asked.owner_id or lead["OwnerId"])


def _check_owner(state: State, owner: str) -> None:
    user = state.store.get("User", owner)
    if user is None:
        raise row_error("UNKNOWN_EXCEPTION", QUEUE_OWNED)
    if not user["IsActive"]:
        message = f"operation performed with inactive user [{owner}] as owner of lead"
        raise row_error("INACTIVE_OWNER_OR_USER", message)


def _check_faults(state: State, actor: Actor, lead: Record) -> None:
    if actor.role != "api":
        return
    rule = state.faults.for_row("Lead", ["Status"], actor.request, lead["Id"])
    if rule is None:
        return
    codes = {"lock_row": "UNABLE_TO_LOCK_ROW", "duplicate": "DUPLICATES_DETECTED"}
    messages = {
        "lock_row": f"unable to obtain exclusive access to this record or 1 records: {lead['Id']}",
        "duplicate": "Use one of these records?",
    }
    code = codes.get(rule.kind, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    raise row_error(code, messages.get(rule.kind, rule.message))


@dataclass(frozen=True)
class _Case:
    """One conversion under way; `system` has the rights of the conversion itself."""

    state: State
    system: Actor
    asked: Conversion
    lead: Record
    owner: str

    def table(self, name: str) -> Table:
        return self.state.store.tables[name]

    def insert(self, name: str, values: Values) -> str:
        return dml.insert(self.state, self.system, self.table(name), values)

    def fill(self, name: str, record_id: str, values: Values) -> str:
        """Fill the empty fields of a record that exists."""
        record = dml.found(self.state, self.table(name), record_id)
        empty = {field: value for field, value in values.items() if record.get(field) is None}
        if empty:
            dml.update(self.state, self.system, self.table(name), record_id, empty)
        return str(record["Id"])


def _convert(state: State, actor: Actor, asked: Conversion) -> Converted:
    lead = dml.found(state, state.store.tables["Lead"], asked.lead_id)
    _check(state, asked, lead)
    _check_faults(state, actor, lead)
    owner = asked.owner_id or lead["OwnerId"]
    case = _Case(state, replace(actor, role="system"), asked, lead, owner)
    account_id = _account(case)
    contact_id = _contact(case, account_id)
    opportunity_id = None
    if not asked.no_opportunity:
        opportunity_id = _opportunity(case, account_id)
        role = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
        case.insert("OpportunityContactRole", role)
    converted = Converted(lead["Id"], account_id, contact_id, opportunity_id)
    _close(case, actor, converted)
    return converted


def _mapped(lead: Record, mapping: dict[str, str]) -> Values:
    return {to: lead[source] for to, source in mapping.items() if lead.get(source) is not None}


def _account(case: _Case) -> str:
    values = _mapped(case.lead, TO_ACCOUNT)
    if case.asked.account_id:
        return case.fill("Account", case.asked.account_id, values)
    return case.insert("Account", values | {"OwnerId": case.owner})


def _contact(case: _Case, account_id: str) -> str:
    values = _mapped(case.lead, TO_CONTACT)
    if not case.asked.contact_id:
        return case.insert("Contact", values | {"OwnerId": case.owner, "AccountId": account_id})
    table = case.table("Contact")
    contact = dml.found(case.state, table, case.asked.contact_id)
    if contact.get("AccountId") != account_id:
        message = "The contact does not belong to the account"
        raise row_error("INVALID_CROSS_REFERENCE_KEY", message, "contactId")
    if case.asked.overwrite_source and case.lead.get("LeadSource"):
        source = {"LeadSource": case.lead["LeadSource"]}
        dml.update(case.state, case.system, table, contact["Id"], source)
    return case.fill("Contact", case.asked.contact_id, values)


def _opportunity(case: _Case, account_id: str) -> str:
    source = case.lead.get("LeadSource")
    values = {"LeadSource": source} if source else {}
    if case.asked.opportunity_id:
        return case.fill("Opportunity", case.asked.opportunity_id, values)
    stages = sorted(case.state.store.live("OpportunityStage"), key=lambda row: row["SortOrder"])
    at = case.system.at
    today = (moment_of(at) if at else case.state.clock.now()).date()
    return case.insert(
        "Opportunity",
        {
            **values,
            "Name": case.asked.opportunity_name or case.lead["Company"][:LONGEST_NAME],
            "StageName": stages[0]["MasterLabel"],
            "CloseDate": end_of_quarter(today).isoformat(),
            "AccountId": account_id,
            "OwnerId": case.owner,
        },
    )


def _close(case: _Case, actor: Actor, converted: Converted) -> None:
    now = actor.at or case.state.clock.stamp()
    record = {
        **case.lead,
        "IsConverted": True,
        "IsUnreadByOwner": False,
        "Status": case.asked.status,
        "ConvertedDate": now[:10],
        "ConvertedAccountId": converted.account_id,
        "ConvertedContactId": converted.contact_id,
        "LastModifiedDate": now,
        "LastModifiedById": actor.user_id,
        "SystemModstamp": now,
    }
    if converted.opportunity_id:
        record["ConvertedOpportunityId"] = converted.opportunity_id
    store = case.state.store
    store.put("Lead", record)
    for task in [row for row in store.live("Task") if row.get("WhoId") == converted.lead_id]:
        if not task["IsClosed"]:
            store.put("Task", {**task, "WhoId": converted.contact_id})
    for member in list(store.live("CampaignMember")):
        if member.get("LeadId") == converted.lead_id:
            store.put("CampaignMember", {**member, "ContactId": converted.contact_id})
