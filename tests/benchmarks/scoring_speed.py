"""How fast leads are judged: 60 rules, 5 gates, reasons and questions on a million leads.

    python -m tests.benchmarks.scoring_speed [--leads 1000000] [--sample 2000] [--page 20000] [--untrained]

Prints JSON: leads per second and peak memory of the columnar judge, of the rules and gates alone and
with every method, beside the same 60 rules and 5 gates in plain Python and by the library
`rule-engine` (the extra `bench`). The last two judge a sample; the time for all leads is extrapolated
from it. First it is checked that all give every rule of every lead of the sample the same points.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from scoring.document import Document, parse_yaml
from scoring.judge import Judge, compile_judge
from scoring.lead import DTYPES
from scoring.model import load_model
from scoring.training import Trained, TrainingSettings, train
from tests.benchmarks.scoring_speed_others import (
    LEVELS,
    Record,
    Rule,
    by_rule_engine,
    in_python,
    record_of,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.scoring_speed_others import Found

AS_OF = date(2026, 11, 20)
NOW_US = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1_000_000)
DAY_US = 86_400_000_000
LEARNED = ("source", "industry", "country", "seniority", "visits", "page_views")

RULES_AND_GATES = """\
name: speed
version: 1
segments: {b2b: {company: {known: true}}}
groups: {who: {side: fit, cap: 60}, web: {side: engagement, cap: 60, floor: 0}}
cycles:
- name: companies
  priority: 1
  when: {company: {known: true}}
  gates:
    mql: {criteria: [{score: {at_least: 20}}, {visits: {at_least: 2}}]}
    sal: {criteria: [{accepted: true}]}
    sql: {criteria: [{need: true}, {at_least: {of: 1, criteria: [{authority: true}, {budget: {above: 0}}]}}]}
    opportunity: {criteria: [{score: {at_least: 50}}]}
- name: people
  gates:
    mql: {criteria: [{score: {at_least: 10}}]}
"""
EVERYTHING = """\
score: {rules: 1}
questions:
- {fact: need, text: What do you need?}
- {fact: authority, text: Who decides?}
- {fact: budget, text: Is there a budget?}
lamb_or_spam: {}
profile:
  attributes:
  - {fact: employees, weight: 3, between: [50, 1000], margin: 4, scale: log}
  - {fact: country, weight: 2, in: [DE, FR]}
predictive: {file: predictive.json}
"""
FIRST = ["Anna", "Ben", "Chiara", "David", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas"]
LAST = ["Adams", "Brunner", "Costa", "Dupont", "Eriksen", "Fischer", "Garcia", "Hoffmann", "Ito", "Jansen"]  # fmt: skip


def model_text(chosen: Sequence[Rule]) -> str:
    """A model file of these rules and of the five gates."""
    lines = [
        f"- {{id: r{n}, group: {rule.group}, points: {rule.points}, when: {rule.when}}}"
        for n, rule in enumerate(chosen)
    ]
    return "\n".join([RULES_AND_GATES + "rules:", *lines, ""])


def leads(count: int) -> pl.DataFrame:
    """Random leads, a tenth of every fact unknown; the same count gives the same leads."""
    draw = random.Random(7)

    def some(pool: list[object], dtype: pl.DataType) -> pl.Series:
        # Draws are repeated: making a million one by one would take longer than judging them.
        chosen = [None if draw.random() < 0.1 else draw.choice(pool) for _ in range(50_021)]
        return pl.Series(chosen, dtype=dtype).gather(pl.int_range(count, eager=True) % len(chosen))

    times: list[object] = [NOW_US - draw.randrange(400 * DAY_US) for _ in range(5_000)]
    low = some([1.0, 5.0, 20.0, 50.0, 250.0, 1000.0], DTYPES["number"])
    text, number, boolean = DTYPES["text"], DTYPES["number"], DTYPES["boolean"]
    names = pl.DataFrame({"first": some(list(FIRST), text), "last": some(list(LAST), text)})
    address = pl.format("{}.{}@firm{}.com", "first", "last", pl.int_range(pl.len()) % 9_000)
    return pl.DataFrame(
        {
            "id": pl.int_range(count, eager=True).cast(pl.String),
            "first_name": names["first"],
            "last_name": names["last"],
            "email": names.select(address.str.to_lowercase()).to_series(),
            "company": some([f"Company {n}" for n in range(900)], text),
            "seniority": some(list(LEVELS), text),
            "industry": some([f"Industry {n}" for n in range(40)], text),
            "source": some([f"Source {n}" for n in range(20)], text),
            "country": some(["DE", "FR", "US", "GB", "JP"], text),
            "visits": some([float(n) for n in range(30)], number),
            "page_views": some([float(n) for n in range(90)], number),
            "last_visit_at": some(times, pl.Int64()).cast(DTYPES["datetime"]),
            "accepted": some([True, False], boolean),
            "need": some([True, False], boolean),
            "authority": some([True, False], boolean),
            "budget": some([5_000.0, 20_000.0], number),
            "employees": pl.DataFrame({"low": low, "high": low * 2}).to_struct(),
        }
    )


def trained_text() -> str:
    """A trained model of made-up history: managers who came often converted."""
    history = leads(1_500).select("id", *LEARNED)
    draw = random.Random(1)
    pulls = zip(history["seniority"], history["visits"], strict=True)
    won = [draw.random() < 0.1 + 0.3 * (s in LEVELS[:4]) + 0.015 * (v or 0) for s, v in pulls]
    since = [date(2025, 1, 1) + timedelta(days=n // 10) for n in range(history.height)]
    dated = history.with_columns(pl.Series("converted", won), pl.Series("created_at", since))
    model = train(dated, TrainingSettings(target="converted", include=LEARNED)).model
    if not isinstance(model, Trained):
        raise SystemExit(model.reason)
    return json.dumps(model.stored)


def judge_of(text: str, trained: str | None) -> Judge:
    """The judge of a model file, `predictive.json` being this text (None: not trained yet)."""
    document = parse_yaml(text, "speed.yaml")
    return compile_judge(
        load_model(document, siblings=lambda name: Document(name, {"trained": trained}))
    )


def by_page(judge: Judge, frame: pl.DataFrame, page: int) -> Callable[[], None]:
    """Judging all leads of the frame, so many at once."""

    def run() -> None:
        for part in frame.iter_slices(page):
            judge(part, AS_OF)

    return run


def one_by_one(judge: Callable[[Record], Found], rows: Sequence[Record]) -> Callable[[], None]:
    """Judging all records in a loop, folding their facts included."""

    def run() -> None:
        for row in rows:
            judge(record_of(row, AS_OF))

    return run


def measured(run: Callable[[], None], count: int, leads_in_all: int) -> dict[str, object]:
    """Leads per second, the time for all, and the most memory that the program has had so far."""
    start = time.perf_counter()
    run()
    rate = count / (time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "leads_judged": count,
        "leads_per_second": round(rate),
        "seconds_for_all": round(leads_in_all / rate, 1),
        "extrapolated": count < leads_in_all,
        "peak_memory_mb": peak,
    }


def check_alike(judge: Judge, frame: pl.DataFrame, chosen: Sequence[Rule]) -> int:
    """Compare the points of all rules three ways; how many were compared. AssertionError if not."""
    expected = judge.points(frame, AS_OF).select(f"rules.r{n}" for n in range(len(chosen)))
    for other in (in_python(chosen), by_rule_engine(chosen)):
        for row, points in zip(frame.iter_rows(named=True), expected.iter_rows(), strict=True):
            found, _ = other(record_of(row, AS_OF))
            if found != list(points):
                raise AssertionError(f"lead {row['id']}: {found} instead of {list(points)}")
    return expected.height * expected.width


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--page", type=int, default=20_000)
    parser.add_argument("--untrained", action="store_true", help="train no model: saves minutes")
    given = parser.parse_args()
    chosen, frame = rules(60), leads(given.leads)
    trained = None if given.untrained else trained_text()
    bare = judge_of(model_text(chosen), trained)
    full = judge_of(model_text(chosen) + EVERYTHING, trained)
    sample = frame.head(given.sample)
    compared = check_alike(full, sample, chosen)
    rows = sample.to_dicts()
    for judge in (bare, full):
        judge(frame.head(given.page), AS_OF)
    # From the least memory to the most: a peak is that of the program until then.
    found = {
        "rule_engine": measured(one_by_one(by_rule_engine(chosen), rows), len(rows), given.leads),
        "plain_python": measured(one_by_one(in_python(chosen), rows), len(rows), given.leads),
        "leadgate_rules_and_gates": measured(by_page(bare, frame, given.page), frame.height, given.leads),
        "leadgate_everything": measured(by_page(full, frame, given.page), frame.height, given.leads),
    }  # fmt: skip
    report = {
        "leads": given.leads, "page": given.page, "rules": 60, "gates": 5, "trained": trained is not None,
        "rule_points_found_alike": compared, **found,
        "times_as_fast_as": {
            f"{ours} / {other}": round(_rate(found[ours]) / _rate(found[other]), 1)
            for ours in ("leadgate_rules_and_gates", "leadgate_everything")
            for other in ("plain_python", "rule_engine")
        },
    }  # fmt: skip
    print(json.dumps(report, indent=2))


def _rate(figures: dict[str, object]) -> float:
    return float(str(figures["leads_per_second"]))


if __name__ == "__main__":
    main()
