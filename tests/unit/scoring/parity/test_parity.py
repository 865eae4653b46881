"""Copies of one person side by side, against one copy at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.address import address_key
from scoring.document import parse_yaml
from scoring.judge import Judge, compile_judge
from scoring.lead import DTYPES, FIELDS
from scoring.model import load_model
from scoring.parity import COMPARED, compare_copies, pair_up

MODEL = """
groups:
  who: {side: fit, cap: 60}
  web: {side: engagement}
rules:
  - {id: big, group: who, when: {employees: {at_least: 100}}, points: 40, reason: big}
  - {id: vp, group: who, when: {seniority: vp}, points: 30, reason: decides}
  - {id: came, group: web, when: {visits: {at_least: 2}}, points: 20, reason: came back}
bands: {priority: {hot: 60, warm: 30}}
cycles:
  - name: all
    gates:
      mql: {criteria: [{score: {at_least: 50}}]}
"""

person = st.fixed_dictionaries(
    {
        "employees": st.sampled_from(
            [None, {"low": 20.0, "high": 20.0}, {"low": 200.0, "high": None}]
        ),
        "seniority": st.sampled_from([None, "vp", "staff"]),
        "visits": st.sampled_from([None, 1.0, 5.0]),
        "disqualified": st.sampled_from([None, True]),
        "city": st.sampled_from([None, "Oslo", "Rome"]),
    }
)


AS_OF = date(2026, 11, 20)


def judge_of(text: str) -> Judge:
    """The judge of a model's sections."""
    return compile_judge(load_model(parse_yaml("name: test\nversion: 1\n" + text, "model.yaml")))


def lead_frame(*rows: dict) -> pl.DataFrame:
    """Leads of which only these facts are known."""
    schema = {name: DTYPES[FIELDS[name].kind] for name in rows[0]}
    frame = pl.DataFrame(list(rows), schema=schema)
    return frame.insert_column(0, pl.Series("id", [str(n) for n in range(len(rows))]))


JUDGE = judge_of(MODEL)


def pairs_of(count: int) -> pl.DataFrame:
    """So many pairs without any facts."""
    ids = [str(n) for n in range(count)]
    return pl.DataFrame({"a": ids, "b": [f"b{n}" for n in ids]}).with_columns(
        records_a=pl.lit(1, pl.UInt32), records_b=pl.lit(1, pl.UInt32)
    )


@pytest.mark.parametrize(
    ("email", "key"),
    [
        (" Ann.Lee@Example.COM ", "ann.lee@example.com"),
        ("ann+news@example.com", "ann+news@example.com"),
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("jo@XN--BCHER-KVA.example", "jo@xn--bcher-kva.example"),
        ("jo@example.com.", "jo@example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("nobody", None),
        ("@example.com", None),
        (None, None),
    ],
)
def test_addresses_of_one_person_have_one_key(email: str | None, key: str | None) -> None:
    """Case, blanks and the writing of the domain do not count; what stands behind a plus does."""
    assert address_key(pl.Series([email], dtype=pl.String)).to_list() == [key]


def test_persons_are_paired_once() -> None:
    """The record that changed last stands for a person; strangers are in no pair."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    first = pl.DataFrame(
        {
            "id": ["1", "2", "3", "4"],
            "email": ["ann@x.example", "ANN@x.example", "bob@x.example", None],
            "modified_at": [noon, noon + timedelta(days=1), noon, noon],
        }
    )
    second = pl.DataFrame(
        {"id": ["7", "8"], "email": ["Ann@X.example", "cy@x.example"], "modified_at": [noon, noon]}
    )

    assert pair_up(first, second).rows() == [("2", "7", 2, 1)]
    assert pair_up(first.clear(), second).is_empty()


@settings(max_examples=50)
@given(first=person, second=person)
def test_each_fact_alone_does_what_is_said(first: dict, second: dict) -> None:
    """The verdict with one fact of the other copy is the verdict on exactly that lead."""
    copies = lead_frame(first), lead_frame(second)
    found = compare_copies(pairs_of(1), copies, (JUDGE, JUDGE), AS_OF)

    def verdict(facts: dict) -> tuple:
        return JUDGE(lead_frame(facts), AS_OF).select(COMPARED).row(0)

    row = found.persons.row(0, named=True)
    assert tuple(row[f"{name}:a"] for name in COMPARED) == verdict(first)
    assert tuple(row[f"{name}:b"] for name in COMPARED) == verdict(second)
    assert row["same"] == (verdict(first) == verdict(second))
    told = {each["fact"]: each for each in found.differences.to_dicts()}
    assert set(told) == {name for name in first if first[name] != second[name]}
    for name, each in told.items():
        assert each["asked"] == (name != "city")
        if row["same"] or name == "city":
            assert not each["decides"]
            continue
        alone = verdict(first | {name: second[name]})
        assert tuple(each[n] for n in COMPARED) == alone
        assert each["decides"] == (alone != verdict(first))


def test_values_are_told_as_people_write_them() -> None:
    """Ranges, numbers and blanks; a moment that differs by less than a second is the same."""
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    first = {"employees": {"low": 51.0, "high": 200.0}, "visits": 3.0, "last_visit_at": at}
    second = {"employees": {"low": 500.0, "high": None}, "visits": None,
              "last_visit_at": at + timedelta(milliseconds=250)}  # fmt: skip
    found = compare_copies(
        pairs_of(1), (lead_frame(first), lead_frame(second)), (JUDGE, JUDGE), AS_OF
    )

    assert found.differences.sort("fact").select("fact", "value_a", "value_b").rows() == [
        ("employees", "51–200", "500 or more"),
        ("visits", "3", None),
    ]


def test_another_model_is_told_apart_from_other_facts() -> None:
    """Equal facts under two models: one judge finds the copies equal, and the models are blamed."""
    other = judge_of(MODEL.replace("points: 40", "points: 10"))
    facts = [
        {"employees": {"low": 200.0, "high": 300.0}, "visits": None},
        {"employees": None, "visits": 4.0},
    ]
    copies = lead_frame(*facts), lead_frame(*facts)
    found = compare_copies(pairs_of(2), copies, (JUDGE, other), AS_OF)

    assert found.persons["same"].to_list() == [True, True]
    assert found.persons["model_differs"].to_list() == [True, False]
    assert found.differences.is_empty()
