"""The counts of a comparison do not depend on how it is cut into pages."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.report.parity import ParityReport
from scoring.document import parse_yaml
from scoring.judge import compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model
from scoring.parity import compare_copies

MODEL = """
name: test
version: 1
groups: {who: {side: fit}}
rules:
  - {id: vp, group: who, when: {seniority: vp}, points: 30, reason: decides}
  - {id: came, group: who, when: {visits: {at_least: 2}}, points: 20, reason: came back}
"""
JUDGE = compile_judge(load_model(parse_yaml(MODEL, "model.yaml")))
AS_OF = date(2026, 11, 20)
FACTS = ("seniority", "visits", "city")
person = st.tuples(
    st.sampled_from([None, "vp"]),
    st.sampled_from([None, 1.0, 3.0]),
    st.sampled_from([None, "Oslo"]),
)


def frame(persons: list[tuple]) -> pl.DataFrame:
    """Leads of three facts."""
    schema = {name: DTYPES[FIELDS[name].kind] for name in FACTS}
    ids = pl.Series("id", [str(n) for n in range(len(persons))], dtype=pl.String)
    return pl.DataFrame(persons, schema=schema, orient="row").insert_column(0, ids)


def report(both: list[tuple[tuple, tuple]], size: int, limit: int) -> ParityReport:
    """The report over pages of `size` pairs."""
    made = ParityReport(("x", "y"), (JUDGE, JUDGE), limit=limit, with_values=True)
    for start in range(0, len(both), size):
        page = both[start : start + size]
        ids = [f"{start + n:03}" for n in range(len(page))]
        pairs = pl.DataFrame(
            {"a": ids, "b": ids, "records_a": [1] * len(ids), "records_b": [2] * len(ids)}
        )
        copies = frame([a for a, _ in page]), frame([b for _, b in page])
        made.add(compare_copies(pairs, copies, (JUDGE, JUDGE), AS_OF))
    return made


@settings(max_examples=20)
@given(
    st.lists(st.tuples(person, person), min_size=1, max_size=20),
    st.integers(1, 7),
    st.integers(0, 5),
)
def test_pages_do_not_matter(both: list[tuple[tuple, tuple]], size: int, limit: int) -> None:
    """Counts and the persons shown are those of one single page, and equal a recount."""
    paged, whole = report(both, size, limit), report(both, len(both), limit)
    assert paged.summary() == whole.summary()
    assert paged.persons() == whole.persons()

    summary = whole.summary()
    assert summary["persons"] == summary["several_records"] == len(both)
    told = {each["fact"]: each["differs"] for each in (*summary["facts"], *summary["not_asked"])}
    for index, name in enumerate(FACTS):
        assert told.get(name, 0) == sum(a[index] != b[index] for a, b in both)
    scores = [tuple(30 * (p[0] == "vp") + 20 * (p[1] == 3.0) for p in pair) for pair in both]
    gaps = sorted((abs(a - b) for a, b in scores if a != b), reverse=True)
    assert summary["different"]["score"] == len(gaps)
    shown = [
        abs(p["verdicts"]["x"]["score"] - p["verdicts"]["y"]["score"]) for p in whole.persons()
    ]
    assert shown == gaps[:limit]
