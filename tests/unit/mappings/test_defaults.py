"""The shipped mappings."""

from __future__ import annotations

import pytest

from mappings.check import check_mapping
from mappings.defaults import DEFAULTS, default_mapping_text
from mappings.inbound import compile_inbound
from mappings.mapping import load_mapping
from mappings.schema import CrmSchema, ObjectSchema
from scoring.document import parse_yaml
from tests.unit.mappings.builders import field, page, schema

SALESFORCE = {
    "Email": "email", "FirstName": "text", "LastName": "text", "Phone": "phone", "MobilePhone": "phone",
    "Title": "text", "Company": "text", "Website": "url", "Industry": "picklist",
    "NumberOfEmployees": "integer", "AnnualRevenue": "money", "Country": "text", "State": "text",
    "City": "text", "LeadSource": "picklist", "CreatedDate": "datetime", "LastActivityDate": "date",
    "Status": "picklist", "OwnerId": "id", "HasOptedOutOfEmail": "boolean", "DoNotCall": "boolean",
    "EmailBouncedDate": "datetime",
}  # fmt: skip
HUBSPOT = {
    "email": "email", "firstname": "text", "lastname": "text", "phone": "phone", "jobtitle": "text",
    "company": "text", "website": "url", "annualrevenue": "text", "numemployees": "picklist",
    "country": "text", "hs_analytics_source": "picklist", "createdate": "datetime",
    "hs_analytics_num_visits": "number", "hs_lead_status": "picklist", "hubspot_owner_id": "id",
    "hs_email_optout": "boolean", "recent_conversion_date": "datetime",
    "hs_email_hard_bounce_reason_enum": "picklist",
}  # fmt: skip
DEALS = {
    "salesforce": {"Name": "text", "StageName": "picklist", "Amount": "money", "CloseDate": "date", "LeadSource": "picklist"},
    "hubspot": {"dealname": "text", "pipeline": "text", "dealstage": "text", "amount": "number", "closedate": "datetime"},
    "csv": {"name": "text", "amount": "text", "close_date": "date", "lead_source": "text"},
}  # fmt: skip


def shipped(crm):
    """A shipped mapping with its document."""
    document = parse_yaml(default_mapping_text(crm), f"{crm}.yaml")
    return document, load_mapping(document)


def stock(crm, fields):
    """A CRM with these lead fields and its usual deal."""
    return schema(
        [field(name, kind) for name, kind in fields.items()],
        [field(name, kind) for name, kind in DEALS[crm].items()],
        crm,
    )


@pytest.mark.parametrize(
    ("crm", "fields"),
    [("salesforce", SALESFORCE), ("hubspot", HUBSPOT), ("csv", {"email": "text"})],
)
def test_a_stock_crm_lacks_only_what_setup_makes(crm, fields):
    """With the fields that setup creates, the shipped mapping fits a CRM as it comes."""
    document, mapping = shipped(crm)
    described = stock(crm, fields)
    before = check_mapping(mapping, document, described, supports_setup=lambda name: True)
    made = {"lead": {}, "opportunity": {}}
    for new in before.missing:
        made[new.object][new.name] = field(
            new.name, new.type, length=new.length, precision=new.precision, scale=new.scale,
            options=new.values, unique=new.unique,
        )  # fmt: skip
    complete = CrmSchema(
        crm,
        ObjectSchema("Lead", dict(described.lead.fields) | made["lead"]),
        ObjectSchema("Opportunity", dict(described.opportunity.fields) | made["opportunity"]),
    )
    after = check_mapping(mapping, document, complete, supports_setup=lambda name: True)

    assert all("leadgate setup" in problem.fix for problem in before.errors)
    assert {new.object for new in before.missing} <= {"lead", "opportunity"}
    assert len([new for new in before.missing if new.object == "lead"]) == 7
    assert after.errors == []
    assert after.warnings == []


def test_a_stock_salesforce_lead_is_understood():
    """Standard fields become facts of the right kind, without a data problem."""
    _, mapping = shipped("salesforce")
    texts = {name: [None, None] for name in SALESFORCE} | {
        "Email": ["Ann@ACME.com", None], "Phone": ["+1 415 555 0100", None], "Title": ["VP Sales", None],
        "Website": ["https://www.acme.com/", None], "NumberOfEmployees": ["250", None],
        "AnnualRevenue": ["1.0E7", None], "Country": ["United States", None],
        "CreatedDate": ["2026-01-31T12:00:00.000+0000", None], "LastActivityDate": ["2026-01-30", None],
        "Status": ["Working - Contacted", "Closed - Not Converted"], "DoNotCall": ["false", "true"],
        "EmailBouncedDate": ["2026-01-01T00:00:00.000Z", None], "Leadgate_Stage__c": ["SAL", None],
    }  # fmt: skip
    fields = SALESFORCE | {"Leadgate_Stage__c": "picklist"}
    leads = compile_inbound(mapping, stock("salesforce", fields))(page(texts))
    first, second = leads.to_dicts()

    assert first["seniority"] == "vp"
    assert first["domain"] == "acme.com"
    assert first["employees"] == {"low": 250.0, "high": 250.0}
    assert (first["annual_revenue"], first["country"]) == (1e7, "US")
    assert (first["accepted"], first["disqualified"], first["email_bounced"]) == (True, False, True)
    assert first["stage"] == "sal"
    assert (second["accepted"], second["disqualified"], second["email_bounced"]) == (
        False,
        True,
        False,
    )
    assert leads["problems"].to_list() == [[], []]


def test_a_stock_hubspot_contact_is_understood():
    """Standard properties become facts of the right kind, without a data problem."""
    _, mapping = shipped("hubspot")
    texts = {name: [None] for name in HUBSPOT} | {
        "email": ["ann@acme.com"], "numemployees": ["1000+"], "annualrevenue": ["$1,500,000"],
        "createdate": ["2026-01-31T12:00:00.123Z"], "hs_lead_status": ["CONNECTED"],
        "hs_analytics_num_visits": ["12"], "hs_email_optout": ["true"],
        "recent_conversion_date": ["1769860800000"], "leadgate_stage": ["mql"],
    }  # fmt: skip
    leads = compile_inbound(mapping, stock("hubspot", HUBSPOT | {"leadgate_stage": "picklist"}))(
        page(texts)
    )
    (lead,) = leads.to_dicts()

    assert lead["employees"] == {"low": 1000.0, "high": None}
    assert (lead["annual_revenue"], lead["visits"]) == (1_500_000.0, 12.0)
    assert (lead["accepted"], lead["disqualified"], lead["email_opt_out"]) == (True, False, True)
    assert lead["last_form_at"].isoformat() == "2026-01-31T12:00:00+00:00"
    assert (lead["stage"], lead["problems"]) == ("mql", [])


def test_an_unticked_box_is_no_answer_in_salesforce():
    """A question that nobody asked never counts as a no."""
    _, mapping = shipped("salesforce")
    fields = SALESFORCE | {
        "Need_Fit__c": "boolean",
        "Decision_Maker__c": "picklist",
        "Leadgate_Stage__c": "text",
    }
    texts = {name: [None] * 3 for name in fields} | {
        "Need_Fit__c": ["false", "true", None],
        "Decision_Maker__c": ["Unknown", "No", None],
    }
    leads = compile_inbound(mapping, stock("salesforce", fields))(page(texts))

    assert leads["need"].to_list() == [None, True, None]
    assert leads["authority"].to_list() == [None, False, None]
    assert leads["problems"].to_list() == [[], [], []]


@pytest.mark.parametrize("crm", DEFAULTS)
def test_shipped_files_explain_themselves(crm):
    """An admin who opens the file finds every key explained."""
    text = default_mapping_text(crm)

    for word in (
        "# read:",
        "# write:",
        "# convert:",
        "always",
        "unless_edited",
        "optional",
        "values:",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_crm_without_a_shipped_mapping_is_named():
    """The message says for which there is one."""
    with pytest.raises(LookupError, match="csv, hubspot, salesforce"):
        default_mapping_text("pipedrive")
