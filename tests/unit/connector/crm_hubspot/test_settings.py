"""The keys of a HubSpot connection are checked whole, and secrets stay secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connector.crm.hubspot.settings import HubSpotSettings
from scoring.document import parse_yaml, validate
from scoring.problem import ProblemsError

OAUTH = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}


def test_a_token_is_enough() -> None:
    """A private app needs its token only; the rest has defaults."""
    found = HubSpotSettings(token="pat-1")

    assert found.base_url == "https://api.hubapi.com"
    assert (found.object, found.overlap_minutes, found.quota) == ("contacts", 5, 0.4)
    assert (found.burst, found.search_per_second) == (190, 5)


def test_secrets_are_not_shown() -> None:
    """Neither repr nor dump of the settings shows a secret."""
    found = HubSpotSettings(client_id="c", client_secret="s3cr3t", refresh_token="r3fr3sh")

    assert "s3cr3t" not in repr(found) + str(found.model_dump())
    assert "r3fr3sh" not in repr(found) + str(found.model_dump())


@pytest.mark.parametrize("given", [{}, {"token": ""}, {"token": "  "}])
def test_without_a_way_in_everything_is_named(given: dict[str, str]) -> None:
    """With no credentials at all, one message names both ways."""
    with pytest.raises(ValidationError, match=r"token .*client_id, client_secret, refresh_token"):
        HubSpotSettings(**given)


def test_all_missing_oauth_keys_are_named_at_once() -> None:
    """A half-written OAuth login names every key that lacks, in one message."""
    with pytest.raises(ValidationError, match="missing for OAuth: client_secret, refresh_token"):
        HubSpotSettings(client_id="c")


def test_two_ways_in_exclude_each_other() -> None:
    """A token beside OAuth keys is refused instead of one being ignored."""
    with pytest.raises(ValidationError, match="exclude each other"):
        HubSpotSettings(token="t", **OAUTH)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    """Loopback addresses may be called without TLS."""
    assert HubSpotSettings(token="t", base_url=url).base_url == url


@pytest.mark.parametrize("url", ["http://api.hubapi.com", "http://10.0.0.1", "ftp://x", "api"])
def test_plain_http_elsewhere_is_refused(url: str) -> None:
    """The token never travels readable."""
    with pytest.raises(ValidationError, match="https"):
        HubSpotSettings(token="t", base_url=url)


@pytest.mark.parametrize("quota", ["0%", "101%", "many", 2, -1])
def test_quota_is_a_share(quota: object) -> None:
    """A quota of nothing, of more than all, or of no number is refused."""
    with pytest.raises(ValidationError):
        HubSpotSettings(token="t", quota=quota)


def test_problems_carry_file_and_line() -> None:
    """Read from YAML, an unknown key is named with its line and the nearest key."""
    document = parse_yaml("token: t\nobjekt: leads\n", "leadgate.yaml")

    with pytest.raises(ProblemsError, match=r'leadgate.yaml:2: objekt.*Did you mean "object"'):
        validate(document, HubSpotSettings)
