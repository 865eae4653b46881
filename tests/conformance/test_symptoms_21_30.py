"""Symptoms 21 to 30: duplicates, lost answers, limits, long queries, days, formulas, stages, points, tokens."""

from __future__ import annotations

import re
import sqlite3
import stat
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connector import wiring
from tests.conformance.conftest import DIRTY
from tests.conformance.leads import plant, score
from tests.conformance.wire import READS, on_the_wire
from tests.unit.connector.crm_hubspot.conftest import connect, crm, portal, runtime  # noqa: F401 — fixtures
from tests.unit.connector.crm_hubspot.test_pull import EVERYTHING, FIELDS, contacts, pull

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.support import World


def spoil(world: World, path: str, kind: str, times: int = 1) -> None:
    """The next calls to a path go wrong: "drop_after", "storm" (429) or "spent" (the day's calls)."""
    if world.crm == "salesforce":
        faults: dict[str, Any] = {
            "drop_after": {"kind": "drop_after"},
            "storm": {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
        }
        world.org.faults([faults[kind] | {"path": path, "times": times}])
    else:
        faults = {
            "drop_after": {"kind": "drop_after"},
            "storm": {"kind": "rate_limit", "retry_after": 0.01},
        }
        world.portal.faults.read(faults[kind] | {"path": path, "times": times})


def test_21_duplicate_rule_names_the_matching_records(salesforce: World) -> None:
    """A rule that blocks is told with its remedy and the records of the same address.

    HubSpot has no such rules: a unique value that is taken is refused like any bad value.
    """
    first = plant(salesforce, "twice@planted.example", LastName="First")
    salesforce.sync()
    second = plant(salesforce, "Twice@planted.example", LastName="Second")
    salesforce.org.faults([{"kind": "duplicate", "object": "Lead", "times": 1}])
    assert salesforce.run("sync").code == 3
    listed = salesforce.run("rejects", "salesforce")

    assert "DUPLICATES_DETECTED" in listed.out
    assert "merge the duplicates" in listed.out
    assert f"{second} has the address of: {first}" in listed.out
    assert "planted.example" not in listed.out


def test_22_lost_answer_makes_no_second_opportunity(world: World) -> None:
    """The CRM converts and the answer is lost: the retry reads back, and finds its own."""
    lead = world.plant("lost@planted.example")
    path = "Soap" if world.crm == "salesforce" else "deals/batch/create"
    spoil(world, path, "drop_after")
    report = world.sync()
    world.sync()

    assert report["converted"] == 1
    assert world.opportunities()[lead] == 1


def test_23_spent_day_pauses_and_goes_on_later(world: World) -> None:
    """The day's calls are spent: exit 3 as paused, not failed and not done; the next run goes on."""
    lead = plant(world, "spent@planted.example")
    if world.crm == "salesforce":
        body = (
            '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]'
        )
        refused = {"kind": "status", "status": 403, "body": body, "path": "composite/sobjects"}
        world.org.faults([refused | {"times": 1, "method": "PATCH"}])
    else:
        world.portal.faults.read(
            {"kind": "rate_limit", "policy": "DAILY", "path": "batch/update", "times": 1}
        )
    first = world.run("sync", "--json")
    assert (first.code, first.json["state"]) == (3, "paused: quota")
    assert (first.json["complete_to"], score(world, lead)) == (None, None)

    world.unslow()
    _forget_calls(world)
    second = world.sync()
    assert second["resumed"] == [first.json["run"]], (second, first.json)
    assert score(world, lead) is not None


def _forget_calls(world: World) -> None:
    """Another day: nobody has used any of its calls."""
    with sqlite3.connect(world.folder / "leadgate.db") as database:
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        for name in names & {"calls", "quota"}:
            database.execute(f"DELETE FROM {name}")  # noqa: S608 — our own names
    database.close()


def test_24_storm_of_429_is_waited_out(world: World) -> None:
    """Four refusals in a row, then it goes on where it was: the window is not begun again."""
    lead = plant(world, "storm@planted.example")
    path = "/query" if world.crm == "salesforce" else "contacts/search"
    spoil(world, path, "storm", times=4)
    with on_the_wire(world, READS[world.crm]) as wire:
        report = world.sync()

    assert report["gap"] is None
    assert score(world, lead) is not None
    assert len(wire.heard) <= 8


def test_25_long_property_lists_do_not_lengthen_the_address(
    crm: HubSpotCrm,  # noqa: F811 — a fixture
    portal: HubSpotPortal,  # noqa: F811 — a fixture
) -> None:
    """With more properties than an address holds, values are read by POST; the result is the same."""
    many = [*FIELDS, *(f"no_such_property_of_this_portal_{number}" for number in range(600))]

    leads, _ = pull(crm, EVERYTHING, many)

    assert sorted(leads["@id"]) == sorted(contacts(portal))
    assert leads["no_such_property_of_this_portal_599"].null_count() == leads.height
    assert leads["email"].null_count() < leads.height
    assert portal.stats()["statuses"] == {"200": 5}


def test_25_only_mapped_fields_are_asked_for(salesforce: World) -> None:
    """The query names the fields of the mapping and what the run itself needs, and no others."""
    plant(salesforce, "narrow@planted.example")
    with on_the_wire(salesforce, READS["salesforce"]) as wire:
        salesforce.sync()
    asked = {name for call in wire.heard for name in _selected(call.params.get("q", ""))}
    mapping = (salesforce.folder / "mappings/salesforce.yaml").read_text(encoding="utf-8")

    own = {"Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "IsConverted", "OwnerId"}
    assert asked - own - {"ConvertedOpportunityId", "COUNT()"} <= set(
        re.findall(r"[\w.]+", mapping)
    )
    assert "Fax" not in asked


def _selected(query: str) -> list[str]:
    found = re.match(r"SELECT (.*?) FROM Lead", query)
    return found[1].split(", ") if found else []


def test_26_day_is_a_day_in_any_time_zone(
    world: World, own_files: Callable[[World], World]
) -> None:
    """A date is written and read back as the same day where it is long tomorrow; nothing echoes."""
    field = "Leadgate_Judged__c" if world.crm == "salesforce" else "leadgate_judged"
    mine = own_files(world)
    path = f"mappings/{world.crm}.yaml"
    mine.edit(path, "write:\n", f"write:\n  scored_at: {field}\n")
    mine.edit(path, "time_zone: UTC", "time_zone: Pacific/Kiritimati")
    assert mine.run("setup", world.crm, "--yes").code == 0
    lead = plant(world, "day@planted.example")
    report = mine.sync("--release", "a new field")
    again = mine.sync("--full")
    stood = world.values(lead, field)[field]

    assert str(stood)[:10] == report["as_of"]
    assert (again["planned"], again["written"]) == (0, 0)


def test_27_calculated_field_is_warned_of_and_read_in_full(
    salesforce: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A formula changes without its record: check says so, a full sync sees it, an edit is not needed.

    With `reread_hours` a sync reads everything by itself once that time has passed.

    HubSpot's calculated properties change the modified date of the contact.
    """
    lead = plant(salesforce, "formula@planted.example")
    salesforce.sync()
    salesforce.sync()
    before = score(salesforce, lead)
    with on_the_wire(salesforce, "GET .*/Lead/describe", change=_calculated, times=None):
        checked = salesforce.run("check")
        store = salesforce.org._state.store
        with salesforce.org._state.lock:
            store.put("Lead", {**store.get("Lead", lead), "Web_Visits__c": 0, "Page_Views__c": 0})
        unseen = salesforce.sync()
        seen = salesforce.sync("--full")
        salesforce.edit(
            "leadgate.yaml", "    object: Lead\n", "    object: Lead\n    reread_hours: 2\n"
        )
        soon = salesforce.sync()
        real = wiring.clock
        monkeypatch.setattr(wiring, "clock", lambda: real() + timedelta(hours=3))
        later = salesforce.sync()

    DIRTY.add("salesforce")
    assert '"Web_Visits__c" is calculated' in checked.out + checked.err
    assert unseen["read"] == 0
    assert seen["read"] > 0
    assert score(salesforce, lead) != before
    assert soon["read"] < seen["read"]
    assert later["read"] == seen["read"]


def _calculated(body: Any) -> Any:
    """A describe in which a count of visits is a formula."""
    fields = [
        field | ({"calculated": True} if field["name"] == "Web_Visits__c" else {})
        for field in body["fields"]
    ]
    return body | {"fields": fields}


def test_28_lifecycle_stage_goes_back_when_it_is_ours(
    hubspot: World, own_files: Callable[[World], World]
) -> None:
    """HubSpot answers 200 and keeps the later stage: it is cleared, set, and checked.

    Salesforce's stages are plain picklists.
    """
    words = {
        "lead": "lead", "mql": "marketingqualifiedlead", "sal": "salesqualifiedlead",
        "sql": "salesqualifiedlead", "opportunity": "opportunity", "customer": "customer",
        "disqualified": "other", "recycled": "other",
    }  # fmt: skip
    lead = plant(hubspot, "lifecycle@planted.example", lifecyclestage="opportunity")
    mine = own_files(hubspot)
    text = (mine.folder / "mappings/hubspot.yaml").read_text(encoding="utf-8")
    values = ", ".join(f"{key}: {word}" for key, word in words.items())
    entry = f"  stage: {{field: lifecyclestage, rule: always, values: {{{values}}}}}\n"
    text = re.sub(r"  stage: .*\n(?:    .*\n)+", entry, text, count=1)
    (mine.folder / "mappings/hubspot.yaml").write_text(text, encoding="utf-8")

    report = mine.sync("--release", "another field")

    assert report["rejected"] == 0
    stood = hubspot.values(lead, "lifecyclestage")["lifecyclestage"]
    assert stood == words[hubspot_stage(mine, lead)] == "marketingqualifiedlead"


def hubspot_stage(world: World, lead: str) -> str:
    """The stage of the last verdict."""
    return str(world.run("explain", lead, "--json").json["explanation"]["stage"])


def test_29_lines_add_up_to_the_score(world: World) -> None:
    """The points of an explanation are the score that stands in the CRM, also after a second look."""
    lead = plant(world, "sum@planted.example")
    world.sync()
    world.sync("--full")
    why = world.run("explain", lead, "--json").json["explanation"]

    assert sum(line["points"] for line in why["lines"]) == pytest.approx(why["score"], abs=1e-9)
    assert score(world, lead) == why["score"]


@pytest.mark.parametrize("crm_name", ["hubspot", "salesforce"])
def test_30_rotated_refresh_token_outlives_the_command(
    make_world: Callable[..., World], crm_name: str
) -> None:
    """Each login gives a new refresh token and takes the old one: the next command uses the new one.

    Overlapping runs: see tests/acceptance/test_death.py.
    """
    world = make_world(crm_name, 8, rotate_refresh_tokens=True)
    refresh = _use_oauth(world)
    ran = []
    for _ in range(2):
        ran.append(world.run("-v", "sync", "--json"))
        _end_sessions(world)

    kept = world.folder / ".leadgate/secrets.json"
    assert [one.code for one in ran] == [0, 0], [one.err for one in ran]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert refresh not in "".join(one.out + one.err for one in ran)
    assert not list(world.folder.glob(".leadgate/tmp*"))


def _use_oauth(world: World) -> str:
    """Log in by OAuth from here on; the first refresh token."""
    text = (world.folder / "leadgate.yaml").read_text(encoding="utf-8")
    if world.crm == "hubspot":
        known = world.portal.credentials
        keys = "client_id: ${ID}\n    client_secret: ${SECRET}\n    refresh_token: ${REFRESH}"
        text = text.replace("token: ${HUBSPOT_ACCESS_TOKEN}", keys)
        made = {
            "ID": known.client_id,
            "SECRET": known.client_secret,
            "REFRESH": known.refresh_token,
        }
    else:
        known = world.org.credentials
        text = text.replace(
            "auth: client_credentials", "refresh_token: ${REFRESH}\n    auth: refresh_token"
        )
        made = {"REFRESH": known["refresh_token"]}
    world.environment = world.environment | made
    (world.folder / "leadgate.yaml").write_text(text, encoding="utf-8")
    return str(made["REFRESH"])


def _end_sessions(world: World) -> None:
    if world.crm == "hubspot":
        world.portal.auth.expire()
    else:
        world.org.expire()
