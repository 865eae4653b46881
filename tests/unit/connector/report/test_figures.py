"""The figures of a funnel report, recounted lead by lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.report.figures import HIDDEN, UNKNOWN, Asked, funnel_figures, hottest_figures
from scoring.verdict import ASIDE, STAGES

AS_OF = datetime(2026, 11, 22, 8, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
SCHEMA = {"id": pl.String, "source": pl.String, "owner": pl.String, "created_at": INSTANT,
          "stage": pl.String, "entered_at": INSTANT}  # fmt: skip

life = st.fixed_dictionaries(
    {
        "source": st.sampled_from([None, "Web", "Fair"]),
        "age": st.none() | st.integers(0, 300),
        "seen": st.integers(0, 200),
        "way": st.lists(st.sampled_from((*STAGES, *ASIDE)), min_size=1, max_size=5),
        "gaps": st.lists(st.integers(1, 40), min_size=4, max_size=4),
    }
)


def stays(one: dict) -> list[tuple[str, datetime]]:
    """The stages of a life in order, each with its moment; none after the day of the report."""
    moment = AS_OF - timedelta(days=one["seen"])
    found = [(one["way"][0], moment)]
    for stage, gap in zip(one["way"][1:], one["gaps"], strict=False):
        moment += timedelta(days=gap)
        if moment <= AS_OF:
            found.append((stage, moment))
    return found


def began(one: dict) -> datetime:
    """When it entered the CRM, else when it was first seen."""
    if one["age"] is None:
        return stays(one)[0][1]
    return AS_OF - timedelta(days=one["seen"] + one["age"])


def history(lives: list[dict]) -> pl.DataFrame:
    """The lives as the ledger tells them."""
    rows = [
        (str(n), one["source"], "005A", None if one["age"] is None else began(one), stage, at)
        for n, one in enumerate(lives)
        for stage, at in stays(one)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def recount(lives: list[dict], window: int | None) -> list[tuple[int, int, int, int]]:
    """Reached, now, aside and open of each stage, counted without frames."""
    ends = []
    for one in lives:
        found = stays(one)
        if window is not None:
            end = began(one) + timedelta(days=window)
            if end > AS_OF:
                continue
            found = [stay for stay in found if stay[1] <= max(end, found[0][1])]
        furthest = max(STAGES.index(s) if s in STAGES else 0 for s, _ in found)
        ends.append((furthest, found[-1][0]))
    return [
        (
            sum(furthest >= rank for furthest, _ in ends),
            sum(current == stage for _, current in ends),
            sum(furthest == rank and current in ASIDE for furthest, current in ends),
            sum(furthest == rank and current not in ASIDE for furthest, current in ends),
        )
        for rank, stage in enumerate(STAGES)
    ]


def counts(stages: list[dict]) -> list[tuple[int, int, int, int]]:
    """The same of figures."""
    return [(s["reached"], s["now"], s["aside"], s["open"]) for s in stages]


@given(st.lists(life, max_size=10), st.none() | st.integers(1, 250))
def test_figures_equal_a_recount(lives: list[dict], window: int | None) -> None:
    """For all leads and by source and month, with and without a window."""
    asked = Asked(by=("source", "month"), window_days=window)
    figures = funnel_figures("acme", history(lives), AS_OF, asked)
    assert counts(figures["stages"]) == recount(lives, window)
    assert sum(figures["aside"].values()) == sum(c[2] for c in counts(figures["stages"]))
    for dimension, key in (
        ("source", lambda one: one["source"] or UNKNOWN),
        ("month", lambda one: began(one).strftime("%Y-%m")),
    ):
        values = {key(one) for one in lives}
        alone = {v: recount([one for one in lives if key(one) == v], window) for v in values}
        expected = {value: rows for value, rows in alone.items() if rows[0][0]}
        groups = figures["by"][dimension]
        assert {group["value"]: counts(group["stages"]) for group in groups} == expected


@given(st.lists(life, max_size=10), st.integers(1, 250))
def test_every_lead_is_measured_or_too_young(lives: list[dict], window: int) -> None:
    """A window counts only leads that are old enough, and says how many were seen too late to tell."""
    figures = funnel_figures("acme", history(lives), AS_OF, Asked(window_days=window))
    ends = [(began(one) + timedelta(days=window), stays(one)[0][1]) for one in lives]
    young = sum(end > AS_OF for end, _ in ends)
    assert figures["counted"] == {
        "measured": len(lives) - young,
        "too_young": young,
        "seen_late": sum(seen > end for end, seen in ends if end <= AS_OF),
    }
    assert figures["leads"] == len(lives) - young


def test_a_lead_has_been_one_since_it_was_created() -> None:
    """Time in the first stage counts from creation; other stages count from when they were seen."""
    day = timedelta(days=1)
    rows = [
        ("1", "Web", "005A", AS_OF - 10 * day, "lead", AS_OF - 4 * day),
        ("1", "Web", "005A", AS_OF - 10 * day, "mql", AS_OF - 3 * day),
        ("2", "Web", "005A", AS_OF - 90 * day, "mql", AS_OF - 2 * day),
    ]
    figures = funnel_figures("acme", pl.DataFrame(rows, SCHEMA, orient="row"), AS_OF, Asked())
    lead, mql = figures["stages"][:2]
    assert (lead["median_days"], lead["waiting_days"]) == (7.0, None)
    assert (mql["median_days"], mql["waiting_days"]) == (None, 2.5)


@pytest.mark.parametrize(
    ("names", "expected"), [(True, {"Ann Lee", "005A"}), (False, {HIDDEN, "005A"})]
)
def test_owners_who_are_not_ids_are_hidden(names: bool, expected: set[str]) -> None:
    """A file may name its reps where a CRM gives ids; the report does so only when asked."""
    rows = [
        (str(n), "by x@y.example", owner, None, "lead", AS_OF)
        for n, owner in enumerate(("005A", "Ann Lee"))
    ]
    asked = Asked(by=("owner", "source"), names=names)
    by = funnel_figures("acme", pl.DataFrame(rows, SCHEMA, orient="row"), AS_OF, asked)["by"]
    assert {group["value"] for group in by["owner"]} == expected
    assert {group["value"] for group in by["source"]} == {"by x@y.example" if names else HIDDEN}


def test_hottest_leads_are_named_only_when_asked() -> None:
    """Without names a hot lead is an id and its verdict, and nothing else leaves the ledger."""
    hottest = pl.DataFrame(
        {"id": ["1"], "score": [88.0], "stage": ["mql"], "priority": ["hot"], "grade": ["A"],
         "facts": ['{"first_name": "Ann", "last_name": "Lee", "company": null, "email": "a@x.example"}']}
    )  # fmt: skip
    plain = {"id": "1", "score": 88.0, "stage": "mql", "priority": "hot", "grade": "A"}
    assert hottest_figures(hottest, names=False) == [plain]
    assert hottest_figures(hottest, names=True) == [
        plain | {"first_name": "Ann", "last_name": "Lee", "company": None}
    ]
