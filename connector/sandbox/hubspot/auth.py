"""Who may call: private-app tokens that last, OAuth access tokens that last half an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from connector.sandbox.hubspot.clock import iso
from connector.sandbox.hubspot.failures import ApiFailure, missing_scopes
from connector.sandbox.hubspot.http import Answer

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from connector.sandbox.hubspot.config import PortalConfig
    from connector.sandbox.hubspot.http import Call

_SCOPED = (
    ("objects", ("contacts", "companies", "deals", "leads")),
    ("schemas", ("contacts", "companies", "deals")),
)
SCOPES = (
    *(f"crm.{area}.{n}.{right}" for area, ns in _SCOPED for n in ns for right in ("read", "write")),
    "crm.lists.read",
    "crm.lists.write",
    "crm.objects.owners.read",
    "oauth",
)
_NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
    "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an OAuth app holds for this portal."""

    client_id: str
    client_secret: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Access:
    """A caller that was let in."""

    token: str
    oauth: bool


class Auth:
    """Hands out and checks tokens."""

    def __init__(
        self, now: Callable[[], int], config: PortalConfig, chance: random.Random, portal_id: int
    ) -> None:
        self._now = now
        self._config = config
        self._chance = chance
        self._portal_id = portal_id
        self.token = f"pat-na1-{self._secret(8)}-{self._secret(4)}-{self._secret(12)}"
        self.credentials = Credentials(
            f"{self._secret(8)}-{self._secret(4)}", self._secret(32), f"na1-{self._secret(24)}"
        )
        self._refresh_tokens = {self.credentials.refresh_token}
        self._expires: dict[str, int] = {}

    def check(self, header: str) -> Access:
        """Let a caller in by the Authorization header; raises `ApiFailure` 401."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiFailure(401, _NO_CREDENTIALS, "INVALID_AUTHENTICATION")
        if token == self.token:
            return Access(token, oauth=False)
        expiry = self._expires.get(token, 0)
        if expiry > self._now():
            return Access(token, oauth=True)
        raise self._expired(expiry)

    def require(self, any_of: Sequence[str]) -> None:
        """Refuse with 403 when the app was granted none of the scopes."""
        granted = self._config.scopes
        if granted is not None and any_of and not set(any_of) & set(granted):
            raise missing_scopes(any_of)

    def expire(self) -> None:
        """End every OAuth access token now."""
        self._expires = {token: self._now() - 1000 for token in self._expires}

    def revoke(self) -> None:
        """Take the app's access away: no token of it is good for anything any more."""
        self.expire()
        self._refresh_tokens.clear()

    def exchange(self, call: Call) -> Answer:
        """Give an access token for a refresh token, a code or the client's own credentials."""
        form = _form(call)
        self._check_client(form)
        grant = form.get("grant_type")
        if grant == "refresh_token":
            return Answer(200, self._renewed(form.get("refresh_token", "")))
        if grant == "authorization_code":
            return Answer(200, self._granted(self.credentials.refresh_token))
        if grant == "client_credentials":
            return Answer(200, self._granted(None))
        message = f"unknown grant type '{grant}'" if grant else "missing grant_type"
        raise _oauth_failure("unsupported_grant_type", "BAD_GRANT_TYPE", message)

    def introspect(self, call: Call) -> Answer:
        """Tell what an access or refresh token is good for."""
        form = _form(call)
        self._check_client(form)
        return Answer(200, self._described(form.get("token", "")))

    def described(self, call: Call) -> Answer:
        """Tell what the access token of the path is good for; 404 when it is not known."""
        found = self._described(call.params["token"])
        if not found["active"]:
            raise ApiFailure(404, "access token not found")
        return Answer(200, found)

    def _described(self, token: str) -> dict[str, Any]:
        left = (self._expires.get(token, 0) - self._now()) // 1000
        if token in self._refresh_tokens:
            kind, left = "refresh_token", 0
        elif left > 0:
            kind = "access_token"
        else:
            return {"active": False, "token_type": "bearer"}
        return {
            "active": True, "token": token, "token_use": kind, "token_type": "bearer",
            "hub_id": self._portal_id, "app_id": 7001, "user_id": 1001, "scopes": self._scopes(),
            "client_id": self.credentials.client_id, "expires_in": left,
            "is_private_distribution": False,
        }  # fmt: skip

    def _renewed(self, refresh_token: str) -> dict[str, Any]:
        if refresh_token not in self._refresh_tokens:
            message = "refresh token is invalid, expired or revoked"
            raise _oauth_failure("invalid_grant", "BAD_REFRESH_TOKEN", message)
        if self._config.rotate_refresh_tokens:
            self._refresh_tokens.discard(refresh_token)
            refresh_token = f"na1-{self._secret(24)}"
            self._refresh_tokens.add(refresh_token)
        return self._granted(refresh_token)

    def _granted(self, refresh_token: str | None) -> dict[str, Any]:
        token = f"CN{self._secret(40)}"
        self._expires[token] = self._now() + int(self._config.access_ttl_seconds * 1000)
        granted: dict[str, Any] = {
            "token_type": "bearer",
            "token_use": "access_token",
            "access_token": token,
            "expires_in": int(self._config.access_ttl_seconds),
            "hub_id": self._portal_id,
            "scopes": self._scopes(),
        }
        return granted | ({"refresh_token": refresh_token} if refresh_token else {})

    def _check_client(self, form: dict[str, str]) -> None:
        for name in ("client_id", "client_secret"):
            if form.get(name) != getattr(self.credentials, name):
                status = f"BAD_{name.upper()}"
                message = f"missing or invalid {name.replace('_', ' ')}"
                raise _oauth_failure("invalid_client", status, message)

    def _scopes(self) -> list[str]:
        return list(SCOPES if self._config.scopes is None else self._config.scopes)

    def _expired(self, expiry: int) -> ApiFailure:
        ago = (self._now() - expiry) // 1000
        days = ago // 86_400
        passed = f"{days} day(s)" if days else f"{ago} second(s)"
        return ApiFailure(
            401,
            f"The OAuth token used to make this call expired {passed} ago.",
            "EXPIRED_AUTHENTICATION",
            context={"expire time": [iso(expiry)]},
        )

    def _secret(self, length: int) -> str:
        return "".join(self._chance.choices("0123456789abcdef", k=length))


def _form(call: Call) -> dict[str, str]:
    fields = parse_qs(call.payload.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _oauth_failure(error: str, status: str, message: str) -> ApiFailure:
    failure = ApiFailure(400, message)
    return failure.adding(error=error, error_description=message, status=status)
