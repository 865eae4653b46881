"""Problems: how they read, and what name was meant."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.problem import Problem, ProblemsError, did_you_mean, nearest, refuse

NAMES = ("email", "employees", "Company", "annual_revenue")


def test_problem_reads_place_cause_remedy() -> None:
    """The three parts in one line; without a remedy nothing hangs over."""
    assert str(Problem("a.yaml:3", "is wrong.", "Mend it.")) == "a.yaml:3: is wrong. Mend it."
    assert str(Problem("a.yaml:3", "is wrong.")) == "a.yaml:3: is wrong."


@pytest.mark.parametrize(
    ("given", "meant"),
    [("emial", "email"), ("EMAIL", "email"), ("company", "Company"), ("employes", "employees"),
     ("revenue_annual", None), ("zzz", None), ("", None)],
)  # fmt: skip
def test_nearest_name(given: str, meant: str | None) -> None:
    """Slips of the finger and of the case are understood; what is far off is not guessed."""
    assert nearest(given, NAMES) == meant


@given(st.sampled_from(NAMES), st.data())
def test_any_single_slip_is_understood(name: str, data: st.DataObject) -> None:
    """One letter too few, or two letters swapped, still names the field that was meant."""
    place = data.draw(st.integers(0, len(name) - 2))
    swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    dropped = name[:place] + name[place + 1 :]
    assert nearest(swapped, NAMES) == name
    assert nearest(dropped, NAMES) == name


def test_sentence_names_the_nearest_or_all_or_nothing() -> None:
    """The nearest name; else the names if they are few; else nothing."""
    assert did_you_mean("emial", NAMES) == 'Did you mean "email"?'
    assert did_you_mean("zzz", ("a", "b")) == "Known: a, b."
    assert did_you_mean("zzz", [f"name_{n}" for n in range(25)]) == ""
    assert did_you_mean("zzz", ()) == ""


def test_refusing_nothing_does_nothing() -> None:
    """Only problems are an error, and all of them together are one."""
    refuse([])
    problems = (Problem("a:1", "x"), Problem("b:2", "y"))
    with pytest.raises(ProblemsError) as raised:
        refuse(iter(problems))
    assert raised.value.problems == problems
    assert str(raised.value) == "a:1: x\nb:2: y"


def test_error_survives_another_process() -> None:
    """The error crosses a process border with its problems."""
    error = ProblemsError([Problem("a:1", "x", "Mend it.")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems  # noqa: S301 — our own
