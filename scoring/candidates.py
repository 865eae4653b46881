"""What may still change about a lead: what it can say, what a rep can grant, what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from scoring.asking import BankQuestion, answers_of
from scoring.asking.answers import comparisons_by_fact
from scoring.model import Question
from scoring.words import label, spoken, yes_no

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from scoring.criteria.tree import Comparison
    from scoring.judge import Judge

TOLD = (
    "need", "authority", "budget_approved", "budget", "timeline", "ready_to_buy", "replacing",
    "interest", "heard_from",
)  # fmt: skip
"""What leads tell us, and may tell otherwise another day. All else that is known of them stays."""

SIGNS: Mapping[str, str | None] = {
    "visits": "last_visit_at",
    "page_views": "last_visit_at",
    "time_on_site": "last_visit_at",
    "forms": "last_form_at",
    "emails_clicked": "last_email_click_at",
    "emails_opened": "last_email_open_at",
    "events": None,
}
"""Signs of interest that are counted, each with the moment of the last one."""

REACHED_BY = ("email", "phone", "mobile")
NUMBER = "+442071838750"
"""Stands for any telephone number that a lead may give."""

ANSWER, OTHER_ANSWER, GRANT, SIGN = 10, 15, 30, 50
"""How hard a change is to come by."""


@dataclass(frozen=True, slots=True)
class Change:
    """Facts that change together, in words; a greater `effort` is harder to come by."""

    facts: Mapping[str, Any] = field(hash=False)
    words: str
    effort: int


def candidates(judge: Judge, row: Mapping[str, Any], as_of: date) -> list[Change]:
    """What may change about a judged lead and could matter to the judge, easiest first.

    `row` has the lead's facts and what the judge found out.
    """
    comparisons = comparisons_by_fact(judge.model)
    found = [
        *_answers(judge, row, comparisons, as_of),
        *_grants(row, as_of),
        *_signs(row, comparisons, as_of),
    ]
    matters = judge.deciding_facts
    usable = (change for change in found if not matters.isdisjoint(change.facts))
    narrowed = (_only(change, judge) for change in usable)
    return sorted(narrowed, key=lambda change: change.effort)


def _only(change: Change, judge: Judge) -> Change:
    """The change without the facts that the judge never looks at."""
    facts = {fact: value for fact, value in change.facts.items() if fact in judge.facts}
    return Change(facts, change.words, change.effort)


def _answers(
    judge: Judge,
    row: Mapping[str, Any],
    comparisons: Mapping[str, Sequence[Comparison]],
    as_of: date,
) -> Iterator[Change]:
    seen: list[tuple[str, Any]] = []
    for question in _questions(judge, row, comparisons):
        before = row.get(question.fact)
        if before is not None and question.fact not in TOLD:
            continue
        for answer in question.answers:
            value = answer.on(as_of)
            if value != before and (question.fact, value) not in seen:
                seen.append((question.fact, value))
                effort = ANSWER if before is None else OTHER_ANSWER
                yield Change({question.fact: value}, _said(question, answer.label, value), effort)


def _questions(
    judge: Judge, row: Mapping[str, Any], comparisons: Mapping[str, Sequence[Comparison]]
) -> Iterator[BankQuestion]:
    """The questions of the lead's segment, then what leads tell unasked."""
    bank = judge.questions.bank
    yield from (q for q in bank if q.question.segment in (None, row["segment"]))
    for fact in TOLD:
        if fact not in judge.questions.facts and fact in comparisons:
            asked = Question(fact=fact, text=label(fact))
            yield answers_of(asked, judge.kinds[fact], comparisons[fact])


def _said(question: BankQuestion, answer: str, value: Any) -> str:
    if isinstance(value, bool):
        return yes_no(question.fact, yes=value)
    return f"{label(question.fact)}: {answer}"


def _grants(row: Mapping[str, Any], as_of: date) -> Iterator[Change]:
    if not row.get("accepted"):
        yield Change({"accepted": True}, "a rep accepts the lead", GRANT)
    yield Change(
        {"last_activity_at": _today(as_of)}, "a rep is in contact with the lead", GRANT + 5
    )
    if all(not row.get(fact) for fact in REACHED_BY):
        yield Change({"phone": NUMBER}, "the lead gives a telephone number", GRANT)


def _signs(
    row: Mapping[str, Any], comparisons: Mapping[str, Sequence[Comparison]], as_of: date
) -> Iterator[Change]:
    """One sign more of each kind today, and as many as each threshold above asks for."""
    today = _today(as_of)
    for count, moment in SIGNS.items():
        before = row.get(count) or 0.0
        numbers = {before + 1} if count != "time_on_site" else set()
        numbers |= {n for each in comparisons.get(count, ()) for n in _enough(each) if n > before}
        for number in sorted(numbers):
            facts: dict[str, Any] = {count: number, "last_engaged_at": today}
            facts |= {moment: today} if moment else {}
            effort = SIGN + round(min(number - before, 40))
            yield Change(facts, _counted(count, number, last=moment is not None), effort)


def _counted(count: str, number: float, *, last: bool) -> str:
    words = f"{label(count)}: {spoken(number)}"
    return f"{words}, the last one today" if last and count != "time_on_site" else words


def _enough(comparison: Comparison) -> list[float]:
    """The least numbers that satisfy a comparison from below."""
    match comparison.operator:
        case "at_least" | "is":
            return [float(comparison.value)]
        case "above":
            return [float(comparison.value) + 1]
        case "between":
            return [float(comparison.value[0])]
        case _:
            return []


def _today(as_of: date) -> datetime:
    return datetime.combine(as_of, time(), UTC)
