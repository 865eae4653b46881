"""Tokens, scopes, call limits, faults, and the sandbox's own pages."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx
import pytest

CONTACTS = "/crm/v3/objects/contacts"


def form(portal, **changed):
    """The fields of a token request."""
    given = portal.credentials
    fields = {"grant_type": "refresh_token", "refresh_token": given.refresh_token}
    fields |= {"client_id": given.client_id, "client_secret": given.client_secret}
    return fields | changed


def bearer(token):
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token"])
def test_an_access_token_lasts_thirty_minutes(api, portal, path):
    """After that the answer tells how long ago it ran out."""
    granted = api.http.post(path, data=form(portal)).json()
    headers = bearer(granted["access_token"])

    assert (1800, portal.records.portal_id) == (granted["expires_in"], granted["hub_id"])
    assert api("GET", CONTACTS, headers=headers)[0] == 200
    portal.advance(1875)
    status, refused = api("GET", CONTACTS, headers=headers)
    assert (status, refused["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert refused["message"].startswith("The OAuth token used to make this call expired 7")
    assert refused["message"].endswith(" second(s) ago.")


def test_a_wrong_token_reads_as_expired_since_1970(api):
    """Many thousand days, and the beginning of time in the context."""
    status, refused = api("GET", CONTACTS, headers=bearer("nonsense"))

    assert status == 401
    assert "expired 20779 day(s) ago" in refused["message"]
    assert refused["context"]["expire time"] == ["1970-01-01T00:00:00Z"]


def test_no_token_is_another_refusal(url):
    """Without the header the credentials are not found."""
    refused = httpx.get(url + CONTACTS)

    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")


@pytest.mark.parametrize(
    ("changed", "error", "status"),
    [
        ({"refresh_token": "x"}, "invalid_grant", "BAD_REFRESH_TOKEN"),
        ({"client_secret": "x"}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"client_id": "x"}, "invalid_client", "BAD_CLIENT_ID"),
        ({"grant_type": "wish"}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
    ],
)
def test_bad_token_requests(api, portal, changed, error, status):
    """The error has OAuth's name and HubSpot's."""
    response = api.http.post("/oauth/v3/token", data=form(portal, **changed))

    assert (400, error, status) == (
        response.status_code,
        response.json()["error"],
        response.json()["status"],
    )


def test_refresh_tokens_rotate_where_the_portal_is_set_so(api, portal):
    """The old one is worthless after its use."""
    portal.config.rotate_refresh_tokens = True
    first = api.http.post("/oauth/v3/token", data=form(portal)).json()
    again = api.http.post("/oauth/v3/token", data=form(portal))
    following = form(portal, refresh_token=first["refresh_token"])

    assert again.status_code == 400
    assert api.http.post("/oauth/v3/token", data=following).status_code == 200


def test_introspection_tells_what_a_token_may_do(api, portal):
    """Active with scopes and time left, then not active."""
    token = api.http.post("/oauth/v3/token", data=form(portal)).json()["access_token"]
    ask = form(portal, token=token)

    before = api.http.post("/oauth/v3/token/introspect", data=ask).json()
    named = api.http.get(f"/oauth/v1/access-tokens/{token}").json()
    portal.advance(1801)
    after = api.http.post("/oauth/v3/token/introspect", data=ask).json()

    assert before["active"]
    assert "crm.objects.contacts.read" in before["scopes"]
    assert before["hub_id"] == named["hub_id"] == portal.records.portal_id
    assert not after["active"]


def test_a_missing_scope_is_named(api, portal):
    """Reading is granted, writing is not."""
    portal.config.scopes = ("crm.objects.contacts.read",)

    assert api("GET", CONTACTS)[0] == 200
    status, refused = api("POST", CONTACTS, {"properties": {"firstname": "Ann"}})
    assert (status, refused["category"]) == (403, "MISSING_SCOPES")
    needed = refused["errors"][0]["context"]["requiredGranularScopes"]
    assert needed == ["crm.objects.contacts.write"]
    assert api("GET", "/crm/v3/properties/contacts")[0] == 403
    assert api("GET", "/crm/v3/owners")[0] == 403
    assert api("GET", "/crm/v3/pipelines/deals")[0] == 403
    assert api("GET", "/crm/v3/objects/tasks")[0] == 200


def test_the_rolling_limit_refuses_and_then_lets_through(api, portal):
    """Headers count down; the refusal has a policy and no category; ten seconds later all is well."""
    portal.config.burst = 3
    portal.config.daily = 1000
    answers = [api.http.get(CONTACTS) for _ in range(4)]

    left = [r.headers.get("X-HubSpot-RateLimit-Remaining") for r in answers[:3]]
    assert left == ["2", "1", "0"]
    assert [r.headers["X-HubSpot-RateLimit-Daily-Remaining"] for r in answers[:3]] == [
        "999",
        "998",
        "997",
    ]
    refused = answers[3].json()
    assert (answers[3].status_code, refused["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert "category" not in refused
    assert "Retry-After" not in answers[3].headers
    portal.advance(10)
    assert api("GET", CONTACTS)[0] == 200


def test_searches_have_a_limit_of_their_own_and_no_headers(api, portal):
    """Six within a second are one too many; the other calls are not touched."""
    portal.config.search_per_second = 5
    answers = [api.http.post(f"{CONTACTS}/search", json={}) for _ in range(6)]

    assert [r.status_code for r in answers] == [200] * 5 + [429]
    assert answers[5].json()["category"] == "RATE_LIMITS"
    assert "policyName" not in answers[5].json()
    assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
    assert api("GET", CONTACTS)[0] == 200
    portal.advance(1)
    assert api.search()[0] == 200


def test_the_day_has_a_limit(api, portal):
    """The policy is DAILY until the next day; Retry-After comes where it is set."""
    portal.config.daily = 2
    portal.config.retry_after_seconds = 7
    statuses = [api("GET", CONTACTS)[0] for _ in range(2)]
    refused = api.http.get(CONTACTS)

    assert statuses == [200, 200]
    assert (
        refused.status_code,
        refused.json()["policyName"],
        refused.headers["Retry-After"],
    ) == (429, "DAILY", "7")
    portal.advance(86_400)
    assert api("GET", CONTACTS)[0] == 200


def test_stats_count_calls_by_endpoint_and_window(api, portal):
    """Refused calls count, too."""
    portal.config.search_per_second = 2
    for _ in range(3):
        api.search()
    api("GET", CONTACTS)
    api("GET", f"{CONTACTS}/nonsense")

    stats = portal.stats()
    assert stats["calls"] == 5
    assert stats["endpoints"]["POST objects/{type}/search"] == 3
    assert stats["statuses"] == {"200": 3, "429": 1, "404": 1}
    assert (stats["max_searches_in_1_second"], stats["max_in_10_seconds"]) == (3, 2)


def fault(api, **rule):
    """Order a fault over HTTP."""
    assert api("POST", "/__sandbox__/faults", rule)[0] == 200


def cities(portal):
    """How many contacts have the city that the faulty call writes."""
    records = portal.records.stores["contacts"].records.values()
    return sum(r.properties.get("city") == "Faultville" for r in records)


@pytest.mark.parametrize(("kind", "written"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_leaves_the_write_undone_or_done(api, portal, kind, written):
    """The caller sees the same; the portal does not."""
    fault(api, kind=kind, method="POST", path="/contacts$")

    with pytest.raises(httpx.TransportError):
        api("POST", CONTACTS, {"properties": {"firstname": "A", "city": "Faultville"}})

    assert written == cities(portal)
    assert api("GET", CONTACTS)[0] == 200


@pytest.mark.parametrize(("applied", "written"), [(False, 0), (True, 1)])
def test_a_gateway_error_is_html_and_may_hide_a_write(api, portal, applied, written):
    """502 with a page instead of JSON."""
    fault(api, kind="status", method="POST", status=502, applied=applied)
    new = {"properties": {"firstname": "A", "city": "Faultville"}}

    response = api.http.post(CONTACTS, json=new)

    assert (
        response.status_code,
        response.headers["content-type"],
    ) == (502, "text/html; charset=UTF-8")
    assert written == cities(portal)


def test_a_truncated_answer_breaks_off(api):
    """The body ends before its announced length."""
    fault(api, kind="truncate")

    with pytest.raises(httpx.TransportError):
        api("GET", CONTACTS)


def test_faults_strike_after_some_calls_and_so_many_times(api):
    """Two calls pass, two fail, the fifth passes."""
    fault(api, kind="lock", path="contacts", after=2, times=2)

    assert [api("GET", CONTACTS)[0] for _ in range(5)] == [200, 200, 423, 423, 200]


def test_more_faults(api, portal):
    """A rate limit of choice, a slow answer, and the end of all OAuth tokens."""
    token = api.http.post("/oauth/v3/token", data=form(portal)).json()["access_token"]
    fault(api, kind="rate_limit", policy="SECONDLY", retry_after=3)
    limited = api.http.get(CONTACTS)
    fault(api, kind="slow", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        api("GET", CONTACTS, timeout=0.1)
    fault(api, kind="expire_token")

    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert api("GET", CONTACTS, headers=bearer(token))[0] == 401


def test_an_unknown_fault_is_refused(api):
    """A rule must be one that the sandbox knows."""
    assert api("POST", "/__sandbox__/faults", {"kind": "earthquake"})[0] == 400
    assert api("POST", "/__sandbox__/faults", {"kind": "lock", "colour": "red"})[0] == 400


def test_many_records_can_be_touched_in_one_millisecond(api, portal):
    """All get the same modified date, as a bulk job gives it."""
    op = {"op": "touch", "type": "contacts", "properties": {"city": "Rome"}, "limit": 50}

    status, body = api("POST", "/__sandbox__/mutate", {"ops": [op]})

    assert (status, body["result"]) == (200, [50])
    records = portal.records.stores["contacts"].records.values()
    assert len({r.updated for r in records if r.properties.get("city") == "Rome"}) == 1


def test_the_audit_tells_no_op_writes_and_overwritten_edits(api, portal):
    """A person's newer value that the API replaced is named, and so is a write of the same value."""
    record_id = api.contact(firstname="Ann", city="Rome")
    path = f"{CONTACTS}/{record_id}"
    portal.admin.update("contacts", record_id, {"city": "Oslo"})
    api("PATCH", path, {"properties": {"city": "Rome"}})
    api("PATCH", path, {"properties": {"city": "Rome"}})

    audit = api("GET", "/__sandbox__/audit")[1]["result"]

    key = f"contacts/{record_id}"
    assert (audit["writes_per_record"][key], audit["no_op_writes"][key]) == (2, 1)
    assert audit["properties_written"] == {"contacts.city": 1}
    edit = audit["human_edits_overwritten"][0]
    assert (record_id, "city", "Oslo", "Rome") == (
        edit["id"],
        edit["property"],
        edit["person"],
        edit["value"],
    )


def test_the_audit_finds_second_deals(api):
    """Contacts with more than one deal, and deals that share a key."""
    contact = api.contact(firstname="Ann")
    for _ in range(2):
        values = {"dealname": "Acme", "description": "key-1"}
        deal = api("POST", "/crm/v3/objects/deals", {"properties": values})[1]["id"]
        api("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}")

    audit = api("GET", "/__sandbox__/audit", params={"deal_key": "description"})[1]["result"]

    assert contact in audit["contacts_with_many_deals"]
    assert audit["duplicate_deal_keys"] == {"key-1": 2}


def test_a_person_can_do_everything_over_http(api, portal):
    """Create, update, observe, archive, restore, merge, associate; errors name what is known."""
    ops = [
        {"op": "create", "properties": {"firstname": "Ann"}},
        {"op": "create", "properties": {"firstname": "Bo"}},
    ]
    one, other = api("POST", "/__sandbox__/mutate", {"ops": ops})[1]["result"]
    deal = (
        str(portal.records.stores["deals"].order[0])
        if portal.records.stores["deals"].order
        else None
    )
    ops = [
        {"op": "observe", "id": one, "properties": {"hs_analytics_num_visits": "9"}},
        {"op": "archive", "id": other},
        {"op": "restore", "id": other},
        {"op": "merge", "primary": one, "other": other},
    ]
    if deal:
        ops.append(
            {"op": "associate", "type": "deals", "id": deal, "to_type": "contacts", "to_id": one}
        )
    status, body = api("POST", "/__sandbox__/mutate", {"ops": ops})

    assert status == 200
    shown = api.properties(body["result"][3], "hs_analytics_num_visits")
    assert shown["hs_analytics_num_visits"] == "9"
    assert api("POST", "/__sandbox__/mutate", {"ops": [{"op": "dance"}]})[0] == 400


def test_the_sandboxs_own_pages(api, portal):
    """Health, clock, configuration, truth and reset."""
    before = portal.clock()

    assert api("GET", "/__sandbox__/health")[0] == 200
    assert api("POST", "/__sandbox__/clock", {"advance_seconds": 60})[0] == 200
    assert portal.clock() - before >= 60_000
    assert api("POST", "/__sandbox__/config", {"index_lag_seconds": 9})[0] == 200
    assert portal.config.index_lag_seconds == 9
    assert api("POST", "/__sandbox__/config", {"colour": "red"})[0] == 400
    assert portal.truth == api("GET", "/__sandbox__/truth")[1]["result"]
    assert api("POST", "/__sandbox__/flush_index")[0] == 200
    assert api("DELETE", "/__sandbox__/faults")[0] == 200
    assert api("POST", "/__sandbox__/reset")[0] == 200
    assert api("GET", "/__sandbox__/nonsense")[0] == 404


def test_unknown_paths_and_methods(api):
    """404 for what is not served, 405 for a method that a path does not take."""
    assert api("GET", "/crm/v1/objects/contacts")[0] == 404
    assert api("GET", "/nonsense")[0] == 404
    assert api("PUT", CONTACTS)[0] == 405


def test_a_body_that_is_no_json_is_refused_with_its_place(api):
    """The message tells line and column."""
    response = api.http.post(CONTACTS, content=b'{"properties": ')

    assert response.status_code == 400
    assert response.json()["message"].startswith("Invalid input JSON on line 1, column ")


def test_the_account_is_described(api, portal):
    """Portal id and time zone."""
    body = api("GET", "/account-info/v3/details")[1]

    assert (portal.records.portal_id, "STANDARD") == (body["portalId"], body["accountType"])


def test_the_date_header_tells_the_portals_time(portal):
    """A portal that lives in another year says so, once, in every answer."""
    portal.advance(3 * 365 * 86_400)
    with portal.serve() as served:
        dates = [
            httpx.get(served.url + path).headers.get_list("Date")
            for path in (CONTACTS, "/__sandbox__/health")
        ]

    for found in dates:
        assert len(found) == 1
        assert parsedate_to_datetime(found[0]).year == 2029
