"""Setup: fields made once, granted to the connected user, or told how to make by hand."""

from __future__ import annotations

import pytest

from connector.crm.salesforce.setup import by_hand, metadata
from mappings.schema import NewField

SCORE = NewField("lead", "New_Score__c", "Score", "number", precision=5, scale=2)
STAGE = NewField("lead", "New_Stage__c", "Stage", "picklist", values=("MQL", "SQL"))
NOTES = NewField("lead", "New_Notes__c", "Notes", "long_text")
KEY = NewField("opportunity", "New_Key__c", "Key", "text", length=18, unique=True)


def told(outcomes):
    """What became of each field."""
    return [told.outcome for told in outcomes]


def test_fields_are_created_readable_and_writable(join):
    """The connected user sees and may edit them at once, with the types that were asked for."""
    crm = join()

    assert told(crm.setup([SCORE, STAGE, NOTES, KEY])) == ["applied"] * 4

    lead, opportunity = crm.describe().lead.fields, crm.describe().opportunity.fields
    score, stage, key = lead[SCORE.name], lead[STAGE.name], opportunity[KEY.name]
    assert (score.type, score.precision, score.scale, score.writable) == ("number", 5, 2, True)
    assert (stage.values, stage.restricted, stage.writable) == (("MQL", "SQL"), True, True)
    assert (lead[NOTES.name].type, key.length, key.unique) == ("long_text", 18, True)


def test_running_it_again_does_nothing(join, org):
    """What is there is left as it is, and no call but the describes is made."""
    join().setup([SCORE, KEY])
    crm = join()

    assert told(crm.setup([SCORE, KEY])) == ["skipped", "skipped"]
    assert crm.api_calls == 3


def test_a_hidden_field_is_granted(join, org):
    """A field that exists and that the user may not see needs only the permission."""
    join().setup([SCORE])
    org.fls(f"Lead.{SCORE.name}", read=False, edit=False)
    crm = join()
    assert SCORE.name not in crm.describe().lead.fields

    (found,) = crm.setup([SCORE])

    assert (found.outcome, "hidden" in found.message) == ("skipped", True)
    assert crm.describe().lead.fields[SCORE.name].writable


def test_an_org_without_tooling_says_what_to_make_by_hand(connect, wire):
    """The message is what an admin types into Setup."""
    wire.on("POST", "/tooling/", status=404, json=[{"errorCode": "NOT_FOUND", "message": ""}])

    (found, other) = connect().setup([STAGE, NewField("lead", "Plain", "Plain", "text")])

    assert found.outcome == "rejected"
    assert "Object Manager → Lead → Fields: New_Stage__c" in found.message
    assert "values MQL, SQL" in found.message
    assert other.outcome == "rejected"


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "FIELD_INTEGRITY_EXCEPTION", "FIELD_INTEGRITY"),
        (403, "INSUFFICIENT_ACCESS", "permission"),
    ],
)
def test_a_refused_field_tells_why(connect, wire, status, code, said):
    """One field's refusal is its own; the others go on."""
    wire.on("POST", "/tooling/", status=status, json=[{"errorCode": code, "message": "x"}])

    found = connect().setup([SCORE, NewField("lead", "Score__c", "Score", "number")])

    assert told(found) == ["rejected", "skipped"]
    assert said in found[0].message


def test_a_field_that_could_not_be_granted_is_not_called_done(connect, wire):
    """Created but not editable is of no use, and the outcome says what to grant."""
    wire.on("POST", "/tooling/", status=201, json={"id": "00N", "success": True})
    wire.on("GET", "/query", status=400, json=[{"errorCode": "INVALID_TYPE", "message": "x"}])

    (found,) = connect().setup([SCORE])

    assert (found.outcome, "grant Read and Edit" in found.message) == ("rejected", True)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (SCORE, {"type": "Number", "precision": 5, "scale": 2}),
        (NOTES, {"type": "LongTextArea", "length": 32768, "visibleLines": 4}),
        (KEY, {"type": "Text", "length": 18, "unique": True, "externalId": True, "caseSensitive": True}),
        (NewField("lead", "A__c", "A", "boolean"), {"type": "Checkbox", "defaultValue": "false"}),
        (NewField("lead", "A__c", "A", "datetime"), {"type": "DateTime"}),
        (NewField("lead", "A__c", "A", "integer"), {"type": "Number", "precision": 18, "scale": 0}),
    ],
)  # fmt: skip
def test_each_type_has_what_the_tooling_api_needs(field, expected):
    """Lengths, digits and defaults are given where a type cannot do without."""
    assert metadata(field) == {"label": field.label, **expected}


def test_by_hand_names_digits_and_uniqueness():
    """A person needs the same facts as the API."""
    assert "3 digits and 2 decimals" in by_hand(SCORE, "Lead")
    assert "length 18, unique, external id" in by_hand(KEY, "Opportunity")
