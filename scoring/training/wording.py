"""What a column's name and values say of when they were written: weak evidence, never enough alone.

Words only support figures: a column is not kept out for its name, but a name that says "last",
"score" or "closed" makes a strange figure less likely to be an accident.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LATEST = frozenset(
    (
        "last", "latest", "recent", "modified", "updated", "changed", "edited", "letzte",
        "letzter", "dernier", "derniere", "ultimo", "ultima",
    )
)  # fmt: skip
STATE = frozenset(("status", "stage", "phase", "step", "disposition"))
JUDGEMENT = frozenset(
    (
        "score", "scoring", "grade", "rating", "rated", "rank", "index", "quality", "priority",
        "probability", "likelihood", "propensity", "temperature", "bewertung",
    )
)  # fmt: skip
OUTCOME = frozenset(
    (
        "closed", "closing", "won", "lost", "win", "loss", "converted", "conversion", "deal",
        "opportunity", "contract", "invoice", "invoiced", "paid", "payment", "purchased", "signed",
        "enrolled", "churn", "churned", "outcome", "disqualified", "disqualification", "rejected",
    )
)  # fmt: skip
EVENT = frozenset(
    (
        "sent", "opened", "clicked", "bounced", "unsubscribed", "subscribed", "called", "emailed",
        "replied", "answered", "received", "submitted", "visited", "viewed", "conversation",
        "modified", "updated", "edited", "contacted", "unreachable", "attempted", "scheduled",
        "completed", "voicemail", "reached", "logged", "reassigned", "moved",
    )
)  # fmt: skip
LEVEL = frozenset(
    (
        "high", "medium", "low", "hot", "warm", "cold", "good", "bad", "poor", "excellent", "best",
        "worst", "strong", "weak", "likely", "unlikely", "sure", "maybe", "might", "promising",
    )
)  # fmt: skip

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(text: str) -> set[str]:
    """The words of a name, in lower case: "Last_Modified__c" and "lastModified" alike."""
    return {word.lower() for word in _WORD.findall(text)}


def say(text: str, vocabulary: frozenset[str]) -> str:
    """The first word of a text that belongs to a vocabulary, or an empty text."""
    found = [word.lower() for word in _WORD.findall(text) if word.lower() in vocabulary]
    return found[0] if found else ""


def share_saying(values: Iterable[tuple[str, int]], vocabulary: frozenset[str]) -> float:
    """The share of leads (value, count) whose value has a word of a vocabulary."""
    counted = [(value, count) for value, count in values]
    every = sum(count for _, count in counted)
    said = sum(count for value, count in counted if words(value) & vocabulary)
    return said / every if every else 0.0
