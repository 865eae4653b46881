"""The rows that every org has before it has leads: users, the queue, stages, permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.auth import CREDENTIALS
from connector.sandbox.salesforce.fields import OPTIONS
from connector.sandbox.salesforce.state import People

if TYPE_CHECKING:
    from connector.sandbox.salesforce.store import Record, Store

REPS = (
    "Amara Okafor", "Ben Novak", "Chloé Martin", "Diego Ruiz", "Eva Lindqvist", "Farid Haddad",
    "Grace Kim", "Hugo Meyer", "Ines Costa", "Jonas Berg", "Kavya Rao", "Liam Byrne",
)  # fmt: skip
STAGES = (
    ("Prospecting", 10, "Pipeline"), ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"), ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"), ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"), ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"), ("Closed Lost", 0, "Omitted"),
)  # fmt: skip
PROFILES = ("Minimum Access - API Only Integrations", "System Administrator", "Standard User")
CONVERTED_STATUS = "Closed - Converted"


def furnish(store: Store, now: str) -> People:
    """Put the first rows into an empty store; who and what they are."""
    profiles = [_put(store, "Profile", now, Name=name) for name in PROFILES]
    api_user = _user(store, now, "Integration User", CREDENTIALS["username"], profiles[0])
    admin = _user(store, now, "Alex Admin", "admin@sandbox.example", profiles[1])
    reps = [_rep(store, now, name, profiles[2]) for name in REPS]
    _user(store, now, "Former Employee", "former@sandbox.example", profiles[2], active=False)
    queue = _put(
        store, "Group", now, Name="Inbound Leads", DeveloperName="Inbound_Leads", Type="Queue"
    )
    permissions = _put(
        store, "PermissionSet", now,
        Name="X00ex00000018ozhAAA", Label=PROFILES[0], ProfileId=profiles[0],
        IsOwnedByProfile=True, IsCustom=False,
    )  # fmt: skip
    _setup_rows(store, now)
    _grant_all(store, now, permissions)
    return People(api_user, admin, tuple(reps), queue, permissions, _organization(store, now))


def _put(store: Store, table: str, now: str, **values: Any) -> str:
    record_id = store.tables[table].new_id()
    record: Record = {
        "Id": record_id,
        "IsDeleted": False,
        "CreatedDate": now,
        "LastModifiedDate": now,
        "SystemModstamp": now,
        **{name: value for name, value in values.items() if value is not None},
    }
    store.put(table, record)
    return record_id


def _rep(store: Store, now: str, name: str, profile: str) -> str:
    username = f"{name.lower().replace(' ', '.').replace('é', 'e')}@sandbox.example"
    return _user(store, now, name, username, profile)


def _user(  # noqa: PLR0913 — the parts of one user
    store: Store, now: str, name: str, username: str, profile: str, *, active: bool = True
) -> str:
    first, _, last = name.partition(" ")
    return _put(
        store, "User", now,
        Username=username, FirstName=first, LastName=last, Name=name, Email=username,
        IsActive=active, UserType="Standard", ProfileId=profile,
        TimeZoneSidKey="GMT", LocaleSidKey="en_US",
    )  # fmt: skip


def _organization(store: Store, now: str) -> str:
    return _put(
        store, "Organization", now,
        Name="Leadgate Sandbox", Country="US", OrganizationType="Developer Edition",
        InstanceName="SBX1", IsSandbox=True, TimeZoneSidKey="GMT", LanguageLocaleKey="en_US",
        FiscalYearStartMonth=1, DefaultCurrencyIsoCode="USD",
    )  # fmt: skip


def _setup_rows(store: Store, now: str) -> None:
    for number, status in enumerate(OPTIONS["lead_status"].split("|"), start=1):
        name = status.removeprefix("*")
        _put(
            store, "LeadStatus", now,
            ApiName=name, MasterLabel=name, IsConverted=name == CONVERTED_STATUS,
            IsDefault=status.startswith("*"), SortOrder=number,
        )  # fmt: skip
    for number, (name, probability, forecast) in enumerate(STAGES, start=1):
        _put(
            store, "OpportunityStage", now,
            ApiName=name, MasterLabel=name, IsActive=True, IsClosed=name.startswith("Closed"),
            IsWon=name == "Closed Won", DefaultProbability=float(probability),
            ForecastCategoryName=forecast, SortOrder=number,
        )  # fmt: skip


def _grant_all(store: Store, now: str, permissions: str) -> None:
    """Let the profile read and edit every field that the org starts with."""
    for table in store.tables.values():
        for field in table.fields.values():
            if field.permissionable and table.spec.writable:
                _put(
                    store, "FieldPermissions", now,
                    ParentId=permissions, SobjectType=table.name,
                    Field=f"{table.name}.{field.name}", PermissionsRead=True, PermissionsEdit=True,
                )  # fmt: skip
