"""The canonical lead: every field with its kind, unit and meaning, whatever CRM it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["text", "number", "boolean", "date", "datetime", "list", "range"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
    "list": pl.List(pl.String()),
    "range": pl.Struct({"low": pl.Float64(), "high": pl.Float64()}),
}
"""The polars type of each kind; a range with a null `high` is open above."""


@dataclass(frozen=True, slots=True)
class LeadField:
    """A named attribute of the canonical lead: its kind, what it means and in which unit."""

    name: str
    kind: Kind
    meaning: str


def _field(name: str, kind: Kind, meaning: str) -> LeadField:
    return LeadField(name, kind, meaning)


_FIELDS = (
    # who
    _field("email", "text", "E-mail address, lower case domain."),
    _field("first_name", "text", "Given name."),
    _field("last_name", "text", "Family name."),
    _field("phone", "text", "Telephone, E.164 (+14155550100)."),
    _field("mobile", "text", "Mobile telephone, E.164."),
    _field("title", "text", "Job title as written."),
    _field(
        "seniority", "text", "c_level, vp, director, manager, senior, staff, junior or student."
    ),
    _field("country", "text", "Country, ISO 3166-1 alpha-2."),
    _field("region", "text", "State or region as written."),
    _field("city", "text", "City as written."),
    _field("time_zone", "text", "Time zone that the lead lives in, IANA (Europe/Berlin)."),
    _field("language", "text", "Preferred language, ISO 639-1."),
    _field("age", "number", "Age in years (B2C)."),
    # where they work
    _field("company", "text", "Company name as written."),
    _field("domain", "text", "The company's web domain (acme.com)."),
    _field("industry", "text", "Industry as written."),
    _field("employees", "range", "Number of employees: from `low` to `high`."),
    _field("annual_revenue", "number", "The company's yearly revenue, in the mapping's currency."),
    # where they came from
    _field("source", "text", "Lead source: the channel that brought the lead."),
    _field("campaign", "text", "Campaign that brought the lead."),
    _field("heard_from", "text", "Answer to: how did you hear about us?"),
    _field("created_at", "datetime", "When the lead entered the CRM."),
    _field("modified_at", "datetime", "When the record last changed in the CRM."),
    # what they did
    _field("visits", "number", "Web sessions so far."),
    _field("page_views", "number", "Pages viewed so far."),
    _field("last_visit_at", "datetime", "Last web session."),
    _field("emails_delivered", "number", "Marketing e-mails delivered."),
    _field("emails_opened", "number", "Marketing e-mails opened."),
    _field("emails_clicked", "number", "Marketing e-mails clicked."),
    _field("last_email_open_at", "datetime", "Last open of a marketing e-mail."),
    _field("last_email_click_at", "datetime", "Last click in a marketing e-mail."),
    _field("forms", "number", "Forms submitted so far."),
    _field("last_form_at", "datetime", "Last form submitted."),
    _field("last_reply_at", "datetime", "Last reply to an e-mail of ours."),
    _field("events", "number", "Webinars and events attended."),
    _field("active_days", "number", "Days on which they showed interest in the last 90 days."),
    _field("last_engaged_at", "datetime", "Last sign of interest of any kind."),
    _field("last_activity_at", "datetime", "Last activity logged by or with a rep."),
    _field("time_on_site", "number", "Time on the website so far, seconds."),
    _field("copies", "number", "Addresses under which the same submission came, as first counted."),
    # what they told us (answers)
    _field("budget", "number", "Budget, in the mapping's currency."),
    _field("budget_approved", "boolean", "Is the budget approved?"),
    _field("authority", "boolean", "Does the lead decide?"),
    _field("need", "boolean", "Do the needs fit the product?"),
    _field("timeline", "number", "Days until the lead wants to buy."),
    _field("ready_to_buy", "boolean", "Is the lead ready to buy today?"),
    _field("replacing", "text", "The product or service that would be replaced."),
    _field("interest", "text", "What the lead says to be interested in."),
    _field("junk", "boolean", "Has a person said that the lead is junk?"),
    # what reps and the lead decided
    _field("crm_status", "text", "The CRM's own lead status, as it stands."),
    _field("accepted", "boolean", "Has a rep reviewed and accepted the lead?"),
    _field("disqualified", "boolean", "Has a rep disqualified the lead?"),
    _field("disqualified_reason", "text", "Why the lead was disqualified."),
    _field("owner", "text", "Id of the rep who owns the lead."),
    _field("email_consent", "boolean", "Has the lead agreed to be written to by e-mail?"),
    _field("email_opt_out", "boolean", "Has the lead opted out of e-mail?"),
    _field("do_not_call", "boolean", "Has the lead asked not to be called?"),
    _field("email_bounced", "boolean", "Has the address bounced?"),
    # how far it has come, as the CRM and the ledger know it
    _field("stage", "text", "The stage that the lead is in now; a rep's move counts."),
    _field("stage_since", "datetime", "Since when the lead is in that stage."),
    _field("converted", "boolean", "Has the lead become an opportunity?"),
    _field("opportunity_state", "text", "State of its opportunity: open, won or lost."),
    _field("lost_reason", "text", "Why its opportunity was lost."),
)

FIELDS: dict[str, LeadField] = {field.name: field for field in _FIELDS}
"""Every canonical lead field by name. The frame's key column is `id`, the CRM's record id."""

_KNOWN_OTHERWISE = ("stage_since", "converted", "opportunity_state", "lost_reason")

READABLE = tuple(name for name in FIELDS if name not in _KNOWN_OTHERWISE)
"""The fields that a mapping may feed; the rest is known from conversion and the ledger."""

COUNTED = ("active_days", "copies")
"""The fields that are counted from what was seen of the leads, where no mapping feeds them."""


def empty_leads(extra: dict[str, Kind] | None = None) -> pl.DataFrame:
    """A lead frame of no rows with every canonical column (and the team's own facts)."""
    kinds: dict[str, Kind] = {name: field.kind for name, field in FIELDS.items()} | (extra or {})
    return pl.DataFrame(schema={"id": pl.String()} | {n: DTYPES[k] for n, k in kinds.items()})
