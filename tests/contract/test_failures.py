"""What every CRM on a network must stand, and what its errors must not say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from connector.engine.ports import Window
from connector.errors import ConfigurationError, ConnectorError, CredentialsError
from tests.contract.sites import changes

if TYPE_CHECKING:
    from connector.engine.ports import Crm
    from tests.contract.sites import Site

PLANTED = "pl4nted-s3cret-0123456789abcdef"
ADDRESS = "planted.person@private.example"


@pytest.mark.needs("network")
def test_lost_answer_to_a_write_is_made_good(site: Site, crm: Crm) -> None:
    """The CRM writes, the answer is lost: one outcome per row all the same, and the values stand."""
    ids = site.lead_ids()[:5]
    site.lose_answers("write")
    frame = changes({lead: {site.texts[0]: "Landed"} for lead in ids})
    told = [row for part in crm.write(frame) for row in part.iter_rows(named=True)]
    assert sorted(row["@id"] for row in told) == sorted(ids)
    assert {row["outcome"] for row in told} == {"applied"}
    assert set(crm.fetch(ids, [site.texts[0]])[site.texts[0]]) == {"Landed"}


@pytest.mark.needs("network", "sessions")
def test_login_that_ran_out_is_renewed(site: Site, crm: Crm) -> None:
    """In the middle of a pull and before a write the connection logs in again by itself."""
    pages = crm.pull(Window(None, site.now()), [site.texts[0]])
    read = next(pages).leads.height
    site.end_sessions()
    read += sum(page.leads.height for page in pages)
    assert read >= len(site.lead_ids())
    site.end_sessions()
    lead = site.lead_ids()[0]
    told = [part["outcome"].item() for part in crm.write(changes({lead: {site.texts[0]: "X"}}))]
    assert told == ["applied"]


@pytest.mark.needs("network")
@pytest.mark.parametrize("status", [429, 503])
def test_busy_server_is_asked_again(site: Site, crm: Crm, status: int) -> None:
    """A call that is refused for the moment is made again, and nobody has to care."""
    lead = site.lead_ids()[0]
    crm.describe()
    site.be_busy(status)
    assert crm.fetch([lead], [site.texts[0]]).height == 1


SPOILT = (("drop_before", 0), ("truncate", 0), ("status", 500), ("status", 502), ("status", 504))


@pytest.mark.needs("network")
def test_spoilt_answers_to_reading_are_asked_for_again(site: Site, crm: Crm) -> None:
    """Cut off, cut short, or a page for people: the same read comes through after all of them."""
    ids = site.lead_ids()[:3]
    for fault, status in SPOILT:
        site.spoil("read", fault, status)
        assert crm.fetch(ids, [site.email]).height == len(ids)


@pytest.mark.needs("network", "audit")
def test_spoilt_answers_to_writing_are_made_good(site: Site, crm: Crm) -> None:
    """Whether it was carried out or not: one outcome per row each time, and the value stands."""
    ids = site.lead_ids()[:3]
    for number, (fault, status) in enumerate(SPOILT):
        site.spoil("write", fault, status)
        frame = changes({lead: {site.texts[0]: f"Landed {number}"} for lead in ids})
        told = [row for part in crm.write(frame) for row in part.iter_rows(named=True)]
        assert {row["@id"]: row["outcome"] for row in told} == dict.fromkeys(ids, "applied")
        assert set(crm.fetch(ids, [site.texts[0]])[site.texts[0]]) == {f"Landed {number}"}


@pytest.mark.needs("network", "sessions")
def test_login_that_is_revoked_on_the_way_stops_with_the_cause(site: Site, crm: Crm) -> None:
    """Nothing is asked for without end: the first call after it says that the login is refused."""
    crm.describe()
    site.revoke()
    before = crm.api_calls
    with pytest.raises(CredentialsError):
        crm.fetch(site.lead_ids()[:1], [site.email])
    assert crm.api_calls - before <= 3


@pytest.mark.needs("network")
def test_calls_are_counted_as_the_server_counts_them(site: Site, crm: Crm) -> None:
    """`api_calls` is what the CRM has seen, logins included."""
    assert (crm.api_calls, site.calls_seen()) == (0, 0)
    crm.describe()
    list(crm.pull(Window(None, site.now()), [site.email]))
    list(crm.write(changes({lead: {site.texts[0]: "X"} for lead in site.lead_ids()[:205]})))
    assert crm.api_calls == site.calls_seen() > 3


@pytest.mark.needs("secrets")
def test_refused_login_names_no_secret(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong credentials are a CredentialsError at the first call; the secret is in no word of it."""
    caplog.set_level(logging.DEBUG)
    crm = site.open(**site.wrong_settings(PLANTED))
    with pytest.raises(CredentialsError) as refused:
        crm.describe()
    crm.close()
    assert PLANTED not in f"{refused.value} {refused.value!r} {crm!r} {caplog.text}"


@pytest.mark.needs("network")
def test_refusal_names_no_person(site: Site, crm: Crm, caplog: pytest.LogCaptureFixture) -> None:
    """When the CRM refuses, neither errors nor outcomes nor the log hold an address or a secret."""
    caplog.set_level(logging.DEBUG)
    crm.describe()
    site.refuse_all()
    with pytest.raises(ConnectorError) as refused:
        crm.find(ADDRESS, [site.email])
    words = ""
    try:
        told = list(crm.write(changes({site.lead_ids()[0]: {site.texts[0]: ADDRESS}})))
        assert [part["outcome"].item() for part in told] == ["rejected"]
        words = str([part.to_dicts() for part in told])
    except ConnectorError as error:
        words = repr(error)
    said = f"{refused.value} {refused.value!r} {words} {caplog.text}"
    assert ADDRESS not in said
    for secret in (str(value) for key, value in site.settings().items() if "secret" in key):
        assert secret not in said


@pytest.mark.needs("network")
def test_closing_twice_does_nothing(crm: Crm) -> None:
    """A connection can be closed again, and before it was used."""
    crm.close()
    crm.close()


def test_unknown_settings_are_refused(site: Site) -> None:
    """The settings schema refuses a key that the CRM does not have."""
    with pytest.raises((ConfigurationError, ValueError)):
        site.open(no_such_key="x")
