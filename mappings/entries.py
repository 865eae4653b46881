"""The entries of a mapping file as checked schemas, one class per kind of entry."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mappings.templates import placeholders
from scoring.document import Schema

if TYPE_CHECKING:
    from scoring.lead import Kind

Scalar = bool | int | float | str
Rule = Literal["always", "fill_blank", "unless_edited", "never"]


def scalar_text(value: object) -> str:
    """A YAML scalar as a CRM would spell it: `true`, `90`, `2026-01-31`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _plain(value: object) -> object:
    """YAML reads bare dates as dates; every other scalar stays as it is."""
    return scalar_text(value) if isinstance(value, datetime.date) else value


def _text_keys(value: object) -> object:
    return {scalar_text(k): v for k, v in value.items()} if isinstance(value, dict) else value


Value = Annotated[Scalar, BeforeValidator(_plain)]
Values = Annotated[dict[str, Value | None], BeforeValidator(_text_keys)]


class Entry(Schema):
    """What every entry may say about how its value is spelled in the CRM."""

    transform: str | None = None
    values: Values = Field(default_factory=dict)
    otherwise: Value | None = None
    currency: str | None = None
    region: str | None = None
    time_zone: str | None = None
    format: str | None = None
    separator: str | None = Field(default=None, min_length=1)
    decimal: Literal[".", ","] | None = None


class ReadField(Entry):
    """A CRM field that feeds a lead field."""

    field: str = Field(min_length=1)
    optional: bool = False
    default: Value | None = None


class ExtraField(ReadField):
    """A CRM field that feeds one of the team's own facts."""

    type: Literal["text", "number", "boolean", "date", "datetime", "list"]

    @property
    def kind(self) -> Kind:
        """The kind of the fact."""
        return self.type


class WriteField(Entry):
    """A CRM field that a verdict field or an answer is written to.

    `blank` says what an unknown value does to the CRM's: `clear` it or `leave` it. Verdicts clear
    unless told otherwise; answers leave, since a blank answer is one that nobody has read yet.
    `max_length` cuts text at so many characters where the CRM takes less than the field holds.
    """

    field: str = Field(min_length=1)
    rule: Rule = "always"
    blank: Literal["clear", "leave"] | None = None
    max_length: int | None = Field(default=None, ge=2)


_SOURCES = ("template", "field", "value", "days_from_now")


class ConversionField(Entry):
    """Where an opportunity field gets its value from: exactly one of the four sources.

    A `template` is text with {fact} in it, `field` a lead, extra or verdict field, `value` the
    value itself, `days_from_now` a date so many days after the day of the run.
    """

    template: str | None = None
    field: str | None = None
    value: Value | None = None
    days_from_now: int | None = None
    default: Value | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ConversionField:
        given = [name for name in _SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of " + ", ".join(_SOURCES) + ".")
        return self

    def facts(self) -> list[str]:
        """The names of the facts that it looks at. Raises ValueError for a broken template."""
        if self.template is not None:
            return placeholders(self.template)
        return [] if self.field is None else [self.field]


class Conversion(Schema):
    """How a lead becomes an opportunity: these fields move, no others.

    `opportunity` says where each opportunity field gets its value. `status` is the lead status
    after conversion (None: the CRM's default). `owner`, the id, user name or e-mail address of a
    user, owns what becomes of leads that wait in a queue; other leads keep their owner. `key` is
    the opportunity's unique field that holds the key of the conversion.
    """

    opportunity: dict[str, ConversionField] = Field(default_factory=dict)
    status: str | None = None
    owner: str | None = None
    key: str | None = None


class History(Schema):
    """How leads of the past, whose outcome is known, are found in the CRM itself.

    `target` is the field with the outcome, `positive` its value that means converted where that is
    not plain, `time` the field that orders the leads. `exclude` names facts or fields to leave out.
    `columns: all` learns from every field as it is, `mapped` from the facts that the mapping reads.
    """

    target: str = Field(min_length=1)
    positive: Value | None = None
    time: str | None = Field(default=None, min_length=1)
    exclude: list[str] = Field(default_factory=list)
    columns: Literal["mapped", "all"] | None = None


class Sections(Schema):
    """The top of a mapping file; its sections are checked entry by entry."""

    read: dict[str, Any] = Field(default_factory=dict)
    write: dict[str, Any] = Field(default_factory=dict)
    convert: dict[str, Any] | None = None
    history: dict[str, Any] | None = None
    region: str | None = None
    time_zone: str | None = None
    currency: str | None = None
