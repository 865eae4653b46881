"""Answers as people write them, `authority=yes`: as values of facts, and into the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.errors import ConfigurationError
from scoring.lead import DTYPES, FIELDS
from scoring.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger
    from scoring.asking import BankQuestion
    from scoring.judge import Judge
    from scoring.lead import Kind

TOLD = (
    "budget", "budget_approved", "authority", "need", "timeline", "ready_to_buy", "replacing",
    "interest", "heard_from", "junk",
)  # fmt: skip
"""What leads tell, and what a person says of them (`junk`); beside these, the facts of the model's questions and the team's own can be set."""

_YES, _NO = ("yes", "true", "y", "1"), ("no", "false", "n", "0")


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: how it was put (`label`), who was told (`person`), and where it came in.

    `value` is as the lead frame holds it; None takes the answer back.
    """

    fact: str
    kind: Kind
    value: Any
    label: str
    person: str | None
    source: str = "command line"


def record_answers(
    connection: Connection, ledger: Ledger, run: str, lead: pl.DataFrame, given: Sequence[Given]
) -> None:
    """Keep the answers of the one lead in a raw page, with what the CRM says at the moment."""
    facts = connection.inbound(lead)
    rows = [
        {
            "id": facts["id"].item(),
            "fact": each.fact,
            "value": _json(each.value, each.kind),
            "was": _json(facts[each.fact].item(), each.kind),
            "label": each.label,
            "person": each.person,
            "source": each.source,
        }
        for each in given
    ]
    ledger.record_answers(connection.name, run, pl.DataFrame(rows, schema=_GIVEN))


_GIVEN = dict.fromkeys(("id", "fact", "value", "was", "label", "person", "source"), pl.String())


def _json(value: Any, kind: Kind) -> str | None:
    """A fact's value as JSON, in the form in which facts are read back; None for none."""
    if value is None:
        return None
    column = pl.Series("value", [value]).cast(DTYPES[kind])
    text: str = column.to_frame().select(pl.struct("value").struct.json_encode()).item()
    return text.removeprefix('{"value":').removesuffix("}")


def given_answers(texts: Sequence[str], judge: Judge, person: str | None) -> list[Given]:
    """The answers in `fact=value` texts; a blank value takes an answer back.

    Raises `ConfigurationError` with everything that is wrong: facts with the nearest name, values
    with those that are allowed.
    """
    problems: list[Problem] = []
    found: dict[str, Given] = {}
    for text in texts:
        fact, equals, value = (part.strip() for part in text.partition("="))
        wrong = _wrong_fact(fact, equals, judge) or _twice(fact, found)
        if wrong is not None:
            problems.append(wrong)
            continue
        try:
            found[fact] = Given(fact, judge.kinds[fact], _value(fact, value, judge), value, person)
        except ValueError as error:
            problems.append(Problem(fact, "cannot have this value.", str(error)))
    if problems:
        count = len(problems)
        what = "An answer" if count == 1 else f"{count} answers"
        raise ConfigurationError(f"{what} cannot be taken; nothing was written.", problems)
    return list(found.values())


def answerable(judge: Judge) -> tuple[str, ...]:
    """The facts that answers may set."""
    own = (name for name in judge.kinds if name not in FIELDS)
    return tuple(dict.fromkeys((*(q.fact for q in judge.questions.bank), *TOLD, *own)))


def allowed(fact: str, judge: Judge) -> str:
    """What may be answered, in words."""
    kind = judge.kinds[fact]
    labels = list(dict.fromkeys(a for q in _bank(fact, judge) for a in q.question.answers))
    return " or ".join([*([f"one of: {', '.join(labels)}"] if labels else []), _ALLOWED[kind]])


_ALLOWED: dict[Kind, str] = {
    "boolean": "yes, no",
    "number": "a number, 0 or more",
    "range": "a number, or two as 50-200",
    "date": "a date as 2026-01-31",
    "datetime": "a date as 2026-01-31",
    "text": "a text",
    "list": "texts, as a;b",
}


def _wrong_fact(fact: str, equals: str, judge: Judge) -> Problem | None:
    known = answerable(judge)
    if not equals:
        return Problem(fact, "is no answer.", "Write FACT=VALUE, as in authority=yes.")
    if fact in known:
        return None
    hint = did_you_mean(fact, known) or f"Can be set: {', '.join(known)}."
    if fact in judge.kinds:
        return Problem(fact, "is not something that a lead answers.", hint)
    return Problem(fact, "is not a fact.", hint)


def _twice(fact: str, found: dict[str, Given]) -> Problem | None:
    return Problem(fact, "is answered twice.", "Say it once.") if fact in found else None


def _bank(fact: str, judge: Judge) -> list[BankQuestion]:
    return [question for question in judge.questions.bank if question.fact == fact]


def _value(fact: str, text: str, judge: Judge) -> Any:
    """The value that a label or a raw value stands for. Raises ValueError with what is allowed."""
    if not text:
        return None
    for question in _bank(fact, judge):
        for answer in question.answers if question.question.answers else ():
            if answer.label.strip().lower() == text.lower():
                return answer.value
    try:
        return _READ[judge.kinds[fact]](text)
    except ValueError:
        raise ValueError(f"Allowed: {allowed(fact, judge)}.") from None


def _boolean(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError


def _number(text: str) -> float:
    number = float(text.replace(",", "").replace(" ", ""))
    if number < 0 or not math.isfinite(number):
        raise ValueError
    return number


def _range(text: str) -> dict[str, float]:
    low, dash, high = text.partition("-")
    ends = {"low": _number(low), "high": _number(high if dash else low)}
    if ends["low"] > ends["high"]:
        raise ValueError
    return ends


def _moment(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


_READ: dict[Kind, Callable[[str], Any]] = {
    "boolean": _boolean,
    "number": _number,
    "range": _range,
    "date": date.fromisoformat,
    "datetime": _moment,
    "text": str,
    "list": _parts,
}
