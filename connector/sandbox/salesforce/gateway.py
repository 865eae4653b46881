"""Where HTTP comes in: sessions, limits and faults, and then the function behind the address."""

from __future__ import annotations

import asyncio
import gzip
import re
import traceback
from email.utils import format_datetime
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from connector.sandbox.http import DROP
from connector.sandbox.salesforce import admin
from connector.sandbox.salesforce.auth import authenticate
from connector.sandbox.salesforce.bulk_jobs import advance
from connector.sandbox.salesforce.call import Answer, Call
from connector.sandbox.salesforce.errors import ApiError, not_found
from connector.sandbox.salesforce.faults import AFTER, BEFORE
from connector.sandbox.salesforce.routes import OPEN, REST, dispatch, matched
from connector.sandbox.salesforce.state import NEWEST_VERSION, OLDEST_VERSION

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from connector.sandbox.salesforce.faults import FaultRule
    from connector.sandbox.salesforce.state import State

LONGEST_URI = 16_384
SMALL_BODY = 1000
ADMIN = "/__sandbox__/"
VERSIONED = re.compile(r"/services/data/v(\d+)\.0(/.*)?")


class Gateway:
    """The org as an ASGI application."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless a fault says otherwise."""
        call, encodings = await _call(Request(scope, receive))
        rule = None
        if not call.path.startswith(ADMIN):
            rule = self._state.faults.for_request(BEFORE, call.method, call.path)
        if rule is not None and rule.kind == "drop_before":
            await _drop(scope, send)
            return
        answer = await self._before(rule) or self._answer(call)
        response = self._response(answer, encodings)
        after = None
        if not call.path.startswith(ADMIN):
            after = self._state.faults.for_request(AFTER, call.method, call.path)
        if after is None:
            await response(scope, receive, send)
        elif after.kind == "drop_after":
            await _drop(scope, send)
        else:
            await _truncate(response, after, send)

    async def _before(self, rule: FaultRule | None) -> Answer | None:
        """Do what a fault rule does ahead of the request; an answer when it answers itself."""
        if rule is None:
            return None
        if rule.kind == "slow":
            await asyncio.sleep(rule.seconds)
        elif rule.kind == "expire_session":
            self._state.sessions.clear()
        else:
            return Answer(rule.body.encode(), rule.status, rule.headers, "text/html")
        return None

    def _answer(self, call: Call) -> Answer:
        with self._state.lock:
            try:
                advance(self._state)
                return _handled(self._state, call)
            except ApiError as error:
                if error.fields is not None:
                    self._state.audit.refused[error.code] += 1
                return Answer(error.body(), error.status)
            except Exception as error:  # noqa: BLE001 — it must not pass for a fault of the CRM
                return Answer(_defect(error).body(), 500)

    def _response(self, answer: Answer, encodings: str) -> Response:
        headers = dict(answer.headers)
        body = answer.payload()
        if "gzip" in encodings and len(body) > SMALL_BODY:
            body = gzip.compress(body, compresslevel=1)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        headers["Date"] = format_datetime(self._state.clock.now(), usegmt=True)
        usage = f"api-usage={self._state.used}/{self._state.daily_limit}"
        headers["Sforce-Limit-Info"] = usage
        media = answer.media_type if answer.body is not None else None
        return Response(body, answer.status, headers, media_type=media)


def _defect(error: Exception) -> ApiError:
    """Own up to an error of the sandbox itself, with its place."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{PurePath(place.filename).name}:{place.lineno}"
    return ApiError("SANDBOX_DEFECT", f"{type(error).__name__} at {where}")


async def _call(request: Request) -> tuple[Call, str]:
    headers = {name.lower(): text for name, text in request.headers.items()}
    body = await request.body()
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    raw = request.scope["raw_path"].decode("latin-1")
    params = dict(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))
    call = Call(
        method=params.get("_HttpMethod", request.method).upper(),
        path=raw.rstrip("/") or "/",
        params=params,
        headers=headers,
        body=body,
        host=f"http://{headers.get('host', '')}",
        dispatch=dispatch,
    )
    return call, headers.get("accept-encoding", "")


def _handled(state: State, call: Call) -> Answer:
    if call.path.startswith(ADMIN):
        return admin.answer(state, call)
    _check_sizes(call)
    versioned = VERSIONED.fullmatch(call.path)
    if versioned is None:
        route, place = matched(OPEN, call.method, call.path)
        state.calls[f"{call.method} {call.path}"] += 1
        return route.handler(state, call.at(place))
    return _versioned(state, call, int(versioned[1]), versioned[2] or "")


def _versioned(state: State, call: Call, number: int, path: str) -> Answer:
    if number < OLDEST_VERSION:
        message = f"The requested API version v{number}.0 has been retired"
        raise ApiError("GONE", message, status=410)
    if number > NEWEST_VERSION:
        raise not_found()
    user = authenticate(state, call)
    state.used += 1
    if state.used > state.daily_limit:
        message = "TotalRequests Limit exceeded."
        raise ApiError("REQUEST_LIMIT_EXCEEDED", message, status=403)
    route, place = matched(REST, call.method, path)
    state.calls[f"{call.method} {route.address}"] += 1
    _check_media(call)
    known = Call(
        **{**vars(call), "path": path, "version": f"{number}.0", "user_id": user, "place": place}
    )
    return route.handler(state, known)


def _check_sizes(call: Call) -> None:
    query = "&".join(f"{name}={text}" for name, text in call.params.items())
    uri = len(call.path) + len(query)
    if uri > LONGEST_URI:
        raise ApiError("URI_TOO_LONG", "The URI is longer than 16384 bytes", status=414)
    if uri + sum(len(name) + len(text) for name, text in call.headers.items()) > LONGEST_URI:
        message = "The URI and the headers are longer than 16384 bytes"
        raise ApiError("HEADERS_TOO_LARGE", message, status=431)


def _check_media(call: Call) -> None:
    kind = call.headers.get("content-type", "")
    if call.method in {"POST", "PATCH"} and call.body and "json" not in kind:
        message = f"Content type {kind} is not supported"
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", message, status=415)


async def _drop(scope: Scope, send: Send) -> None:
    """Cut the connection; where the server cannot, leave the answer unfinished."""
    drop = scope.get("extensions", {}).get(DROP)
    if drop is not None:
        await drop()
        return
    await send({"type": "http.response.start", "status": 503, "headers": []})


async def _truncate(response: Response, rule: FaultRule, send: Send) -> None:
    """Promise the whole body and send a part of it; the server then closes the connection."""
    body = bytes(response.body)
    start = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "http.response.start", **start})
    part = body[: int(len(body) * rule.fraction)]
    await send({"type": "http.response.body", "body": part, "more_body": True})
