"""The same 60 rules and 5 gates judged one record at a time: in Python, and by `rule-engine`.

Both take a record as a dictionary of folded facts (`record_of`) and give the points of every rule and
whether each gate is passed. Neither gives reasons, texts, questions or a verdict on spam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

Record = dict[str, Any]
Found = tuple[list[float], list[bool]]

LEVELS = ("c_level", "vp", "director", "manager", "senior", "staff", "junior", "student")
HALF_LIFE = 30


@dataclass(frozen=True)
class Rule:
    """One rule in three languages: the model file's, Python's and `rule-engine`'s."""

    group: str
    points: int
    when: str
    holds: Callable[[Record], bool]
    text: str
    decays: bool = False


def rules(count: int) -> list[Rule]:
    """So many rules; every sixth decays, and about one in six applies to a lead."""
    return [_MAKERS[index % len(_MAKERS)](index, index % 12 + 1) for index in range(count)]


def _seniority(n: int, points: int) -> Rule:
    levels = (LEVELS[n % 8], LEVELS[(n + 1) % 8])
    return Rule(
        "who", points, f"{{seniority: [{levels[0]}, {levels[1]}]}}",
        lambda r: r["seniority"] in levels,
        f'seniority in ["{levels[0]}", "{levels[1]}"]',
    )  # fmt: skip


def _employees(n: int, points: int) -> Rule:
    low, high = 10 * n + 1, 10 * n + 200
    return Rule(
        "who", points, f"{{employees: {{at_least: {low}, at_most: {high}}}}}",
        lambda r: r["low"] is not None and r["low"] >= low and r["high"] <= high,
        f"low != null and low >= {low} and high <= {high}",
    )  # fmt: skip


def _industry(n: int, points: int) -> Rule:
    part = f"industry {n % 40}"
    return Rule(
        "who", -points, f"{{industry: {{contains: {part}}}}}",
        lambda r: r["industry"] is not None and part in r["industry"],
        f'industry != null and "{part}" in industry',
    )  # fmt: skip


def _visits(n: int, points: int) -> Rule:
    least = n // 3
    return Rule(
        "web", points,
        f"{{visits: {{at_least: {least}}}}}, decay: {{half_life_days: {HALF_LIFE}, from: last_visit_at}}",
        lambda r: r["visits"] is not None and r["visits"] >= least and r["days"] is not None,
        f"visits != null and visits >= {least} and days != null",
        decays=True,
    )  # fmt: skip


def _pages(n: int, points: int) -> Rule:
    return Rule(
        "web", points, f"{{page_views: {{between: [{n}, {n + 15}]}}}}",
        lambda r: r["page_views"] is not None and n <= r["page_views"] <= n + 15,
        f"page_views != null and page_views >= {n} and page_views <= {n + 15}",
    )  # fmt: skip


def _source(n: int, points: int) -> Rule:
    source, abroad = f"source {n % 20}", ("de", "fr")
    return Rule(
        "web", points, f"{{source: {source}, country: {{not_in: [DE, FR]}}}}",
        lambda r: r["source"] == source and r["country"] is not None and r["country"] not in abroad,
        f'source == "{source}" and country != null and not (country in ["de", "fr"])',
    )  # fmt: skip


_MAKERS = (_seniority, _employees, _industry, _visits, _pages, _source)

GATES: tuple[tuple[Callable[[Record], bool], str], ...] = (
    (lambda r: r["score"] >= 20 and (r["visits"] or 0) >= 2, "score >= 20 and visits != null and visits >= 2"),
    (lambda r: bool(r["accepted"]), "accepted == true"),
    (lambda r: bool(r["need"] and (r["authority"] or (r["budget"] or 0) > 0)), "need == true and (authority == true or (budget != null and budget > 0))"),
    (lambda r: r["score"] >= 50, "score >= 50"),
    (lambda r: r["score"] >= 10, "score >= 10"),
)  # fmt: skip
"""The model's gates: four of companies and one of people."""


def record_of(row: Record, as_of: date) -> Record:
    """A lead as these judges read it: folded texts, ends of ranges, whole days since the visit."""
    texts = ("seniority", "industry", "source", "country")
    folded = {name: row[name] and row[name].strip().lower() for name in texts}
    size, seen = row["employees"] or {"low": None, "high": None}, row["last_visit_at"]
    days = None if seen is None else max(0, (as_of - seen.date()).days)
    return row | folded | size | {"days": days}


def in_python(chosen: Sequence[Rule]) -> Callable[[Record], Found]:
    """A judge of plain Python closures."""
    return _judge(chosen, [rule.holds for rule in chosen], [holds for holds, _ in GATES])


def by_rule_engine(chosen: Sequence[Rule]) -> Callable[[Record], Found]:
    """A judge whose conditions are all rules of the library `rule-engine`."""
    import rule_engine  # noqa: PLC0415 — only this comparison needs the extra `bench`

    context = rule_engine.Context(default_value=None)
    made = [rule_engine.Rule(rule.text, context=context).matches for rule in chosen]
    gates = [rule_engine.Rule(text, context=context).matches for _, text in GATES]
    return _judge(chosen, made, gates)


def _judge(
    chosen: Sequence[Rule],
    conditions: Sequence[Callable[[Record], bool]],
    gates: Sequence[Callable[[Record], bool]],
) -> Callable[[Record], Found]:
    both = list(zip(chosen, conditions, strict=True))

    def judge(record: Record) -> Found:
        points = [_points(rule, record) if holds(record) else 0.0 for rule, holds in both]
        sums = {"who": 0.0, "web": 0.0}
        for (rule, _), given in zip(both, points, strict=True):
            sums[rule.group] += given
        score = min(60.0, sums["who"]) + max(0.0, min(60.0, sums["web"]))
        judged = record | {"score": max(0.0, min(100.0, score))}
        return points, [gate(judged) for gate in gates]

    return judge


def _points(rule: Rule, record: Record) -> float:
    if not rule.decays:
        return float(rule.points)
    return float(round(rule.points * 0.5 ** (record["days"] / HALF_LIFE)))
