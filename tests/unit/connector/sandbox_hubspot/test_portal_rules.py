"""What the portal does by itself: lifecycle, deals, properties, pipelines, owners, seeding."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from connector.sandbox.hubspot import HubSpotPortal
from connector.sandbox.hubspot.pipelines import Pipeline, Stage
from connector.sandbox.hubspot.store import PORTAL

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def patch(api, record_id, kind="contacts", **properties):
    """Change properties through the API."""
    return api("PATCH", f"/crm/v3/objects/{kind}/{record_id}", {"properties": properties})


def stage(api, record_id):
    """The lifecycle stage of a contact."""
    return api.properties(record_id, "lifecyclestage")["lifecyclestage"]


def test_a_lifecycle_move_backwards_is_ignored_in_silence(api):
    """Status 200, value unchanged, the other properties written."""
    record_id = api.contact(firstname="Ann", lifecyclestage="opportunity")

    status, _ = patch(api, record_id, lifecyclestage="lead", city="Rome")

    assert (status, stage(api, record_id)) == (200, "opportunity")
    assert api.properties(record_id, "city")["city"] == "Rome"


def test_clearing_first_permits_a_move_backwards(api):
    """Clear in one request, set in the next."""
    record_id = api.contact(firstname="Ann", lifecyclestage="customer")

    patch(api, record_id, lifecyclestage="")
    patch(api, record_id, lifecyclestage="lead")

    assert stage(api, record_id) == "lead"


def test_a_person_may_move_a_stage_back(api, portal):
    """The portal's own pages are not bound by the rule."""
    record_id = api.contact(firstname="Ann", lifecyclestage="customer")

    portal.admin.update("contacts", record_id, {"lifecyclestage": "lead"})

    assert stage(api, record_id) == "lead"


@pytest.mark.parametrize(("switched_on", "expected"), [(True, "opportunity"), (False, "lead")])
def test_a_deal_makes_its_contact_an_opportunity(api, portal, switched_on, expected):
    """Associating a deal moves the stage and the modified date, if the portal is set so."""
    portal.config.deal_sets_lifecycle = switched_on
    contact = api.contact(firstname="Ann")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    body = {
        "properties": {"dealname": "x"},
        "associations": [{"to": {"id": contact}, "types": types}],
    }

    assert api("POST", "/crm/v3/objects/deals", body)[0] == 201

    assert expected == stage(api, contact)


def test_a_won_deal_makes_its_contact_a_customer_for_good(api):
    """Winning moves forward; losing afterwards does not move back."""
    contact = api.contact(firstname="Ann")
    values = {"dealname": "x", "pipeline": "default", "dealstage": "contractsent", "amount": "100"}
    deal = api("POST", "/crm/v3/objects/deals", {"properties": values})[1]["id"]
    api("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}")

    patch(api, deal, "deals", dealstage="closedwon")
    won = api.properties(deal, "hs_is_closed_won", "hs_deal_stage_probability", kind="deals")
    patch(api, deal, "deals", dealstage="closedlost")

    assert (won["hs_is_closed_won"], won["hs_deal_stage_probability"]) == ("true", "1.0")
    assert stage(api, contact) == "customer"


def test_a_stage_must_belong_to_the_deals_pipeline(api):
    """The refusal names the stages that would do."""
    values = {"dealname": "x", "pipeline": "default", "dealstage": "nearly"}

    status, refused = api("POST", "/crm/v3/objects/deals", {"properties": values})

    message = refused["errors"][0]["message"]
    assert status == 400
    assert (
        "nearly is not a valid pipeline stage ID. Valid options are: pipelineId=default" in message
    )
    assert "closedwon" in message


@pytest.mark.parametrize("kind", ["tasks", "notes"])
def test_an_activity_moves_its_contacts_modified_date(api, portal, kind):
    """Logging something changes the record that it is about."""
    contact = api.contact(firstname="Ann")
    before = api.properties(contact)["lastmodifieddate"]
    portal.advance(1)
    body = {"properties": {"hs_timestamp": "1700000000000"}}
    activity = api("POST", f"/crm/v3/objects/{kind}", body)[1]["id"]
    api("PUT", f"/crm/v4/objects/{kind}/{activity}/associations/default/contacts/{contact}")

    assert before < api.properties(contact)["lastmodifieddate"]


def test_a_property_is_made_once(api):
    """The second time is 409 OBJECT_ALREADY_EXISTS; in a batch it hinders nothing else."""
    new = {"name": "lead_score", "label": "Lead score", "type": "number", "fieldType": "number"}
    new |= {"groupName": "contactinformation"}
    path = "/crm/v3/properties/contacts"

    assert api("POST", path, new)[0] == 201
    status, refused = api("POST", path, new)
    batch = {"inputs": [new, new | {"name": "lead_grade", "label": "Lead grade"}]}
    mixed, body = api("POST", f"{path}/batch/create", batch)

    assert (status, refused["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert refused["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert (mixed, [p["name"] for p in body["results"]]) == (207, ["lead_grade"])
    assert body["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    assert api("GET", f"{path}/lead_score")[1]["modificationMetadata"]["archivable"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Bad Name"},
        {"type": "poem"},
        {"fieldType": "checkbox"},
        {"groupName": "nowhere"},
        {"options": [{"label": "a", "value": "1"}, {"label": "b", "value": "1"}]},
    ],
)
def test_a_property_definition_must_be_sound(api, change):
    """Name, type, field type, group and options are checked."""
    sound = {"name": "x", "label": "X", "type": "string", "fieldType": "text"}
    sound |= {"groupName": "contactinformation"}

    assert api("POST", "/crm/v3/properties/contacts", sound | change)[0] == 400
    assert api("POST", "/crm/v3/properties/contacts", {"name": "x"})[0] == 400


def test_a_custom_property_can_be_archived_and_a_stock_one_cannot(api):
    """An archived property no longer takes values."""
    path = "/crm/v3/properties/contacts"

    assert api("DELETE", f"{path}/replacing")[0] == 204
    assert api("GET", f"{path}/replacing")[0] == 404
    assert api("DELETE", f"{path}/city")[0] == 400
    assert "replacing" in {
        p["name"] for p in api("GET", path, params={"archived": "true"})[1]["results"]
    }


def test_read_only_is_told_by_the_metadata_and_not_by_calculated(api):
    """The score is read-only though not calculated; free text and ranges are as they are."""
    listed = api("GET", "/crm/v3/properties/contacts")[1]["results"]
    known = {p["name"]: p for p in listed}

    score = known["hubspotscore"]
    assert (score["modificationMetadata"]["readOnlyValue"], score["calculated"]) == (True, False)
    assert (known["annualrevenue"]["type"], known["industry"]["type"]) == ("string", "string")
    assert known["numemployees"]["options"][-1]["value"] == "1000+"
    assert known["hubspot_owner_id"]["referencedObjectType"] == "OWNER"
    assert known["decision_maker"]["groupName"] == "sales_questions"
    assert not any("leadgate" in name for name in known)


def test_the_won_stage_is_the_one_of_probability_one(api):
    """Pipelines are described with their stages' metadata."""
    stages = api("GET", "/crm/pipelines/2026-09/deals")[1]["results"][0]["stages"]

    won = [s["id"] for s in stages if s["metadata"]["probability"] == "1.0"]
    assert (len(stages), won) == (7, ["closedwon"])
    assert api("GET", "/crm/v3/pipelines/leads/lead-pipeline-id")[0] == 200


def test_owners_are_paged_found_by_email_and_archived_apart(api):
    """`userId` is null for owners who have left."""
    first = api("GET", "/crm/v3/owners/", params={"limit": 5})[1]
    rest = api("GET", "/crm/v3/owners/", params={"after": first["paging"]["next"]["after"]})[1]
    one = api("GET", "/crm/v3/owners/", params={"email": first["results"][2]["email"]})[1]
    gone = api("GET", "/crm/v3/owners/", params={"archived": "true"})[1]["results"]

    assert len({o["id"] for o in first["results"] + rest["results"]}) == 12
    assert [first["results"][2]] == one["results"]
    assert [o["userId"] for o in gone] == [None, None]


def test_a_seeded_portal_is_lived_in():
    """Contacts, companies, deals, a bin, merges, answers, and the truth about every contact."""
    portal = HubSpotPortal(2000, 1, now=NOW)
    contacts = portal.records.stores["contacts"]

    live = [r for r in contacts.records.values() if not r.archived]
    assert {str(r.id) for r in contacts.records.values()} == set(portal.truth)
    assert len(contacts.records) - len(live) == 40
    assert len(contacts.merged) == 20
    assert 15 < len(portal.records.stores["deals"].order) < 60
    statuses = Counter(r.properties["hs_lead_status"] for r in live)
    assert {"NEW", "IN_PROGRESS", "CONNECTED", "UNQUALIFIED"} < set(statuses)
    assert sum("decision_maker" in r.properties for r in live) > 200
    assert all(r.updated <= portal.clock() for r in contacts.records.values())


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_every_seeded_value_would_be_accepted(portal, kind):
    """What the portal was filled with satisfies its own definitions, and is stored as it stands."""
    store = portal.records.stores[kind]
    before = {r.id: dict(r.properties) for r in store.records.values()}

    for record in store.records.values():
        portal.records.observe(store.kind, record, record.properties, PORTAL)

    assert before == {r.id: r.properties for r in store.records.values()}


def test_the_same_seed_and_moment_give_the_same_portal():
    """Seeding is a function of its arguments."""
    one, other = (HubSpotPortal(200, 5, now=NOW) for _ in range(2))

    def state(portal):
        return [
            (name, r.id, r.properties, r.archived_at, r.links)
            for name, store in portal.records.stores.items()
            for r in store.records.values()
        ]

    assert state(one) == state(other)
    assert one.token == other.token
    assert state(one) != state(HubSpotPortal(200, 6, now=NOW))


def test_a_second_pipeline_has_stages_of_its_own(api, portal):
    """Won is told by the probability, whatever the stage is called."""
    stages = (Stage("s1", "Neu", "0.3"), Stage("s2", "Hurra", "1.0"))
    portal.records.pipelines.add("deals", Pipeline("renewals", "Renewals", stages))
    new = {"dealname": "x", "pipeline": "renewals", "dealstage": "s1"}
    deal = api("POST", "/crm/v3/objects/deals", {"properties": new})[1]["id"]

    refused = patch(api, deal, "deals", dealstage="closedwon")[0]
    patch(api, deal, "deals", dealstage="s2")

    shown = api.properties(deal, "hs_is_closed_won", "closedate", kind="deals")
    assert (refused, shown["hs_is_closed_won"]) == (400, "true")
    assert shown["closedate"] is not None
    assert len(api("GET", "/crm/v3/pipelines/deals")[1]["results"]) == 2


def test_a_lifecycle_move_that_is_ignored_is_audited(api, portal):
    """It is no write; the audit names it apart."""
    record_id = api.contact(firstname="Ann", lifecyclestage="opportunity")
    patch(api, record_id, lifecyclestage="lead")

    audit = portal.audit()
    moves = audit["lifecycle_moves_ignored"]
    assert [(m["from"], m["to"]) for m in moves] == [("opportunity", "lead")]
    assert {f"contacts/{record_id}": 1} == audit["no_op_writes"]
    assert audit["properties_written"] == {}
