"""A mapping against a described CRM."""

from __future__ import annotations

import pytest

from mappings.check import check_mapping
from mappings.mapping import load_mapping
from mappings.schema import NewField
from tests.unit.mappings.builders import document, field, schema

LEAD = [
    field("Email", "email"), field("Created", "datetime"), field("Ticked", "boolean"),
    field("Amount", "money", precision=18, scale=2), field("Day", "date"), field("Owner_Id", "id"),
    field("Rating", "picklist", options=("Hot", "Warm", "Cold")),
    field("Stage", "picklist", options=("lead", "mql", "sal"), restricted=True),
    field("Any", "picklist"), field("Short", "text", length=5), field("Text", "text", length=255),
    field("Long", "long_text", length=32768), field("Site", "url"),
    field("Formula", "number", calculated=True, writable=False, createable=False),
    field("Locked", "text", writable=False), field("Score", "number", precision=5, scale=2),
    field("Small", "number", precision=4, scale=2), field("Digit", "integer", precision=1, scale=0),
    field("Score__c", "text"), field("Status", "picklist", options=("Open", "Closed")),
]  # fmt: skip
DEAL = [
    field("Name", required=True, length=120), field("StageName", "picklist", options=("Prospecting",)),
    field("CloseDate", "date", required=True), field("Amount", "money", precision=18, scale=2),
    field("Won", "boolean", createable=False), field("Key", unique=True), field("Plain"),
    field("Private", "boolean"), field("Kind", "picklist", options=("New",), restricted=True),
]  # fmt: skip
GOOD = "convert: {opportunity: {Name: '{company}', StageName: Prospecting}}\n"


def check(text, *, lead=LEAD, deal=DEAL, crm="salesforce"):
    """The findings for a mapping text on the CRM above; setup makes custom fields."""
    source = document(text)
    return check_mapping(
        load_mapping(source),
        source,
        schema(lead, deal, crm),
        supports_setup=lambda name: name.endswith("__c") or name.startswith("leadgate_"),
        connection="acme",
    )


def test_a_mapping_that_fits_gives_no_findings():
    """Fields that are there and take what they are given are not mentioned."""
    checked = check(
        "read:\n  email: Email\n  created_at: Created\n  last_activity_at: Day\n  need: Ticked\n"
        "  budget: Amount\n  owner: Owner_Id\n  domain: Site\n  campaign: Owner.Name\n"
        "  interest: {field: Rating, values: {Hot: a, warm: b, Cold: c}}\n"
        "  phone: {field: Nowhere, optional: true}\n"
        "write:\n  score: Score\n  reasons: Long\n  next_question: Text\n  engagement_level: Digit\n"
        "  stage: {field: Stage, values: {lead: lead, mql: mql, sal: sal}}\n"
        "convert:\n  opportunity: {Name: '{company}', StageName: Prospecting, Amount: budget,"
        " CloseDate: {days_from_now: 3}, Private: need}\n  key: Key\n  status: Closed\n"
    )

    assert checked.errors == []
    assert checked.warnings == []
    assert checked.missing == []


ERRORS = [
    ("read:\n  email: Emial\n", "m.yaml:2: read.email", 'not a field of Lead, or field-level security hides it from this user. Did you mean "Email"? List them: leadgate fields acme'),
    ("read:\n  email: [Email, Zzz]\n", "m.yaml:2: read.email.1", '"Zzz" is not a field of Lead, or field-level security hides it from this user. List them'),
    ("read:\n  extra:\n    x: {field: Zzz, type: text}\n", "m.yaml:3: read.extra.x", '"Zzz" is not a field'),
    ("read:\n  email: Owner.Nmae\n", "m.yaml:2: read.email", 'Did you mean "Owner.Name"?'),
    ("read:\n  visits: Day\n", "m.yaml:2: read.visits", '"Day" is a date field, and number cannot read that. It reads: integer, number, money'),
    ("read:\n  need: Created\n", "m.yaml:2: read.need", '"Created" is a datetime field, and boolean cannot read that.'),
    ("read:\n  created_at: Ticked\n", "m.yaml:2: read.created_at", "datetime cannot read that"),
    ("read:\n  email: Amount\n", "m.yaml:2: read.email", "email cannot read that"),
    ("read:\n  phone: Email\n", "m.yaml:2: read.phone", "phone cannot read that"),
    ("write:\n  score:\n    field: Scroe\n", "m.yaml:2: write.score", 'Did you mean "Score"?'),
    ("write:\n  fit:\n    field: Fit__c\n", "m.yaml:2: write.fit", "Create it with: leadgate setup acme --yes"),
    ("write:\n  score: Formula\n", "m.yaml:2: write.score", '"Formula" is calculated.'),
    ("write:\n  reasons: Locked\n", "m.yaml:2: write.reasons", '"Locked" cannot be written by this user.'),
    ("write:\n  score: Created\n", "m.yaml:2: write.score", '"Created" is a datetime field, and score is a number.'),
    ("write:\n  score: Rating\n", "m.yaml:2: write.score", '"Rating" is a picklist field, and score is a number.'),
    ("write:\n  reasons: Amount\n", "m.yaml:2: write.reasons", '"Amount" is a money field, and reasons is a text.'),
    ("write:\n  scored_at: Ticked\n", "m.yaml:2: write.scored_at", '"Ticked" is a boolean field, and scored_at is a datetime.'),
    ("write:\n  score: Small\n", "m.yaml:2: write.score", '"Small" holds 2 digits before the decimal point; score needs 3.'),
    ("write:\n  score: Digit\n", "m.yaml:2: write.score", '"Digit" holds 1 digit before'),
    ("write:\n  stage: Short\n", "m.yaml:2: write.stage", '"Short" holds 5 characters, and "disqualified" has 12.'),
    ("write:\n  priority: {field: Short, values: {hot: Very hot}}\n", "m.yaml:2: write.priority", '"Very hot" has 8'),
    ("write:\n  priority: {field: Rating, values: {hot: Hto}}\n", "m.yaml:2: write.priority", '"Rating" has no value "Hto". Did you mean "Hot"?'),
    ("write:\n  priority: {field: Amount, values: {hot: lots}}\n", "m.yaml:2: write.priority", '"lots" is not a value of it'),
    ("write:\n  reasons: Stage\n", "m.yaml:2: write.reasons", '"Stage" is a picklist, and any text may be written'),
    ("read: {need: {field: Rating, values: {Haut: true, Warm: true}, otherwise: false}}\nwrite:\n  need: Rating\n", "m.yaml:3: write.need", 'has no value "Haut"'),
    ("convert:\n  opportunity: {Nmae: '{company}'}\n", "m.yaml:2: convert.opportunity.Nmae", 'Did you mean "Name"?'),
    ("convert:\n  opportunity: {Won: true}\n", "m.yaml:2: convert.opportunity.Won", "is read-only for this user"),
    ("convert:\n  opportunity: {Amount: '{company}'}\n", "m.yaml:2: convert.opportunity.Amount", '"Amount" is a money field, and a template gives text.'),
    ("convert:\n  opportunity: {Amount: company}\n", "m.yaml:2: convert.opportunity.Amount", "company is a text"),
    ("convert:\n  opportunity: {Amount: lots}\n", "m.yaml:2: convert.opportunity.Amount", '"lots" is not a value of it'),
    ("convert:\n  opportunity: {CloseDate: soon}\n", "m.yaml:2: convert.opportunity.CloseDate", '"soon" is not a value of it'),
    ("convert:\n  opportunity: {Amount: {days_from_now: 3}}\n", "m.yaml:2: convert.opportunity.Amount", "days_from_now gives a date"),
    ("convert:\n  opportunity: {StageName: Prospectng}\n", "m.yaml:2: convert.opportunity.StageName", 'Did you mean "Prospecting"?'),
    ("convert:\n  opportunity: {StageName: {field: source, values: {Web: Inbound}}}\n", "m.yaml:2: convert.opportunity.StageName", 'no value "Inbound"'),
    ("convert:\n  opportunity: {StageName: {field: source, values: {Web: Prospecting}, default: X}}\n", "m.yaml:2: convert.opportunity.StageName", 'no value "X"'),
    ("convert:\n  opportunity: {Kind: '{company}'}\n", "m.yaml:2: convert.opportunity.Kind", "is a picklist, and any text"),
    ("convert:\n  opportunity: {Plain: x}\n  key: Plain\n", "m.yaml:3: convert.key", "is not unique"),
    ("convert:\n  opportunity: {Plain: x}\n  key: Zzz\n", "m.yaml:3: convert.key", '"Zzz" is not there.'),
    ("convert:\n  opportunity: {Plain: x}\n  status: Converted\n", "m.yaml:3: convert.status", '"Status" has no value "Converted"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "what"), ERRORS)
def test_what_does_not_fit_is_an_error_with_its_place(text, where, what):
    """Each misfit is one error: file, line, key, what is wrong and what would fit."""
    checked = check(text)

    assert [problem.where for problem in checked.errors] == [where]
    assert what in str(checked.errors[0])


WARNINGS = [
    ("read: {visits: Formula}\n", "read.visits", '"Formula" is calculated'),
    ("read: {need: {field: Rating, values: {Hto: true, Hot: true, Warm: true, Cold: false}}}\n", "read.need.values.Hto", 'no value "Hto". Did you mean "Hot"?'),
    ("read: {need: {field: Rating, values: {Hot: true}}}\n", "read.need.values", 'also has "Warm", "Cold", which the map does not say'),
    ("write: {reasons: {field: Any}}\n", "write.reasons", "is a picklist, and any text may be written"),
    ("write: {reasons: Short}\n", "write.reasons", "holds 5 characters; longer text will be cut"),
    ("convert: {opportunity: {Kind: source}}\n", "convert.opportunity.Kind", "takes only its own values"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "what"), WARNINGS)
def test_what_may_be_meant_is_a_warning(text, key, what):
    """A run goes on, and the person who checks is told."""
    checked = check(text)

    assert checked.errors == []
    assert [problem.where for problem in checked.warnings] == [f"m.yaml:1: {key}"]
    assert what in str(checked.warnings[0])


def test_a_map_with_otherwise_covers_every_option():
    """Options that fall under `otherwise:` are not listed, nor words kept for checkboxes."""
    checked = check(
        "read: {need: {field: Rating, values: {Hot: true, 'true': true}, otherwise: false}}\n"
    )

    assert checked.warnings == []


def test_a_long_list_of_options_is_shortened():
    """Five options are named, the others counted."""
    many = field("Many", "picklist", options=tuple("abcdefgh"))
    checked = check("read: {need: {field: Many, values: {a: true}}}\n", lead=[many])

    assert '"b", "c", "d", "e", "f" and 2 more' in checked.warnings[0].what


def test_a_field_that_is_only_looked_at_may_be_read_only():
    """The rule never writes nothing, so a locked field is no error."""
    assert check("write: {reasons: {field: Locked, rule: never}}\n").errors == []


def test_required_opportunity_fields_must_be_mapped_where_the_crm_fills_none():
    """Salesforce's conversion names and dates the opportunity by itself; another CRM does not."""
    text = "convert: {opportunity: {Plain: x}}\n"
    elsewhere = check(text, crm="other")

    assert check(text).errors == []
    assert [problem.what.split()[0] for problem in elsewhere.errors] == ['"Name"', '"CloseDate"']
    assert elsewhere.errors[0].where == "m.yaml:1: convert.opportunity"


def test_a_user_who_sees_no_opportunities_is_told_that_none_are_made():
    """Judging goes on without the right to convert."""
    checked = check(GOOD, deal=None)

    assert checked.errors == []
    assert checked.warnings[0].where == "m.yaml:1: convert"


EVERYTHING = (
    "read:\n  authority: {field: D__c, optional: true, values: {Yes: true, Yep: true, No: false}}\n"
    "write:\n  score: S__c\n  engagement_level: E__c\n  grade: G__c\n  priority: {field: P__c, values: {hot: Hot, warm: Warm, cold: Warm}}\n"
    "  stage: Stage__c\n  reasons: Why_Score__c\n  unmet: Missing__c\n  next_question: Next__c\n"
    "  scored_at: At__c\n  authority: D__c\n  budget: B__c\n  need: N__c\n  employees: Size__c\n"
    "convert:\n  opportunity: {Name: '{company}'}\n  key: Key__c\n"
)


def test_setup_is_told_what_to_create():
    """Every field that is written and not there gets a type, room and values that fit."""
    checked = check(EVERYTHING, lead=[])

    assert checked.missing == [
        NewField("lead", "S__c", "S", "number", precision=5, scale=2),
        NewField("lead", "E__c", "E", "number", precision=1, scale=0),
        NewField("lead", "G__c", "G", "picklist", values=("A", "B", "C", "D")),
        NewField("lead", "P__c", "P", "picklist", values=("Hot", "Warm")),
        NewField(
            "lead", "Stage__c", "Stage", "picklist",
            values=("lead", "mql", "sal", "sql", "opportunity", "customer", "disqualified", "recycled"),
        ),
        NewField("lead", "Why_Score__c", "Why Score", "long_text", length=32768),
        NewField("lead", "Missing__c", "Missing", "long_text", length=32768),
        NewField("lead", "Next__c", "Next", "text", length=255),
        NewField("lead", "At__c", "At", "datetime"),
        NewField("lead", "D__c", "D", "picklist", values=("Yes", "No")),
        NewField("lead", "B__c", "B", "number", precision=18, scale=2),
        NewField("lead", "N__c", "N", "boolean"),
        NewField("lead", "Size__c", "Size", "text", length=255),
        NewField("opportunity", "Key__c", "Key", "text", length=255, unique=True),
    ]  # fmt: skip
    assert len(checked.errors) == len(checked.missing)
    assert all("leadgate setup acme --yes" in problem.fix for problem in checked.errors)


def test_what_setup_makes_passes_the_check():
    """A CRM that has the new fields as they were asked for fits the mapping."""
    made = check(EVERYTHING, lead=[]).missing
    fields = [
        field(
            new.name, new.type, length=new.length, precision=new.precision, scale=new.scale,
            options=new.values, unique=new.unique, restricted=True,
        )
        for new in made
    ]  # fmt: skip
    checked = check(EVERYTHING, lead=fields[:-1], deal=[*DEAL, fields[-1]])

    assert checked.missing == []
    assert checked.errors == []


def test_hubspot_deals_get_a_unique_key_of_their_own():
    """Without a key in the mapping, the deal's default key is made where it is missing."""
    text = "convert: {opportunity: {Name: x, CloseDate: {days_from_now: 1}}}\n"
    checked = check(text, crm="hubspot")

    assert [new.name for new in checked.missing] == ["leadgate_key"]
    assert checked.missing[0].unique
    assert check("read:\n", crm="hubspot").missing == []


def test_only_fields_that_setup_can_make_are_missing():
    """A standard field's wrong name is an error and nothing to create."""
    assert check("write: {score: Scores}\n").missing == []
