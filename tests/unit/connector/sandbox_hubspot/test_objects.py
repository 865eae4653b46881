"""Single records: list, get, create, change, archive, merge, and what is refused."""

from __future__ import annotations

import json

import pytest


def walk(api, **params):
    """All pages of the contact list."""
    after, pages = None, []
    while True:
        query = params | ({"after": after} if after else {})
        status, body = api("GET", "/crm/v3/objects/contacts", params=query)

        assert status == 200
        pages.append(body["results"])
        if "paging" not in body:
            return pages
        after = body["paging"]["next"]["after"]


def test_the_list_walks_every_live_record_once_in_the_order_of_ids(api, portal):
    """Paging by `after` neither misses nor repeats a record, and leaves the archived ones out."""
    ids = [int(r["id"]) for page in walk(api, limit=7) for r in page]

    store = portal.records.stores["contacts"]
    assert [i for i in store.order if not store.records[i].archived] == ids


def test_after_is_the_id_of_the_next_record(api):
    """The cursor names the record that the next page begins with."""
    _, first = api("GET", "/crm/v3/objects/contacts", params={"limit": 5})
    after = first["paging"]["next"]["after"]
    _, second = api("GET", "/crm/v3/objects/contacts", params={"limit": 5, "after": after})

    assert after == second["results"][0]["id"]


def test_archived_records_are_listed_apart(api, portal):
    """`archived=True`, as the Python SDK spells it, lists the bin only."""
    pages = walk(api, limit=100, archived="True")

    assert {True} == {r["archived"] for page in pages for r in page}
    assert round(120 * 0.02) == len(pages[0])
    assert all("archivedAt" in r for r in pages[0])


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts",
        "/crm/v3/objects/contact",
        "/crm/v3/objects/0-1",
        "/crm/objects/2026-09/contacts",
        "/crm/objects/2026-03/0-1",
    ],
)
def test_numbered_dated_plural_singular_and_type_id_paths_lead_to_the_same_records(api, path):
    """Every spelling of version and type gives the same first page."""
    expected = api("GET", "/crm/v3/objects/contacts", params={"limit": 3})[1]["results"]

    status, body = api("GET", path, params={"limit": 3})

    assert (200, expected) == (status, body["results"])


def test_unknown_properties_are_left_out_and_empty_ones_are_null(api):
    """A record shows what was asked for and exists, and three properties always."""
    record_id = api.contact(email="Ann.Bee@Acme.example", firstname="Ann")

    shown = api.properties(record_id, "email", "city", "nonsense")

    assert {"email", "city", "hs_object_id", "createdate", "lastmodifieddate"} == set(shown)
    assert shown["email"] == "ann.bee@acme.example"
    assert shown["city"] is None


def test_without_a_choice_a_contact_shows_six_properties(api):
    """The few defaults come when no properties are asked for."""
    _, shown = api("GET", f"/crm/v3/objects/contacts/{api.contact(firstname='Ann')}")

    defaults = {"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}
    assert set(shown["properties"]) == defaults


def test_a_contact_is_found_by_email_whatever_its_case(api):
    """`idProperty=email` reads by the address."""
    record_id = api.contact(email="ann@acme.example")

    path = "/crm/v3/objects/contacts/ANN@acme.example"
    status, body = api("GET", path, params={"idProperty": "email"})

    assert (200, record_id) == (status, body["id"])


def test_a_new_contact_has_the_defaults_of_an_integration(api):
    """Lifecycle stage, pipeline and the worked mark are set by the portal."""
    record_id = api.contact(email="ann@acme.example")

    shown = api.properties(record_id, "lifecyclestage", "hs_pipeline", "hs_is_unworked")

    assert (
        shown["lifecyclestage"],
        shown["hs_pipeline"],
        shown["hs_is_unworked"],
    ) == ("lead", "contacts-lifecycle-pipeline", "true")


def test_a_taken_email_is_a_conflict_that_names_the_record(api):
    """409 CONFLICT with the id in the message only."""
    record_id = api.contact(email="ann@acme.example")

    body = {"properties": {"email": "ANN@acme.example"}}
    status, refused = api("POST", "/crm/v3/objects/contacts", body)

    assert status == 409
    assert f"Contact already exists. Existing ID: {record_id}" == refused["message"]
    assert refused["category"] == "CONFLICT"
    assert {"status", "message", "correlationId", "category"} == set(refused)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nonsense", "x", "PROPERTY_DOESNT_EXIST"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("hs_email_optout", "true", "READ_ONLY_VALUE"),
        ("lifecyclestage", "bigwig", "INVALID_OPTION"),
        ("numemployees", "7", "INVALID_OPTION"),
        ("email", "not an address", "INVALID_EMAIL"),
        ("budget", "a lot", "INVALID_INTEGER"),
        ("budget", "nan", "INVALID_INTEGER"),
        ("closedate", "tomorrow", "INVALID_LONG"),
        ("city", "x" * 65_537, "INVALID_STRING_LENGTH"),
        ("hubspot_owner_id", "1", "INVALID_OWNER_ID"),
    ],
)
def test_a_wrong_value_is_refused_with_its_code(api, name, value, code):
    """The error stands in `errors` and, as a JSON array, inside the message."""
    record_id = api.contact(firstname="Ann")

    path = f"/crm/v3/objects/contacts/{record_id}"
    status, refused = api("PATCH", path, {"properties": {name: value, "state": "x"}})

    assert (status, refused["category"]) == (400, "VALIDATION_ERROR")
    error = refused["errors"][0]
    assert (code, [name]) == (error["code"], error["context"]["propertyName"])
    inner = json.loads(refused["message"].removeprefix("Property values were not valid: "))
    assert [(name, code)] == [(each["name"], each["error"]) for each in inner]
    assert api.properties(record_id, "state")["state"] is None


def test_an_archived_owner_cannot_be_given_a_record(api, portal):
    """Only owners who are still there may own."""
    gone = next(o.id for o in portal.records.owners.values() if o.archived)
    record_id = api.contact(firstname="Ann")

    path = f"/crm/v3/objects/contacts/{record_id}"
    status, _ = api("PATCH", path, {"properties": {"hubspot_owner_id": gone}})

    assert status == 400


@pytest.mark.parametrize("body", [{"properties": {"city": None}}, {"properties": []}])
def test_null_and_other_shapes_are_refused(api, body):
    """A value must be text, a number or a boolean."""
    record_id = api.contact(firstname="Ann")

    assert api("PATCH", f"/crm/v3/objects/contacts/{record_id}", body)[0] == 400


def test_numbers_and_booleans_in_json_are_kept_as_text(api):
    """What is not text becomes text as JSON writes it."""
    record_id = api.contact(firstname="Ann")

    path = f"/crm/v3/objects/contacts/{record_id}"
    api("PATCH", path, {"properties": {"budget": 24.5, "city": True}})

    shown = api.properties(record_id, "budget", "city")
    assert (shown["budget"], shown["city"]) == ("24.5", "true")


def test_datetimes_are_read_as_iso_or_milliseconds_and_lose_a_zero_fraction(api):
    """Both spellings of a moment are stored the same way."""
    record_id = api.contact(firstname="Ann", closedate="1700000000000")
    other_id = api.contact(firstname="Bo", closedate="2023-11-14T22:13:20.017+00:00")

    assert api.properties(record_id, "closedate")["closedate"] == "2023-11-14T22:13:20Z"
    assert api.properties(other_id, "closedate")["closedate"] == "2023-11-14T22:13:20.017Z"


def test_dates_must_be_midnight(api):
    """A date is YYYY-MM-DD or midnight UTC in milliseconds; anything between is refused."""
    made = {"name": "renewal", "label": "Renewal", "type": "date", "fieldType": "date"}
    api("POST", "/crm/v3/properties/contacts", made | {"groupName": "contactinformation"})
    record_id = api.contact(firstname="Ann", renewal="1700006400000")

    path = f"/crm/v3/objects/contacts/{record_id}"
    status, refused = api("PATCH", path, {"properties": {"renewal": "1700000000000"}})

    assert api.properties(record_id, "renewal")["renewal"] == "2023-11-15"
    assert (status, refused["errors"][0]["code"]) == (400, "INVALID_DATE")


def test_any_change_moves_the_modified_date_and_none_does_not(api, portal):
    """The modified date follows real changes, to the millisecond, and nothing else."""
    record_id = api.contact(firstname="Ann")
    path = f"/crm/v3/objects/contacts/{record_id}"
    before = api.properties(record_id)["lastmodifieddate"]
    portal.advance(5)
    api("PATCH", path, {"properties": {"firstname": "Ann"}})
    same = api.properties(record_id)["lastmodifieddate"]
    api("PATCH", path, {"properties": {"firstname": "Anna"}})

    assert before == same
    assert before < api.properties(record_id)["lastmodifieddate"]


def test_an_empty_text_clears(api):
    """Empty text takes a value away; the property reads as null."""
    record_id = api.contact(firstname="Ann", city="Rome")

    api("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"city": ""}})

    assert api.properties(record_id, "city")["city"] is None


def test_a_deleted_contact_frees_its_email_and_can_be_read_in_the_bin(api):
    """DELETE answers 204 twice, the record moves to the bin, the address may be used again."""
    record_id = api.contact(email="ann@acme.example")
    path = f"/crm/v3/objects/contacts/{record_id}"

    assert [api("DELETE", path)[0], api("DELETE", path)[0]] == [204, 204]
    assert api("GET", path)[0] == 404
    assert api("GET", path, params={"archived": "true"})[1]["archived"]
    assert record_id != api.contact(email="ann@acme.example")


def test_deleting_what_never_was_answers_204(api):
    """An unknown id is deleted already."""
    assert api("DELETE", "/crm/v3/objects/contacts/1")[0] == 204


@pytest.mark.parametrize(
    ("identifier", "message", "category"),
    [
        ("abc", "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND"),
        ("1", "resource not found", None),
    ],
)
def test_missing_records_answer_404_in_two_shapes(api, identifier, message, category):
    """Text that is no number and a number that nobody has differ."""
    status, refused = api("GET", f"/crm/v3/objects/contacts/{identifier}")

    assert (404, message, category) == (status, refused["message"], refused.get("category"))


def test_an_unknown_object_type_is_named_without_a_category(api):
    """The answer has no category at all."""
    status, refused = api("GET", "/crm/v3/objects/butterflies")

    assert status == 400
    assert refused["message"] == "Unable to infer object type from: butterflies"
    assert "category" not in refused


def test_a_merge_makes_a_new_record_that_both_old_ids_reach(api):
    """The primary's values win, blanks are filled, the old ids lead to the new record."""
    one = api.contact(email="ann@acme.example", city="Rome")
    other = api.contact(email="ann@home.example", city="Oslo", state="Viken")
    body = {"primaryObjectId": one, "objectIdToMerge": other}

    status, merged = api("POST", "/crm/v3/objects/contacts/merge", body)

    assert status == 200
    assert merged["id"] not in (one, other)
    properties = merged["properties"]
    assert (properties["city"], properties["state"]) == ("Rome", "Viken")
    assert f"{one};{other}" == properties["hs_merged_object_ids"]
    assert properties["hs_additional_emails"] == "ann@home.example"
    for old in (one, other):
        assert merged["id"] == api("GET", f"/crm/v3/objects/contacts/{old}")[1]["id"]
    api("PATCH", f"/crm/v3/objects/contacts/{other}", {"properties": {"zip": "0150"}})
    assert api.properties(merged["id"], "zip")["zip"] == "0150"
    batch = {"inputs": [{"id": one, "properties": {"zip": "1"}}]}
    assert api("POST", "/crm/v3/objects/contacts/batch/update", batch)[0] == 207


def test_history_tells_a_persons_edit_from_the_apis(api, portal):
    """Versions come newest first, each with its source."""
    record_id = api.contact(firstname="Ann", city="Rome")
    portal.admin.update("contacts", record_id, {"city": "Oslo"})

    path = f"/crm/v3/objects/contacts/{record_id}"
    shown = api("GET", path, params={"propertiesWithHistory": "city"})[1]

    versions = shown["propertiesWithHistory"]["city"]
    assert [(v["value"], v["sourceType"]) for v in versions] == [
        ("Oslo", "CRM_UI"),
        ("Rome", "INTEGRATION"),
    ]
    assert versions[0]["updatedByUserId"] == 1001


def test_too_long_urls_are_refused(api):
    """More than 16,000 characters answer 414."""
    assert api("GET", "/crm/v3/objects/contacts", params={"properties": "x," * 9000})[0] == 414


def test_a_lead_needs_a_contact_and_goes_with_it(api):
    """A lead is refused without a contact, and archived when the association is taken away."""
    contact = api.contact(firstname="Ann")
    new = {"properties": {"hs_lead_name": "Ann"}}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}]
    tied = new | {"associations": [{"to": {"id": contact}, "types": types}]}

    assert api("POST", "/crm/v3/objects/leads", new)[0] == 400
    status, lead = api("POST", "/crm/v3/objects/leads", tied)
    assert status == 201
    api("DELETE", f"/crm/v4/objects/leads/{lead['id']}/associations/contacts/{contact}")
    assert api("GET", f"/crm/v3/objects/leads/{lead['id']}")[0] == 404


@pytest.mark.parametrize("kind", ["tasks", "notes"])
def test_activities_need_their_moment(api, kind):
    """hs_timestamp is required for tasks and notes."""
    status, refused = api("POST", f"/crm/v3/objects/{kind}", {"properties": {}})

    assert (status, refused["context"]["properties"]) == (400, ["hs_timestamp"])
