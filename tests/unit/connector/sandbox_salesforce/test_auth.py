"""Logging in, sessions that end, and limits."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.sandbox.salesforce import SalesforceOrg

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.unit.connector.sandbox_salesforce.conftest import Api

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def token(api: Api, **form: str) -> httpx.Response:
    """Ask for a token."""
    return api.http.post("/services/oauth2/token", data=form)


def assertion(key: str, **claims: Any) -> str:
    """Sign a JWT that is good unless `claims` spoil it."""
    usual = {
        "iss": "sandbox-client",
        "sub": "integration@sandbox.example",
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    return jwt.encode(usual | claims, key, algorithm="RS256")


def test_every_grant_gives_a_session_that_works(api: Api) -> None:
    """Client credentials, refresh token, password and JWT each log in, without expires_in."""
    forms: list[dict[str, str]] = [
        {"grant_type": "client_credentials", **CLIENT},
        {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token", **CLIENT},
        {"grant_type": "password", "username": "integration@sandbox.example",
         "password": "sandbox-passwordSANDBOXTOKEN", **CLIENT},
        {"grant_type": JWT, "assertion": assertion(api.org.jwt_private_key())},
    ]  # fmt: skip
    for form in forms:
        answer = token(api, **form).json()
        assert "expires_in" not in answer
        api.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        assert api.soql("SELECT Id FROM User LIMIT 1")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", **CLIENT, "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "client_credentials", **CLIENT, "client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x", **CLIENT}, "invalid_grant"),
        ({"grant_type": "password", "username": "x", "password": "y", **CLIENT}, "invalid_grant"),
        ({"grant_type": JWT, "assertion": "x.y.z"}, "invalid_grant"),
    ],
)
def test_wrong_credentials(api: Api, form: dict[str, str], error: str) -> None:
    """A refusal is HTTP 400 with the OAuth error."""
    answer = token(api, **form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_assertions_are_verified(api: Api) -> None:
    """Another key, another user, another audience or a past expiry is refused."""
    own = api.org.jwt_private_key()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    wrong = [
        assertion(pem),
        assertion(own, sub="somebody@else.example"),
        assertion(own, aud="https://elsewhere.example"),
        assertion(own, exp=int(time.time()) - 3600),
    ]

    assert [token(api, grant_type=JWT, assertion=text).status_code for text in wrong] == [400] * 4


def test_refresh_tokens_can_rotate(make_api: Callable[..., Api]) -> None:
    """With rotation a refresh token works once and the answer brings the next."""
    api = make_api(rotate_refresh_tokens=True)
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token", **CLIENT}
    first = token(api, **form).json()

    assert token(api, **form).json()["error_description"] == "expired access/refresh token"
    assert token(api, **form | {"refresh_token": first["refresh_token"]}).status_code == 200


def test_unused_sessions_end(api: Api) -> None:
    """After the org's time without use a session is refused with 401."""
    api.org.advance(7000)
    assert api.call("GET", "/limits").status_code == 200
    api.org.advance(7201)

    assert api.error("GET", "/limits") == (401, "INVALID_SESSION_ID")


def test_the_admin_can_end_sessions(api: Api) -> None:
    """expire() ends what is open."""
    assert api.org.expire() == 1
    assert api.error("GET", "/limits") == (401, "INVALID_SESSION_ID")


def test_every_answer_counts_and_the_daily_limit_stops(api: Api) -> None:
    """Usage is in the header of each answer; beyond the limit comes 403."""
    api.org.limit(most=2, used=0)

    assert api.call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert api.call("GET", "/limits").json()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    assert api.error("GET", "/limits") == (403, "REQUEST_LIMIT_EXCEEDED")


def test_versions(api: Api) -> None:
    """The list of versions needs no session; retired ones are gone, future ones not found."""
    bare = {"Authorization": ""}
    listed = api.http.get("/services/data", headers=bare).json()

    assert listed[-1]["version"] == "68.0"
    assert api.http.get("/services/data/v20.0/limits").status_code == 410
    assert api.http.get("/services/data/v99.0/limits").status_code == 404


def test_long_addresses_are_refused(api: Api) -> None:
    """More than 16,384 bytes of address are 414."""
    assert api.error("GET", "/query", params={"q": "x" * 16_400})[0] == 414


def test_the_clock_can_be_given() -> None:
    """An org with a clock of its own stamps and dates by it."""
    moments = [datetime(2026, 1, 1, tzinfo=UTC)]
    org = SalesforceOrg(0, now=moments[0], clock=lambda: moments[0])
    first = org.mutate({"fields": {"LastName": "A", "Company": "B"}})[0]
    moments[0] += timedelta(days=1, microseconds=999_999)
    second = org.mutate({"fields": {"LastName": "A", "Company": "B"}})[0]
    stamps = {
        row["Id"]: row["SystemModstamp"] for row in org.rows("SELECT Id, SystemModstamp FROM Lead")
    }

    assert stamps == {first: "2026-01-01T00:00:00.000+0000", second: "2026-01-02T00:00:00.000+0000"}


def test_large_answers_are_compressed_when_accepted(api: Api) -> None:
    """A describe comes as gzip to those who take it, and plain to those who do not."""
    packed = api.call("GET", "/sobjects/Lead/describe")
    plain = api.call("GET", "/sobjects/Lead/describe", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()
