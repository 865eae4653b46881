"""Associations: both directions, primaries, labels, batches."""

from __future__ import annotations

import pytest

V4 = "/crm/v4"


@pytest.fixture
def deal(api):
    """A deal in the first stage."""
    values = {"dealname": "Acme", "pipeline": "default", "dealstage": "appointmentscheduled"}
    return api("POST", "/crm/v3/objects/deals", {"properties": values})[1]["id"]


def test_the_default_association_is_made_in_both_directions_and_repeats(api, deal):
    """PUT answers two directed entries; doing it again changes nothing."""
    contact = api.contact(firstname="Ann")
    path = f"{V4}/objects/deals/{deal}/associations/default/contacts/{contact}"

    status, body = api("PUT", path)
    again = api("PUT", path)

    assert (status, body["status"]) == (200, "COMPLETE")
    specs = [entry["associationSpec"]["associationTypeId"] for entry in body["results"]]
    assert specs == [3, 4]
    assert (status, body["results"]) == (again[0], again[1]["results"])
    shown = api("GET", f"{V4}/objects/contacts/{contact}/associations/deals")[1]["results"]
    assert [{"toObjectId": int(deal), "associationTypes": shown[0]["associationTypes"]}] == shown
    assert [t["typeId"] for t in shown[0]["associationTypes"]] == [4]


def test_the_first_company_becomes_primary_and_comes_twice_in_a_list(api):
    """`associations=` shows the same id once for each type."""
    contact = api.contact(firstname="Ann")
    company = api("POST", "/crm/v3/objects/companies", {"properties": {"name": "Acme"}})[1]["id"]
    api("PUT", f"{V4}/objects/contacts/{contact}/associations/default/companies/{company}")

    path = f"/crm/v3/objects/contacts/{contact}"
    shown = api("GET", path, params={"associations": "companies"})[1]["associations"]

    assert [
        {"id": company, "type": "contact_to_company"},
        {"id": company, "type": "contact_to_company_unlabeled"},
    ] == shown["companies"]["results"]
    assert company == api.properties(contact, "associatedcompanyid")["associatedcompanyid"]


def test_labels_go_in_one_direction_only(api, deal):
    """The type of the other direction is refused."""
    contact = api.contact(firstname="Ann")
    path = f"{V4}/objects/deals/{deal}/associations/contacts/{contact}"
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4}

    assert api("PUT", path, [spec])[0] == 400
    status, body = api("PUT", path, [spec | {"associationTypeId": 3}])
    assert (201, int(deal), "0-3", int(contact), "0-1") == (
        status, body["fromObjectId"], body["fromObjectTypeId"], body["toObjectId"],
        body["toObjectTypeId"],
    )  # fmt: skip


def test_a_label_of_the_teams_own(api, deal):
    """A defined label is listed, can be set, and its removal leaves the plain association."""
    contact = api.contact(firstname="Ann")
    made = api(
        "POST",
        f"{V4}/associations/deals/contacts/labels",
        {"label": "Champion", "name": "champion"},
    )
    type_id = made[1]["results"][0]["typeId"]
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": type_id}
    api("PUT", f"{V4}/objects/deals/{deal}/associations/contacts/{contact}", [spec])

    path = f"{V4}/objects/deals/{deal}/associations/contacts"
    labelled = api("GET", path)[1]["results"][0]["associationTypes"]
    away = {"from": {"id": deal}, "to": {"id": contact}, "types": [spec]}
    api("POST", f"{V4}/associations/deals/contacts/batch/labels/archive", {"inputs": [away]})
    plain = api("GET", path)[1]["results"][0]["associationTypes"]

    assert {None, "Champion"} == {t["label"] for t in labelled}
    assert [t["label"] for t in plain] == [None]


def test_nothing_associated_is_an_error_entry(api, deal):
    """A batch read answers 207 for a record that has none."""
    contact = api.contact(firstname="Ann")
    api("PUT", f"{V4}/objects/deals/{deal}/associations/default/contacts/{contact}")
    other = api.contact(firstname="Bo")
    inputs = [{"id": contact}, {"id": other}]

    status, body = api("POST", f"{V4}/associations/contacts/deals/batch/read", {"inputs": inputs})

    assert (status, body["numErrors"]) == (207, 1)
    assert contact == body["results"][0]["from"]["id"]
    assert int(deal) == body["results"][0]["to"][0]["toObjectId"]
    error = body["errors"][0]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert [other] == error["context"]["fromObjectId"]


@pytest.mark.parametrize("prefix", [V4 + "/associations", "/crm/associations/2026-09"])
def test_batches_associate_and_take_apart(api, deal, prefix):
    """Default batch, then archive; `to` of an archive input is a list."""
    contact = api.contact(firstname="Ann")
    pair = {"from": {"id": deal}, "to": {"id": contact}}

    made = api("POST", f"{prefix}/deals/contacts/batch/associate/default", {"inputs": [pair]})
    away = {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]}
    gone = api("POST", f"{prefix}/deals/contacts/batch/archive", away)

    assert (made[0], len(made[1]["results"])) == (200, 2)
    assert gone[0] == 204
    assert api("GET", f"{V4}/objects/deals/{deal}/associations/contacts")[1]["results"] == []
    assert api.properties(contact, "num_associated_deals")["num_associated_deals"] == "0"


def test_a_bad_inline_association_makes_nothing(api, portal):
    """A target that does not exist fails the create."""
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    body = {"properties": {"dealname": "x"}, "associations": [{"to": {"id": "1"}, "types": types}]}
    before = len(portal.records.stores["deals"].order)

    status, _ = api("POST", "/crm/v3/objects/deals", body)

    assert status == 404
    assert before == len(portal.records.stores["deals"].order)


def test_associations_are_served_by_v4_and_dates_but_not_v3(api, deal):
    """The numbered versions are not mixed."""
    rest = f"objects/deals/{deal}/associations/contacts"

    assert [api("GET", f"/crm/v{n}/{rest}")[0] for n in (4, 3)] == [200, 404]
    assert api("GET", f"/crm/objects/2026-09/deals/{deal}/associations/contacts")[0] == 200
    assert api("GET", "/crm/v4/objects/deals")[0] == 404


def test_a_merge_hands_associations_over(api, deal):
    """The new record has the deals of both."""
    one, other = api.contact(firstname="Ann"), api.contact(firstname="Bo")
    api("PUT", f"{V4}/objects/deals/{deal}/associations/default/contacts/{other}")
    body = {"primaryObjectId": one, "objectIdToMerge": other}

    merged = api("POST", "/crm/v3/objects/contacts/merge", body)[1]["id"]

    shown = api("GET", f"{V4}/objects/deals/{deal}/associations/contacts")[1]["results"]
    assert [int(merged)] == [entry["toObjectId"] for entry in shown]


def test_there_is_one_primary_company_seen_from_both_sides(api):
    """A new primary takes the mark from the old one; a company may be primary for many."""
    ann, bo = api.contact(firstname="Ann"), api.contact(firstname="Bo")
    path = "/crm/v3/objects/companies"
    one, two = (api("POST", path, {"properties": {"name": n}})[1]["id"] for n in ("A", "B"))
    for contact in (ann, bo):
        api("PUT", f"{V4}/objects/companies/{one}/associations/default/contacts/{contact}")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    api("PUT", f"{V4}/objects/contacts/{ann}/associations/companies/{two}", [spec])

    def primaries(company):
        path = f"{V4}/objects/companies/{company}/associations/contacts"
        return {
            str(entry["toObjectId"])
            for entry in api("GET", path)[1]["results"]
            if any(t["label"] == "Primary" for t in entry["associationTypes"])
        }

    assert ({bo}, {ann}) == (primaries(one), primaries(two))
    assert two == api.properties(ann, "associatedcompanyid")["associatedcompanyid"]
