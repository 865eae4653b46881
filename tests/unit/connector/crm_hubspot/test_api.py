"""Calls are limited, authorised, repeated where that is safe, and always told in our own errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from connector.crm.hubspot.api import Api
from connector.crm.hubspot.settings import HubSpotSettings
from connector.crm.limits import LATENCY_SECONDS
from connector.errors import (
    ConfigurationError,
    CredentialsError,
    LostAnswerError,
    QuotaSpentError,
    RateLimitedError,
    TransientError,
)
from tests.unit.connector.crm_hubspot.scripted import Runtime, Said, Script

Open = Callable[..., Api]
BUSY = Said({"policyName": "TEN_SECONDLY_ROLLING"}, 429)
TOKEN = {"access_token": "a1", "refresh_token": "r1", "expires_in": 1800}


@pytest.fixture
def open_api(script: Script, runtime: Runtime) -> Iterator[Open]:
    """Opens connections to the script and closes them again."""
    opened: list[Api] = []

    def opening(version: str = "v3", **keys: Any) -> Api:
        settings = HubSpotSettings(base_url=script.url, **(keys or {"token": "pat-1"}))
        opened.append(Api(settings, runtime, pace=runtime.time.pace, version=version))
        return opened[-1]

    yield opening
    for api in opened:
        api.close()


def read(api: Api) -> Any:
    """A call that reads a list."""
    return api.call("list contacts", api.sdk.records.get_page, "contacts", limit=1)


def test_a_call_carries_the_token_and_parses_the_answer(open_api: Open, script: Script) -> None:
    """One request goes out, authorised, and its JSON comes back."""
    script.says(Said({"results": [1]}))
    api = open_api()

    assert read(api) == {"results": [1]}
    assert api.calls == 1
    assert script.heard[0].path == "/crm/v3/objects/contacts?limit=1"
    assert script.heard[0].headers["Authorization"] == "Bearer pat-1"


def test_the_version_constant_reaches_every_family(open_api: Open, script: Script) -> None:
    """With a dated version no request goes to a numbered path any more."""
    api = open_api("2026-09")
    read(api)
    api.search("search", "contacts", {})
    api.call("properties", api.sdk.properties.get_all, "contacts")
    api.call("pipelines", api.sdk.pipelines.get_all, "deals")
    api.call("associate", api.sdk.associations.create_default, "deals", "contacts", {"inputs": []})
    api.portal()

    expected = [
        "/crm/objects/2026-09/contacts",
        "/crm/objects/2026-09/contacts/search",
        "/crm/properties/2026-09/contacts",
        "/crm/pipelines/2026-09/deals",
        "/crm/associations/2026-09/deals/contacts/batch/associate/default",
        "/account-info/2026-09/details",
    ]

    assert [heard.path.partition("?")[0] for heard in script.heard] == expected


@pytest.mark.parametrize(
    "failure",
    [
        Said(cut=True),
        Said("<html>bad gateway</html>", 502),
        Said('{"results": [', headers={"Content-Length": "400"}),
        Said("<html>maintenance</html>"),
        Said({}, 423),
    ],
    ids=["dropped", "gateway", "truncated", "html", "locked"],
)
def test_what_may_pass_is_tried_again(open_api: Open, script: Script, failure: Said) -> None:
    """Every failure that may pass leads to a second request and a good answer."""
    script.says(failure, Said({"results": []}))
    api = open_api()

    assert read(api) == {"results": []}
    assert api.calls == 2


def test_a_lost_answer_can_be_left_to_the_caller(open_api: Open, script: Script) -> None:
    """Where repeating is not harmless the request is sent once."""
    script.says(Said(cut=True), Said({}))
    api = open_api()

    with pytest.raises(LostAnswerError):
        api.call_once("create deals", api.sdk.batches.upsert, "deals", {"inputs": []})
    assert api.calls == 1


def test_patience_ends(open_api: Open, script: Script) -> None:
    """After six attempts the last error is told."""
    script.says(Said("", 503))
    api = open_api()

    with pytest.raises(TransientError, match="503"):
        read(api)
    assert api.calls == 6


def test_the_ten_second_limit_is_waited_out(
    open_api: Open, script: Script, runtime: Runtime
) -> None:
    """Ten seconds pass before the next request, for every caller."""
    script.says(BUSY, Said({}))

    read(open_api())

    assert runtime.time.seconds == 10.0


def test_an_announced_wait_that_is_too_long_is_not_waited(
    open_api: Open, script: Script, runtime: Runtime
) -> None:
    """An account that is being moved for a day does not hold the run for a day."""
    script.says(Said({}, 477, {"Retry-After": "86400"}))
    api = open_api()

    with pytest.raises(TransientError) as caught:
        read(api)

    assert caught.value.retry_after_seconds == 86400
    assert (api.calls, runtime.time.seconds) == (1, 0.0)


def test_searches_and_other_calls_have_separate_limits(open_api: Open, runtime: Runtime) -> None:
    """Searches wait for searches only, and other calls for other calls only."""
    api = open_api(token="t", search_per_second=2, burst=3)

    for _ in range(3):
        read(api)
    api.search("search", "contacts", {})
    api.search("search", "contacts", {})
    before_the_third = runtime.time.seconds
    api.search("search", "contacts", {})
    after_the_third = runtime.time.seconds
    read(api)

    times = (before_the_third, after_the_third, runtime.time.seconds)
    assert times == pytest.approx((0.0, 1 + LATENCY_SECONDS, 10 + LATENCY_SECONDS))


def test_a_smaller_portals_limit_is_learnt(
    open_api: Open, script: Script, runtime: Runtime
) -> None:
    """A portal that allows fewer calls in ten seconds than configured gets fewer."""
    script.says(Said({}, headers={"X-HubSpot-RateLimit-Max": "2"}))
    api = open_api(token="t", burst=190)

    for _ in range(4):
        read(api)

    assert runtime.time.seconds == pytest.approx(10 + LATENCY_SECONDS)


def test_a_token_with_a_line_end_is_cleaned(open_api: Open, script: Script) -> None:
    """A token read from a file often ends in a line end, which no header may hold."""
    read(open_api(token="pat-1\n"))

    assert script.heard[0].headers["Authorization"] == "Bearer pat-1"


def test_a_token_that_cannot_be_sent_is_told_without_it(open_api: Open, script: Script) -> None:
    """A token with a line end inside is a matter of configuration, and is not shown."""
    with pytest.raises(ConfigurationError) as caught:
        read(open_api(token="pat-1\nX: secret"))

    assert "secret" not in str(caught.value)
    assert script.heard == []


def test_pages_are_where_the_portal_is(open_api: Open, script: Script) -> None:
    """Portals in Europe have a domain of their own; one that is not HubSpot's is not believed."""
    script.says(
        Said({"portalId": 7, "uiDomain": "app-eu1.hubspot.com"}),
        Said({"portalId": 7, "uiDomain": "evil.example"}),
    )
    api = open_api()

    assert api.portal() == "https://app-eu1.hubspot.com/contacts/7"
    assert open_api().portal() == "https://app.hubspot.com/contacts/7"


def test_a_refused_search_does_not_hold_up_the_others(
    open_api: Open, script: Script, runtime: Runtime
) -> None:
    """A search that came too soon waits one second; the burst limiter is not touched."""
    script.says(Said({"category": "RATE_LIMITS"}, 429), Said({}))
    api = open_api()

    api.search("search", "contacts", {})

    assert runtime.time.seconds == 1.0


def test_a_spent_day_stops_at_once(open_api: Open, script: Script) -> None:
    """The daily limit is not retried."""
    script.says(Said({"policyName": "DAILY"}, 429))
    api = open_api()

    with pytest.raises(QuotaSpentError):
        read(api)
    assert api.calls == 1


def test_the_quota_is_kept(open_api: Open, script: Script) -> None:
    """When the share of the portal's day is used, no further request goes out."""
    script.says(Said({}, headers={"X-HubSpot-RateLimit-Daily": "10"}))
    api = open_api(token="t", quota="30%")

    for _ in range(3):
        read(api)
    with pytest.raises(QuotaSpentError, match=r"the 3 calls a day .* 30% of 10"):
        read(api)

    assert len(script.heard) == 3


def test_rate_limits_that_do_not_end_are_told(open_api: Open, script: Script) -> None:
    """A limit that stays hit is told as such."""
    script.says(BUSY)

    with pytest.raises(RateLimitedError):
        read(open_api())


def test_a_wrong_token_is_not_tried_again(open_api: Open, script: Script) -> None:
    """A private app's refused token stops at once."""
    script.says(Said({"category": "EXPIRED_AUTHENTICATION"}, 401))
    api = open_api()

    with pytest.raises(CredentialsError):
        read(api)
    assert api.calls == 1


def test_oauth_is_renewed_by_form_and_after_a_refusal(
    open_api: Open, script: Script, runtime: Runtime
) -> None:
    """The token comes from a form post; a refused one is replaced once, and rotations are kept."""
    refused = Said({"category": "EXPIRED_AUTHENTICATION"}, 401)
    second = Said(TOKEN | {"access_token": "a2"})
    script.says(Said(TOKEN), refused, second, Said({"results": []}))
    api = open_api(client_id="c", client_secret="s", refresh_token="r0")

    read(api)

    form = parse_qs(script.heard[0].body.decode())
    used = [heard.headers.get("Authorization") for heard in script.heard]

    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == ["r0"]
    assert used == [None, "Bearer a1", None, "Bearer a2"]
    assert runtime.secrets == [("refresh_token", "r1")]


def test_a_redirect_is_not_followed(open_api: Open, script: Script) -> None:
    """The token does not travel to another host."""
    script.says(Said({}, 302, {"Location": script.url + "/elsewhere"}))
    api = open_api()

    with pytest.raises(Exception, match="302"):
        read(api)
    assert len(script.heard) == 1


def test_nothing_personal_is_logged(
    open_api: Open, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level no log holds an address, a body or a token."""
    caplog.set_level(logging.DEBUG)
    body = {"message": "ada@lovelace.example is not valid"}
    script.says(Said(body, 502), Said({"results": ["ada@lovelace.example"]}))
    api = open_api(token="pat-secret")

    read(api)

    assert "ada@" not in caplog.text
    assert "pat-secret" not in caplog.text
    assert "/crm/" not in caplog.text
