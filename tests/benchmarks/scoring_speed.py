"""How fast leads are judged: 60 rules, gates, reasons and questions on a million leads.

    python -m tests.benchmarks.scoring_speed [leads]

Prints leads per second of whole verdicts, in pages and in one frame.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, date, datetime

import polars as pl

from scoring.document import parse_yaml
from scoring.judge import Judge, compile_judge
from scoring.lead import DTYPES
from scoring.model import load_model

AS_OF = date(2026, 11, 20)
NOW_US = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1_000_000)
DAY_US = 86_400_000_000
PAGE = 2_000


def model_text(rules: int) -> str:
    """A model of so many rules; every sixth decays, and about one in six applies to a lead."""
    lines = [
        "name: speed", "version: 1",
        "segments: {b2b: {company: {known: true}}}",
        "groups: {who: {side: fit, cap: 60}, web: {side: engagement, cap: 60, floor: 0}}",
        "rules:",
    ]  # fmt: skip
    lines += [f"- {{id: r{index}, {_rule(index)}}}" for index in range(rules)]
    lines += [
        "cycles:",
        "- name: main",
        "  gates:",
        "    mql: {criteria: [{score: {at_least: 20}}, {visits: {at_least: 2}}]}",
        "    sal: {criteria: [{accepted: true}]}",
        "    sql: {criteria: [{need: true}, {at_least: {of: 1, criteria: [{authority: true}, {budget: {above: 0}}]}}]}",
        "    opportunity: {criteria: [{score: {at_least: 50}}]}",
        "questions:",
        "- {fact: need, text: What do you need?}",
        "- {fact: authority, text: Who decides?}",
        "- {fact: budget, text: Is there a budget?}",
    ]
    return "\n".join(lines)


def _rule(index: int) -> str:
    points = (index % 12) + 1
    forms = (
        f"group: who, points: {points}, when: {{seniority: [{_level(index)}, {_level(index + 1)}]}}",
        f"group: who, points: {points}, when: {{employees: {{at_least: {10 * index + 1}, at_most: {10 * index + 200}}}}}",
        f"group: who, points: {-points}, when: {{industry: {{contains: industry {index % 40}}}}}",
        f"group: web, points: {points}, when: {{visits: {{at_least: {index // 3}}}}}, decay: {{half_life_days: 30, from: last_visit_at}}",
        f"group: web, points: {points}, when: {{page_views: {{between: [{index}, {index + 15}]}}}}",
        f"group: web, points: {points}, when: {{source: source {index % 20}, country: {{not_in: [DE, FR]}}}}",
    )
    return forms[index % len(forms)]


LEVELS = ("c_level", "vp", "director", "manager", "senior", "staff", "junior", "student")


def _level(index: int) -> str:
    return LEVELS[index % len(LEVELS)]


def leads(count: int) -> pl.DataFrame:
    """Random leads, a tenth of every fact unknown; the same count gives the same leads."""
    draw = random.Random(7)

    def some(pool: list[object], dtype: pl.DataType) -> pl.Series:
        # Draws are repeated: making a million one by one would take longer than judging them.
        chosen = [None if draw.random() < 0.1 else draw.choice(pool) for _ in range(50_021)]
        return pl.Series(chosen, dtype=dtype).gather(pl.int_range(count, eager=True) % len(chosen))

    times: list[object] = [NOW_US - draw.randrange(400 * DAY_US) for _ in range(5_000)]
    low = some([1.0, 5.0, 20.0, 50.0, 250.0, 1000.0], DTYPES["number"])
    return pl.DataFrame(
        {
            "id": pl.int_range(count, eager=True).cast(pl.String),
            "company": some([f"Company {n}" for n in range(900)], DTYPES["text"]),
            "seniority": some(list(LEVELS), DTYPES["text"]),
            "industry": some([f"Industry {n}" for n in range(40)], DTYPES["text"]),
            "source": some([f"Source {n}" for n in range(20)], DTYPES["text"]),
            "country": some(["DE", "FR", "US", "GB", "JP"], DTYPES["text"]),
            "visits": some([float(n) for n in range(30)], DTYPES["number"]),
            "page_views": some([float(n) for n in range(90)], DTYPES["number"]),
            "last_visit_at": some(times, pl.Int64()).cast(DTYPES["datetime"]),
            "accepted": some([True, False], DTYPES["boolean"]),
            "need": some([True, False], DTYPES["boolean"]),
            "authority": some([True, False], DTYPES["boolean"]),
            "budget": some([5_000.0, 20_000.0], DTYPES["number"]),
            "employees": pl.DataFrame({"low": low, "high": low * 2}).to_struct(),
        }
    )


def measure(judge: Judge, frame: pl.DataFrame, page: int) -> float:
    """Leads judged per second, in pages of so many."""
    start = time.perf_counter()
    for part in frame.iter_slices(page):
        judge(part, AS_OF)
    return frame.height / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    judge = compile_judge(load_model(parse_yaml(model_text(60), "speed.yaml")))
    frame = leads(count)
    judge(frame.head(PAGE), AS_OF)
    lines = sum((judge.points(frame.head(PAGE), AS_OF).drop("id") != 0).sum().row(0)) / PAGE
    print(f"60 rules, {count:,} leads, {lines:.1f} lines that count per lead")
    for page in (PAGE, 50_000, count):
        print(f"pages of {page:>9,}: {measure(judge, frame, page):>10,.0f} leads/s")


if __name__ == "__main__":
    main()
