"""Every input of a batch gets an answer of its own, and no good one suffers for a bad one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.hubspot.batches import Batch, Input
from connector.crm.hubspot.faults import Fault, parse_fault
from connector.crm.hubspot.translate import RefusedError

BAD_VALUE = {"errors": [{"code": "INVALID_OPTION", "context": {"propertyName": ["size"]}}]}
NO_PROPERTY = {"errors": [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["x"]}}]}


class Portal:
    """Answers batches as HubSpot does; refuses a whole batch unless it honours traces."""

    def __init__(self, bad: set[str], *, traces: bool = False, refusal: Any = None) -> None:
        self.bad, self.traces, self.refusal = bad, traces, refusal or BAD_VALUE
        self.landed: list[str] = []
        self.calls = 0

    def send(self, inputs: list[Input]) -> dict[str, Any]:
        """One call."""
        self.calls += 1
        bad = [item["id"] for item in inputs if item["id"] in self.bad]
        if bad and not self.traces:
            error = RefusedError("refused", status=400)
            error.fault = parse_fault(self.refusal)
            raise error
        good = [item["id"] for item in inputs if item["id"] not in self.bad]
        self.landed += good
        errors = [self.refusal | {"context": {"objectWriteTraceId": [one]}} for one in bad]
        return {"results": [{"id": one} for one in reversed(good)], "errors": errors}


def settle(portal: Any, ids: list[str], waits: list[float] | None = None) -> dict[str, Any]:
    """The answers to simple inputs of these ids."""
    batch = Batch(portal.send, lambda record: record["id"], (waits or []).append)
    return batch.settle([{"id": one, "properties": {"size": one}} for one in ids])


@given(
    number=st.integers(min_value=1, max_value=100),
    bad=st.sets(st.integers(min_value=0, max_value=99)),
    traces=st.booleans(),
)
def test_good_inputs_land_once_and_bad_ones_are_blamed(
    number: int, bad: set[int], *, traces: bool
) -> None:
    """Whatever is bad in a batch: all others land, once each, and every culprit is found."""
    ids = [str(one) for one in range(number)]
    culprits = {str(one) for one in bad if one < number}
    portal = Portal(culprits, traces=traces)

    answers = settle(portal, ids)

    assert set(answers) == set(ids)
    assert {one for one, found in answers.items() if isinstance(found, Fault)} == culprits
    assert sorted(portal.landed) == sorted(set(ids) - culprits)


def test_one_culprit_costs_few_calls() -> None:
    """Halving finds one bad input among a hundred in 15 calls."""
    portal = Portal({"42"})

    settle(portal, [str(one) for one in range(100)])

    assert portal.calls <= 15


def test_a_missing_property_is_blamed_on_all_that_send_it() -> None:
    """What is wrong with a property is not looked for record by record."""
    portal = Portal({str(one) for one in range(60)}, refusal=NO_PROPERTY)
    batch = Batch(portal.send, lambda record: record["id"], lambda _: None)
    inputs = [{"id": str(n), "properties": {"x" if n < 60 else "y": "1"}} for n in range(100)]

    answers = batch.settle(inputs)

    assert portal.calls == 2
    assert sum(isinstance(found, Fault) for found in answers.values()) == 60


def test_missing_ids_share_one_entry() -> None:
    """One error entry that names many ids blames each of them."""

    class Missing:
        def send(self, inputs: list[Input]) -> dict[str, Any]:
            gone = {"category": "OBJECT_NOT_FOUND", "context": {"ids": ["2", "3"]}}
            return {"results": [{"id": "1"}], "errors": [gone], "numErrors": 1}

    answers = settle(Missing(), ["1", "2", "3"])

    assert isinstance(answers["1"], dict)
    assert [answers[one].code for one in "23"] == ["OBJECT_NOT_FOUND", "OBJECT_NOT_FOUND"]


def test_passing_failures_are_tried_again() -> None:
    """An input that failed inside HubSpot is sent again, alone, after a pause."""

    class Flaky:
        sent: list[list[str]]

        def __init__(self) -> None:
            self.sent = []

        def send(self, inputs: list[Input]) -> dict[str, Any]:
            self.sent.append([item["id"] for item in inputs])
            if len(self.sent) > 1:
                return {"results": [{"id": item["id"]} for item in inputs]}
            entry = {"category": "INTERNAL_ERROR", "context": {"objectWriteTraceId": ["2"]}}
            return {"results": [{"id": "1"}], "errors": [entry]}

    portal, waits = Flaky(), [0.0]

    answers = settle(portal, ["1", "2"], waits)

    assert portal.sent == [["1", "2"], ["2"]]
    assert isinstance(answers["2"], dict)
    assert waits == [0.0, 1.0]


def test_silence_is_an_answer_too() -> None:
    """An input that HubSpot says nothing about is not taken for done."""

    class Silent:
        def send(self, inputs: list[Input]) -> dict[str, Any]:
            return {"results": [{"id": "1"}]}

    assert settle(Silent(), ["1", "2"])["2"] == Fault(code="NO_ANSWER")


@pytest.mark.parametrize("status", [404, 405])
def test_a_wrong_address_is_not_split(status: int) -> None:
    """A refusal that is not about the inputs ends the call instead of multiplying it."""

    class Wrong:
        def send(self, inputs: list[Input]) -> dict[str, Any]:
            raise RefusedError("refused", status=status)

    with pytest.raises(RefusedError):
        settle(Wrong(), ["1", "2"])
