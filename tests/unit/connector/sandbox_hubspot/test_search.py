"""Search: operators and their case rules, ceilings, keyset paging, and an index that lags."""

from __future__ import annotations

import pytest


def where(name, operator, value=None, **more):
    """One filter."""
    return {"propertyName": name, "operator": operator, "value": value} | more


@pytest.fixture
def trio(api):
    """Three contacts that differ in every kind of property."""
    return {
        "ann": api.contact(email="ann@acme.example", city="Rome", numemployees="1-5", budget="900"),
        "bo": api.contact(email="bo@acme.example", city="rome", numemployees="5-25", budget="8000"),
        "cy": api.contact(email="cy@other.example", city="São Paulo", closedate="2023-11-14"),
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([where("city", "EQ", "ROME")], "ann bo"),
        ([where("city", "IN", values=["rome"])], "ann bo"),
        ([where("city", "IN", values=["Rome"])], ""),
        ([where("city", "NEQ", "rome")], "cy"),
        ([where("numemployees", "EQ", "1-5")], "ann"),
        ([where("hs_lead_status", "NOT_HAS_PROPERTY")], "ann bo cy"),
        ([where("budget", "GT", "1000")], "bo"),
        ([where("budget", "BETWEEN", "900", highValue="8000")], "ann bo"),
        ([where("budget", "NOT_IN", values=["900"])], "bo"),
        ([where("budget", "HAS_PROPERTY"), where("city", "LT", "z")], "ann bo"),
        ([where("closedate", "EQ", "1699920000000")], "cy"),
        ([where("closedate", "LTE", "2023-11-14T00:00:00Z")], "cy"),
        ([where("email", "CONTAINS_TOKEN", "*@acme.example")], "ann bo"),
        ([where("city", "CONTAINS_TOKEN", "paulo")], "cy"),
        ([where("city", "NOT_CONTAINS_TOKEN", "rom*")], "cy"),
    ],
)
def test_operators(api, trio, filters, expected):
    """Text folds case (but IN wants lower case), options do not, numbers and moments compare."""
    found = api.found(*filters, where("hs_object_id", "GTE", trio["ann"]))

    assert {trio[name] for name in expected.split()} == found


def test_enumerations_are_case_sensitive(api):
    """An option in the wrong case matches nothing."""
    record_id = api.contact(firstname="Ann", hs_lead_status="NEW")

    newest = where("hs_object_id", "GTE", record_id)
    assert {record_id} == api.found(where("hs_lead_status", "EQ", "NEW"), newest)
    assert set() == api.found(where("hs_lead_status", "EQ", "new"), newest)


def test_groups_are_joined_by_or(api, trio):
    """A record of any group is found once."""
    groups = [
        {"filters": [where("email", "EQ", "ann@acme.example")]},
        {"filters": [where("city", "EQ", "rome"), where("budget", "LT", "1000")]},
        {"filters": [where("email", "EQ", "cy@other.example")]},
    ]

    body = api.search(filterGroups=groups)[1]

    assert (2, [trio["ann"], trio["cy"]]) == (body["total"], [r["id"] for r in body["results"]])


def test_walking_by_key_finds_every_record_once_while_others_change(api, portal):
    """Keyset paging by id survives writes between the pages, and totals stay true."""
    store = portal.records.stores["contacts"]
    live = [i for i in store.order if not store.records[i].archived]
    seen, last = [], 0
    while True:
        filters = [where("lastmodifieddate", "GTE", "0"), where("hs_object_id", "GT", str(last))]
        status, body = api.search(filterGroups=[{"filters": filters}], limit=20)
        assert status == 200
        assert sum(i > last for i in live) == body["total"]
        if not body["results"]:
            break
        seen += [int(r["id"]) for r in body["results"]]
        last = seen[-1]
        portal.admin.update("contacts", seen[0], {"city": f"after {last}"})

    assert live == seen


def test_a_changed_record_leaves_and_joins_what_was_found_before(api):
    """Remembered matches follow every change, archive and merge."""
    record_id, other = api.contact(firstname="Ann", city="Rome"), api.contact(firstname="Bo")
    rome = [where("city", "EQ", "rome"), where("hs_object_id", "GTE", record_id)]

    assert {record_id} == api.found(*rome)
    api("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"city": "Oslo"}})
    api("PATCH", f"/crm/v3/objects/contacts/{other}", {"properties": {"city": "Rome"}})
    assert {other} == api.found(*rome)
    api("DELETE", f"/crm/v3/objects/contacts/{other}")
    assert set() == api.found(*rome)
    api.portal.admin.restore("contacts", other)
    merged = api.portal.admin.merge("contacts", other, record_id)
    assert {merged} == api.found(*rome)


def test_the_index_shows_old_values_until_it_has_caught_up(api, portal):
    """New records are missing and changed ones show what they were, for the length of the lag."""
    record_id = api.contact(firstname="Ann", city="Rome")
    portal.config.index_lag_seconds = 5
    api("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"city": "Oslo"}})
    fresh = api.contact(firstname="Bo", city="Oslo")
    newest = where("hs_object_id", "GTE", record_id)

    body = api.search(filterGroups=[{"filters": [newest]}], properties=["city"])[1]
    assert [(record_id, "Rome")] == [(r["id"], r["properties"]["city"]) for r in body["results"]]
    assert set() == api.found(where("city", "EQ", "oslo"), newest)
    assert api.properties(record_id, "city")["city"] == "Oslo"
    portal.advance(5.1)
    assert {record_id, fresh} == api.found(where("city", "EQ", "oslo"), newest)


def test_an_index_without_lag_follows_at_once_after_it_had_one(api, portal):
    """What was once behind does not stay behind."""
    portal.config.index_lag_seconds = 2
    record_id = api.contact(firstname="Ann", city="Rome")
    portal.advance(3)
    api.search()
    portal.config.index_lag_seconds = 0
    api("PATCH", f"/crm/v3/objects/contacts/{record_id}", {"properties": {"city": "Oslo"}})

    newest = where("hs_object_id", "GTE", record_id)
    assert api.found(where("city", "EQ", "oslo"), newest) == {record_id}


def test_flushing_the_index_ends_the_lag(api, portal):
    """A test can skip the wait."""
    portal.config.index_lag_seconds = 3600
    record_id = api.contact(firstname="Ann")
    newest = where("hs_object_id", "GTE", record_id)

    before = api.found(newest)
    portal.flush_index()

    assert (set(), {record_id}) == (before, api.found(newest))


def test_results_end_at_the_ceiling_but_the_total_does_not(api, portal):
    """Paging beyond the ceiling is refused; `total` still tells the truth."""
    portal.config.search_ceiling = 20
    body = api.search(limit=20)[1]

    assert body["total"] > 20
    assert body["paging"]["next"]["after"] == "20"
    assert api.search(limit=20, after="20")[0] == 400
    assert api.search(limit=10, after="15")[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [where("city", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [where("city", "EQ", "x")] * 5}] * 4},
        {"filterGroups": [{"filters": [{"value": "x"}]}]},
        {"filterGroups": [{"filters": [where("city", "SOUNDS_LIKE", "x")]}]},
        {"filterGroups": [{"filters": [where("nonsense", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [where("budget", "GT", "much")]}]},
        {"filterGroups": [{"filters": [where("city", "IN")]}]},
        {"sorts": ["city", "email"]},
        {"query": "x" * 3001},
    ],
)
def test_what_a_search_may_not_ask(api, body):
    """Too many groups, filters or sorts, unknown names and unreadable values are refused."""
    status, refused = api.search(**body)

    assert (status, refused["category"]) == (400, "VALIDATION_ERROR")


def test_the_number_of_groups_is_told(api):
    """The refusal counts them."""
    refused = api.search(filterGroups=[{"filters": []}] * 6)[1]

    assert refused["message"] == "too many filterGroups (count: 6, max allowed: 5)"


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
def test_one_sort_orders_by_value_and_not_by_text(api, portal, direction):
    """Numbers sort as numbers; records without a value come last."""
    ids = [api.contact(firstname="N", budget=b) for b in ("90", "1000", "200")]
    empty = api.contact(firstname="N")
    sorts = [{"propertyName": "budget", "direction": direction}]
    body = api.search(
        filterGroups=[{"filters": [where("hs_object_id", "GTE", ids[0])]}], sorts=sorts
    )[1]

    up = [ids[0], ids[2], ids[1]]
    assert [*(up if direction == "ASCENDING" else up[::-1]), empty] == [
        r["id"] for r in body["results"]
    ]


def test_associated_records_are_found(api):
    """The pseudo-property finds the deals of a contact."""
    contact = api.contact(firstname="Ann")
    deal = api("POST", "/crm/v3/objects/deals", {"properties": {"dealname": "Acme"}})[1]["id"]
    api("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}")

    assert {deal} == api.found(where("associations.contact", "EQ", contact), kind="deals")


def test_a_text_query_reads_names_and_addresses(api):
    """All words must occur."""
    record_id = api.contact(firstname="Anneliese", lastname="Quittenbaum")

    found = api.search(query="quitten anne")[1]

    assert [record_id] == [r["id"] for r in found["results"]]
