"""Custom fields: made by the Tooling API, invisible until somebody grants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.unit.connector.sandbox_salesforce.conftest import Api

FIELDS = "/tooling/sobjects/CustomField"
PICKLIST = {
    "type": "Picklist",
    "label": "Stage",
    "valueSet": {
        "restricted": True,
        "valueSetDefinition": {
            "sorted": False,
            "value": [
                {"fullName": "MQL", "label": "Marketing", "default": True},
                {"fullName": "SQL", "label": "Sales", "default": False},
            ],
        },
    },
}
NUMBER = {"type": "Number", "label": "Score", "precision": 5, "scale": 2}


def make(api: Api, name: str, metadata: dict[str, Any]) -> httpx.Response:
    """Create a custom field."""
    return api.call("POST", FIELDS, json={"FullName": name, "Metadata": metadata})


def grant(api: Api, field: str, parent: str | None = None, *, edit: bool = True) -> httpx.Response:
    """Grant a field to a permission set."""
    sets = api.soql("SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true")
    body = {
        "ParentId": parent or sets[0]["Id"], "SobjectType": field.partition(".")[0],
        "Field": field, "PermissionsRead": True, "PermissionsEdit": edit,
    }  # fmt: skip
    return api.call("POST", "/sobjects/FieldPermissions", json=body)


def described(api: Api, name: str) -> dict[str, Any] | None:
    """Return the description of a field, None when it is not visible."""
    fields = api.call("GET", "/sobjects/Lead/describe").json()["fields"]
    return next((field for field in fields if field["name"] == name), None)


def test_a_new_field_is_invisible_until_granted(api: Api) -> None:
    """Describe, SOQL and writes know nothing of it before a FieldPermissions row is there."""
    lead = api.create()
    assert make(api, "Lead.Score__c", NUMBER).json()["success"] is True
    change = {"Score__c": 87.123}
    assert described(api, "Score__c") is None
    assert api.refused("SELECT Score__c FROM Lead") == "INVALID_FIELD"
    assert api.error("PATCH", f"/sobjects/Lead/{lead}", json=change) == (400, "INVALID_FIELD")

    assert grant(api, "Lead.Score__c").status_code == 201
    api.call("PATCH", f"/sobjects/Lead/{lead}", json=change)
    found = described(api, "Score__c") or {}
    assert (found["type"], found["precision"], found["scale"]) == ("double", 5, 2)
    assert api.soql("SELECT Score__c FROM Lead")[0]["Score__c"] == 87.123


def test_an_assigned_permission_set_grants_too(api: Api) -> None:
    """A field granted by a set is seen once the set is assigned, and is gone with the row."""
    make(api, "Lead.Score__c", NUMBER)
    parent = api.create("PermissionSet", Name="leadgate", Label="Leadgate")
    granted = grant(api, "Lead.Score__c", parent).json()["id"]
    assert described(api, "Score__c") is None
    user = api.soql("SELECT Id FROM User WHERE Name = 'Integration User'")[0]["Id"]
    api.create("PermissionSetAssignment", PermissionSetId=parent, AssigneeId=user)

    assert (described(api, "Score__c") or {})["updateable"] is True
    assert grant(api, "Lead.Score__c", parent).json()[0]["errorCode"] == "DUPLICATE_VALUE"
    api.call("DELETE", f"/sobjects/FieldPermissions/{granted}")
    assert described(api, "Score__c") is None


def test_read_only_access(api: Api) -> None:
    """A field granted for reading can be selected and not written."""
    lead = api.create()
    make(api, "Lead.Score__c", NUMBER)
    grant(api, "Lead.Score__c", edit=False)

    assert (described(api, "Score__c") or {})["updateable"] is False
    refused = api.error("PATCH", f"/sobjects/Lead/{lead}", json={"Score__c": 1})
    assert refused == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_stock_fields_can_be_hidden(api: Api) -> None:
    """The admin hides a stock field and shows it again; required ones cannot be hidden."""
    api.org.fls("Lead.Rating", read=False)
    assert api.refused("SELECT Rating FROM Lead") == "INVALID_FIELD"
    api.org.fls("Lead.Rating")
    assert api.soql("SELECT Rating FROM Lead") == []
    hidden = api.http.post("/__sandbox__/fls", json={"field": "Lead.LastName", "read": False})
    assert hidden.status_code == 400


def test_picklists_come_with_their_values(api: Api) -> None:
    """Values, labels, the default and the restriction are as asked."""
    make(api, "Lead.Stage__c", PICKLIST)
    grant(api, "Lead.Stage__c")
    lead = api.create()
    found = described(api, "Stage__c") or {}

    assert [(v["value"], v["label"], v["defaultValue"]) for v in found["picklistValues"]] == [
        ("MQL", "Marketing", True),
        ("SQL", "Sales", False),
    ]
    assert api.soql("SELECT Stage__c FROM Lead")[0]["Stage__c"] == "MQL"
    wrong = api.error("PATCH", f"/sobjects/Lead/{lead}", json={"Stage__c": "Nope"})
    assert wrong == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


def test_checkboxes_are_never_null(api: Api) -> None:
    """Rows that were there before a checkbox have its default."""
    api.create()
    make(api, "Lead.Flag__c", {"type": "Checkbox", "label": "Flag", "defaultValue": "true"})
    grant(api, "Lead.Flag__c")

    assert api.soql("SELECT Flag__c FROM Lead WHERE Flag__c = true")[0]["Flag__c"] is True


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("Lead.Budget__c", NUMBER, "DUPLICATE_DEVELOPER_NAME"),
        ("Lead.Score", NUMBER, "INVALID_FIELD"),
        ("Lead.A__B__c", NUMBER, "INVALID_FIELD"),
        ("Nope.Score__c", NUMBER, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Lead.X__c", {"type": "Number", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {**NUMBER, "precision": 19}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "Text", "label": "X", "length": 256}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "Text", "length": 5}, "REQUIRED_FIELD_MISSING"),
        ("Lead.X__c", {"type": "Rainbow", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "Picklist", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "Checkbox", "label": "X"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "Date", "label": "X", "unique": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.X__c", {"type": "LongTextArea", "label": "X", "length": 300}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)  # fmt: skip
def test_impossible_fields(api: Api, name: str, metadata: dict[str, Any], code: str) -> None:
    """What the real API refuses is refused."""
    answer = make(api, name, metadata)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_schema_queries(api: Api) -> None:
    """Fields are found by name and object before they are visible."""
    made = make(api, "Lead.Score__c", NUMBER).json()["id"]
    soql = (
        "SELECT Id, DeveloperName, EntityDefinition.QualifiedApiName FROM CustomField "
        "WHERE EntityDefinition.QualifiedApiName = 'Lead' AND DeveloperName IN ('Score', 'Budget')"
    )
    found = api.call("GET", "/tooling/query", params={"q": soql}).json()
    entity = api.call(
        "GET",
        "/tooling/query",
        params={"q": "SELECT DurableId FROM EntityDefinition WHERE QualifiedApiName = 'Lead'"},
    ).json()

    assert found["size"] == found["totalSize"] == 2
    assert made in {row["Id"] for row in found["records"]}
    assert entity["records"][0]["DurableId"] == "Lead"


def test_a_field_can_be_read_changed_and_removed(api: Api) -> None:
    """Metadata come back as they went in; a value can be added; removal takes the values along."""
    made = make(api, "Lead.Stage__c", PICKLIST).json()["id"]
    grant(api, "Lead.Stage__c")
    api.create()
    metadata = api.call("GET", f"{FIELDS}/{made}").json()["Metadata"]
    values = metadata["valueSet"]["valueSetDefinition"]["value"]
    values.append({"valueName": "SAL", "label": "Accepted", "default": False})
    assert api.call("PATCH", f"{FIELDS}/{made}", json={"Metadata": metadata}).status_code == 204
    assert len((described(api, "Stage__c") or {})["picklistValues"]) == 3

    assert api.call("DELETE", f"{FIELDS}/{made}").status_code == 204
    assert described(api, "Stage__c") is None
    assert "Stage__c" not in api.call("GET", f"/sobjects/Lead/{api.create()}").json()


def test_setting_up_needs_the_right(make_api: Callable[..., Api]) -> None:
    """A user who may not customize is refused with 403."""
    api = make_api(may_customize=False)

    assert make(api, "Lead.Score__c", NUMBER).status_code == 403
