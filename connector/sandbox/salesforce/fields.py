"""What a field of an object is, and the short notation that the stock objects are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

TEXTS = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"}
)
NUMBERS = frozenset({"double", "currency", "percent", "int"})
LONG_TEXT = 255
"""A textarea longer than this is a long text area: it can be selected, not filtered or sorted."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object, in the words of the CRM's own description."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    fixed: bool = False
    """No field-level security applies: everybody sees it."""
    custom: bool = False
    unique: bool = False
    external_id: bool = False
    restricted: bool = False
    options: tuple[Option, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    default: Any = None
    help: str | None = None
    field_id: str | None = None

    @property
    def permissionable(self) -> bool:
        """Whether field-level security can hide it."""
        return not (self.required or self.fixed)

    @property
    def long_text(self) -> bool:
        """Whether it is a long text area."""
        return self.type == "textarea" and self.length > LONG_TEXT

    @property
    def filterable(self) -> bool:
        """Whether SOQL may filter and sort by it."""
        return not self.long_text and self.type != "address"

    @property
    def developer_name(self) -> str:
        """The name without the suffix of custom fields."""
        return self.name.removesuffix("__c")


OPTIONS: dict[str, str] = {
    "salutation": "Mr.|Ms.|Mrs.|Dr.|Prof.",
    "lead_source": "Web|Webinar|Trade Show|Partner Referral|Phone Inquiry|Purchased List"
    "|Social Media|Employee Referral|External Referral|Word of mouth|Other",
    "lead_status": "*Open - Not Contacted|Working - Contacted|Closed - Converted"
    "|Closed - Not Converted",
    "rating": "Hot|Warm|Cold",
    "industry": "Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction"
    "|Consulting|Education|Electronics|Energy|Engineering|Entertainment|Environmental|Finance"
    "|Food & Beverage|Government|Healthcare|Hospitality|Insurance|Machinery|Manufacturing|Media"
    "|Not For Profit|Other|Recreation|Retail|Shipping|Technology|Telecommunications"
    "|Transportation|Utilities",
    "account_type": "Prospect|Customer - Direct|Customer - Channel|Other",
    "stage": "Prospecting|Qualification|Needs Analysis|Value Proposition|Id. Decision Makers"
    "|Perception Analysis|Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost",
    "forecast": "Omitted|Pipeline|Best Case|Commit|Closed",
    "opportunity_type": "Existing Customer - Upgrade|New Customer",
    "role": "Business User|Decision Maker|Economic Buyer|Economic Decision Maker|Evaluator"
    "|Executive Sponsor|Influencer|Technical Buyer|Other",
    "task_status": "*Not Started|In Progress|Completed|Waiting on someone else|Deferred",
    "priority": "High|*Normal|Low",
    "campaign_status": "*Planned|In Progress|Completed|Aborted",
    "member_status": "*Sent|Responded",
    "group_type": "Regular|Queue",
    "yes_no": "Yes|No|Unknown",
    "timeline": "This quarter|Next quarter|This year|Later",
}


def options(text: str) -> tuple[Option, ...]:
    """The values of a list written with bars; a star marks the default."""
    return tuple(
        Option(value.removeprefix("*"), value.removeprefix("*"), default=value.startswith("*"))
        for value in text.split("|")
    )


def fields_of(notation: str) -> dict[str, Field]:
    """The fields of an object, one line each: `Name type[:size][@Relationship] flags…`.

    Sizes are a length (`string:80`) or digits before and after the point (`currency:18.2`).
    Flags: required, readonly, createonly, fixed, unique, external, restricted, options=KEY,
    default=TEXT, label=Text_with_underscores.
    """
    lines = (line.split() for line in notation.strip().splitlines())
    return {words[0]: _field(words[0], words[1], words[2:]) for words in lines}


def _field(name: str, kind: str, flags: list[str]) -> Field:
    kind, _, relationship = kind.partition("@")
    type_, _, size = kind.partition(":")
    named = dict(flag.split("=", 1) for flag in flags if "=" in flag)
    readonly = "readonly" in flags
    reference_to = tuple(size.split(",")) if type_ == "reference" else ()
    length, precision, scale = _size(type_, "" if reference_to else size)
    chosen = options(OPTIONS[named["options"]]) if "options" in named else ()
    default: Any = named.get("default") or next((o.value for o in chosen if o.default), None)
    return Field(
        name=name,
        label=named["label"].replace("_", " ") if "label" in named else _label(name),
        type=type_,
        length=length,
        precision=precision,
        scale=scale,
        required="required" in flags,
        createable=not readonly,
        updateable=not readonly and "createonly" not in flags,
        fixed=readonly or "fixed" in flags or type_ == "id",
        custom=name.endswith("__c"),
        unique="unique" in flags,
        external_id="external" in flags,
        restricted="restricted" in flags,
        options=chosen,
        reference_to=reference_to,
        relationship=relationship or None,
        default=False if type_ == "boolean" else default,
    )


def _size(type_: str, size: str) -> tuple[int, int, int]:
    if type_ in {"double", "currency", "percent"}:
        precision, _, scale = (size or "18.0").partition(".")
        return 0, int(precision), int(scale or 0)
    usual = {"id": 18, "reference": 18, "email": 80, "phone": 40, "url": 255, "picklist": 255}
    return int(size) if size else usual.get(type_, 0), 0, 0


def _label(name: str) -> str:
    if name.endswith("__c"):
        return name.removesuffix("__c").replace("_", " ")
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return spaced.removesuffix(" Id") if spaced != "Id" else "Record ID"
