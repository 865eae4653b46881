"""Pages of one lead and of fifty thousand go the same way."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from mappings.defaults import default_mapping_text
from mappings.inbound import compile_inbound
from mappings.mapping import load_mapping
from mappings.outbound import compile_outbound
from scoring.document import parse_yaml
from tests.unit.mappings.builders import field, page, schema

FIELDS = {
    "Email": "email", "FirstName": "text", "LastName": "text", "Phone": "phone", "MobilePhone": "phone",
    "Title": "text", "Company": "text", "Website": "url", "Industry": "picklist",
    "NumberOfEmployees": "integer", "AnnualRevenue": "money", "Country": "text", "State": "text",
    "City": "text", "LeadSource": "picklist", "CreatedDate": "datetime", "LastActivityDate": "date",
    "Status": "picklist", "OwnerId": "id", "HasOptedOutOfEmail": "boolean", "DoNotCall": "boolean",
    "EmailBouncedDate": "datetime", "Heard_From__c": "text", "Web_Visits__c": "number",
    "Page_Views__c": "number", "Last_Web_Visit__c": "datetime", "Emails_Opened__c": "number",
    "Emails_Clicked__c": "number", "Forms_Submitted__c": "number", "Budget__c": "money",
    "Budget_Approved__c": "boolean", "Decision_Maker__c": "picklist", "Need_Fit__c": "picklist",
    "Purchase_Timeline__c": "picklist", "Ready_To_Buy__c": "boolean", "Replacing__c": "text",
    "Leadgate_Score__c": "number", "Leadgate_Grade__c": "picklist", "Leadgate_Priority__c": "picklist",
    "Leadgate_Stage__c": "picklist", "Leadgate_Reasons__c": "long_text",
    "Leadgate_Missing__c": "long_text", "Leadgate_Next_Question__c": "text",
}  # fmt: skip
VALUES = {
    "email": lambda n: f"ann.lee{n}@acme{n % 997}.com", "phone": lambda n: f"(415) 5{n % 90 + 10}-{n % 10000:04d}",
    "url": lambda n: f"acme{n % 997}.com", "integer": lambda n: f"{n % 5000}.0",
    "number": lambda n: f"{n % 100}.0", "money": lambda n: f"{n}.5", "date": lambda n: f"2026-01-{n % 28 + 1:02d}",
    "datetime": lambda n: f"2026-01-{n % 28 + 1:02d}T{n % 24:02d}:{n % 60:02d}:00.000+0000",
    "boolean": lambda n: "true" if n % 3 else "false", "picklist": lambda n: ("Yes", "No", "Unknown")[n % 3],
    "text": lambda n: f"Text {n % 1009}", "long_text": lambda n: f"+{n % 50} a reason", "id": lambda n: f"005{n % 50}",
}  # fmt: skip


def compiled(rows):
    """The shipped Salesforce mapping, compiled, and a page of so many leads."""
    found = load_mapping(parse_yaml(default_mapping_text("salesforce"), "salesforce.yaml"))
    crm = schema([field(name, kind) for name, kind in FIELDS.items()])
    texts = {
        name: [VALUES[kind](number) if (number + index) % 7 else None for number in range(rows)]
        for index, (name, kind) in enumerate(FIELDS.items())
    }
    texts["Country"] = ["USA"] * rows
    return compile_inbound(found, crm), compile_outbound(found, crm), page(texts)


def judged(leads):
    """The leads with verdicts for everything that is written."""
    verdicts = {
        "score": pl.lit(50.0), "grade": pl.lit("A"), "priority": pl.lit("hot"), "stage": pl.lit("mql"),
        "reasons": pl.lit("+25 a reason"), "unmet": pl.lit(None, pl.String),
        "next_question": pl.lit("Is the budget approved?"),
    }  # fmt: skip
    return leads.with_columns(**verdicts)


@pytest.mark.parametrize("rows", [1, 50_000])
def test_a_page_of_any_size_is_mapped_whole(rows):
    """Forty-odd fields in and seven out: a lead and a plan row for every row of the page."""
    inbound, outbound, raw = compiled(rows)
    leads = inbound(raw)
    plan = outbound.compare(raw, judged(leads), pl.Series([None] * rows, dtype=pl.String))

    assert leads.height == plan.height == rows


def test_one_lead_and_many_are_mapped_alike():
    """A lead's facts and changes do not depend on the page that it is in."""
    inbound, outbound, raw = compiled(200)
    unknown = pl.Series([None] * 200, dtype=pl.String)
    leads = inbound(raw)
    plan = outbound.compare(raw, judged(leads), unknown)
    alone = [inbound(raw[number]) for number in range(0, 200, 17)]
    plans = [
        outbound.compare(raw[number], judged(inbound(raw[number])), unknown[:1])
        for number in range(0, 200, 17)
    ]

    assert pl.concat(alone).to_dicts() == leads[::17].to_dicts()
    assert pl.concat(plans).to_dicts() == plan[::17].to_dicts()
    assert leads["created_at"].max() < datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
