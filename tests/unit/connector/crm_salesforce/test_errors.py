"""Refusals of the REST API by code, and the schema out of describe."""

from __future__ import annotations

import httpx
import orjson
import pytest

from connector import errors
from connector.crm.salesforce import soql
from connector.crm.salesforce.describe import object_schema, parents
from connector.crm.salesforce.errors import parse_error, refusal
from connector.crm.salesforce.lookup import is_id, long_id


def answer(status, code, message="words about rosa@person.example"):
    """A refusal as REST writes it."""
    body = orjson.dumps([{"errorCode": code, "message": message}])
    return httpx.Response(
        status, content=body, request=httpx.Request("POST", "https://acme.example/x")
    )


@pytest.mark.parametrize(
    ("status", "code", "message", "meaning"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", errors.QuotaSpentError),
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests Limit exceeded.",
            errors.RateLimitedError,
        ),
        (400, "UNABLE_TO_LOCK_ROW", "", errors.TransientError),
        (403, "API_DISABLED_FOR_ORG", "", errors.ConfigurationError),
        (410, "UNSUPPORTED_API_VERSION", "", errors.ConfigurationError),
        (401, "INVALID_SESSION_ID", "", errors.CredentialsError),
        (404, "NOT_FOUND", "", errors.RequestRefusedError),
        (500, "UNKNOWN_EXCEPTION", "", errors.LostAnswerError),
        (400, "MALFORMED_QUERY", "WHERE Email = 'rosa@person.example'", errors.RequestRefusedError),
    ],
)
def test_a_code_decides(status, code, message, meaning):
    """The same code means the same everywhere, and its words stay behind."""
    told = refusal(answer(status, code, message), "w")

    assert type(told) is meaning
    assert "rosa" not in str(told)


def test_an_unknown_field_is_named():
    """The one thing that a user needs of the message is which field it was."""
    told = refusal(answer(400, "INVALID_FIELD", "No such column 'Scor__c' on entity 'Lead'."), "w")

    assert "Scor__c" in str(told)
    assert isinstance(told, errors.RequestRefusedError)
    assert told.code == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":"invalid_grant"}', "invalid_grant"),
        (b"<html>", ""),
        (b"[]", ""),
        (b"[1]", ""),
        (b'[{"errorCode":"a b\\nrosa"}]', ""),
    ],
)
def test_odd_bodies_have_no_code(body, code):
    """Only what looks like a code is taken for one."""
    assert parse_error(httpx.Response(400, content=body))[0] == code


def test_describe_becomes_the_shared_schema():
    """Types, lengths, options, rights and compound fields are told in the shared words."""
    raw = {
        "name": "Lead",
        "fields": [
            {"name": "Status", "type": "picklist", "label": "Lead Status", "updateable": True,
             "createable": True, "nillable": False, "defaultedOnCreate": True,
             "picklistValues": [{"value": "Open", "label": "Offen", "active": True},
                                {"value": "Old", "label": None, "active": False}]},
            {"name": "Company", "type": "string", "length": 255, "createable": True, "nillable": False},
            {"name": "Notes__c", "type": "textarea", "length": 32000, "custom": True},
            {"name": "Street", "type": "textarea", "length": 255},
            {"name": "Score__c", "type": "double", "precision": 5, "scale": 2, "calculated": True},
            {"name": "Address", "type": "address"},
        ],
    }  # fmt: skip

    fields = object_schema(raw).fields

    assert list(fields) == ["Status", "Company", "Notes__c", "Street", "Score__c"]
    assert (fields["Status"].values, fields["Status"].required) == (("Open",), False)
    assert fields["Status"].options[1].label == "Old"
    assert (fields["Company"].required, fields["Company"].writable) == (True, False)
    assert (fields["Notes__c"].type, fields["Street"].type) == ("long_text", "text")
    assert (fields["Score__c"].precision, fields["Score__c"].scale) == (5, 2)
    assert fields["Score__c"].calculated


def test_parents_name_what_can_be_read_behind_them():
    """An owner is a person; other parents at least have a name."""
    found = parents(
        [
            {"name": "OwnerId", "relationshipName": "Owner", "referenceTo": ["Group", "User"]},
            {"name": "Region__c", "relationshipName": "Region__r", "referenceTo": ["Region__c"]},
            {"name": "Email", "relationshipName": None, "referenceTo": []},
        ]
    )

    assert "Email" in found["Owner"]
    assert found["Region__r"] == ("Id", "Name")
    assert list(found) == ["Owner", "Region__r"]


def test_ids_are_brought_to_their_long_form():
    """Fifteen characters differ by case only; the last three of eighteen tell it."""
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert long_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"
    assert [is_id(t) for t in ("001A0000006Vm9r", "rosa@person.example", "Rosa", "a" * 15)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_queries_hold_names_and_quoted_values_only():
    """A name that is none is refused; a value cannot end its quotes."""
    assert soql.where("Email = {}", "o'b\\") == "WHERE Email = 'o\\'b\\\\'"
    with pytest.raises(errors.ConfigurationError, match="cannot be the name"):
        soql.select(["Id", "Name FROM User--"], "Lead")
