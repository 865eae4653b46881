"""Logging in: four ways to a session."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import jwt

from connector.crm.retry import with_retries
from connector.crm.salesforce.session import Session, parse_token, refused_login, session_of
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from connector.crm.http import Http
    from connector.crm.salesforce.settings import SalesforceSettings
    from connector.engine.ports import Runtime

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 170  # Salesforce accepts three minutes
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 — an address


class Login:
    """Opens sessions, again and again; keeps a rotated refresh token before it is used."""

    def __init__(
        self,
        settings: SalesforceSettings,
        http: Http,
        runtime: Runtime,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._settings = settings
        self._http = http
        self._runtime = runtime
        self._refresh_token = secret(settings.refresh_token)

    def __call__(self) -> Session:
        """A new session. Raises `CredentialsError` with a remedy if Salesforce refuses."""
        flows: dict[str, Callable[[], Session]] = {
            "client_credentials": self._client_credentials,
            "refresh_token": self._refresh,
            "jwt": self._jwt,
            "password": self._password,
        }
        return with_retries(flows[self._settings.auth], repeatable=True, sleep=self._sleep)

    def _client_credentials(self) -> Session:
        return session_of(self._ask({"grant_type": "client_credentials", **self._app()}))

    def _refresh(self) -> Session:
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token, **self._app()}
        answer = self._ask(form)
        rotated = answer.get("refresh_token")
        if rotated and rotated != self._refresh_token:
            self._runtime.secret_changed("refresh_token", rotated)
            self._refresh_token = rotated
        return session_of(answer)

    def _jwt(self) -> Session:
        settings = self._settings
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": _audience(settings.login_url),
            "exp": int(self._runtime.clock().timestamp()) + _ASSERTION_SECONDS,
        }
        key = secret(settings.private_key) or _key_file(settings.private_key_file or "")
        try:
            assertion = jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, jwt.PyJWTError):
            raise ConfigurationError(
                "private_key: it is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)."
            ) from None
        return session_of(self._ask({"grant_type": _JWT_GRANT, "assertion": assertion}))

    def _password(self) -> Session:
        from connector.crm.salesforce import sdk  # noqa: PLC0415 — the SDK is slow to import

        settings = self._settings
        whole = secret(settings.password) + secret(settings.security_token)
        return sdk.login_with_password(settings, self._http, password=whole)

    def _app(self) -> dict[str, str]:
        settings = self._settings
        app = {"client_id": settings.client_id or ""}
        if settings.client_secret:
            app["client_secret"] = secret(settings.client_secret)
        return app

    def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        response = self._http.send("POST", self._settings.login_url + TOKEN_PATH, data=form)
        if response.status_code != httpx.codes.OK:
            raise refused_login(response)
        return parse_token(response)


def secret(value: SecretStr | None) -> str:
    """The plain text of a secret, blank if it is not set."""
    return value.get_secret_value() if value else ""


def _audience(login_url: str) -> str:
    """Who a JWT is meant for: the production or the test login, whatever the org's own address."""
    host = urlsplit(login_url).hostname or ""
    test = host.startswith("test.") or ".sandbox." in host
    return f"https://{'test' if test else 'login'}.salesforce.com"


def _key_file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"private_key_file: {name} cannot be read ({type(error).__name__})."
        ) from None
