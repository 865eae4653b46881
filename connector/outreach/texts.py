"""Texts for leads: the templates in the project's folder `outreach`, filled with a lead's fields.

A template `checking_in` is the file `outreach/checking_in.txt`, whose first line may be the subject
(`Subject: …`), and beside it `outreach/checking_in.html` where e-mails shall have one. Templates are
Jinja2 in its sandbox. They know the fields of the canonical lead and, in e-mails, `unsubscribe_url`;
what stands in a field is never read as a template. A field that is blank for a lead counts as false
and cannot be printed: `{{ first_name or "there" }}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from scoring.lead import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = "outreach"
UNSUBSCRIBE = "unsubscribe_url"
VARIABLES = (*FIELDS, UNSUBSCRIBE)
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")

_FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*\.(?:txt|html)$")
_SUBJECT = re.compile(r"\A\ufeff?Subject:[ \t]*(.*?)[ \t]*(\r?\n|\Z)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINK = re.compile(r"://|\bwww\.|\w\.\w{2,}/", re.IGNORECASE)
_NAMES = ("first_name", "last_name", "title", "company", "city", "region")
_LONGEST_SUBJECT = 200


class TextError(Exception):
    """A template that cannot be filled for one lead; the message names fields, never values."""


class _Blank(StrictUndefined):
    """A known field that is blank for a lead: false, and nothing that could be printed."""

    def __bool__(self) -> bool:  # type: ignore[override]
        """No: for a blank field that is an answer, and no mistake."""
        return False


@dataclass(frozen=True, slots=True)
class Words:
    """A filled template: one line of subject (maybe none), the text, and the HTML if there is one."""

    subject: str
    text: str
    html: str | None = None


class Texts:
    """The templates of a project. `read` gives the text of a file of the folder, or None."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read
        self.environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._source),
            autoescape=lambda name: bool(name) and str(name).endswith(".html"),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )

    def source(self, file: str) -> str | None:
        """The text of a file of the folder; None if there is none of this name."""
        return self._read(file) if _FILE.match(file) else None

    def subject(self, name: str) -> str | None:
        """The subject's own template; None where the file does not begin with one."""
        found = _SUBJECT.match(self.source(f"{name}.txt") or "")
        return found[1] if found else None

    def fill(self, name: str, facts: Mapping[str, Any], **more: str) -> Words:
        """The template's texts for one lead; raises `TextError` that names what is missing."""
        values = lead_values(facts) | more
        if self.source(f"{name}.txt") is None:
            raise TextError(f"there is no {FOLDER}/{name}.txt")
        try:
            subject = self.line(self.subject(name) or "", facts, **more)
            text = self.environment.get_template(f"{name}.txt").render(values).lstrip("\r\n")
            html = None
            if self.source(f"{name}.html") is not None:
                html = self.environment.get_template(f"{name}.html").render(values)
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise TextError(_why(name, error)) from None
        return Words(subject, text, html)

    def line(self, template: str, facts: Mapping[str, Any], **more: str) -> str:
        """One line of text from a template that is given as text; raises `TextError`."""
        try:
            filled = self.environment.from_string(template).render(lead_values(facts) | more)
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise TextError(_why("the subject", error)) from None
        return " ".join(tidy(filled).split())[:_LONGEST_SUBJECT]

    def _source(self, file: str) -> tuple[str, str, Callable[[], bool]] | None:
        """What the loader compiles: the file without its subject, its lines where they were."""
        text = self.source(file)
        if text is None:
            return None
        if file.endswith(".txt"):
            text = _SUBJECT.sub(r"\2", text, count=1)
        return text, f"{FOLDER}/{file}", lambda: True


def lead_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical fields of a lead as templates see them.

    Texts are one line without control characters. What says who somebody is may hold no link: forms
    are filled with such names to have somebody else's mail carry the link.
    """
    values: dict[str, Any] = {}
    for name in FIELDS:
        value = facts.get(name)
        if isinstance(value, str):
            value = tidy(value)
            if name in _NAMES and _LINK.search(value):
                value = None
        values[name] = _Blank(name=name) if value is None or value == "" else value
    return values


def tidy(text: str) -> str:
    """A text on one line: no control characters, nothing that is invisible or turns the writing."""
    return _CONTROL.sub(" ", _INVISIBLE.sub("", text)).strip()


def _why(name: str, error: Exception) -> str:
    """Why a template could not be filled: Jinja's words name variables, anything else its kind."""
    blank = re.search(r"'(\w+)' is undefined", str(error))
    if blank and blank[1] in VARIABLES:
        return f'{name}: {blank[1]} is blank; write {{{{ {blank[1]} or "…" }}}} in the template'
    return f"{name}: the template fails ({type(error).__name__})"
