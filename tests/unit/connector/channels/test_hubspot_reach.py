"""HubSpot's own channels: where the key stands, whose task it is, which lists can be filled."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from connector.crm.hubspot.adapter import HubSpotCrm, open_crm
from connector.crm.hubspot.api import Pace
from connector.crm.hubspot.settings import HubSpotSettings
from connector.engine.channel import MEMBERS, TASKS
from connector.engine.ports import Runtime
from connector.errors import ConfigurationError, LostAnswerError
from connector.sandbox.hubspot import Fault, HubSpotPortal, PortalConfig
from connector.sandbox.hubspot.auth import SCOPES
from tests.unit.connector.channels.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Connect = Callable[..., HubSpotCrm]


@pytest.fixture
def portal() -> HubSpotPortal:
    """A portal of forty leads without limits."""
    config = PortalConfig(burst=0, oauth_burst=0, search_per_second=0)
    return HubSpotPortal(40, 3, now=NOW, config=config)


@pytest.fixture
def url(portal: HubSpotPortal) -> Iterator[str]:
    """Where the portal is served."""
    with portal.serve() as served:
        yield served.url


@pytest.fixture
def connect(portal: HubSpotPortal, url: str) -> Iterator[Connect]:
    """Makes connections that wait for nothing."""
    made: list[HubSpotCrm] = []

    def build(**keys: Any) -> HubSpotCrm:
        usual = {"token": portal.token, "base_url": url, "burst": 1000, "search_per_second": 100}
        settings = HubSpotSettings.model_validate(usual | keys)
        runtime = Runtime(lambda: NOW, lambda *_: None)
        made.append(open_crm(settings, runtime, pace=Pace(sleep=lambda _: None)))
        return made[-1]

    yield build
    for crm in made:
        crm.close()


@pytest.fixture
def call(portal: HubSpotPortal, url: str) -> Iterator[Callable[..., Any]]:
    """Plain calls to the portal: status and body."""
    headers = {"Authorization": f"Bearer {portal.token}"}
    with httpx.Client(base_url=url, headers=headers) as client:

        def calling(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
            answer = client.request(method, f"/crm/v3/{path}", json=body, **more)
            return answer.status_code, answer.json()

        yield calling


def frame_of(crm: HubSpotCrm, portal: HubSpotPortal, kind: str = "contacts") -> pl.DataFrame:
    """The tasks frame of three leads that somebody owns."""
    with portal.lock:
        ids = [str(r.id) for r in portal.records.stores[kind].records.values() if not r.archived]
    found = crm.fetch(ids, []).filter(pl.col("@owner_id").is_not_null()).head(3)
    return found.select(
        pl.format("key-{}", "@id").alias("@key"), "@id", "@owner_id",
        subject=pl.lit("Call"), body=pl.lit("Ask."), due=pl.lit(date(2026, 12, 1)),
    ).cast(TASKS)  # fmt: skip


def tasks(portal: HubSpotPortal) -> list[dict[str, str]]:
    """The properties of all tasks."""
    with portal.lock:
        return [one.properties for one in portal.records.stores["tasks"].records.values()]


def make_property(call: Callable[..., Any], *, unique: bool) -> None:
    """An admin makes the property for keys on tasks."""
    body = {
        "name": "leadgate_key", "label": "Key", "groupName": "task", "type": "string",
        "fieldType": "text", "hasUniqueValue": unique,
    }  # fmt: skip
    status, answer = call("POST", "properties/tasks", body)
    assert status == 201, answer


def test_key_stands_in_the_property_where_the_portal_has_it(
    portal: HubSpotPortal, connect: Connect, call: Callable[..., Any]
) -> None:
    """With a unique property the body is clean, and a lost answer is read back by the key."""
    make_property(call, unique=True)
    crm = connect()
    frame = frame_of(crm, portal)
    portal.faults.add(Fault("drop_after", path="tasks/batch/create"))
    for _ in range(2):
        told = pl.concat(list(crm.reach.add_tasks(frame, None)))
        assert told["outcome"].to_list() == ["applied"] * 3
    assert sorted(one["leadgate_key"] for one in tasks(portal)) == sorted(frame["@key"])
    assert {one["hs_task_body"] for one in tasks(portal)} == {"Ask."}


def test_key_that_another_run_takes_meanwhile_counts_as_made(
    portal: HubSpotPortal,
    connect: Connect,
    call: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HubSpot refuses a second task under one key; the first one is then the touch's."""
    make_property(call, unique=True)
    crm = connect()
    frame = frame_of(crm, portal)
    first = pl.concat(list(crm.reach.add_tasks(frame, None)))
    reach = crm.reach
    blind = iter([{}])  # the first look finds nothing, as before a race
    look = reach._tasks._find
    monkeypatch.setattr(reach._tasks, "_find", lambda *a: next(blind, None) or look(*a))
    again = pl.concat(list(reach.add_tasks(frame, None)))
    assert again["@touch_id"].to_list() == first["@touch_id"].to_list()
    assert len(tasks(portal)) == 3


def test_property_that_is_not_unique_is_not_relied_on(
    portal: HubSpotPortal, connect: Connect, call: Callable[..., Any]
) -> None:
    """Without unique values the property could not be read by, so the key stands in the body."""
    make_property(call, unique=False)
    crm = connect()
    list(crm.reach.add_tasks(frame_of(crm, portal), None))
    assert all("leadgate " in one["hs_task_body"] for one in tasks(portal))


def test_task_is_a_todo_on_the_lead_with_its_text_as_html(
    portal: HubSpotPortal, connect: Connect
) -> None:
    """Markup of a lead is shown as text, line breaks stay, and the due day holds everywhere."""
    crm = connect()
    frame = frame_of(crm, portal).head(1).with_columns(body=pl.lit("<b>&\nnext"))
    list(crm.reach.add_tasks(frame, None))
    (task,) = tasks(portal)
    assert task["hs_task_body"].startswith("&lt;b&gt;&amp;<br>next<br>leadgate ")
    assert task["hs_timestamp"].startswith("2026-12-01T12:00")
    assert (task["hs_task_status"], task["hs_task_type"]) == ("NOT_STARTED", "TODO")


def test_task_of_a_lead_object_belongs_to_the_lead(portal: HubSpotPortal, connect: Connect) -> None:
    """Where leads are HubSpot's own lead object, the task is associated with that, once."""
    contacts = connect()
    contact = frame_of(contacts, portal)["@id"][0]
    crm = connect(object="leads")
    made = crm._api.call(
        "make a lead",
        crm._api.sdk.records.create,
        "leads",
        {
            "properties": {"hs_lead_name": "Ann"},
            "associations": [
                {
                    "to": {"id": contact},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}],
                }
            ],
        },
    )
    frame = frame_of(contacts, portal).head(1).with_columns(pl.lit(made["id"]).alias("@id"))
    ids = [pl.concat(list(crm.reach.add_tasks(frame, None)))["@touch_id"].item() for _ in range(2)]
    assert ids[0] == ids[1]
    with portal.lock:
        task = portal.records.stores["tasks"].records[int(ids[0])]
        assert list(task.linked("leads")) == [int(made["id"])]


def test_owner_is_found_by_address(portal: HubSpotPortal, connect: Connect) -> None:
    """Who gets the tasks of leads without owner is named by address; an unknown one is refused."""
    crm = connect()
    orphan = frame_of(crm, portal).head(1).with_columns(pl.lit(None, pl.String).alias("@owner_id"))
    owner = next(iter(portal.records.owners.values()))
    list(crm.reach.add_tasks(orphan, owner.email))
    assert tasks(portal)[0]["hubspot_owner_id"] == owner.id
    with pytest.raises(ConfigurationError, match=r"outreach\.task\.owner"):
        list(crm.reach.add_tasks(orphan, "nobody@example.com"))


def test_answers_that_stay_lost_are_raised_and_nothing_is_claimed(
    portal: HubSpotPortal, connect: Connect
) -> None:
    """When nothing was made and no answer comes, the error says so."""
    crm = connect()
    portal.faults.add(Fault("drop_before", path="tasks/batch/create", times=None))
    parts = crm.reach.add_tasks(frame_of(crm, portal), None)
    assert next(parts).is_empty()
    with pytest.raises(LostAnswerError):
        next(parts)


def a_list(call: Callable[..., Any], name: str, processing: str = "MANUAL") -> str:
    """A list that a marketer makes; its id."""
    body = {"name": name, "objectTypeId": "0-1", "processingType": processing}
    status, answer = call("POST", "lists", body)
    assert status == 200, answer
    return str(answer["list"]["listId"])


def test_list_is_named_by_id_or_name_whatever_is_in_it(
    portal: HubSpotPortal, connect: Connect, call: Callable[..., Any]
) -> None:
    """Both find it, also where a slash in the name cannot stand in an address."""
    number = a_list(call, "Q4 / wake up")
    crm = connect()
    frame = frame_of(crm, portal)
    for target in (number, "Q4 / wake up"):
        members = frame.with_columns(target=pl.lit(target)).select(*MEMBERS)
        told = pl.concat(list(crm.reach.add_members(members)))
        assert told["@touch_id"].to_list() == [number] * 3
    _, found = call("GET", f"lists/{number}/memberships")
    assert sorted(one["recordId"] for one in found["results"]) == sorted(frame["@id"])


def test_active_list_is_refused_beforehand(connect: Connect, call: Callable[..., Any]) -> None:
    """A list that fills itself cannot be filled, and the fix says what can."""
    a_list(call, "Visitors", "DYNAMIC")
    (problem,) = connect().reach.target_problems("list", ["Visitors"])
    assert "active list" in problem.what
    assert "static" in problem.fix


def test_missing_scope_is_named(portal: HubSpotPortal, connect: Connect) -> None:
    """A token without the scope for lists says which one is needed."""
    scopes = tuple(scope for scope in SCOPES if not scope.startswith("crm.lists"))
    portal.auth._config = PortalConfig(scopes=scopes)
    (problem,) = connect().reach.target_problems("list", ["Wake up"])
    assert problem.target == ""
    assert "crm.lists.read" in problem.fix


def test_sandbox_list_is_as_hubspot_documents_it(
    portal: HubSpotPortal, connect: Connect, call: Callable[..., Any]
) -> None:
    """Members are added once, unknown records are named, removal works, active lists refuse."""
    lead = frame_of(connect(), portal)["@id"][0]
    number, active = a_list(call, "Wake up"), a_list(call, "Visitors", "DYNAMIC")
    added = call("PUT", f"lists/{number}/memberships/add", [lead, "1"])
    assert added == (
        200,
        {"recordIdsMissing": ["1"], "recordIdsRemoved": [], "recordsIdsAdded": [lead]},
    )
    assert call("PUT", f"lists/{number}/memberships/add", [lead])[1]["recordsIdsAdded"] == []
    assert call("GET", f"lists/{number}")[1]["list"]["size"] == 1
    assert call("PUT", f"lists/{active}/memberships/add", [lead])[0] == 400
    removed = call("PUT", f"lists/{number}/memberships/remove", [lead])
    assert removed[1]["recordIdsRemoved"] == [lead]
    assert call("GET", f"lists/{number}/memberships")[1]["results"] == []
    assert call("GET", "lists/99")[0] == 404
    assert call("POST", "lists", {"name": "Wake up", "objectTypeId": "0-1"})[0] == 400
    found = call("POST", "lists/search", {"query": "wake", "processingTypes": ["MANUAL"]})[1]
    assert [one["name"] for one in found["lists"]] == ["Wake up"]
