"""How requests are authorised: a token that stays, or OAuth tokens that are renewed on the clock."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from connector.errors import ConfigurationError, CredentialsError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.hubspot.settings import HubSpotSettings

_MARGIN = timedelta(seconds=120)
_DEFAULT_LIFE_SECONDS = 1800


class Login(Protocol):
    """Where the token of the next request comes from."""

    def token(self) -> str:
        """A token that is valid now."""
        ...

    def renew(self, refused: str) -> bool:
        """Replace a token that was refused; False where there is nothing to renew it with."""
        ...


class FixedToken:
    """The token of a private app or a service key."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """The token, as given."""
        return self._token

    def renew(self, refused: str) -> bool:  # noqa: ARG002 — the protocol's signature
        """Nothing can renew it."""
        return False


class OAuth:
    """Access tokens of 30 minutes, renewed before they run out.

    `exchange` sends the form of a token request and answers HubSpot's JSON.
    """

    def __init__(
        self,
        form: dict[str, str],
        exchange: Callable[[dict[str, str]], dict[str, Any]],
        *,
        clock: Callable[[], datetime],
        secret_changed: Callable[[str, str], Any],
    ) -> None:
        self._form = form
        self._exchange = exchange
        self._clock = clock
        self._secret_changed = secret_changed
        self._access = ""
        self._valid_until: datetime | None = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """The access token, renewed first if it is about to run out."""
        with self._lock:
            if self._valid_until is None or self._clock() >= self._valid_until:
                self._refresh()
            return self._access

    def renew(self, refused: str) -> bool:
        """Renew, unless another thread has just done it."""
        with self._lock:
            if self._access == refused:
                self._refresh()
            return True

    def _refresh(self) -> None:
        asked_at = self._clock()
        try:
            answer = self._exchange(self._form)
        except (RequestRefusedError, ConfigurationError) as error:
            raise CredentialsError(
                "HubSpot refused client_id, client_secret or refresh_token. Authorise the app again"
                f" and put in the new refresh token. ({getattr(error, 'code', '') or 'refused'})"
            ) from None
        rotated = str(answer.get("refresh_token") or self._form["refresh_token"])
        if rotated != self._form["refresh_token"]:
            # Kept before use: were it lost, the app would have to be authorised by hand again.
            self._secret_changed("refresh_token", rotated)
            self._form = self._form | {"refresh_token": rotated}
        self._access = str(answer.get("access_token") or "")
        life = timedelta(seconds=float(answer.get("expires_in") or _DEFAULT_LIFE_SECONDS))
        self._valid_until = asked_at + max(life - _MARGIN, life / 2)


def token_form(settings: HubSpotSettings) -> dict[str, str]:
    """The token request of an OAuth connection."""
    if settings.client_secret is None or settings.refresh_token is None:
        raise ConfigurationError("OAuth needs client_id, client_secret and refresh_token.")
    return {
        "grant_type": "refresh_token",
        "client_id": (settings.client_id or "").strip(),
        "client_secret": settings.client_secret.get_secret_value().strip(),
        "refresh_token": settings.refresh_token.get_secret_value().strip(),
    }
