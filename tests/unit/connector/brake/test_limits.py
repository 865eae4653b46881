"""The brake's rule by itself: what is usual, what is abnormal, and what small numbers may do."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.engine.brake import ENOUGH, Brake, BrakeKeys, usual_runs
from connector.engine.runs import RunReport

counts = st.lists(st.integers(0, 10_000), min_size=ENOUGH, max_size=20)


def _run(number: int = 0, **changed: object) -> RunReport:
    report = RunReport(
        run=f"r{number}", connection="acme", crm="csv", kind="sync", state="done",
        started_at="2026-11-22T08:30:00Z", as_of="2026-11-22",
    )  # fmt: skip
    return replace(report, **changed)  # type: ignore[arg-type]


@given(counts)
def test_the_limit_is_never_below_the_floor(usual: list[int]) -> None:
    """Whatever is usual, a handful never brakes."""
    assert Brake(floor=50).limit(usual) >= 50


@given(counts)
def test_the_limit_is_never_below_the_usual(usual: list[int]) -> None:
    """A run like the median one is never abnormal."""
    assert Brake(floor=0).limit(usual) >= sorted(usual)[(len(usual) - 1) // 2]


@given(st.lists(st.integers(90, 110), min_size=11, max_size=20), st.integers(10**5, 10**7))
def test_a_few_odd_runs_do_not_move_the_limit(usual: list[int], odd: int) -> None:
    """Up to a third of the past may be a hundred thousand without making that normal."""
    spoiled = [*usual, *([odd] * (len(usual) // 3))]

    assert Brake().limit(spoiled) < 1_000


def test_an_abnormal_count_is_named_with_its_numbers() -> None:
    """The complaint has the count, the usual median, the number of runs and the limit."""
    past = [_run(n, decisions={"to sql": 100}) for n in range(5)]

    (said,) = Brake().complaints({"to sql": 400, "to mql": 20}, past)

    assert said == "to sql: 400, usual are 100 (median of 5 runs), the limit is 150"


def test_nothing_is_usual_after_two_runs() -> None:
    """With fewer than three runs no count is abnormal; the share of the leads is asked instead."""
    assert Brake().complaints({"to sql": 10_000}, [_run(1), _run(2)]) == []
    assert Brake().complaint_of_first(2_000, 2_000) is None
    assert "50%" in (Brake(first_run_share=0.25).complaint_of_first(1_000, 2_000) or "")


def test_the_first_run_and_odd_runs_are_not_usual() -> None:
    """Released, stopped, failed and planning runs tell nothing, and neither does the first."""
    runs = [
        _run(6),
        _run(5, released="meant"),
        _run(4, state="stopped"),
        _run(3, state="failed"),
        _run(2, kind="plan"),
        _run(1, kind="undo"),
        _run(0, decisions={"to mql": 900}),
    ]

    assert [report.run for report in usual_runs(runs)] == ["r6"]


def test_a_connection_inherits_what_it_does_not_say() -> None:
    """A connection's keys replace the project's one by one."""
    project = BrakeKeys.model_validate({"first_run_share": "40%", "factor": 9})
    connection = BrakeKeys.model_validate({"floor": 5})

    assert Brake().with_keys(project).with_keys(connection) == Brake(0.4, 9, 5)
