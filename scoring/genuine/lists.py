"""Words and domains that say something of a lead: placeholders, role accounts, free mail, pitches.

Lists of our own are in `lists.json`; disposable domains come from the package
`disposable-email-domains` (MIT), which grows with every release of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from disposable_email_domains import blocklist

from scoring.genuine.texts import fold_word

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists, folded. A domain of several lists counts as disposable first, then as free mail."""

    certain_placeholders: frozenset[str]
    likely_placeholders: frozenset[str]
    famous: frozenset[str]
    company_placeholders: frozenset[str]
    local_placeholders: frozenset[str]
    domain_placeholders: frozenset[str]
    roles: frozenset[str]
    disposable: frozenset[str]
    free_mail: frozenset[str]
    numbered_mail: frozenset[str]
    occupations: frozenset[str]
    rehearsals: str
    rehearsing_locals: str
    refusals: str
    refusing_locals: str
    pitch: str


@cache
def lists() -> Lists:
    """The lists that come with the package."""
    text = resources.files("scoring.genuine").joinpath("lists.json").read_text("utf-8")
    stored = json.loads(text)
    free_mail = frozenset(stored["free_mail"])
    return Lists(
        certain_placeholders=_folded(stored["placeholders"]["certain"]),
        likely_placeholders=_folded(stored["placeholders"]["likely"]),
        famous=_folded(stored["famous"]),
        company_placeholders=_folded(stored["companies"]),
        local_placeholders=frozenset(stored["locals"]),
        domain_placeholders=frozenset(stored["domains"]) - free_mail,
        roles=frozenset(stored["roles"]),
        disposable=frozenset(blocklist),
        free_mail=free_mail - blocklist,
        numbered_mail=frozenset(stored["numbered_mail"]),
        occupations=_folded(stored["occupations"]),
        rehearsals="|".join(stored["rehearsals"]),
        rehearsing_locals="|".join(stored["rehearsing_locals"]),
        refusals="|".join(stored["refusals"]),
        refusing_locals="|".join(stored["refusing_locals"]),
        pitch="(?i)" + "|".join(stored["pitches"]),
    )


def _folded(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(fold_word(text) for text in texts)
