"""Batches of up to a hundred inputs that each get an answer of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from connector.crm.hubspot.faults import Fault, parse_fault
from connector.crm.hubspot.translate import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SPLITTABLE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_ABOUT_THE_PROPERTY = ("PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE")
_NO_ANSWER = Fault(code="NO_ANSWER")
_PASSING = ("INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "RATE_LIMITS", "NO_ANSWER")
_PAUSES = (1.0, 3.0, 9.0)

Input = dict[str, Any]
Answers = dict[str, "dict[str, Any] | Fault"]
"""By the input's id: the record as it is now, or what HubSpot complained about."""


class Batch:
    """One kind of batch write.

    Every input carries its own id as `objectWriteTraceId`, so that a portal which honours it
    refuses bad inputs one by one. Where a whole batch is refused it is split until the culprit
    stands alone and everybody else is through.

    Inputs that failed inside HubSpot are sent again a few times.

    `send` makes the call for some inputs; `identify` finds the input's id in a result that does not
    echo the trace; `wait` lets seconds pass.
    """

    def __init__(
        self,
        send: Callable[[list[Input]], dict[str, Any]],
        identify: Callable[[dict[str, Any]], str],
        wait: Callable[[float], None],
    ) -> None:
        self._send = send
        self._identify = identify
        self._wait = wait

    def settle(self, inputs: Sequence[Input]) -> Answers:
        """An answer for every input; their ids must be unique, at most a hundred."""
        answers = self._settle(inputs)
        for seconds in _PAUSES:
            failed = [item for item in inputs if _is_passing(answers[item["id"]])]
            if not failed:
                break
            self._wait(seconds)
            answers |= self._settle(failed)
        return answers

    def _settle(self, inputs: Sequence[Input]) -> Answers:
        if not inputs:
            return {}
        traced = [item | {"objectWriteTraceId": item["id"]} for item in inputs]
        try:
            body = self._send(traced)
        except RefusedError as error:
            if error.status not in _SPLITTABLE:
                raise
            return self._split(inputs, error.fault)
        return self._read(inputs, body)

    def _read(self, inputs: Sequence[Input], body: dict[str, Any]) -> Answers:
        faults = [parse_fault(entry) for entry in body.get("errors") or ()]
        blamed: Answers = {name: fault for fault in faults for name in (fault.traces or fault.ids)}
        done: Answers = {
            str(record.get("objectWriteTraceId") or self._identify(record)): record
            for record in body.get("results") or ()
        }
        answers = {item["id"]: found for item in inputs if (found := _of(item, blamed, done))}
        silent = [item for item in inputs if item["id"] not in answers]
        nameless = next((fault for fault in faults if not fault.traces + fault.ids), None)
        if silent and nameless:
            return answers | self._split(silent, nameless)
        return answers | {item["id"]: _NO_ANSWER for item in silent}

    def _split(self, inputs: Sequence[Input], fault: Fault) -> Answers:
        if len(inputs) == 1:
            return {inputs[0]["id"]: fault}
        if fault.code in _ABOUT_THE_PROPERTY:  # true for every record that sends it
            guilty = [item for item in inputs if fault.field in item["properties"]]
            if guilty:
                rest = [item for item in inputs if fault.field not in item["properties"]]
                return {item["id"]: fault for item in guilty} | self._settle(rest)
        middle = len(inputs) // 2
        return self._settle(inputs[:middle]) | self._settle(inputs[middle:])


def _of(item: Input, blamed: Answers, done: Answers) -> dict[str, Any] | Fault | None:
    return done.get(item["id"]) or blamed.get(item["id"])


def _is_passing(answer: dict[str, Any] | Fault) -> bool:
    return isinstance(answer, Fault) and answer.code in _PASSING
