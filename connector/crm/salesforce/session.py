"""A session with an org, how a login's answer becomes one, and what a refused login means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from connector.crm.http import refuse_insecure
from connector.crm.salesforce.errors import parse_error, refusal, unreadable
from connector.errors import ConfigurationError, ConnectorError, CredentialsError

_USER = re.compile(r"/id/\w{15,18}/(005\w{12,15})$")
_ORG = re.compile(r"/id/(00D\w{12,15})/")
_REMEDIES = {
    "no client credentials user enabled": 'Set "Run As" under the app\'s client credentials flow.',
    "user hasn't approved this consumer": "Pre-authorise the app for the user's profile or permission set.",
    "expired access/refresh token": "Authorise the app again and store the new refresh token.",
    "ip restricted": "Allow this machine's address in the app's or the profile's IP ranges.",
    "inactive user": "Activate the user, or connect another one.",
    "authentication failure": "Check user name, password and security token.",
    "request not supported on this domain": 'Set "login_url" to the My Domain address.',
    "invalid_client": "Check client_id and client_secret.",
    "invalid_client_id": "Check client_id.",
    "unsupported_grant_type": "Switch this flow on for the app in Setup.",
    "INVALID_LOGIN": "Check user name, password and security token, and whether the user is locked out.",
    "INVALID_OPERATION": 'SOAP login is off in this org: use auth "jwt" or "client_credentials".',
}


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one user: its token, the address of the org, and who the user is if known."""

    token: str = field(repr=False)
    instance_url: str
    user_id: str | None = None
    org_id: str | None = None

    @property
    def account(self) -> str:
        """Whose limits these are: the org, whichever connection leads to it."""
        return f"salesforce {urlsplit(self.instance_url).netloc} {self.org_id or ''}".rstrip()


def refused_login(response: httpx.Response) -> ConnectorError:
    """The error for a refused token request."""
    code, description = parse_error(response)
    if not code or response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return refusal(response, "Salesforce: login")
    return login_error(code, description)


def login_error(code: str, description: str) -> CredentialsError:
    """What a refused login means; the description is quoted only where it is a known one."""
    known = description if description in _REMEDIES else ""
    remedy = (
        _REMEDIES.get(description) or _REMEDIES.get(code) or "Check the connection's login keys."
    )
    said = f"{code}: {known}" if known else code
    return CredentialsError(f"Salesforce refuses the login ({said}). {remedy}")


def parse_token(response: httpx.Response) -> dict[str, Any]:
    """The token endpoint's answer. Raises `LostAnswerError` if it is not whole."""
    try:
        answer: dict[str, Any] = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise unreadable("Salesforce: login") from None
    if not answer.get("access_token") or not answer.get("instance_url"):
        raise unreadable("Salesforce: login")
    return answer


def user_of(identity_url: str) -> str | None:
    """The user's id at the end of an identity address, or None."""
    found = _USER.search(urlsplit(identity_url).path)
    return found.group(1) if found else None


def org_of(identity_url: str) -> str | None:
    """The org's id in an identity address, 15 characters of it, or None."""
    found = _ORG.search(urlsplit(identity_url).path)
    return found.group(1)[:15] if found else None


def checked_instance(url: str) -> str:
    """The org's address as the login named it; only https, or loopback."""
    try:
        return refuse_insecure(url)
    except ValueError as error:
        raise ConfigurationError(f"Salesforce: the org's address {error}.") from None


def session_of(answer: dict[str, Any]) -> Session:
    """The session that a token answer grants."""
    return Session(
        token=str(answer["access_token"]),
        instance_url=checked_instance(str(answer["instance_url"])),
        user_id=user_of(str(answer.get("id", ""))),
        org_id=org_of(str(answer.get("id", ""))),
    )
