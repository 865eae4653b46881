"""Calls: renewed once, retried when that is safe, and stopped when the share is spent."""

from __future__ import annotations

import sys
from subprocess import run

import httpx
import pytest

from connector import errors
from connector.crm.salesforce import PLUGIN
from connector.crm.salesforce.settings import SalesforceSettings

EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
FAULT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    "<faultcode>sf:INVALID_SESSION_ID</faultcode></e:Fault></e:Body></e:Envelope>"
)
DONE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><r/></e:Body></e:Envelope>'


def test_an_expired_session_is_renewed_once(connect, wire):
    """The call that met it goes through, with one more login."""
    wire.on("GET", "/limits", json={"a": 1})
    wire.on("GET", "/limits", times=1, status=401, json=EXPIRED)

    assert connect()._client.json("GET", "limits") == {"a": 1}
    assert len(wire.sent("POST", "/token")) == 2


def test_a_session_that_stays_invalid_ends_it(connect, wire):
    """Two refusals in a row are not answered with a third login."""
    wire.on("GET", "/limits", status=401, json=EXPIRED)

    with pytest.raises(errors.CredentialsError):
        connect()._client.json("GET", "limits")

    assert len(wire.sent("POST", "/token")) == 2


def test_soap_renews_its_session_too(connect, wire):
    """SOAP says it by a fault with HTTP 500."""
    wire.on("POST", "/Soap/", content=DONE.encode())
    wire.on("POST", "/Soap/", times=1, status=500, content=FAULT.encode())

    assert connect()._client.soap("<x/>").tag == "r"
    assert len(wire.sent("POST", "/token")) == 2


def test_jwt_tokens_are_refused_before_soap(connect, wire):
    """SOAP takes no JWT: that is said in advance, with what to change."""
    token = {
        "access_token": "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "instance_url": "https://a.my.salesforce.com",
    }
    wire.on("POST", "/token", json=token)

    with pytest.raises(errors.CredentialsError, match="JWT-based access tokens"):
        connect()._client.soap("<x/>")

    assert wire.sent("POST", "/Soap/") == []


def test_a_lost_answer_is_repeated_only_where_that_is_safe(connect, wire):
    """What creates something is not sent twice; what sets a value is."""

    def lose(request):
        raise httpx.ReadTimeout("slow", request=request)

    wire.on("POST", "/x", do=lose)
    wire.on("PATCH", "/x", json={"ok": True})
    wire.on("PATCH", "/x", times=2, do=lose)
    client = connect()._client

    with pytest.raises(errors.LostAnswerError):
        client.json("POST", "x", json={}, repeatable=False)
    assert client.json("PATCH", "x", json={}) == {"ok": True}
    assert (len(wire.sent("POST", "/x$")), len(wire.sent("PATCH", "/x$"))) == (1, 3)


def test_the_connections_share_of_the_daily_calls_is_a_limit(connect, wire):
    """Once our part of the org's daily calls is used, nothing more is sent."""
    wire.on(
        "GET",
        "/limits",
        json={},
        headers={"Sforce-Limit-Info": "per-app-api-usage=1/250(appName=x); api-usage=900/1000"},
    )
    crm = connect(quota="0.5%")
    client = crm._client
    assert crm.allowance() is None
    for left in (4, 3, 2, 1, 0):
        client.json("GET", "limits")
        assert crm.allowance().left == left

    with pytest.raises(errors.QuotaSpentError, match=r"the 5 calls a day .* 0\.5% of 1,000"):
        client.json("GET", "limits")

    assert len(wire.sent("GET", "/limits")) == 5


def test_secrets_are_in_no_representation(connect):
    """Neither the connection nor its session shows a token."""
    crm = connect()

    assert "opaque" not in f"{crm!r}{crm._client.session!r}"
    assert crm.link("00Q1") == "https://acme.my.salesforce.com/lightning/r/Lead/00Q1/view"
    assert (crm.field_name("A__c"), crm.field_name("Email")) == (True, False)
    assert (crm.name, crm.lead_object, crm.overlap_seconds) == ("salesforce", "Lead", 600)


def test_the_schema_is_asked_once(connect, wire):
    """Describing again costs nothing; an Opportunity that may not be seen is none."""
    wire.on(
        "GET", "/Opportunity/describe", status=404, json=[{"errorCode": "NOT_FOUND", "message": ""}]
    )
    crm = connect()

    assert crm.describe() is crm.describe()
    assert crm.describe().opportunity is None
    assert crm.api_calls == 3


def test_importing_the_plugin_is_cheap():
    """`leadgate --help` loads no HTTP client, no frames and no SDK."""
    heavy = ("httpx", "polars", "simple_salesforce", "pydantic", "requests")
    code = (
        "import sys; from connector.crm.salesforce import PLUGIN; "
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )

    found = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_plugin_opens_a_connection_without_a_call():
    """Opening sends nothing."""
    settings = SalesforceSettings(
        auth="jwt",
        client_id="a",
        username="u",
        private_key="k",
        login_url="https://x.my.salesforce.com",
    )

    crm = PLUGIN.open(settings, _runtime())
    crm.close()

    assert (PLUGIN.name, PLUGIN.settings_type()) == ("salesforce", SalesforceSettings)
    assert crm.api_calls == 0


def _runtime():
    from datetime import UTC, datetime  # noqa: PLC0415 — for this helper only

    from connector.engine.ports import Runtime  # noqa: PLC0415 — as above

    return Runtime(clock=lambda: datetime(2026, 11, 22, tzinfo=UTC), secret_changed=lambda *_: None)
