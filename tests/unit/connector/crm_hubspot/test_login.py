"""OAuth tokens are renewed on the clock, and a rotated secret is kept before it is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.crm.hubspot.login import FixedToken, OAuth
from connector.errors import CredentialsError, RequestRefusedError

FORM = {
    "grant_type": "refresh_token",
    "client_id": "c",
    "client_secret": "s",
    "refresh_token": "r0",
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now


class Hub:
    """A token endpoint that numbers its tokens and tells what happened in which order."""

    def __init__(self, *, rotate: bool = False) -> None:
        self.log: list[str] = []
        self.rotate = rotate

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """One token request."""
        self.log.append(f"asked with {form['refresh_token']}")
        number = sum(line.startswith("asked") for line in self.log)
        rotated = f"r{number}" if self.rotate else form["refresh_token"]
        return {"access_token": f"a{number}", "refresh_token": rotated, "expires_in": 1800}

    def keep(self, key: str, value: str) -> None:
        """Where a rotated secret goes."""
        self.log.append(f"kept {key} {value}")


def oauth(hub: Hub, clock: Clock) -> OAuth:
    """A login at that endpoint."""
    return OAuth(FORM, hub.exchange, clock=clock, secret_changed=hub.keep)


def test_one_access_token_serves_many_requests() -> None:
    """The endpoint is asked once while the token lives."""
    hub, clock = Hub(), Clock()
    login = oauth(hub, clock)

    assert [login.token() for _ in range(3)] == ["a1", "a1", "a1"]
    assert len(hub.log) == 1


def test_it_is_renewed_before_it_runs_out() -> None:
    """Two minutes before the end of its life a token is replaced, without any 401."""
    hub, clock = Hub(), Clock()
    login = oauth(hub, clock)
    login.token()

    clock.now += timedelta(seconds=1800 - 119)

    assert login.token() == "a2"


def test_a_rotated_refresh_token_is_kept_before_it_is_used() -> None:
    """The new refresh token is handed over first, then used for the next renewal."""
    hub, clock = Hub(rotate=True), Clock()
    login = oauth(hub, clock)
    login.token()
    clock.now += timedelta(hours=1)
    login.token()

    expected = ["asked with r0", "kept refresh_token r1", "asked with r1", "kept refresh_token r2"]

    assert hub.log == expected


def test_a_refused_token_is_renewed_once() -> None:
    """Two requests refused with the same token lead to one renewal."""
    hub, clock = Hub(), Clock()
    login = oauth(hub, clock)
    stale = login.token()

    assert login.renew(stale)
    assert login.renew(stale)
    assert login.token() == "a2"
    assert len(hub.log) == 2


def test_refused_oauth_keys_are_credentials() -> None:
    """A refusal of the token endpoint names what to mend and tells no secret."""

    def refuse(form: dict[str, str]) -> dict[str, Any]:
        raise RequestRefusedError("no", code="BAD_REFRESH_TOKEN", status=400)

    login = OAuth(FORM, refuse, clock=Clock(), secret_changed=lambda *_: None)

    with pytest.raises(CredentialsError, match=r"Authorise the app again.*BAD_REFRESH_TOKEN"):
        login.token()


def test_a_fixed_token_cannot_be_renewed() -> None:
    """A private app's token is what it is."""
    login = FixedToken("pat")

    assert login.token() == "pat"
    assert not login.renew("pat")
