"""A refused row tells its code, its field, the CRM's words and a remedy, and never the value."""

from __future__ import annotations

import pytest

from connector.crm.salesforce import outcomes
from connector.crm.salesforce.outcomes import RowError
from connector.crm.salesforce.remedies import REMEDIES, SKIPPED, remedy
from connector.engine.ports import CONVERSION_OUTCOMES, OUTCOMES


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        (
            "STRING_TOO_LONG",
            "Last Name: data value too large: Rosa: Ibrahim (max length=80)",
            "Last Name: data value too large (max length=80)",
        ),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Race: bad value for restricted picklist field: Rosa",
            "Race: bad value for restricted picklist field",
        ),
        (
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: rosa@",
            "Email: invalid email address",
        ),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Call Rosa first", "Call … first"),
        ("DUPLICATE_VALUE", "held by rosa@person.example", "held by …"),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "T: execution of BeforeUpdate caused by: Rosa is null",
            "T: execution of BeforeUpdate",
        ),
    ],
)
def test_words_come_without_the_value(code, message, told):
    """The CRM quotes what it refuses; that is a lead's data and is cut out."""
    row = outcomes.outcome("00Q1", RowError(code, "F", message), ["Rosa", None, "x"])

    assert row["message"] == told
    assert (row["outcome"], row["code"], row["field"]) == ("rejected", code, "F")


def test_every_rejection_has_a_remedy():
    """Known codes have their own words; unknown ones say where to look."""
    assert all(text.endswith(".") for text in REMEDIES.values())
    assert "SOME_NEW_CODE" in remedy("SOME_NEW_CODE")


@pytest.mark.parametrize("code", sorted(SKIPPED))
def test_what_is_moot_is_skipped(code):
    """A converted or deleted record is no fault of anyone."""
    row = outcomes.outcome("00Q1", RowError(code, "", "cannot reference converted lead"))

    assert (row["outcome"], row["message"], row["remedy"]) == ("skipped", SKIPPED[code], "")


@pytest.mark.parametrize(
    ("stated", "error"),
    [
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 200 records: 001xxx,001yyy:--",
            RowError(
                "UNABLE_TO_LOCK_ROW",
                "",
                "unable to obtain exclusive access to this record or 200 records: 001xxx,001yyy",
            ),
        ),
        (
            "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --",
            RowError("REQUIRED_FIELD_MISSING", "Company", "Required fields are missing: [Company]"),
        ),
        (
            "FIELD_INTEGRITY_EXCEPTION:bad:A__c,B__c --",
            RowError("FIELD_INTEGRITY_EXCEPTION", "A__c, B__c", "bad"),
        ),
        ("INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
         RowError("INVALID_CROSS_REFERENCE_KEY", "", "invalid cross reference id")),
        ("odd", RowError("odd")),
        ("", RowError("UNKNOWN_EXCEPTION")),
    ],
)  # fmt: skip
def test_bulk_errors_are_taken_apart(stated, error):
    """A bulk job packs code, words and fields into one text."""
    assert RowError.of_bulk(stated) == error


def test_collections_errors_are_taken_apart():
    """REST's collections tell statusCode; a refusal without any reason is an unknown one."""
    told = RowError.of([{"statusCode": "X_Y", "message": "m", "fields": ["A", "B"]}])

    assert told == RowError("X_Y", "A, B", "m")
    assert RowError.of([]).code == "UNKNOWN_EXCEPTION"


def test_frames_have_the_agreed_columns():
    """Outcome frames can be joined, whoever made them."""
    rows = [outcomes.outcome("00Q1", None), outcomes.outcome("00Q2", RowError("X"))]

    assert outcomes.frame(rows).schema == OUTCOMES
    assert outcomes.applied(outcomes.frame(rows)["@id"]).schema == OUTCOMES
    assert outcomes.conversion_frame(rows).schema == CONVERSION_OUTCOMES
