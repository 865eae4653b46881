"""The funnel against a recount that knows nothing of frames."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.funnel import aside, funnel, never_moved
from scoring.verdict import ASIDE, STAGES

START = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=400)

Life = tuple[str, list[tuple[str, int]]]
"""A lead's source, and the stages that it entered, each with the day."""

stays = st.lists(st.sampled_from((*STAGES, *ASIDE)), min_size=1, max_size=6, unique=True)
lives = st.lists(
    st.tuples(
        st.sampled_from(("Web", "Partner", "Fair")),
        stays.flatmap(
            lambda found: st.lists(
                st.integers(0, 390), min_size=len(found), max_size=len(found), unique=True
            ).map(lambda days: list(zip(found, sorted(days), strict=True)))
        ),
    ),
    min_size=1,
    max_size=12,
)


def history(found: list[Life]) -> pl.DataFrame:
    """The lives as a history, in no particular order."""
    rows = [
        (f"lead{n}", source, stage, START + timedelta(days=day))
        for n, (source, life) in enumerate(found)
        for stage, day in life
    ]
    schema = {"id": pl.String, "source": pl.String, "stage": pl.String,
              "entered_at": pl.Datetime("us", "UTC")}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sample(fraction=1, shuffle=True, seed=5)


def rank(stage: str) -> int:
    """A stage's place on the ladder; those beside it say nothing about how far it went."""
    return STAGES.index(stage) if stage in STAGES else 0


def reached(found: list[Life], stage: str) -> int:
    """How many came so far."""
    return sum(max(rank(entered) for entered, _ in life) >= rank(stage) for _, life in found)


def ended_days(found: list[Life], stage: str) -> list[int]:
    """How long the stays in a stage took that have ended."""
    return [
        following[1] - day
        for _, life in found
        for (entered, day), following in pairwise(life)
        if entered == stage
    ]


@given(lives)
def test_counts_agree_with_a_recount(found: list[Life]) -> None:
    """Reached, now, lost and conversion, stage by stage."""
    rows = funnel(history(found), AS_OF).to_dicts()
    assert [row["stage"] for row in rows] == list(STAGES)
    before = None
    for row in rows:
        count = reached(found, row["stage"])
        assert row["reached"] == count
        assert row["now"] == sum(life[-1][0] == row["stage"] for _, life in found)
        assert row["lost"] == (None if before is None else before - count)
        if before:
            assert row["conversion"] == pytest.approx(100 * count / before, abs=0.051)
        else:
            assert row["conversion"] is None
        before = count


@given(lives)
def test_times_agree_with_a_recount(found: list[Life]) -> None:
    """The median days of the stays in a stage that have ended."""
    for row in funnel(history(found), AS_OF).to_dicts():
        days = ended_days(found, row["stage"])
        assert row["median_days"] == (pytest.approx(median(days), abs=0.051) if days else None)


@given(lives)
def test_groups_are_the_funnels_of_their_parts(found: list[Life]) -> None:
    """By source: every part is the funnel of the leads of that source alone."""
    by = funnel(history(found), AS_OF, by="source")
    assert set(by["source"]) == {source for source, _ in found}
    for (source,), part in by.group_by("source"):
        alone = [life for life in found if life[0] == source]
        expected = funnel(history(alone), AS_OF)
        assert part.drop("source").equals(expected)


@given(lives)
def test_beside_the_ladder_and_never_moved(found: list[Life]) -> None:
    """Who is disqualified or recycled now, and which share never became more than a lead."""
    told = history(found)
    assert aside(told) == {s: sum(life[-1][0] == s for _, life in found) for s in ASIDE}
    stuck = 100 * (1 - reached(found, "mql") / len(found))
    assert never_moved(funnel(told, AS_OF)) == pytest.approx(stuck, abs=0.051)


def test_nobody_makes_an_empty_funnel() -> None:
    """Without leads every count is nothing, and there are no shares of nothing."""
    rows = funnel(history([]), AS_OF)
    assert rows["reached"].to_list() == [0] * len(STAGES)
    assert rows["conversion"].null_count() == len(STAGES)
    assert never_moved(rows) is None
    assert aside(history([])) == dict.fromkeys(ASIDE, 0)
