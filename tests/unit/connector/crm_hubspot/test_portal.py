"""What a portal is asked about itself: its schema, its clock, its address, its own properties."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connector.crm.hubspot.setup import is_property_name
from connector.engine.ports import Window
from connector.errors import CredentialsError
from connector.sandbox.hubspot import Fault
from mappings.schema import NewField
from tests.unit.connector.crm_hubspot.scripted import START

if TYPE_CHECKING:
    from connector.crm.hubspot.adapter import HubSpotCrm
    from connector.sandbox.hubspot import HubSpotPortal
    from tests.unit.connector.crm_hubspot.conftest import Connect
    from tests.unit.connector.crm_hubspot.scripted import Runtime

FIELDS = [
    NewField("lead", "leadgate_score", "Score", "number"),
    NewField("lead", "leadgate_grade", "Grade", "picklist", values=("A", "B")),
    NewField("lead", "leadgate_spam", "Spam", "boolean"),
    NewField("lead", "leadgate_reasons", "Reasons", "long_text"),
    NewField("lead", "leadgate_scored_at", "Scored at", "datetime"),
    NewField("opportunity", "leadgate_key", "Key", "text", unique=True),
]


def test_describe_knows_contacts_and_deals(crm: HubSpotCrm) -> None:
    """Three calls bring both objects, with the stages of the deal pipelines."""
    schema = crm.describe()
    assert schema.opportunity is not None
    contact, deal = schema.lead.fields, schema.opportunity.fields

    assert (schema.crm, schema.lead.name, schema.opportunity.name) == (
        "hubspot",
        "contacts",
        "deals",
    )
    assert contact["lifecyclestage"].type == "picklist"
    assert contact["numemployees"].restricted
    assert not contact["lastmodifieddate"].writable
    assert "qualifiedtobuy" in deal["dealstage"].values
    assert "default" in deal["pipeline"].values
    assert crm.api_calls == 3


def test_without_rights_to_deals_there_is_no_opportunity(
    crm: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """A token that may not see deals still describes contacts."""
    portal.config.scopes = ("crm.objects.contacts.read", "crm.schemas.contacts.read")

    assert crm.describe().opportunity is None


def test_now_is_the_portals_time_and_link_its_address(crm: HubSpotCrm) -> None:
    """One call tells the server's time; the address of a record then costs none."""
    assert crm.now().tzinfo is not None
    link = crm.link("101")

    assert link == "https://app.hubspot.com/contacts/20071984/record/0-1/101"
    assert crm.api_calls == 1


def test_without_the_account_any_answer_tells_the_time(
    crm: HubSpotCrm, portal: HubSpotPortal
) -> None:
    """A portal that does not show its account is asked for something else; links are left out."""
    portal.faults.add(Fault("status", path="account-info", status=403, times=None))

    assert crm.now().tzinfo is not None
    assert crm.link("101") == ""


def test_setup_creates_once(crm: HubSpotCrm) -> None:
    """What is missing is created with its type, options and uniqueness; again, nothing happens."""
    first = crm.setup(FIELDS)
    second = crm.setup(FIELDS)
    schema = crm.describe()
    assert schema.opportunity is not None
    found = schema.lead.fields

    assert [one.outcome for one in first] == ["applied"] * 6
    assert [one.outcome for one in second] == ["skipped"] * 6
    assert [one.field for one in first] == FIELDS
    assert [found[field.name].type for field in FIELDS[:5]] == [field.type for field in FIELDS[:5]]
    assert found["leadgate_grade"].values == ("A", "B")
    assert schema.opportunity.fields["leadgate_key"].unique


def test_setup_tells_what_does_not_fit(crm: HubSpotCrm) -> None:
    """A property that exists in another shape is told, not taken; bad names are told, too."""
    crm.setup(FIELDS)
    wrong = [
        NewField("lead", "leadgate_score", "Score", "text"),
        NewField("lead", "leadgate_grade", "Grade", "picklist", values=("A", "C")),
        NewField("lead", "leadgate_reasons", "Reasons", "long_text", unique=True),
        NewField("lead", "hs_score", "Score", "number"),
        NewField("lead", "lastmodifieddate", "Modified", "datetime"),
    ]

    found = crm.setup(wrong)

    assert {one.outcome for one in found} == {"rejected"}
    for outcome, words in zip(found, ("number", "C", "unique", "hs_", "read-only"), strict=True):
        assert words in outcome.message


@pytest.mark.parametrize(
    ("name", "possible"),
    [
        ("leadgate_score", True),
        ("score2", True),
        ("hs_score", False),
        ("Score", False),
        ("2x", False),
    ],
)
def test_names_that_setup_could_create(name: str, *, possible: bool) -> None:
    """Lowercase letters, digits and underscores; HubSpot keeps hs_ for itself."""
    assert is_property_name(name) is possible


def test_everything_works_on_a_dated_version(connect: Connect, portal: HubSpotPortal) -> None:
    """With a dated release in place of v3, reading, creating and writing all succeed."""
    crm = connect("2026-09")
    window = Window(START - timedelta(days=1), START)

    schema = crm.describe()
    leads = pl.concat(page.leads for page in crm.pull(Window(None, START), ["email"]))
    changed = list(crm.pull(window, ["email"]))
    created = crm.setup(FIELDS)
    change = leads.head(5).select(
        "@id", "@modified_at", pl.lit("7").alias("to:leadgate_score"),
        pl.lit(value=True).alias("change:leadgate_score"),
    )  # fmt: skip
    outcomes = pl.concat(crm.write(change))

    assert schema.opportunity is not None
    assert leads.height > 100
    assert changed
    assert {one.outcome for one in created} == {"applied"}
    assert outcomes["outcome"].to_list() == ["applied"] * 5
    assert set(portal.stats()["statuses"]) <= {"200", "201", "207"}


def test_oauth_lasts_longer_than_its_tokens(
    connect: Connect, portal: HubSpotPortal, runtime: Runtime
) -> None:
    """After the access token's half hour the work goes on; the rotated secret is handed over."""
    portal.config.rotate_refresh_tokens = True
    known = portal.credentials
    crm = connect(
        token=None,
        client_id=known.client_id,
        client_secret=known.client_secret,
        refresh_token=known.refresh_token,
    )
    crm.find("nobody@leads.example", ["email"])
    portal.advance(3_600)
    crm.find("nobody@leads.example", ["email"])

    assert [key for key, _ in runtime.secrets] == ["refresh_token", "refresh_token"]
    assert crm.api_calls == 5


def test_a_wrong_token_is_told(connect: Connect) -> None:
    """A token of nowhere is refused by name, without telling it."""
    with pytest.raises(CredentialsError) as caught:
        connect(token="pat-na1-wrong").now()

    assert "pat-na1-wrong" not in str(caught.value)


def test_closing_twice_does_nothing(crm: HubSpotCrm) -> None:
    """A closed connection may be closed again."""
    crm.now()
    crm.close()
    crm.close()
