"""Somebody unsubscribes: the ledger keeps it for good, and the CRM is told where it can be."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.crm.hubspot.adapter import open_crm
from connector.crm.hubspot.settings import HubSpotSettings
from connector.engine.ledger.opt_outs import person_digest
from connector.engine.ports import Runtime
from connector.ledger import open_ledger
from connector.outreach.opt_out import write_opt_out
from connector.outreach.tokens import Unsubscriber, make_token
from connector.sandbox.hubspot import HubSpotPortal, PortalConfig
from connector.template import write_project
from mappings.defaults import default_mapping_text
from mappings.mapping import load_mapping
from scoring.document import parse_yaml
from scoring.revival.persons import persons
from tests.support import SalesforceWorld, World, leadgate
from tests.unit.connector.channels.conftest import NOW, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = "ada@planted-works.example"
UNFIT = {"Need_Fit__c": "No", "Ready_To_Buy__c": "No", "Purchase_Timeline__c": None}
"""Answers with which a lead is not converted at once."""
SECTION = f"""
    outreach:
      email:
        host: 127.0.0.1
        starttls: false
        from: Acme <sales@acme.example>
        unsubscribe: {{url: "https://acme.example/u/{{token}}", secret: {SECRET}}}
"""


def person(address: str) -> str:
    """The key of who has this address."""
    return str(persons(pl.DataFrame({"id": ["x"], "email": [address]})).item())


def opted_out(world: World, *addresses: str) -> set[str]:
    """Which of these people the project's ledger holds as opted out."""
    url = f"sqlite:///{world.folder / 'leadgate.db'}"
    with closing(open_ledger(url, clock=lambda: datetime.now(UTC))) as ledger:
        kept = ledger.opted_out(person(one) for one in addresses)
    return {one for one in addresses if person(one) in kept}


@pytest.fixture
def org(tmp_path: Path) -> Iterator[SalesforceWorld]:
    """A project on a small Salesforce org that has been synced, with a section for e-mail."""
    world = SalesforceWorld(tmp_path, 5)
    world.edit("leadgate.yaml", "    quota: 40%", f"{SECTION}    quota: 40%")
    world.lead = world.plant(ADDRESS, **UNFIT)  # type: ignore[attr-defined]
    world.run("setup", "salesforce", "--yes")
    world.sync()
    yield world
    world.close()


def test_address_is_kept_and_told_to_the_crm(org: SalesforceWorld) -> None:
    """The opt-out stands in the ledger whatever the spelling, and in the mapped field, once."""
    lead = org.lead  # type: ignore[attr-defined]
    ran = org.run("unsubscribe", ADDRESS.replace("ada", "ADA"), "--json")
    assert ran.code == 0, ran.err
    (row,) = ran.json["leads"]
    assert ran.json["new"] is True
    assert (row["lead"], row["outcome"]) == (lead, "applied"), row["message"]
    assert org.values(lead, "HasOptedOutOfEmail")["HasOptedOutOfEmail"] is True
    assert opted_out(org, ADDRESS, "someone@example.com") == {ADDRESS}
    again = org.run("unsubscribe", ADDRESS, "--json").json
    assert again["new"] is False
    assert again["leads"][0]["outcome"] == "skipped"
    _token_is_believed_only_if_signed(org)
    _opt_out_outlives_forgetting(org)


def _token_is_believed_only_if_signed(org: SalesforceWorld) -> None:
    """The token of a mail's link does the same; a forged one does nothing at all."""
    other = org.plant("bob@planted-works.example", **UNFIT)
    org.sync()
    who = Unsubscriber("salesforce", other, person_digest("bob@planted-works.example"))
    forged = org.run("unsubscribe", make_token(b"guessed", who))
    assert forged.code == 2
    assert "not signed" in forged.err
    assert opted_out(org, "bob@planted-works.example") == set()
    ran = org.run("unsubscribe", make_token(SECRET.encode(), who))
    assert ran.code == 0, ran.err
    assert opted_out(org, "bob@planted-works.example") == {"bob@planted-works.example"}
    assert org.values(other, "HasOptedOutOfEmail")["HasOptedOutOfEmail"] is True
    assert "bob@" not in ran.out


def _opt_out_outlives_forgetting(org: SalesforceWorld) -> None:
    """Who was forgotten is not written to when the lead comes back: the no stays, without trace."""
    forgotten = org.run("forget", ADDRESS)
    assert forgotten.code == 0, forgotten.err
    assert opted_out(org, ADDRESS) == {ADDRESS}
    assert ADDRESS.encode() not in (org.folder / "leadgate.db").read_bytes()


def test_read_only_field_is_said(tmp_path: Path) -> None:
    """HubSpot lets nobody write its opt-out property, and a lead may have gone: both are said."""
    portal = HubSpotPortal(10, 3, now=NOW, config=PortalConfig(burst=0, search_per_second=0))
    mapping = load_mapping(parse_yaml(default_mapping_text("hubspot"), "mappings/hubspot.yaml"))
    with portal.serve() as served:
        settings = HubSpotSettings.model_validate({"token": portal.token, "base_url": served.url})
        with closing(open_crm(settings, Runtime(lambda: NOW, lambda *_: None))) as crm:
            (row,) = write_opt_out("hubspot", crm, (crm.describe(), mapping), ["29"])
    assert (row.lead, row.outcome) == ("29", "skipped")
    assert "hs_email_optout is read-only" in row.message


def test_who_is_unknown_is_kept_and_what_is_nobody_is_refused(tmp_path: Path) -> None:
    """An address that no lead has counts for those that come; a text that is no address does not."""
    write_project(tmp_path, ["csv"])
    ran = leadgate(tmp_path, "unsubscribe", "Nobody@Example.com")
    assert ran.code == 0, ran.err
    assert "No lead with this address" in ran.out
    for text in ("neither", "a@b", "abc.def"):
        refused = leadgate(tmp_path, "unsubscribe", text)
        assert refused.code == 2
        assert "neither an e-mail address nor an unsubscribe token" in " ".join(refused.err.split())
    near = leadgate(tmp_path, "unsubscribe", "nobody@example.com", "cvs")
    assert near.code == 2
    assert 'Did you mean "csv"?' in near.err


def test_ledger_keeps_the_first_record_and_no_address(tmp_path: Path) -> None:
    """The first no counts, later ones change nothing, and the file does not tell who it was."""
    url = f"sqlite:///{tmp_path / 'l.db'}"
    with closing(open_ledger(url, clock=lambda: NOW)) as ledger:
        assert ledger.opted_out(["a@example.com"]) == frozenset()
        assert ledger.record_opt_out("a@example.com", NOW, "address")
        assert not ledger.record_opt_out("a@example.com", NOW, "token")
        assert not ledger.record_opt_out_of(person_digest("a@example.com"), NOW, "token")
        assert ledger.opted_out(["a@example.com", "b@example.com"]) == {"a@example.com"}
    raw = (tmp_path / "l.db").read_bytes()
    assert b"a@example.com" not in raw
    assert person_digest("a@example.com").encode() not in raw
