"""The connection's keys: everything that is missing is said at once, and no secret is shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connector.crm.salesforce.settings import SalesforceSettings

APP = {
    "login_url": "https://acme.my.salesforce.com",
    "auth": "client_credentials",
    "client_id": "app",
    "client_secret": "hidden-secret",
}


def test_usual_values():
    """A connection that names only its login gets the documented usual values."""
    made = SalesforceSettings(**APP)

    assert (made.object, made.api_version, made.overlap_minutes) == ("Lead", "62.0", 10)
    assert (made.bulk_above, made.quota) == (2000, 0.4)


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        ({"auth": "client_credentials"}, ["client_id", "client_secret", "My Domain"]),
        ({"auth": "jwt"}, ["client_id", "username", "private_key"]),
        (
            {
                "auth": "jwt",
                "client_id": "a",
                "username": "u",
                "private_key": "k",
                "private_key_file": "f",
            },
            ["exactly one of"],
        ),
        ({"auth": "refresh_token"}, ["client_id", "refresh_token"]),
        ({"auth": "password"}, ["username", "password"]),
    ],
)
def test_all_that_is_missing_is_said_at_once(keys, missing):
    """Each way to log in has its own keys, and one message names all that lack."""
    with pytest.raises(ValidationError) as caught:
        SalesforceSettings(**keys)

    message = caught.value.errors()[0]["msg"]
    assert [name for name in missing if name not in message] == []


@pytest.mark.parametrize(("written", "share"), [("40%", 0.4), ("2.5 %", 0.025), (0.9, 0.9)])
def test_a_share_is_a_percentage_or_a_fraction(written, share):
    """`40%` and 0.4 say the same."""
    assert SalesforceSettings(**APP, quota=written).quota == pytest.approx(share)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quota": "140%"},
        {"quota": "lots"},
        {"api_version": "v62"},
        {"object": "Lead; DROP"},
        {"login_url": "http://acme.my.salesforce.com"},
        {"bulk_above": 10},
    ],
)
def test_values_out_of_bounds_are_refused(wrong):
    """Shares, versions, names and addresses are checked before anything is sent."""
    with pytest.raises(ValidationError):
        SalesforceSettings(**(APP | wrong))


def test_no_secret_is_shown():
    """Neither the settings nor a complaint about them show a secret."""
    shown = repr(SalesforceSettings(**APP))
    with pytest.raises(ValidationError) as caught:
        SalesforceSettings(**(APP | {"client_id": None}))

    assert "hidden-secret" not in shown + str(caught.value)
