"""Salesforce's own channels: where the key stands, whose task it is, what is refused and why."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.crm.salesforce.adapter import SalesforceCrm
from connector.crm.salesforce.settings import SalesforceSettings
from connector.engine.channel import MEMBERS, TASKS
from connector.engine.ports import Runtime
from connector.errors import ConfigurationError, LostAnswerError, RequestRefusedError
from connector.sandbox.salesforce import OrgConfig, SalesforceOrg
from tests.unit.connector.channels.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = "SELECT Id, OwnerId FROM Lead WHERE IsDeleted = false AND IsConverted = false"


@pytest.fixture
def org() -> Iterator[SalesforceOrg]:
    """A served org of sixty leads; `org.url` is its address."""
    made = SalesforceOrg(leads=60, seed=3, now=NOW, config=OrgConfig())
    with made.serve() as served:
        made.url = served.url  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def crm(org: SalesforceOrg) -> Iterator[SalesforceCrm]:
    """A connection that waits for nothing."""
    keys = {name: org.credentials[name] for name in ("client_id", "client_secret")}
    settings = SalesforceSettings.model_validate(
        {"login_url": org.url, "auth": "client_credentials", **keys}  # type: ignore[attr-defined]
    )
    runtime = Runtime(lambda: NOW, lambda *_: None)
    made = SalesforceCrm(settings, runtime, sleep=lambda _: None)
    yield made
    made.close()


def owned(org: SalesforceOrg, prefix: str = "005", count: int = 3) -> pl.DataFrame:
    """The tasks frame of some open leads whose owner's id begins so."""
    rows = [row for row in org.rows(OPEN) if row["OwnerId"].startswith(prefix)][:count]
    told = [
        {"@key": f"key-{r['Id']}", "@id": r["Id"], "@owner_id": r["OwnerId"], "subject": "Call",
         "body": "Ask.", "due": date(2026, 12, 1)}
        for r in rows
    ]  # fmt: skip
    return pl.DataFrame(told, schema=TASKS)


def made(org: SalesforceOrg, fields: str = "Subject") -> list[dict[str, Any]]:
    """The tasks that have a description, which only ours have."""
    rows = org.rows(f"SELECT Id, Description, {fields} FROM Task")  # noqa: S608 — our own names
    return [row for row in rows if row["Description"]]


def activity_field(crm: SalesforceCrm, length: int = 80) -> None:
    """An admin makes the field for keys, and lets the user use it."""
    body = {"label": "leadgate key", "type": "Text", "length": length}
    name = "Activity.Leadgate_Key__c"
    client = crm._client
    client.json("POST", "tooling/sobjects/CustomField", json={"FullName": name, "Metadata": body})
    made = client.json("POST", "sobjects/PermissionSet", json={"Name": "Keys", "Label": "Keys"})
    rights = {"PermissionsRead": True, "PermissionsEdit": True, "SobjectType": "Task"}
    field = {"ParentId": made["id"], "Field": "Task.Leadgate_Key__c"}
    client.json("POST", "sobjects/FieldPermissions", json=rights | field)
    user = client.session.user_id
    assigned = {"PermissionSetId": made["id"], "AssigneeId": user}
    client.json("POST", "sobjects/PermissionSetAssignment", json=assigned)


def test_key_stands_in_the_field_where_the_org_has_it(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """With the field on Activity the subject is clean, and the key is read back from the field."""
    activity_field(crm)
    org.faults([{"kind": "drop_after", "path": "composite/sobjects", "times": 1}])
    frame = owned(org)
    for _ in range(2):
        told = pl.concat(list(crm.reach.add_tasks(frame, None)))
        assert told["outcome"].to_list() == ["applied"] * 3
    rows = made(org, "Subject, Leadgate_Key__c")
    assert {row["Subject"] for row in rows} == {"Call"}
    assert sorted(row["Leadgate_Key__c"] for row in rows) == sorted(frame["@key"])


def test_field_that_is_too_short_for_the_key_is_not_used(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """A key is never cut: where it does not fit, it goes into the subject."""
    activity_field(crm, length=5)
    list(crm.reach.add_tasks(owned(org, count=1), None))
    (row,) = made(org, "Subject, Leadgate_Key__c")
    assert row["Leadgate_Key__c"] is None
    assert "[leadgate " in row["Subject"]


def test_deleted_task_is_not_made_again(org: SalesforceOrg, crm: SalesforceCrm) -> None:
    """A rep who deletes a task does not find it again the next day."""
    frame = owned(org, count=1)
    (first,) = pl.concat(list(crm.reach.add_tasks(frame, None))).to_dicts()
    org.mutate({"object": "Task", "id": first["@touch_id"], "delete": True})
    (again,) = pl.concat(list(crm.reach.add_tasks(frame, None))).to_dicts()
    assert again == first


def test_queue_gets_no_task_unless_a_user_is_named(org: SalesforceOrg, crm: SalesforceCrm) -> None:
    """The lead of a queue is rejected with the key to set; with a user's name he gets the task."""
    frame = owned(org, "00G", 1)
    (row,) = pl.concat(list(crm.reach.add_tasks(frame, None))).to_dicts()
    assert (row["outcome"], row["code"]) == ("rejected", "QUEUE_OWNER")
    user = org.rows("SELECT Id, Username FROM User WHERE IsActive = true")[0]
    (row,) = pl.concat(list(crm.reach.add_tasks(frame, user["Username"]))).to_dicts()
    assert row["outcome"] == "applied"
    assert made(org, "OwnerId")[0]["OwnerId"] == user["Id"]
    with pytest.raises(ConfigurationError, match=r"outreach\.task\.owner"):
        list(crm.reach.add_tasks(frame, "nobody@example.com"))


def test_locked_rows_are_tried_again_alone(org: SalesforceOrg, crm: SalesforceCrm) -> None:
    """A row that other automation holds is repeated, and nothing else is."""
    org.faults([{"kind": "lock_row", "object": "Task", "times": 1}])
    told = pl.concat(list(crm.reach.add_tasks(owned(org), None)))
    assert told["outcome"].to_list() == ["applied"] * 3
    assert len(made(org)) == 3


def test_refused_row_says_why_without_the_words_that_were_sent(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """A validation rule's no comes with code and remedy, and does not repeat the task."""
    rule = {"kind": "validation", "object": "Task", "times": 1, "message": "No: Ask. for now"}
    org.faults([rule])
    first, *rest = pl.concat(list(crm.reach.add_tasks(owned(org), None))).to_dicts()
    assert (first["outcome"], first["code"]) == ("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert first["remedy"]
    assert "Ask." not in first["message"]
    assert {row["outcome"] for row in rest} == {"applied"}


def test_answers_that_stay_lost_are_raised_after_what_is_known(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """When nothing was made and no answer comes, the error says so, and nothing is claimed."""
    org.faults([{"kind": "status", "path": "composite/sobjects", "status": 504}])
    parts = crm.reach.add_tasks(owned(org), None)
    assert next(parts).is_empty()
    with pytest.raises(LostAnswerError):
        next(parts)


def test_member_that_somebody_else_adds_meanwhile_counts_as_added(
    org: SalesforceOrg, crm: SalesforceCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal as duplicate is read back: the membership is there, whoever made it."""
    frame = owned(org, count=2).with_columns(target=pl.lit("Spring Webinar")).select(*MEMBERS)
    list(crm.reach.add_members(frame))
    reach = crm.reach
    blind = iter([{}])  # the first look finds nobody, as before a race
    look = reach._campaigns._members
    monkeypatch.setattr(reach._campaigns, "_members", lambda *a: next(blind, None) or look(*a))
    told = pl.concat(list(reach.add_members(frame)))
    assert told["outcome"].to_list() == ["applied"] * 2
    rows = org.rows("SELECT LeadId FROM CampaignMember")
    assert sum(row["LeadId"] in set(frame["@id"]) for row in rows) == 2


def test_campaign_is_named_by_id_or_by_a_name_that_only_one_has(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """An id is taken as it is; a name that two campaigns have is refused."""
    (known,) = org.rows("SELECT Id FROM Campaign WHERE Name = 'Spring Webinar'")
    assert crm.reach.target_problems("campaign", [known["Id"]]) == []
    org.mutate({"object": "Campaign", "fields": {"Name": "Spring Webinar"}})
    (problem,) = crm.reach.target_problems("campaign", ["Spring Webinar"])
    assert "several" in problem.what
    assert "id" in problem.fix


def test_campaigns_that_are_hidden_are_a_matter_of_rights(
    org: SalesforceOrg, crm: SalesforceCrm
) -> None:
    """A user who may not see campaigns is told which right is missing."""
    refusal = '[{"errorCode": "INVALID_TYPE", "message": "sObject type is not supported."}]'
    org.faults([{"kind": "status", "status": 400, "path": "/query", "body": refusal}])
    (problem,) = crm.reach.target_problems("campaign", ["Spring Webinar"])
    assert problem.target == ""
    assert "Read on Campaigns" in problem.fix


def test_sandbox_refuses_what_salesforce_does(org: SalesforceOrg, crm: SalesforceCrm) -> None:
    """Fields of tasks are made on Activity; a member is one person, once in each campaign."""
    client = crm._client
    body = {"FullName": "Task.Key__c", "Metadata": {"label": "x", "type": "Text", "length": 9}}
    with pytest.raises(RequestRefusedError) as refused:
        client.json("POST", "tooling/sobjects/CustomField", json=body)
    assert refused.value.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    (campaign,) = org.rows("SELECT Id FROM Campaign")
    lead = owned(org, count=1)["@id"].item()
    record = {"CampaignId": campaign["Id"]}
    with pytest.raises(RequestRefusedError) as refused:
        client.json("POST", "sobjects/CampaignMember", json=record)
    assert refused.value.code == "REQUIRED_FIELD_MISSING"
    known = {row["LeadId"] for row in org.rows("SELECT LeadId FROM CampaignMember")}
    if lead not in known:
        client.json("POST", "sobjects/CampaignMember", json=record | {"LeadId": lead})
    with pytest.raises(RequestRefusedError) as refused:
        client.json("POST", "sobjects/CampaignMember", json=record | {"LeadId": lead})
    assert refused.value.code == "DUPLICATE_VALUE"
