"""Stand-ins: nobody is left, and what matters to a score is kept in kind."""

from __future__ import annotations

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.stand_in_phones import phone_like
from connector.sandbox.stand_ins import SHARED, with_stand_ins
from mappings.defaults import default_mapping_text
from mappings.mapping import load_mapping
from mappings.schema import Field, ObjectSchema, Option
from mappings.transforms.base import Options
from mappings.transforms.titles import SENIORITY
from scoring.document import parse_yaml
from scoring.genuine.characters import characters

MAPPING = load_mapping(parse_yaml(default_mapping_text("salesforce"), "salesforce.yaml"))
SCHEMA = ObjectSchema(
    "Lead",
    {
        field.name: field
        for field in (
            Field("FirstName", "text"),
            Field("LastName", "text"),
            Field("Email", "email"),
            Field("Phone", "phone"),
            Field("Company", "text"),
            Field("Title", "text"),
            Field("Website", "url"),
            Field("Street", "text"),
            Field("Country", "text"),
            Field("Description", "long_text"),
            Field("Nickname__c", "text"),
            Field("LeadSource", "picklist", options=(Option("Web", "Web"),)),
            Field("AnnualRevenue", "money"),
            Field("HasOptedOutOfEmail", "boolean"),
        )
    },
)
REAL = {
    "@id": "00Q1", "FirstName": "Zebedee", "LastName": "Quux", "Email": "zebedee@quuxworks.com",
    "Phone": "+49 30 901820", "Company": "Quuxworks Ltd", "Title": "Chief Quux Officer",
    "Website": "https://www.quuxworks.com/", "Street": "Quuxweg 7", "Country": "Germany",
    "Description": "Quux called twice", "Nickname__c": "Quuxi", "LeadSource": "Web",
    "AnnualRevenue": "1500000", "HasOptedOutOfEmail": "true",
}  # fmt: skip


def replaced(*rows: dict[str, str | None], seed: int = 1) -> pl.DataFrame:
    """These leads with stand-ins."""
    return with_stand_ins(pl.DataFrame([REAL | row for row in rows]), SCHEMA, MAPPING, seed=seed)


def test_every_personal_text_is_replaced_and_the_rest_is_kept() -> None:
    """No name, address or free text comes through; picklists, numbers, booleans and ids do."""
    made = replaced({}).row(0, named=True)

    kept = {"@id", "Country", "LeadSource", "AnnualRevenue", "HasOptedOutOfEmail"}
    assert {name for name in REAL if made[name] == REAL[name]} == kept
    assert not [v for v in made.values() if "quux" in v.casefold()]


def test_same_seed_gives_the_same_people_and_another_gives_others() -> None:
    """Stand-ins are drawn by the seed and the text alone."""
    assert replaced({}).equals(replaced({}))
    assert not replaced({}).equals(replaced({}, seed=2))


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("zeb.quux@gmail.com", "@gmail.com"),
        ("quuxlord@mailinator.com", "@mailinator.com"),
        ("info@quuxworks.com", "info@"),
    ],
)
def test_kind_of_address_is_kept(email: str, kept: str) -> None:
    """Free mail stays free mail, a disposable address disposable, a role a role."""
    made = replaced({"Email": email})["Email"][0]

    assert kept in made
    assert "quux" not in made


def test_website_and_address_of_one_company_agree() -> None:
    """The stand-in of a domain is the same wherever the domain stands."""
    made = replaced({}).row(0, named=True)

    assert made["Email"].rpartition("@")[2] in made["Website"]


def test_text_that_many_share_is_kept() -> None:
    """What at least so many leads have in common points at nobody, and rules may ask for it."""
    many = replaced(*[{"Nickname__c": "fair 2026"}] * SHARED, {"Nickname__c": "Quuxi"})

    assert many["Nickname__c"].to_list()[:-1] == ["fair 2026"] * SHARED
    assert many["Nickname__c"].to_list()[-1] != "Quuxi"


@pytest.mark.parametrize("junk", ["test", "n/a", "-"])
def test_placeholder_stays_what_it_is(junk: str) -> None:
    """What makes a lead junk is no person, and the copy is judged by it as the live org is."""
    assert replaced({"LastName": junk})["LastName"].to_list() == [junk]


def test_gibberish_becomes_other_gibberish() -> None:
    """Keys hit at random stay that, so that junk is still seen; a name does not become it."""
    made = replaced({"LastName": "xkqjzvwq"}, {"LastName": "Quuxington"})["LastName"].to_list()

    junk, name = characters().evidence([made[0], made[1].lower()])
    assert made[0] != "xkqjzvwq"
    assert junk < 0 < name


@pytest.mark.parametrize("title", ["VP Quux", "Head of Quux", "Quux manager", "Quux intern"])
def test_title_keeps_its_rank(title: str) -> None:
    """A title becomes another one of the same seniority."""
    column = pl.concat([pl.Series("t", [title]), replaced({"Title": title})["Title"].alias("t")])

    levels = column.to_frame().select(SENIORITY.read(pl.col("t"), Options())).to_series()

    assert levels[0] == levels[1]


@given(st.sets(st.from_regex(r"[a-z]{1,12}@[a-z]{2,8}\.(com|de)", fullmatch=True), min_size=2))
@settings(max_examples=15, deadline=None)
def test_different_addresses_stay_different(addresses: set[str]) -> None:
    """No two people become one, else copies and duplicates would appear from nowhere."""
    made = replaced(*[{"Email": address} for address in sorted(addresses)])["Email"]

    assert made.n_unique() == len(addresses)


@given(
    st.sampled_from(["+49 30 901820", "+1 212 736 5000", "020 7946 0991", "+81 3 3224 9999"]),
    st.integers(0, 2**64),
)
@settings(max_examples=30, deadline=None)
def test_telephone_number_is_valid_for_the_same_country(number: str, draw: int) -> None:
    """The stand-in is another valid number of the same country."""
    before = phonenumbers.parse(number, "GB")
    after = phonenumbers.parse(phone_like(number, "GB", draw), "GB")

    assert phonenumbers.is_valid_number(after)
    assert after.country_code == before.country_code
    assert after.national_number != before.national_number


@pytest.mark.parametrize("junk", ["0000000000", "12345", "n/a"])
def test_junk_for_a_number_stays_junk(junk: str) -> None:
    """Digits that are nobody's number are kept: a rule may know them for junk."""
    assert phone_like(junk, "US", 42) == junk
