"""The transforms: how a CRM's text becomes a fact and how a fact becomes text.

To add one, write a pair in a file of its family and add it to the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.transforms.amounts import EMPLOYEE_RANGE, INTEGER, MONEY, NUMBER, PERCENT
from mappings.transforms.booleans import BOOLEAN, FILLED
from mappings.transforms.contact import DOMAIN, EMAIL, PHONE
from mappings.transforms.moments import DATE, DATETIME
from mappings.transforms.places import COUNTRY
from mappings.transforms.text import LIST, LOWER, TEXT
from mappings.transforms.titles import SENIORITY

if TYPE_CHECKING:
    from mappings.transforms.base import Transform
    from scoring.lead import Kind

_ALL = (
    TEXT, LOWER, LIST,
    EMAIL, PHONE, DOMAIN, COUNTRY, SENIORITY,
    NUMBER, INTEGER, MONEY, PERCENT, EMPLOYEE_RANGE,
    BOOLEAN, FILLED,
    DATE, DATETIME,
)  # fmt: skip

TRANSFORMS: dict[str, Transform] = {transform.name: transform for transform in _ALL}
"""Every transform by the name that a mapping gives it."""

_OF_FIELD = {
    "email": EMAIL,
    "phone": PHONE,
    "mobile": PHONE,
    "domain": DOMAIN,
    "country": COUNTRY,
    "seniority": SENIORITY,
    "budget": MONEY,
    "annual_revenue": MONEY,
}
_OF_KIND: dict[Kind, Transform] = {
    "text": TEXT,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
    "list": LIST,
    "range": EMPLOYEE_RANGE,
}


def natural(name: str, kind: Kind) -> Transform:
    """The transform of a fact whose mapping names none: by the fact's name, else by its kind."""
    found = _OF_FIELD.get(name)
    return found if found is not None and found.kind == kind else _OF_KIND[kind]


def suits(transform: Transform, kind: Kind) -> bool:
    """Whether the transform gives what a fact of this kind can hold.

    A number is also a range of one number; a date is also the first moment of its day.
    """
    return (transform.kind, kind) in (("number", "range"), ("date", "datetime")) or (
        transform.kind == kind
    )
