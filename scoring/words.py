"""Facts and conditions in plain words, as reps read them in reasons and unmet criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = {
    "emails_delivered": "e-mails delivered",
    "emails_opened": "e-mails opened",
    "emails_clicked": "e-mails clicked",
    "email": "e-mail",
    "last_visit_at": "last visit",
    "last_email_open_at": "last e-mail opened",
    "last_email_click_at": "last click in an e-mail",
    "last_form_at": "last form",
    "last_reply_at": "last reply",
    "last_engaged_at": "last sign of interest",
    "last_activity_at": "last contact with a rep",
    "created_at": "created",
    "modified_at": "changed",
    "stage_since": "in this stage since",
    "forms": "forms submitted",
    "events": "events attended",
    "page_views": "pages viewed",
    "time_on_site": "seconds on the site",
    "timeline": "days until the purchase",
    "replacing": "product to be replaced",
    "crm_status": "status in the CRM",
    "heard_from": "how they heard about us",
    "opportunity_state": "state of the opportunity",
    "engagement_level": "engagement level",
}
"""What people call a fact, where it is not just its name."""

YES_NO = {
    "budget_approved": ("the budget is approved", "the budget is not approved"),
    "authority": ("the lead decides", "the lead does not decide"),
    "need": ("the needs fit the product", "the needs do not fit the product"),
    "ready_to_buy": ("ready to buy", "not ready to buy"),
    "accepted": ("a rep has accepted the lead", "no rep has accepted the lead"),
    "disqualified": ("a rep has disqualified the lead", "no rep has disqualified the lead"),
    "email_consent": ("has agreed to e-mail", "has not agreed to e-mail"),
    "email_opt_out": ("has opted out of e-mail", "has not opted out of e-mail"),
    "do_not_call": ("must not be called", "may be called"),
    "email_bounced": ("the e-mail address bounces", "the e-mail address does not bounce"),
    "junk": ("a person has called it junk", "a person has called it genuine"),
    "converted": ("is an opportunity", "is not an opportunity yet"),
}
"""What a yes and a no to a fact say."""

STAGE_NAMES = {"mql": "MQL", "sal": "SAL", "sql": "SQL"}


def label(fact: str) -> str:
    """What people call a fact: "pages viewed", "annual revenue"."""
    return LABELS.get(fact, fact.removesuffix("_at").replace("_", " "))


def yes_no(fact: str, *, yes: bool) -> str:
    """A boolean fact as a statement: "the lead decides"."""
    if fact in YES_NO:
        return YES_NO[fact][0 if yes else 1]
    return f"{label(fact)}: {'yes' if yes else 'no'}"


def stage_name(stage: str) -> str:
    """A stage as teams write it: MQL, SAL, SQL, opportunity."""
    return STAGE_NAMES.get(stage, stage)


def spoken(value: Any) -> str:
    """A value as people write it: 1,000,000; c level; 2026-11-22."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.10g}" if value % 1 else f"{int(value):,}"
    return str(value).replace("_", " ")


def one_of(values: Sequence[Any]) -> str:
    """Alternatives in one phrase: "a, b or c"."""
    texts = [spoken(value) for value in values]
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def joined(parts: Sequence[str], word: str) -> str:
    """Conditions in one phrase: "a and b"; parentheses where words would run together."""
    if len(parts) == 1:
        return parts[0]
    return f" {word} ".join(f"({part})" if _mixed(part) else part for part in parts)


def _mixed(part: str) -> bool:
    return any(f" {word} " in part for word in ("and", "or"))


def days(number: int) -> str:
    """A span of days: "1 day", "14 days"."""
    return f"{number:,} day" if number == 1 else f"{number:,} days"
