"""Conversions against a local org: never twice, whatever answer is lost and whenever it stops."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from connector import errors
from connector.crm.salesforce.convert import Converter
from connector.engine.ports import CONVERSION_OUTCOMES, Window
from mappings.schema import CrmSchema, NewField, ObjectSchema

KEY = NewField("opportunity", "Leadgate_Key__c", "Leadgate key", "text", length=18, unique=True)
SOAP = "/services/Soap/"
COLLECTIONS = "/composite/sobjects$"


def how(**changes):
    """What the mapping says of conversions."""
    usual = {"opportunity": {}, "status": None, "owner": None, "key": KEY.name}
    return SimpleNamespace(**(usual | changes))


@pytest.fixture
def crm(join):
    """A connection to an org that has the key field."""
    made = join()
    assert [told.outcome for told in made.setup([KEY])] == ["applied"]
    made.describe()
    return made


@pytest.fixture
def leads(crm):
    """The leads that can be converted."""
    pages = crm.pull(Window(None, crm.now()), ["Company"])
    return pl.concat([page.leads for page in pages]).filter(~pl.col("@converted"))


@pytest.fixture
def owned(leads):
    """Conversions of the leads that people own."""
    return conversions(leads.filter(pl.col("@owner_id").str.starts_with("005")))


@pytest.fixture
def queued(leads):
    """Conversions of the leads that a queue owns."""
    return conversions(leads.filter(pl.col("@owner_id").str.starts_with("00G")))


def conversions(leads):
    """The frame that the engine hands to `convert`."""
    return leads.select(
        "@id",
        "@owner_id",
        pl.col("@id").alias("@key"),
        (pl.col("Company") + " <&> Söhne").alias("to:Name"),
        pl.lit("2027-01-31").alias("to:CloseDate"),
        pl.lit(None, dtype=pl.String).alias("to:Amount"),
    )


def convert(crm, rows, how):
    """All outcomes, after checking that each lead has exactly one."""
    told = pl.concat(list(crm.convert(rows, how)))

    assert told.schema == CONVERSION_OUTCOMES
    assert sorted(told["@id"]) == sorted(rows["@id"])
    return {row["@id"]: row for row in told.iter_rows(named=True)}


def opportunities(org):
    """The key and close date of every opportunity that has a key."""
    names = f"Id, Name, Amount, CloseDate, {KEY.name}"
    soql = f"SELECT {names} FROM Opportunity WHERE {KEY.name} != null"  # noqa: S608 — our own names
    return {row[KEY.name]: row for row in org.rows(soql)}


def assert_one_each(org, told):
    """Every applied lead has one opportunity, which is the one that was told, and it is finished."""
    made = opportunities(org)
    report = org.audit()

    assert {row["outcome"] for row in told.values()} == {"applied"}
    assert {lead: row["@opportunity_id"] for lead, row in told.items()} == {
        lead: made[lead]["Id"] for lead in told
    }
    assert {row["CloseDate"] for row in made.values()} == {"2027-01-31"}
    assert not report["leads_with_several_opportunities"]
    assert set(report["converted_leads"].values()) == {1}
    assert not report["taken_by_assignment_rule"]


def test_a_hundred_leads_cost_three_calls(crm, org, owned):
    """One call for the status, one to convert, one for the fields; markup in a name is text."""
    rows = owned.head(100)
    before = crm.api_calls

    told = convert(crm, rows, how())

    assert crm.api_calls - before == 3
    assert_one_each(org, told)
    names = {lead: row["Name"] for lead, row in opportunities(org).items()}
    assert names == dict(rows.select("@id", "to:Name").iter_rows())


def test_converting_again_changes_nothing(crm, org, owned):
    """The same input answers the same opportunities and writes nothing."""
    rows = owned.head(30)
    first = convert(crm, rows, how())
    org.advance(60)
    stamps = org.rows("SELECT Id, SystemModstamp FROM Opportunity")

    second = convert(crm, rows, how())

    assert second == first
    assert org.rows("SELECT Id, SystemModstamp FROM Opportunity") == stamps


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after", "path": SOAP, "times": 1},
        {"kind": "drop_before", "path": SOAP, "times": 1},
        {"kind": "truncate", "path": SOAP, "times": 1},
        {"kind": "status", "path": SOAP, "times": 1, "status": 503},
        {"kind": "status", "path": SOAP, "times": 1, "status": 500},
        {"kind": "expire_session", "path": SOAP, "times": 1},
        {"kind": "drop_after", "path": COLLECTIONS, "method": "PATCH", "times": 1},
        {"kind": "lock_row", "object": "Lead", "times": 7},
        {"kind": "lock_row", "object": "Opportunity", "times": 7},
    ],
    ids=lambda fault: (
        f"{fault['kind']} {fault.get('path', fault.get('object'))} {fault.get('status', '')}"
    ),
)
def test_no_fault_converts_twice(crm, org, owned, fault):
    """Whatever is lost, cut, refused or locked: every lead ends with exactly one opportunity."""
    org.faults([fault])

    told = convert(crm, owned.head(120), how())

    assert sum(org.stats()["faults_fired"].values()) > 0
    assert_one_each(org, told)


def test_a_run_that_dies_between_the_calls_is_finished_later(crm, org, owned, join):
    """After a conversion whose fields were not written, the same input writes them."""
    rows = owned.head(10)
    refusal = '[{"errorCode":"API_DISABLED_FOR_ORG","message":"x"}]'
    org.faults(
        [{"kind": "status", "path": COLLECTIONS, "method": "PATCH", "status": 403, "body": refusal}]
    )
    with pytest.raises(errors.ConfigurationError, match="API Enabled"):
        convert(crm, rows, how())
    assert opportunities(org) == {}
    org.faults(None)

    assert_one_each(org, convert(join(), rows, how()))


def test_answers_that_stay_lost_end_with_what_is_known(crm, org, owned):
    """What could be read back is told; for the rest the call fails as lost, to be repeated."""
    org.faults([{"kind": "drop_before", "path": SOAP, "after": 1}])
    rows, told = owned.head(150), []

    with pytest.raises(errors.LostAnswerError):
        told.extend(crm.convert(rows, how()))
    org.faults(None)

    assert pl.concat(told)["@id"].to_list() == rows["@id"][:100].to_list()
    assert_one_each(org, convert(crm, rows, how()))


def test_a_person_who_was_faster_keeps_the_opportunity(crm, org, owned):
    """A lead that somebody converted meanwhile is applied, and the opportunity is left alone."""
    lead, other = owned["@id"][:2]
    org.mutate({"convert": {"leadId": lead}})

    told = convert(crm, owned.head(2), how())

    assert (told[lead]["outcome"], told[other]["outcome"]) == ("applied", "applied")
    assert "somebody else" in told[lead]["message"]
    assert told[lead]["@opportunity_id"]
    assert list(opportunities(org)) == [other]


def test_a_deleted_lead_is_skipped(crm, org, owned):
    """There is nothing left to convert."""
    org.mutate({"object": "Lead", "id": owned["@id"][0], "delete": True})

    told = convert(crm, owned.head(2), how())

    assert told[owned["@id"][0]]["outcome"] == "skipped"
    assert told[owned["@id"][1]]["outcome"] == "applied"


def test_a_queues_lead_needs_a_user(crm, org, queued):
    """Without `convert.owner` it is rejected and nothing is sent; a user name is resolved once."""
    rows = queued.head(3)
    refused = convert(crm, rows, how())
    assert {row["code"] for row in refused.values()} == {"QUEUE_OWNER"}
    assert "convert.owner" in refused[rows["@id"][0]]["remedy"]

    assert_one_each(org, convert(crm, rows, how(owner=org.credentials["username"])))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"status": "Closed - Convertd"}, r'convert\.status.*Did you mean "Closed - Converted"'),
        ({"owner": "nobody@acme.example"}, r"convert\.owner.*no active user"),
        ({"key": "Nope__c"}, r"convert\.key.*Nope__c"),
    ],
)
def test_a_wrong_mapping_is_said_before_the_first_conversion(crm, org, queued, wrong, said):
    """The org is asked what it has, and nothing is converted on a guess."""
    with pytest.raises(errors.ConfigurationError, match=said):
        list(crm.convert(queued.head(2), how(**wrong)))

    assert SOAP not in " ".join(org.stats()["calls"])


def test_a_refused_opportunity_tells_its_id_and_is_finished_later(crm, org, owned):
    """The lead is converted, its fields are refused; mended, the same input finishes."""
    rows = owned.head(2)
    org.faults(
        [{"kind": "validation", "object": "Opportunity", "field": "CloseDate", "message": "no"}]
    )

    told = convert(crm, rows, how())

    assert {row["code"] for row in told.values()} == {"FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    assert all(row["@opportunity_id"] and row["remedy"] for row in told.values())
    org.faults(None)
    assert_one_each(org, convert(crm, rows, how()))


def test_only_leads_can_be_converted(crm):
    """Another object, or no right to see opportunities, is configuration."""
    lead = ObjectSchema("Lead", {})
    for schema in (
        CrmSchema("salesforce", lead),
        CrmSchema("salesforce", ObjectSchema("Contact", {}), lead),
    ):
        with pytest.raises(errors.ConfigurationError, match="cannot be converted"):
            Converter(crm._client, schema)


def test_a_lost_conversion_is_not_asked_for_again(crm, org, owned):
    """Status, conversion, two looks at what became of it, fields: five calls and no second try."""
    org.faults([{"kind": "drop_after", "path": SOAP, "times": 1}])
    before = crm.api_calls

    assert_one_each(org, convert(crm, owned.head(100), how()))
    assert crm.api_calls - before == 5


def test_an_opportunity_of_another_key_is_left_alone(crm, org, owned):
    """A key that is not this conversion's says that the opportunity serves something else."""
    rows = owned.head(1)
    lead = rows["@id"][0]
    made = convert(crm, rows, how())[lead]["@opportunity_id"]
    org.mutate({"object": "Opportunity", "id": made, "fields": {KEY.name: "something else"}})

    told = convert(crm, rows, how())[lead]

    assert (told["outcome"], told["@opportunity_id"]) == ("applied", made)
    assert "somebody else" in told["message"]
    assert list(opportunities(org)) == ["something else"]
