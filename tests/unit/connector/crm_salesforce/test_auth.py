"""Four ways in: what is sent, what is kept, and what is said when Salesforce refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs
from xml.etree.ElementTree import fromstring

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector import errors

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
USER = "005xx0000000001AAA"
SOAP_LOGIN = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><loginResponse><result>'
    "<serverUrl>https://acme.my.salesforce.com/services/Soap/u/62.0/00D</serverUrl>"
    "<sessionId>00D!soap</sessionId><userId>005xx0000000001AAA</userId>"
    "</result></loginResponse></e:Body></e:Envelope>"
)


def form(request):
    """The fields of a token request."""
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def test_client_credentials_go_to_the_login_address(connect, wire):
    """The app's own credentials, nothing else, in the body and never in the address."""
    session = connect()._client.session

    (request,) = wire.sent("POST", "/oauth2/token$")
    assert form(request) == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": "app-secret",
    }
    assert (session.user_id, "opaque" in repr(session)) == (USER, False)


def test_a_rotated_refresh_token_is_kept_before_it_is_used(connect, wire, secrets):
    """The new token is stored at once, and the next renewal uses it."""
    given = {"access_token": "t", "instance_url": "https://acme.my.salesforce.com"}
    wire.on("POST", "/oauth2/token", json=given | {"refresh_token": "second"})
    crm = connect(auth="refresh_token", refresh_token="first", client_secret=None)

    crm._client._renew(crm._client.session)

    used = [form(request)["refresh_token"] for request in wire.sent("POST", "/oauth2/token")]
    assert (used, secrets) == (["first", "second"], [("refresh_token", "second")])


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_a_jwt_is_signed_for_the_right_audience(connect, wire, login_url, audience):
    """The assertion names app, user and audience, and the org's public key verifies it."""
    connect(auth="jwt", username="api@acme.example", private_key=PEM, login_url=login_url).now()

    (request,) = wire.sent("POST", "/oauth2/token")
    claims = jwt.decode(
        form(request)["assertion"],
        KEY.public_key(),
        algorithms=["RS256"],
        audience=audience,
        options={"verify_exp": False},
    )
    valid = claims["exp"] - datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    assert 60 < valid <= 180
    assert (claims["iss"], claims["sub"]) == ("app", "api@acme.example")
    assert str(request.url).startswith(login_url)


def test_a_private_key_is_read_from_its_file(connect, wire, tmp_path):
    """A key file may be named instead of the key; one that is absent is named in the error."""
    (tmp_path / "key.pem").write_text(PEM)
    usual = {"auth": "jwt", "username": "u"}

    assert connect(**usual, private_key_file=str(tmp_path / "key.pem"))._client.session.token
    with pytest.raises(errors.ConfigurationError, match=r"nowhere\.pem cannot be read"):
        _ = connect(**usual, private_key_file="nowhere.pem")._client.session


def test_what_is_no_key_is_said_so(connect):
    """A private key that cannot sign is configuration, and is not shown."""
    with pytest.raises(errors.ConfigurationError, match="PEM form") as caught:
        _ = connect(auth="jwt", username="u", private_key="gibberish")._client.session

    assert "gibberish" not in str(caught.value)


def test_a_password_with_markup_logs_in_by_soap(connect, wire):
    """Without an app the SOAP login is used, and no character of a password breaks it."""
    wire.on("POST", "/Soap/u/62.0$", content=SOAP_LOGIN.encode())
    crm = connect(
        auth="password", username="a&b", password="<p&w>'\"", security_token="T<", client_id=None
    )

    session = crm._client.session

    (request,) = wire.sent("POST", "/Soap/")
    sent = fromstring(request.content)  # noqa: S314 — our own text
    told = [node.text for node in sent.iter() if node.tag.endswith("}password")]
    assert told == ["<p&w>'\"T<"]
    assert (session.token, session.user_id) == ("00D!soap", USER)


def test_an_app_makes_it_the_password_flow(connect, wire):
    """With an app, user name and password go to the token endpoint."""
    connect(auth="password", username="u", password="p", security_token="T").now()

    (request,) = wire.sent("POST", "/oauth2/token")
    assert form(request)["grant_type"] == "password"
    assert form(request)["password"] == "pT"


@pytest.mark.parametrize(
    ("error", "description", "advice"),
    [
        ("invalid_grant", "no client credentials user enabled", "Run As"),
        ("invalid_grant", "ip restricted", "IP ranges"),
        ("invalid_client", "bad app-secret", "client_secret"),
        ("odd_code", "Rosa Ibrahim", "login keys"),
    ],
)
def test_a_refused_login_comes_with_a_remedy(connect, wire, error, description, advice):
    """Known descriptions are quoted with what to do; unknown ones are not repeated."""
    wire.on("POST", "/token", status=400, json={"error": error, "error_description": description})

    with pytest.raises(errors.CredentialsError, match=advice) as caught:
        connect().describe()

    assert len(wire.log) == 1
    assert "Rosa" not in str(caught.value)
    assert "app-secret" not in str(caught.value)


def test_an_unknown_soap_refusal_does_not_show_its_page(connect, wire):
    """A gateway's page instead of a fault is judged by its status."""
    wire.on("POST", "/Soap/", status=403, content=b"<html>Rosa</html>")

    with pytest.raises(errors.RequestRefusedError) as caught:
        _ = connect(auth="password", username="u", password="p", client_id=None)._client.session

    assert "Rosa" not in str(caught.value)


@pytest.mark.parametrize("auth", [{}, {"auth": "password", "username": "u", "password": "p"}])
def test_a_login_whose_answer_is_cut_is_asked_again(connect, wire, naps, auth):
    """Half an answer and a busy server are no refusals."""
    wire.on("POST", "/oauth2/token", times=1, content=b'{"access_token": "x"')
    wire.on("POST", "/oauth2/token", times=1, status=503, content=b"<html>")

    assert connect(**auth)._client.session.token == "00Dxx!opaque.token"
    assert len(naps) == 2


def test_the_orgs_address_must_be_safe(connect, wire):
    """A token answer cannot send us to an address without encryption."""
    wire.on("POST", "/token", json={"access_token": "t", "instance_url": "http://evil.example"})

    with pytest.raises(errors.ConfigurationError, match="address must begin with https"):
        connect().describe()


def test_the_clock_is_the_servers(connect, wire):
    """The time is the Date of the last answer; where there is none, the local clock serves."""
    crm = connect()
    assert crm.now() == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert crm.api_calls == 1

    wire.on(
        "GET",
        "x",
        do=lambda _: httpx.Response(200, headers={"Date": "Sun, 22 Nov 2026 09:30:15 GMT"}),
    )
    crm._client.call("GET", "x")
    assert crm.now() == datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC)
    assert orjson.dumps(crm.now())
