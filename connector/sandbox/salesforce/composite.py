"""POST /composite: up to 25 requests in one, later ones using the answers of earlier ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connector.sandbox.salesforce.call import Answer
from connector.sandbox.salesforce.errors import ApiError

if TYPE_CHECKING:
    from connector.sandbox.salesforce.call import Call
    from connector.sandbox.salesforce.state import State

MOST_REQUESTS, MOST_QUERIES = 25, 5
REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])+)\}")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
VERSION = re.compile(r"/services/data/v(\d+\.\d)(/.*)")
REFUSED = 400
HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction failed.",
}


class _HaltedError(Exception):
    """A subrequest failed and the caller wanted all or none."""


def composite(state: State, call: Call) -> Answer:
    """Run the subrequests in their order; with allOrNone a refusal takes all of them back."""
    payload = call.json_object()
    requests = payload.get("compositeRequest", [])
    _check(requests)
    answers: dict[str, dict[str, Any]] = {}
    all_or_none = bool(payload.get("allOrNone"))
    try:
        with state.transaction():
            for request in requests:
                answer = _one(state, call, request, answers)
                answers[request["referenceId"]] = answer
                _halt_if(all_or_none and answer["httpStatusCode"] >= REFUSED)
    except _HaltedError:
        answers = {
            request["referenceId"]: _halted(request["referenceId"], answers) for request in requests
        }
    return Answer({"compositeResponse": list(answers.values())})


def _halt_if(failed: bool) -> None:  # noqa: FBT001 — a condition, not a mode
    if failed:
        raise _HaltedError


def _check(requests: list[dict[str, Any]]) -> None:
    if not requests:
        raise ApiError("JSON_PARSER_ERROR", "Missing required field: compositeRequest")
    if len(requests) > MOST_REQUESTS:
        message = f"Maximum number of subrequests is {MOST_REQUESTS}"
        raise ApiError("LIMIT_EXCEEDED", message)
    heavy = [r for r in requests if "/query" in r["url"] or "/composite/sobjects" in r["url"]]
    if len(heavy) > MOST_QUERIES:
        message = f"At most {MOST_QUERIES} subrequests may be queries or collections"
        raise ApiError("LIMIT_EXCEEDED", message)
    names = [request.get("referenceId") for request in requests]
    if None in names or len(set(names)) < len(names):
        raise ApiError("INVALID_INPUT", "Every subrequest needs a reference id of its own")


def _one(
    state: State, call: Call, request: dict[str, Any], answers: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    try:
        resolved = _resolved({"url": request["url"], "body": request.get("body")}, answers)
        answer = _sent(state, call, request, resolved)
    except ApiError as error:
        answer = Answer(error.body(), error.status)
    return {
        "body": orjson.loads(answer.payload()) if answer.body is not None else None,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": request["referenceId"],
    }


def _sent(state: State, call: Call, request: dict[str, Any], resolved: dict[str, Any]) -> Answer:
    parts = urlsplit(resolved["url"])
    match = VERSION.fullmatch(parts.path)
    if match is None or call.dispatch is None:
        message = f"The requested resource does not exist: {parts.path}"
        raise ApiError("NOT_FOUND", message, status=404)
    body = resolved["body"]
    headers = {name.lower(): text for name, text in request.get("httpHeaders", {}).items()}
    sub = replace(
        call,
        method=request["method"].upper(),
        version=match[1],
        path=match[2],
        params=dict(parse_qsl(parts.query)),
        headers={**call.headers, **headers},
        body=b"" if body is None else orjson.dumps(body),
        place={},
    )
    return call.dispatch(state, sub)


def _resolved(value: Any, answers: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, str):
        return REFERENCE.sub(lambda match: str(_looked_up(match, answers)), value)
    if isinstance(value, dict):
        return {key: _resolved(item, answers) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, answers) for item in value]
    return value


def _looked_up(match: re.Match[str], answers: dict[str, dict[str, Any]]) -> Any:
    found: Any = answers.get(match[1], {}).get("body")
    for step in STEP.finditer(match[2]):
        try:
            found = found[step[1]] if step[1] else found[int(step[2])]
        except (KeyError, IndexError, TypeError):
            message = f"Invalid reference specified. No value for {match[0]} found in {match[1]}"
            raise ApiError("PROCESSING_HALTED", message) from None
    return found


def _halted(name: str, answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    answer = answers.get(name)
    if answer and answer["httpStatusCode"] >= REFUSED:
        return answer
    return {
        "body": [HALTED],
        "httpHeaders": {},
        "httpStatusCode": REFUSED,
        "referenceId": name,
    }
