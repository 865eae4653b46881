"""Sessions and the OAuth token endpoint."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.state import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import State

CREDENTIALS = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "username": "integration@sandbox.example",
    "password": "sandbox-password",
    "security_token": "SANDBOXTOKEN",
    "refresh_token": "sandbox-refresh-token",
}
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SKEW_SECONDS = 180
SCOPE = "api refresh_token"


class OAuthError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


def open_session(state: State) -> str:
    """Start a session of the connected user; its token."""
    token = state.serial("00DSandbox!")
    if state.config.jwt_tokens:
        claims = {"sub": CREDENTIALS["username"], "jti": token}
        token = jwt.encode(claims, "the sandbox's own signature of its tokens", algorithm="HS256")
    state.sessions[token] = Session(state.people.api_user, state.clock.now().timestamp())
    return token


def session_user(state: State, token: str) -> str | None:
    """The user of a living session, which this use keeps alive; None when it has ended."""
    session = state.sessions.get(token)
    now = state.clock.now().timestamp()
    if session is None or now - session.seen_at > state.config.session_seconds:
        state.sessions.pop(token, None)
        return None
    session.seen_at = now
    return session.user_id


def authenticate(state: State, call: Call) -> str:
    """The user of a REST call; raises INVALID_SESSION_ID with status 401."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    user = session_user(state, token) if scheme.lower() in {"bearer", "oauth"} else None
    if user is None:
        message = "Session expired or invalid"
        raise ApiError("INVALID_SESSION_ID", message, status=401)
    return user


def token(state: State, call: Call) -> Answer:
    """POST /services/oauth2/token."""
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    grant = GRANTS.get(form.get("grant_type", ""), _unsupported)
    try:
        return Answer(grant(state, call, form))
    except OAuthError as error:
        body = {"error": error.error, "error_description": error.description}
        return Answer(body, 400)


def revoke(state: State, call: Call) -> Answer:
    """POST /services/oauth2/revoke."""
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    state.sessions.pop(form.get("token", ""), None)
    return Answer(None)


def userinfo(state: State, call: Call) -> Answer:
    """GET /services/oauth2/userinfo and the identity address of a token answer."""
    user = state.store.tables["User"].rows[authenticate(state, call)]
    return Answer(
        {
            "sub": _identity(state, call),
            "user_id": user["Id"],
            "organization_id": state.people.organization,
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "active": True,
            "user_type": "STANDARD",
            "urls": {
                "rest": f"{call.host}/services/data/v{{version}}/",
                "query": f"{call.host}/services/data/v{{version}}/query/",
                "partner": f"{call.host}/services/Soap/u/{{version}}",
            },
        }
    )


def jwt_private_key(state: State) -> str:
    """The PEM of the private key that the org's own JWT pair has; made at the first call."""
    if state.private_key is None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        state.private_key = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    return state.private_key


def _unsupported(_state: State, _call: Call, _form: dict[str, str]) -> dict[str, Any]:
    raise OAuthError("unsupported_grant_type", "grant type not supported")


def _client_credentials(state: State, call: Call, form: dict[str, str]) -> dict[str, Any]:
    _check_client(call, form)
    return _granted(state, call, issued=True)


def _refresh(state: State, call: Call, form: dict[str, str]) -> dict[str, Any]:
    if form.get("client_id") != CREDENTIALS["client_id"]:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if form.get("client_secret", CREDENTIALS["client_secret"]) != CREDENTIALS["client_secret"]:
        raise OAuthError("invalid_client", "invalid client credentials")
    held = form.get("refresh_token", "")
    if held not in state.refresh_tokens:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    answer = _granted(state, call, issued=True)
    if state.config.rotate_refresh_tokens:
        state.refresh_tokens.discard(held)
        answer["refresh_token"] = state.serial("5Aep")
        state.refresh_tokens.add(answer["refresh_token"])
    return answer


def _password(state: State, call: Call, form: dict[str, str]) -> dict[str, Any]:
    _check_client(call, form)
    expected = CREDENTIALS["password"] + CREDENTIALS["security_token"]
    if (form.get("username"), form.get("password")) != (CREDENTIALS["username"], expected):
        raise OAuthError("invalid_grant", "authentication failure")
    return _granted(state, call, issued=True)


def _jwt_bearer(state: State, call: Call, form: dict[str, str]) -> dict[str, Any]:
    public = state.config.jwt_public_key or _own_public_key(state)
    try:
        claims = jwt.decode(
            form.get("assertion", ""),
            public,
            algorithms=["RS256"],
            audience=[*AUDIENCES, call.host],
            options={"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "exp"]},
        )
    except jwt.InvalidTokenError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    if claims["iss"] != CREDENTIALS["client_id"]:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if claims["sub"] != CREDENTIALS["username"]:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    if not _timely(state, claims["exp"]):
        raise OAuthError("invalid_grant", "expired authorization code")
    return _granted(state, call, issued=False)


def _timely(state: State, expires: Any) -> bool:
    """Whether an assertion is alive by the org's clock or by the machine's, as callers use it."""
    if not isinstance(expires, (int, float)):
        return False
    clocks = (state.clock.now().timestamp(), time.time())
    return any(-SKEW_SECONDS <= expires - now <= 2 * SKEW_SECONDS for now in clocks)


def _own_public_key(state: State) -> str:
    private = serialization.load_pem_private_key(jwt_private_key(state).encode(), None)
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _check_client(call: Call, form: dict[str, str]) -> None:
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, basic = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client, _, secret = base64.b64decode(basic).decode("utf-8", "replace").partition(":")
    if client != CREDENTIALS["client_id"]:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if secret != CREDENTIALS["client_secret"]:
        raise OAuthError("invalid_client", "invalid client credentials")


def _identity(state: State, call: Call) -> str:
    return f"{call.host}/id/{state.people.organization}/{state.people.api_user}"


def _granted(state: State, call: Call, *, issued: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "access_token": open_session(state),
        "scope": SCOPE,
        "instance_url": call.host,
        "id": _identity(state, call),
        "token_type": "Bearer",
    }
    if issued:
        answer["signature"] = state.serial("sig")
        answer["issued_at"] = str(int(state.clock.now().timestamp() * 1000))
    return answer


GRANTS: dict[str, Callable[[State, Call, dict[str, str]], dict[str, Any]]] = {
    "client_credentials": _client_credentials,
    "refresh_token": _refresh,
    "password": _password,
    JWT_GRANT: _jwt_bearer,
}
