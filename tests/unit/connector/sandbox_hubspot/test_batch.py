"""Batches: partial failures, traces, duplicates, upserts."""

from __future__ import annotations

import pytest

CONTACTS = "/crm/v3/objects/contacts/batch"
DEAL_KEY = {
    "name": "source_key", "label": "Source key", "type": "string", "fieldType": "text",
    "groupName": "dealinformation", "hasUniqueValue": True,
}  # fmt: skip


def test_all_missing_ids_are_one_error_entry(api):
    """NumErrors is not the number of records that failed."""
    known = api.contact(firstname="Ann")
    inputs = [{"id": i, "properties": {"city": "Rome"}} for i in (known, "11", "12")]

    status, body = api("POST", f"{CONTACTS}/update", {"inputs": inputs})

    assert (207, 1, [known]) == (status, body["numErrors"], [r["id"] for r in body["results"]])
    entry = body["errors"][0]
    assert (entry["category"], entry["context"]["ids"]) == ("OBJECT_NOT_FOUND", ["11", "12"])


def test_everything_missing_is_still_207(api):
    """Reading only unknown ids gives no results, and no failure status."""
    status, body = api("POST", f"{CONTACTS}/read", {"inputs": [{"id": "11"}]})

    assert (status, body["results"]) == (207, [])


def test_a_batch_without_traces_is_all_or_nothing(api, portal):
    """One bad record refuses the others, too."""
    before = len(portal.records.stores["contacts"].order)
    good, bad = {"firstname": "Ann"}, {"email": "no address"}

    status, body = api(
        "POST", f"{CONTACTS}/create", {"inputs": [{"properties": good}, {"properties": bad}]}
    )

    assert (status, body["errors"][0]["code"]) == (400, "INVALID_EMAIL")
    assert before == len(portal.records.stores["contacts"].order)


def test_the_same_email_twice_in_one_batch_conflicts_without_an_id(api):
    """The message cannot name a record that is not there yet."""
    inputs = [{"properties": {"email": "ann@acme.example"}} for _ in range(2)]

    status, body = api("POST", f"{CONTACTS}/create", {"inputs": inputs})

    assert (status, body["message"]) == (409, "Contact already exists")


def test_traced_inputs_fail_one_by_one(api):
    """Failures and successes echo the trace of their input."""
    taken = api.contact(email="ann@acme.example")
    inputs = [
        {"objectWriteTraceId": "a", "properties": {"email": "ann@acme.example"}},
        {"objectWriteTraceId": "b", "properties": {"email": "bo@acme.example"}},
        {
            "objectWriteTraceId": "c",
            "properties": {"lifecyclestage": "bigwig", "email": "c@d.example"},
        },
    ]

    status, body = api("POST", f"{CONTACTS}/create", {"inputs": inputs})

    assert (status, body["numErrors"]) == (207, 2)
    assert [r["objectWriteTraceId"] for r in body["results"]] == ["b"]
    errors = {e["context"]["objectWriteTraceId"][0]: e for e in body["errors"]}
    assert {"a", "c"} == set(errors)
    assert ("CONFLICT", [taken]) == (errors["a"]["category"], errors["a"]["context"]["existingId"])


def test_an_update_with_traces_writes_the_good_records(api):
    """The refused record keeps its value, the other is written."""
    ids = [api.contact(firstname="Ann"), api.contact(firstname="Bo")]
    values = [{"city": "Rome"}, {"numemployees": "many"}]
    inputs = [
        {"id": i, "properties": p, "objectWriteTraceId": i}
        for i, p in zip(ids, values, strict=True)
    ]

    status, body = api("POST", f"{CONTACTS}/update", {"inputs": inputs})

    assert (207, [ids[0]]) == (status, [r["id"] for r in body["results"]])
    assert api.properties(ids[0], "city")["city"] == "Rome"


def test_duplicate_ids_are_refused_by_name(api):
    """A batch must name each record once."""
    inputs = [{"id": "5", "properties": {}}, {"id": "5", "properties": {}}]

    status, body = api("POST", f"{CONTACTS}/update", {"inputs": inputs})

    expected = "Duplicate IDs found in batch input: [5]. IDs must be unique"
    assert (400, expected, ["5"]) == (status, body["message"], body["context"]["ids"])


@pytest.mark.parametrize("act", ["read", "create", "update", "upsert", "archive"])
@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_one_to_a_hundred_inputs(api, act, count):
    """None and more than 100 are refused."""
    inputs = [{"id": str(i), "properties": {}} for i in range(count)]

    assert api("POST", f"{CONTACTS}/{act}", {"inputs": inputs})[0] == 400


def test_histories_are_read_fifty_at_a_time(api):
    """The limit of a read with histories is lower."""
    inputs = [{"id": str(i)} for i in range(51)]

    status, body = api(
        "POST", f"{CONTACTS}/read", {"inputs": inputs, "propertiesWithHistory": ["city"]}
    )

    assert status == 400
    assert body["message"].endswith("histories is 50.")


def test_results_do_not_come_in_the_order_of_the_inputs(api, portal):
    """Callers must match by id."""
    ids = [str(i) for i in portal.records.stores["contacts"].order[:40]]

    _, body = api("POST", f"{CONTACTS}/read", {"inputs": [{"id": i} for i in ids]})

    found = [r["id"] for r in body["results"]]
    live = [i for i in ids if i in set(found)]
    assert live != found
    assert live == sorted(found, key=int)


def test_an_upsert_by_a_unique_property_is_repeatable(api):
    """The replay answers `new: false` and the same id; nothing is made twice."""
    assert api("POST", "/crm/v3/properties/deals", DEAL_KEY)[0] == 201
    deal = {"dealname": "Acme", "dealstage": "appointmentscheduled", "pipeline": "default"}
    inputs = [{"id": "lead-1", "idProperty": "source_key", "properties": deal}]
    path = "/crm/objects/2026-09/deals/batch/upsert"

    first = api("POST", path, {"inputs": inputs})[1]["results"][0]
    second = api("POST", path, {"inputs": inputs})[1]["results"][0]

    assert (True, False, first["id"]) == (first["new"], second["new"], second["id"])
    found = api("GET", "/crm/v3/objects/deals/lead-1", params={"idProperty": "source_key"})[1]
    assert first["id"] == found["id"]


def test_a_taken_unique_value_is_400_and_not_a_conflict(api):
    """The message says which record has the value."""
    api("POST", "/crm/v3/properties/deals", DEAL_KEY)
    body = {"properties": {"dealname": "Acme", "source_key": "k"}}
    holder = api("POST", "/crm/v3/objects/deals", body)[1]["id"]

    status, refused = api("POST", "/crm/v3/objects/deals", body)

    assert (status, refused["category"]) == (400, "VALIDATION_ERROR")
    assert refused["message"].startswith("Cannot set PropertyValueCoordinates{")
    assert refused["message"].endswith(f"{holder} already has that value.")


@pytest.mark.parametrize("name", ["dealname", "nonsense"])
def test_an_upsert_by_a_property_that_is_not_unique_is_refused(api, name):
    """Only unique properties identify records."""
    inputs = [{"id": "x", "idProperty": name, "properties": {}}]

    status, body = api("POST", "/crm/v3/objects/deals/batch/upsert", {"inputs": inputs})

    expected = f"Unable to perform update/upsert by non-unique 0-3 property {name}"
    assert (400, expected) == (status, body["message"])


def test_an_upsert_by_email_has_no_partial_success(api):
    """One refused contact refuses all, traces or not."""
    inputs = [
        {"id": e, "idProperty": "email", "objectWriteTraceId": e, "properties": p}
        for e, p in (("a@b.example", {}), ("c@d.example", {"numemployees": "many"}))
    ]

    status, _ = api("POST", f"{CONTACTS}/upsert", {"inputs": inputs})

    assert status == 400
    path = "/crm/v3/objects/contacts/a@b.example"
    assert api("GET", path, params={"idProperty": "email"})[0] == 404


def test_archiving_passes_over_what_is_not_there(api):
    """204, and the known record is in the bin."""
    known = api.contact(firstname="Ann")

    status, _ = api("POST", f"{CONTACTS}/archive", {"inputs": [{"id": known}, {"id": "1"}]})

    assert status == 204
    assert api("GET", f"/crm/v3/objects/contacts/{known}")[0] == 404
