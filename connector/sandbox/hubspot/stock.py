"""The properties that every portal has, as text tables.

A line is `name | label | type | marks | options`. Types: text, area, phone, file, html, number, bool,
pick, check, date, datetime, owner. Marks: r read-only, c calculated, u unique, h hidden, f form field.
Options are `value` or `value=label`, parted by commas.
"""

from __future__ import annotations

from connector.sandbox.hubspot.properties import Choice, Property, with_options

_FIELD_TYPE = {
    "text": ("string", "text"),
    "area": ("string", "textarea"),
    "html": ("string", "html"),
    "phone": ("string", "phonenumber"),
    "file": ("string", "file"),
    "number": ("number", "number"),
    "bool": ("bool", "booleancheckbox"),
    "pick": ("enumeration", "select"),
    "check": ("enumeration", "checkbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "owner": ("enumeration", "select"),
}

STAGES = (
    "subscriber=Subscriber,lead=Lead,marketingqualifiedlead=Marketing Qualified Lead,"
    "salesqualifiedlead=Sales Qualified Lead,opportunity=Opportunity,customer=Customer,"
    "evangelist=Evangelist,other=Other"
)
_SOURCES = (
    "ORGANIC_SEARCH=Organic Search,PAID_SEARCH=Paid Search,EMAIL_MARKETING=Email Marketing,"
    "SOCIAL_MEDIA=Organic Social,REFERRALS=Referrals,OTHER_CAMPAIGNS=Other Campaigns,"
    "DIRECT_TRAFFIC=Direct Traffic,OFFLINE=Offline Sources,PAID_SOCIAL=Paid Social,"
    "AI_REFERRALS=AI Referrals"
)
_LEAD_STATUS = (
    "NEW=New,OPEN=Open,IN_PROGRESS=In Progress,OPEN_DEAL=Open Deal,UNQUALIFIED=Unqualified,"
    "ATTEMPTED_TO_CONTACT=Attempted to Contact,CONNECTED=Connected,BAD_TIMING=Bad Timing"
)
_YES_NO = "yes=Yes,no=No,unknown=Unknown"

_EVERY = """
hs_object_id | Record ID | number | r
hs_createdate | Object create date/time | datetime | r
hs_lastmodifieddate | Object last modified date/time | datetime | rh
hubspot_owner_id | Owner | owner |
hubspot_owner_assigneddate | Owner Assigned Date | datetime | r
hubspot_team_id | Team | pick | r
hs_merged_object_ids | Merged record IDs | check | r
hs_object_source | Record creation source | text | rh
hs_object_source_label | Record source | pick | r | CRM_UI,IMPORT,INTEGRATION,FORM,API
hs_created_by_user_id | Created by user ID | number | r
hs_updated_by_user_id | Updated by user ID | number | r
hs_read_only | Read only object | bool | rh
hs_unique_creation_key | Unique creation key | text | rh
"""

_CONTACTS = f"""
createdate | Create Date | datetime | r
lastmodifieddate | Last Modified Date | datetime | r
email | Email | text | f
firstname | First Name | text | f
lastname | Last Name | text | f
salutation | Salutation | text | f
phone | Phone Number | phone | f
mobilephone | Mobile Phone Number | phone | f
fax | Fax Number | text | f
jobtitle | Job Title | text | f
company | Company Name | text | f
website | Website URL | text | f
industry | Industry | text | f
annualrevenue | Annual Revenue | text | f
numemployees | Number of Employees | pick | f | 1-5,5-25,25-50,50-100,100-500,500-1000,1000+
address | Street Address | text | f
city | City | text | f
state | State/Region | text | f
zip | Postal Code | text | f
country | Country/Region | text | f
hs_language | Preferred language | pick | f | en=English,de=German,fr=French,es=Spanish,pt-br=Portuguese - Brazil,ja=Japanese,zh-cn=Chinese - China,pl=Polish,nl=Dutch,sv=Swedish
hs_timezone | Time Zone | pick | r | us_slash_eastern=US/Eastern,europe_slash_berlin=Europe/Berlin,utc=UTC
date_of_birth | Date of birth | text | f
degree | Degree | text | f
field_of_study | Field of study | text | f
gender | Gender | text | f
graduation_date | Graduation date | text | f
job_function | Job function | text | f
seniority | Seniority | text | f
hs_seniority | Employment Seniority | pick | | vp=VP,director=Director,entry=Entry,executive=Executive,manager=Manager,owner=Owner,partner=Partner,senior=Senior,employee=Employee
hs_role | Employment Role | pick | | sales=Sales,marketing=Marketing,finance=Finance,engineering=Engineering,operations=Operations
hs_buying_role | Buying Role | check | | BLOCKER=Blocker,BUDGET_HOLDER=Budget Holder,CHAMPION=Champion,DECISION_MAKER=Decision Maker,END_USER=End User,EXECUTIVE_SPONSOR=Executive Sponsor,INFLUENCER=Influencer,LEGAL_AND_COMPLIANCE=Legal & Compliance,OTHER=Other
hs_persona | Persona | pick | | persona_1=Buyer,persona_2=User
message | Message | area | f
lifecyclestage | Lifecycle Stage | pick | f | {STAGES}
hs_lead_status | Lead Status | pick | f | {_LEAD_STATUS}
hs_pipeline | Pipeline | pick | h | contacts-lifecycle-pipeline=Lifecycle Stage Pipeline
hs_lifecyclestage_lead_date | Became a Lead Date | datetime | r
hs_lifecyclestage_marketingqualifiedlead_date | Became a Marketing Qualified Lead Date | datetime | r
hs_lifecyclestage_salesqualifiedlead_date | Became a Sales Qualified Lead Date | datetime | r
hs_lifecyclestage_opportunity_date | Became an Opportunity Date | datetime | r
hs_lifecyclestage_customer_date | Became a Customer Date | datetime | r
hs_lifecyclestage_subscriber_date | Became a Subscriber Date | datetime | r
hs_is_unworked | Contact unworked | bool | rc
hs_analytics_source | Original Traffic Source | pick | | {_SOURCES}
hs_analytics_source_data_1 | Original Traffic Source Drill-Down 1 | text | r
hs_analytics_source_data_2 | Original Traffic Source Drill-Down 2 | text | r
hs_latest_source | Latest Traffic Source | pick | | {_SOURCES}
hs_latest_source_timestamp | Latest Traffic Source Date | datetime | r
hs_analytics_num_visits | Number of Sessions | number | r
hs_analytics_num_page_views | Number of Pageviews | number | r
hs_analytics_average_page_views | Average Pageviews | number | r
hs_analytics_num_event_completions | Number of event completions | number | r
hs_analytics_first_timestamp | Time First Seen | datetime | r
hs_analytics_last_timestamp | Time Last Seen | datetime | r
hs_analytics_first_visit_timestamp | Time of First Session | datetime | r
hs_analytics_last_visit_timestamp | Time of Last Session | datetime | r
hs_analytics_first_url | First Page Seen | text | r
hs_analytics_last_url | Last Page Seen | text | r
hs_analytics_revenue | Event Revenue | number | r
hs_email_delivered | Marketing emails delivered | number | r
hs_email_open | Marketing emails opened | number | r
hs_email_click | Marketing emails clicked | number | r
hs_email_replied | Marketing emails replied | number | r
hs_email_bounce | Marketing emails bounced | number | r
hs_email_first_open_date | First marketing email open date | datetime | r
hs_email_first_click_date | First marketing email click date | datetime | r
hs_email_last_send_date | Last marketing email send date | datetime | r
hs_email_last_open_date | Last marketing email open date | datetime | r
hs_email_last_click_date | Last marketing email click date | datetime | r
hs_email_optout | Unsubscribed from all email | bool | r
hs_email_domain | Email Domain | text | rc
hs_email_quarantined | Email address quarantined | bool | r
hs_email_hard_bounce_reason_enum | Email hard bounce reason | pick | r | OTHER=Other,UNKNOWN_USER=Unknown user,MAILBOX_FULL=Mailbox full
hs_additional_emails | Additional email addresses | check | r
hs_calculated_merged_vids | Merged vids with timestamps | check | r
hs_facebook_click_id | Facebook click id | text | rh
hs_google_click_id | Google ad click id | text | rh
num_conversion_events | Number of Form Submissions | number | r
num_unique_conversion_events | Number of Unique Forms Submitted | number | r
first_conversion_date | First Conversion Date | datetime | r
first_conversion_event_name | First Conversion | text | r
recent_conversion_date | Recent Conversion Date | datetime | r
recent_conversion_event_name | Recent Conversion | text | r
notes_last_updated | Last Activity Date | datetime | r
notes_last_contacted | Last Contacted | datetime | r
notes_next_activity_date | Next Activity Date | datetime | r
num_notes | Number of Sales Activities | number | r
num_contacted_notes | Number of times contacted | number | r
hs_sales_email_last_replied | Recent Sales Email Replied Date | datetime | r
hs_last_sales_activity_timestamp | Last Engagement Date | datetime | rc
num_associated_deals | Number of Associated Deals | number | rc
first_deal_created_date | First Deal Created Date | datetime | rc
recent_deal_amount | Recent Deal Amount | number | rc
recent_deal_close_date | Recent Deal Close Date | datetime | rc
total_revenue | Total Revenue | number | rc
closedate | Close Date | datetime |
days_to_close | Days To Close | number | rc
associatedcompanyid | Primary Associated Company ID | number |
hubspotscore | HubSpot Score | number | r
hs_predictivecontactscore_v2 | Likelihood to close | number | r
hs_predictivescoringtier | Contact priority | pick | r | tier_1=Very High,tier_2=High,tier_3=Medium,tier_4=Low
hs_marketable_status | Marketing contact status | pick | r | true=Marketing contact,false=Non-marketing contact
"""

_COMPANIES = f"""
createdate | Create Date | datetime | r
name | Company name | text |
domain | Company Domain Name | text |
website | Website URL | text |
phone | Phone Number | phone |
industry | Industry | pick | | COMPUTER_SOFTWARE=Computer Software,FINANCIAL_SERVICES=Financial Services,MANUFACTURING=Manufacturing,RETAIL=Retail,OTHER=Other
description | Description | area |
numberofemployees | Number of Employees | number |
annualrevenue | Annual Revenue | number |
city | City | text |
state | State/Region | text |
country | Country/Region | text |
zip | Postal Code | text |
lifecyclestage | Lifecycle Stage | pick | | {STAGES}
hs_lead_status | Lead Status | pick | | {_LEAD_STATUS}
num_associated_contacts | Number of Associated Contacts | number | rc
num_associated_deals | Number of Associated Deals | number | rc
hs_num_open_deals | Number of open deals | number | rc
notes_last_updated | Last Activity Date | datetime | r
"""

_DEALS = """
createdate | Create Date | datetime |
dealname | Deal Name | text |
amount | Amount | number |
deal_currency_code | Currency | pick | | USD=US Dollar,EUR=Euro,GBP=Pound Sterling
closedate | Close Date | datetime |
dealstage | Deal Stage | pick |
pipeline | Pipeline | pick |
dealtype | Deal Type | pick | | newbusiness=New Business,existingbusiness=Existing Business
description | Deal Description | area |
hs_priority | Priority | pick | | low=Low,medium=Medium,high=High
hs_next_step | Next step | text |
hs_forecast_amount | Forecast amount | number | rc
hs_is_closed | Is Deal Closed? | bool | rc
hs_is_closed_won | Is Closed Won | bool | rc
hs_is_closed_lost | Is closed lost | bool | rc
hs_deal_stage_probability | Deal probability | number | rc
hs_projected_amount | Weighted amount | number | rc
closed_lost_reason | Closed Lost Reason | area |
closed_won_reason | Closed Won Reason | area |
num_associated_contacts | Number of Associated Contacts | number | rc
hs_analytics_source | Original Traffic Source | pick | r | OFFLINE=Offline Sources
notes_last_updated | Last Activity Date | datetime | r
"""

_LEADS = """
hs_lead_name | Lead Name | text |
hs_lead_type | Lead Type | pick | | NEW_BUSINESS=New business,UPSELL=Upsell,RE_ATTEMPTING=Re-attempting
hs_lead_label | Lead Label | pick | | COLD=Cold,WARM=Warm,HOT=Hot
hs_pipeline | Lead Pipeline | pick |
hs_pipeline_stage | Lead Pipeline Stage | pick |
hs_lead_source | Lead Source | text | r
hs_primary_contact_id | Primary contact | number | rc
"""

_TASKS = """
hs_timestamp | Due date | datetime |
hs_task_subject | Task Title | text |
hs_task_body | Task Notes | html |
hs_task_status | Task Status | pick | | NOT_STARTED=Not started,IN_PROGRESS=In progress,WAITING=Waiting,COMPLETED=Completed,DEFERRED=Deferred
hs_task_priority | Priority | pick | | NONE=None,LOW=Low,MEDIUM=Medium,HIGH=High
hs_task_type | Task Type | pick | | EMAIL=Email,CALL=Call,TODO=To-do,LINKED_IN=LinkedIn,MEETING=Meeting
hs_task_reminders | Task reminders | text |
hs_queue_membership_ids | Queue | text |
hs_task_is_completed | Is complete | number | rc
"""

_NOTES = """
hs_timestamp | Activity date | datetime |
hs_note_body | Body | html |
hs_attachment_ids | Attached file IDs | text |
hs_body_preview | Body preview | text | rc
"""

SALES_QUESTIONS = f"""
decision_maker | Decision maker | pick | f | {_YES_NO}
budget | Budget | number | f
budget_approved | Budget approved | pick | f | {_YES_NO}
need_fit | Needs fit our product | pick | f | {_YES_NO}
purchase_timeline | Purchase timeline | pick | f | this_quarter=This quarter,next_quarter=Next quarter,this_year=This year,later=Later
ready_to_buy | Ready to buy today | pick | f | {_YES_NO}
replacing | Product that would be replaced | text | f
heard_from | How did you hear about us? | text | f
"""
"""Custom contact properties, in the group `sales_questions`, that the portal's admin made earlier."""

_TABLES = {
    "contacts": ("contactinformation", _CONTACTS),
    "companies": ("companyinformation", _COMPANIES),
    "deals": ("dealinformation", _DEALS),
    "leads": ("lead_information", _LEADS),
    "tasks": ("task", _TASKS),
    "notes": ("note", _NOTES),
}


def stock_properties(type_name: str, created_at: int) -> dict[str, Property]:
    """Define the properties that a new portal has for an object type."""
    group, table = _TABLES[type_name]
    return read_table(_EVERY + table, group, created_at=created_at)


def read_table(
    table: str, group: str, *, created_at: int, stock: bool = True
) -> dict[str, Property]:
    """Read property definitions from a text table."""
    lines = (line for line in table.splitlines() if line.strip())
    defined = (_read(line, group, created_at=created_at, stock=stock) for line in lines)
    return {definition.name: definition for definition in defined}


def _read(line: str, group: str, *, created_at: int, stock: bool) -> Property:
    name, label, shape, marks, options = (
        *(part.strip() for part in line.split("|")),
        "",
    )[:5]
    kind, field_type = _FIELD_TYPE[shape]
    if name == "hubspotscore":
        field_type = "calculation_score"
    definition = Property(
        name=name,
        label=label,
        type=kind,
        field_type=field_type,
        group=_group(name, group),
        read_only="r" in marks,
        calculated="c" in marks,
        unique="u" in marks,
        hidden="h" in marks,
        external_options=shape == "owner",
        form_field="f" in marks,
        stock=stock,
        created_at=created_at,
    )
    if shape == "bool" and not options:
        options = "true=True,false=False"
    return with_options(definition, tuple(_choice(o) for o in options.split(",") if o))


def _group(name: str, group: str) -> str:
    if group != "contactinformation":
        return group
    if name.startswith("hs_analytics"):
        return "analyticsinformation"
    if name.startswith("hs_email"):
        return "emailinformation"
    return "conversioninformation" if "conversion" in name else group


def _choice(text: str) -> Choice:
    value, _, label = text.partition("=")
    return Choice(value, label or value)
