"""Lamb or Spam: is a lead genuine or junk? Three outcomes, each with its reasons.

    lamb_or_spam:
      spam_above: 0.9           # probability of junk from which a lead is spam
      unsure_above: 0.5         # … from which a person should look
      usual_share: 0.12         # share of junk among leads of which nothing else is known
      competitors: [rival.com]  # domains; `own` likewise
      allow: [partner.com]      # domains and addresses that are always lambs, `deny` always spam
      weights: {free_mail: 0}   # log-odds of a check; 0 turns it off (scoring/genuine/checks.py)

The evidence of all checks is summed to log-odds of junk. A person's word (`junk`) wins over all of
it, then `allow`, then `deny`. A lead of which nothing is known is unsure. The section alone gives
verdicts; with a weight under `score` its lines count in the score too, `points` per unit of
log-odds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from scoring.criteria import Form, prepare
from scoring.document import Schema
from scoring.genuine.checks import CHECKS
from scoring.genuine.parts import FED, MESSAGES, TOLD, keys_by_part, part_of
from scoring.genuine.readings import Reader
from scoring.genuine.verdict import WHO, Odds, decides, with_verdict
from scoring.lead import FIELDS
from scoring.methods.base import Context, Line
from scoring.methods.lamb_or_spam_again import LambOrSpamAgain
from scoring.problem import did_you_mean, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Self

    from scoring.criteria import Scope
    from scoring.document import Path
    from scoring.genuine.checks import Check
    from scoring.lead import Kind

DECIDED = Line(
    "decided",
    "a person or a list has decided that it is junk",
    "fit",
    ("junk", "email"),
    least=-100.0,
)

_DOMAIN = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]"
_NUMBER = pl.Float64()
_TEXT = pl.String()
_PROBLEMS = pl.List(pl.Struct({"fact": _TEXT, "field": _TEXT, "what": _TEXT}))
_FACTS = sorted(
    {"junk", *WHO, "domain", "country", "title", "converted"}
    | {f for c in CHECKS.values() for f in c.facts}
)
_READ_AGAIN = frozenset(_FACTS).difference(
    *(check.facts for check in CHECKS.values() if part_of(check) == TOLD)
)
"""Facts whose change cannot be judged from what a judged frame keeps."""
_WHO_DECIDES = ("junk", "allow", "deny", *WHO)


def _domain(text: str) -> str:
    found = text.strip().lower().removeprefix("@")
    if not re.fullmatch(_DOMAIN, found):
        raise ValueError("must be a domain such as rival.com")
    return found


def _sender(text: str) -> str:
    name, at, domain = text.strip().lower().rpartition("@")
    if not re.fullmatch(_DOMAIN, domain) or (at and re.search(r"[\s@]", name)):
        raise ValueError("must be a domain such as rival.com or an address such as ann@rival.com")
    return f"{name}@{domain}" if name else domain


Domains = Annotated[
    list[Annotated[str, AfterValidator(_domain)]], Field(default_factory=list, max_length=10_000)
]
Senders = Annotated[
    list[Annotated[str, AfterValidator(_sender)]], Field(default_factory=list, max_length=10_000)
]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=10)]


class LambOrSpam(Schema):
    """What Lamb or Spam can be told. Shares are probabilities of junk, weights log-odds."""

    spam_above: Share = 0.9
    unsure_above: Share = 0.5
    usual_share: Share = 0.12
    competitors: Domains
    own: Domains
    allow: Senders
    deny: Senders
    messages: Annotated[list[str], Field(default_factory=lambda: ["interest"], max_length=20)]
    copies: str = "copies"
    form_seconds: str | None = None
    same_second: str | None = None
    points: Annotated[float, Field(ge=0, le=100)] = 8.0
    weights: dict[str, Weight] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.unsure_above >= self.spam_above:
            raise ValueError("unsure_above must be below spam_above")
        return self


class LambOrSpamSection(Schema):
    """The part of a model file that belongs to Lamb or Spam."""

    lamb_or_spam: LambOrSpam


@dataclass(frozen=True)
class CompiledLambOrSpam:
    """Lamb or Spam, compiled. Lines: one per check that has a weight, and one for decisions."""

    section: LambOrSpam
    weights: Mapping[str, float]
    reader: Reader
    fed: Mapping[str, str]
    name: str = "lamb_or_spam"

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """What each check gives: junk takes points away, what is genuine adds some."""
        checks = (CHECKS[key] for key in self.weights)
        return (
            DECIDED,
            *(
                Line(
                    check.key,
                    check.text,
                    check.side,
                    self._facts(check),
                    most=max(-self.weights[check.key] * self.section.points, 0.0),
                    least=min(-self.weights[check.key] * self.section.points, 0.0),
                )
                for check in checks
            ),
        )

    def _facts(self, check: Check) -> tuple[str, ...]:
        if check.key in MESSAGES:
            return tuple(self.section.messages)
        fed = self.fed.get(check.key)
        return check.facts if fed is None else (fed,)

    def narrowed(self, facts: frozenset[str]) -> CompiledLambOrSpam | LambOrSpamAgain:
        """Only the parts of the evidence that these facts can move.

        It is for frames that this method has judged. Who the lead is must be read again as a whole.
        """
        if not facts.isdisjoint(_READ_AGAIN):
            return self
        by_part = keys_by_part(self.weights).items()
        lines = {line.key: line for line in self.lines}
        moved = {
            part: {key: self.weights[key] for key in keys}
            for part, keys in by_part
            if not facts.isdisjoint(fact for key in keys for fact in lines[key].facts)
        }
        return LambOrSpamAgain(
            tuple(lines[key] for weights in moved.values() for key in weights),
            moved,
            self._forms,
            {FED[check]: fact for check, fact in self.fed.items()},
            self.reader,
            self.section.messages,
            self._odds,
            self.section.points,
        )

    def evaluate(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Points per line, and `genuine` with its text and its confidence (0–100)."""
        evidence = self._ready(leads, as_of).select(self._evidence)
        verdict = with_verdict(evidence, list(self.weights), self._odds)
        return pl.concat([evidence.select(self._points), verdict], how="horizontal")

    @cached_property
    def _evidence(self) -> list[pl.Expr]:
        evidence = [CHECKS[key].evidence(weight) for key, weight in self.weights.items()]
        return [pl.col(name) for name in _WHO_DECIDES] + evidence

    @cached_property
    def _odds(self) -> Odds:
        section = self.section
        return Odds(section.usual_share, section.unsure_above, section.spam_above)

    def _ready(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The lead fields and the readings that the checks look at; what is not there is unknown."""
        frame = prepare(leads, self._forms, as_of)
        fed = {key: self.fed.get(check) for check, key in FED.items()}
        chosen = frame.select(
            *_FACTS,
            *(
                (pl.col(fact) if fact in frame.columns else pl.lit(None)).cast(_NUMBER).alias(key)
                for key, fact in fed.items()
            ),
            *(pl.col(f).alias(_message(n)) for n, f in enumerate(self.section.messages)),
            _problems(leads),
        )
        readings = self.reader(chosen)
        both = pl.concat([chosen, readings], how="horizontal")
        return both.with_columns(self._listed)

    @cached_property
    def _forms(self) -> list[Form]:
        kinds: dict[str, Kind] = {fact: FIELDS[fact].kind for fact in _FACTS}
        kinds |= dict.fromkeys(self.section.messages, "text")
        return [Form(fact, kind, "plain") for fact, kind in kinds.items()]

    @cached_property
    def _listed(self) -> list[pl.Expr]:
        section = self.section
        return [
            _among(section.competitors, "at", "site").alias("competitor"),
            _among(section.own, "at", "site").alias("own"),
            _among(section.allow, "address", "at").alias("allow"),
            _among(section.deny, "address", "at").alias("deny"),
        ]

    @cached_property
    def _points(self) -> list[pl.Expr]:
        """A decision takes the place of all evidence against it."""
        decided = decides()
        scale = -self.section.points
        by_check = [
            pl.when(decided.is_null()).then(pl.col(key) * scale).otherwise(0.0).alias(key)
            for key in self.weights
        ]
        spam = pl.when(decided == "spam").then(DECIDED.least).otherwise(0.0)
        return [spam.alias(DECIDED.key), *by_check]


def compile_lamb_or_spam(section: LambOrSpamSection, context: Context) -> CompiledLambOrSpam:
    """Lamb or Spam from its part of the model file. Raises ProblemsError."""
    given = section.lamb_or_spam
    scope = context.scope()
    at = ("lamb_or_spam",)
    for key in given.weights:
        if key not in CHECKS:
            scope.wrong(
                (*at, "weights", key), f'"{key}" is not a check.', did_you_mean(key, CHECKS)
            )
    for index, fact in enumerate(given.messages):
        _check_kind(fact, (*at, "messages", index), "text", scope)
    for key in FED.values():
        fact = getattr(given, key)
        if fact is not None:
            _check_kind(fact, (*at, key), "number", scope)
    refuse(scope.problems)
    weights = {
        key: math.copysign(given.weights.get(key, abs(check.weight)), check.weight)
        for key, check in CHECKS.items()
    }
    fed = {check: fact for check, key in FED.items() if (fact := getattr(given, key)) is not None}
    kept = {
        key: weight
        for key, weight in weights.items()
        if weight and (key not in FED or key in fed) and (key not in MESSAGES or given.messages)
    }
    reader = Reader([_message(number) for number in range(len(given.messages))])
    return CompiledLambOrSpam(given, kept, reader, fed)


def _message(number: int) -> str:
    """The column of a message: a team may call a fact what a reading is called."""
    return f"message:{number}"


def _check_kind(fact: str, at: Path, wanted: Kind, scope: Scope) -> None:
    kind = scope.kind(fact, at)
    if kind not in (None, wanted):
        scope.wrong(at, f"{fact} is a {kind}; this must be a {wanted}.")


def _among(listed: Sequence[str], *columns: str) -> pl.Expr:
    """Whether a column is one of the listed, or a domain below one of them."""
    if not listed:
        return pl.lit(value=False)
    below = [domain for domain in listed if "@" not in domain]
    endings = "|".join(re.escape(domain) for domain in below)
    conditions = [pl.col(column).is_in(list(listed)) for column in columns]
    if below:
        conditions += [
            pl.col(c).str.contains(rf"\.(?:{endings})$") for c in columns if c != "address"
        ]
    return pl.any_horizontal(*(condition.fill_null(value=False) for condition in conditions))


def _problems(leads: pl.DataFrame) -> pl.Expr:
    """The data problems that the mapping found, if the frame carries them."""
    if leads.schema.get("problems") == _PROBLEMS:
        return pl.col("problems")
    return pl.lit(None, dtype=_PROBLEMS).alias("problems")
