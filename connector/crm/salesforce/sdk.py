"""simple-salesforce over our own wire: its password login, its describe and its rarely used calls.

The SDK has no timeouts, knows only https and logs in again without end. So its requests session
gets one adapter that hands every request to our client, which counts, renews, retries and
translates like for any other call.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import orjson
import requests
from requests.adapters import BaseAdapter
from simple_salesforce import Salesforce as Sdk
from simple_salesforce import SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from connector.crm.salesforce.errors import unreadable
from connector.crm.salesforce.sdk_errors import translate
from connector.crm.salesforce.session import (
    Session,
    checked_instance,
    login_error,
    parse_token,
    refused_login,
    user_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.http import Http
    from connector.crm.salesforce.client import Client
    from connector.crm.salesforce.settings import SalesforceSettings
    from connector.errors import ConnectorError

_SOAP_USER = re.compile(rb"<userId>(005\w{12,15})</userId>")
_LAST_SOAP_LOGIN = "64.0"

for _chatty in ("simple_salesforce", "simple_salesforce.api", "simple_salesforce.bulk2"):
    logging.getLogger(_chatty).setLevel(logging.CRITICAL)


class Wire(BaseAdapter):
    """A requests adapter that forwards method, path, headers and body to a function of ours."""

    def __init__(
        self, forward: Callable[[str, str, dict[str, str], bytes | None], httpx.Response]
    ) -> None:
        super().__init__()
        self._forward = forward
        self.last: httpx.Response | None = None

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Forward one prepared request; the host that the SDK made up is dropped."""
        parts = urlsplit(request.url or "")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: str(value) for name, value in request.headers.items()}
        assert body is None or isinstance(body, bytes)  # noqa: S101 — the SDK streams nothing
        answer = self._forward(request.method or "GET", path, headers, body)
        self.last = answer
        return _as_requests(answer, request)

    def close(self) -> None:
        """Nothing to give back: the connections are our client's."""


def connect(client: Client) -> Sdk:
    """The SDK on the client's session; errors are ours, sessions are renewed by the client."""

    def forward(
        method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> httpx.Response:
        kept = {k: v for k, v in headers.items() if k.lower() == "content-type"}
        answer: httpx.Response = client.call(
            method,
            path,
            repeatable=method == "GET",
            parse=_whole,
            headers=kept,
            content=body,
        )
        return answer

    return Sdk(
        instance_url=client.session.instance_url,
        session_id="kept by the client",
        version=client.api_version,
        session=_over(Wire(forward)),
    )


def login_with_password(settings: SalesforceSettings, http: Http, *, password: str) -> Session:
    """A session by OAuth's password flow if an app is given, else by SOAP login."""
    if settings.client_id and settings.client_secret:
        app = {
            "consumer_key": settings.client_id,
            "consumer_secret": settings.client_secret.get_secret_value(),
        }
        return _login(settings, http, username=settings.username, password=password, **app)
    version = min(settings.api_version, _LAST_SOAP_LOGIN)
    return _login(
        settings,
        http,
        username=settings.username,
        password=password,
        security_token="",  # it is part of the password: the SDK escapes only that
        sf_version=version,
    )


def _login(settings: SalesforceSettings, http: Http, **how: Any) -> Session:
    def forward(
        method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> httpx.Response:
        kept = {k: v for k, v in headers.items() if k.lower() in ("content-type", "soapaction")}
        answer = http.send(method, settings.login_url + path, headers=kept, content=body)
        if answer.status_code != httpx.codes.OK and "/Soap/" not in path:
            raise refused_login(answer)
        if "/Soap/" not in path:
            parse_token(answer)
        return answer

    wire = Wire(forward)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            token, host = SalesforceLogin(session=_over(wire), **how)
    except SalesforceAuthenticationFailed as error:
        raise _soap_refusal(wire, str(error.code)) from None
    except Exception as error:  # noqa: BLE001 — what the SDK makes of an answer that is none
        raise translate(error, "Salesforce: login") from None
    scheme = urlsplit(settings.login_url).scheme
    return Session(token, checked_instance(f"{scheme}://{host}"), _user(wire.last))


def _soap_refusal(wire: Wire, code: str) -> ConnectorError:
    if re.fullmatch(r"[A-Z_]{3,60}", code):
        return login_error(code, "")
    assert wire.last is not None  # noqa: S101 — the SDK judged an answer, so there was one
    return refused_login(wire.last)


def _user(answer: httpx.Response | None) -> str | None:
    if answer is None:
        return None
    found = _SOAP_USER.search(answer.content)
    if found:
        return found.group(1).decode()
    try:
        return user_of(str(answer.json().get("id", "")))
    except ValueError:
        return None


def _whole(answer: httpx.Response) -> httpx.Response:
    """The answer; one that is no JSON at all (cut short, or a page for people) counts as lost."""
    try:
        orjson.loads(answer.content or b"null")
    except orjson.JSONDecodeError:
        raise unreadable("Salesforce") from None
    return answer


def _over(wire: Wire) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no netrc, no proxies: the wire is ours
    session.mount("https://", wire)
    session.mount("http://", wire)
    return session


def _as_requests(answer: httpx.Response, request: requests.PreparedRequest) -> requests.Response:
    made = requests.Response()
    made.status_code = answer.status_code
    made.headers.update({k: v for k, v in answer.headers.items() if k != "content-encoding"})
    made.raw = io.BytesIO(answer.content)
    made.url = request.url or ""
    made.request = request
    made.encoding = "utf-8"
    return made
