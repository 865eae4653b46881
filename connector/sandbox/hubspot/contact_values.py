"""A synthetic person as the properties of a HubSpot contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.hubspot.clock import iso, milliseconds

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from connector.sandbox.people import Person

_DAY = 86_400_000
_RANGES = ((5, "1-5"), (25, "5-25"), (50, "25-50"), (100, "50-100"), (500, "100-500"),
           (1000, "500-1000"))  # fmt: skip
_SOURCES = {
    "Web": ("ORGANIC_SEARCH", "DIRECT_TRAFFIC", "PAID_SEARCH", "ORGANIC_SEARCH"),
    "Webinar": ("EMAIL_MARKETING", "OTHER_CAMPAIGNS"),
    "Trade Show": ("OFFLINE",),
    "Partner Referral": ("REFERRALS",),
    "Phone Inquiry": ("OFFLINE", "DIRECT_TRAFFIC"),
    "Purchased List": ("OFFLINE",),
    "Social Media": ("SOCIAL_MEDIA", "PAID_SOCIAL"),
}
_STATUS = {
    "new": ("NEW",),
    "working": ("IN_PROGRESS", "CONNECTED", "ATTEMPTED_TO_CONTACT"),
    "unqualified": ("UNQUALIFIED",),
}
_ANSWERS = {
    "authority": "decision_maker",
    "budget_approved": "budget_approved",
    "need": "need_fit",
    "ready_to_buy": "ready_to_buy",
    "replacing": "replacing",
}


def contact_values(
    person: Person, owner: str, now: int, chance: random.Random
) -> tuple[dict[str, str], int]:
    """Make the properties of a contact, and the moment of its last change in milliseconds."""
    created = iso(milliseconds(person.created_at))
    values = {
        **_who(person),
        **_behaviour(person),
        **_answers(person),
        "hubspot_owner_id": owner,
        "hs_lead_status": chance.choice(_STATUS[person.status]),
        "lifecyclestage": "subscriber" if chance.random() < _SUBSCRIBERS else "lead",
        "hs_pipeline": "contacts-lifecycle-pipeline",
        "hs_analytics_source": chance.choice(_SOURCES.get(person.source, ("OTHER_CAMPAIGNS",))),
        "hs_analytics_source_data_1": person.source,
        "hs_is_unworked": "true" if person.status == "new" else "false",
        "hs_object_source": "IMPORT" if person.source == "Purchased List" else "FORM",
        "createdate": created,
        "hs_createdate": created,
    }
    return {name: value for name, value in values.items() if value}, _updated(person, now)


_SUBSCRIBERS = 0.1
"""The share of contacts that only ever subscribed to something."""


def _who(person: Person) -> dict[str, str]:
    email = person.email.lower()
    revenue = person.annual_revenue
    return {
        "email": email,
        "hs_email_domain": email.rpartition("@")[2],
        "firstname": person.first_name,
        "lastname": person.last_name,
        "phone": person.phone,
        "mobilephone": person.mobile,
        "jobtitle": person.title,
        "company": person.company,
        "website": person.website,
        "industry": person.industry,
        "annualrevenue": "" if revenue is None else f"{revenue:.0f}",
        "numemployees": "" if person.employees is None else _range(person.employees),
        "country": person.country_name,
        "state": person.state,
        "city": person.city,
        "message": person.message,
    }


def _behaviour(person: Person) -> dict[str, str]:
    return {
        "hs_analytics_num_visits": str(person.visits),
        "hs_analytics_num_page_views": str(person.page_views),
        "hs_analytics_last_visit_timestamp": _iso(person.last_visit_at),
        "hs_email_delivered": str(person.emails_delivered) if person.emails_delivered else "",
        "hs_email_open": str(person.emails_opened) if person.emails_opened else "",
        "hs_email_click": str(person.emails_clicked) if person.emails_clicked else "",
        "hs_email_last_open_date": _iso(person.last_email_open_at),
        "hs_email_last_click_date": _iso(person.last_email_click_at),
        "hs_email_optout": "true" if person.opted_out else "",
        "hs_email_bounce": "1" if person.bounced else "",
        "hs_email_hard_bounce_reason_enum": "UNKNOWN_USER" if person.bounced else "",
        "num_conversion_events": str(person.forms),
        "recent_conversion_date": _iso(person.last_form_at),
        "recent_conversion_event_name": "Contact us" if person.forms else "",
        "notes_last_updated": _iso(person.last_activity_at),
        "notes_last_contacted": _iso(person.last_activity_at),
    }


def _answers(person: Person) -> dict[str, str]:
    given = person.answers
    values = {ours: str(given[key]) for key, ours in _ANSWERS.items() if key in given}
    if "budget" in given:
        values["budget"] = f"{given['budget']:.0f}"
    if "timeline" in given:
        values["purchase_timeline"] = str(given["timeline"]).lower().replace(" ", "_")
    values["heard_from"] = person.heard_from
    return values


def _range(employees: int) -> str:
    return next((name for most, name in _RANGES if employees < most), "1000+")


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else iso(milliseconds(moment))


def _updated(person: Person, now: int) -> int:
    """Find the last change: the last sign of life; bought lists were stamped all at once."""
    if person.source == "Purchased List" and person.last_activity_at is None:
        return max(now - now % _DAY - 3 * _DAY, milliseconds(person.created_at))
    signs = (
        person.created_at, person.last_activity_at, person.last_visit_at, person.last_form_at,
        person.last_email_open_at, person.last_email_click_at,
    )  # fmt: skip
    return milliseconds(max(sign for sign in signs if sign is not None))
