"""The portal as a web application: faults, tokens, limits, then the call itself."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from connector.sandbox.http import DROP
from connector.sandbox.hubspot.admin_api import ADMIN, AdminApi
from connector.sandbox.hubspot.failures import ApiFailure
from connector.sandbox.hubspot.http import Call
from connector.sandbox.hubspot.responses import finished, html_response, json_response
from connector.sandbox.hubspot.routes import scopes

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from connector.sandbox.hubspot.core import PortalCore
    from connector.sandbox.hubspot.faults import Fault
    from connector.sandbox.hubspot.responses import Response


class App:
    """The ASGI application of a portal."""

    def __init__(self, portal: PortalCore) -> None:
        self._portal = portal
        self._admin = AdminApi(portal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = await _read(scope, receive)
        if call.path.startswith(ADMIN):
            with self._portal.lock:
                response = self._guarded(call, self._admin.answer)
            await self._send(response, send)
            return
        fault = self._portal.faults.strike(call.method, call.path)
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if kind == "drop_before":
            await _drop(scope)
            return
        with self._portal.lock:
            response = self._faulty(call, fault) or self._answer(call)
        if fault and kind == "status":
            response = html_response(fault.status, fault.body)
        if kind == "drop_after":
            await _drop(scope)
            return
        await self._send(response, send, cut=kind == "truncate")
        if kind == "truncate":
            await _drop(scope)

    async def _send(self, response: Response, send: Send, *, cut: bool = False) -> None:
        """Send an answer with the portal's own time, which a fault's page has, too."""
        response.headers["Date"] = formatdate(self._portal.clock() / 1000, usegmt=True)
        await response.send(send, cut=cut)

    def _faulty(self, call: Call, fault: Fault | None) -> Response | None:
        """Do what a fault does instead of the call; None when the call is to go on."""
        if fault is None:
            return None
        if fault.kind == "expire_token":
            self._portal.auth.expire()
        if fault.kind == "status" and not fault.applied:
            return html_response(fault.status, fault.body)
        if fault.kind == "lock":
            message = "The record is locked by many writes in a short time. Try again in 2 seconds."
            return self._refused(call, ApiFailure(423, message, "LOCKED"))
        if fault.kind == "rate_limit":
            failure = self._portal.limits.refusal(fault.policy)
            if fault.retry_after is not None:
                failure.headers["Retry-After"] = f"{fault.retry_after:g}"
            return self._refused(call, failure)
        return None

    def _answer(self, call: Call) -> Response:
        return self._guarded(call, self._dispatch)

    def _guarded(self, call: Call, act: Any) -> Response:
        try:
            response: Response = act(call)
        except ApiFailure as failure:
            return self._refused(call, failure)
        return response

    def _refused(self, call: Call, failure: ApiFailure) -> Response:
        correlation = str(uuid.UUID(int=self._portal.chance.getrandbits(128), version=4))
        self._portal.limits.note(f"{call.method} {_endpoint(self._portal, call)}", failure.status)
        headers = failure.headers | {"X-HubSpot-Correlation-Id": correlation}
        return json_response(failure.status, failure.body(correlation), headers)

    def _dispatch(self, call: Call) -> Response:
        portal = self._portal
        if call.url_length > portal.config.url_limit:
            raise ApiFailure(414, "URI Too Long")
        route, params = portal.routes.find(call.method, call.path)
        headers: dict[str, str] = {}
        if not route.public:
            access = portal.auth.check(call.authorization)
            headers = portal.limits.admit(search=route.search, oauth=access.oauth)
        found = replace(call, params=params)
        try:
            for any_of in scopes(route, params):
                portal.auth.require(any_of)
            answer = route.handler(found)
        except ApiFailure as failure:
            failure.headers |= headers
            raise
        portal.limits.note(f"{call.method} {route.template}", answer.status)
        return finished(answer, headers)


def _endpoint(portal: PortalCore, call: Call) -> str:
    try:
        return portal.routes.find(call.method, call.path)[0].template
    except ApiFailure:
        return "unknown"


async def _read(scope: Scope, receive: Receive) -> Call:
    payload = b""
    more = True
    while more:
        message = await receive()
        payload += message.get("body", b"")
        more = message.get("more_body", False)
    raw = scope["query_string"].decode()
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw):
        query[name] = f"{query[name]},{value}" if name in query else value
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    length = len(scope["path"]) + len(raw)
    path: str = scope["path"]
    return Call(scope["method"], path, query, payload, authorization=header, url_length=length)


async def _drop(scope: Scope) -> None:
    drop = scope.get("extensions", {}).get(DROP)
    if drop is None:
        raise ConnectionResetError("the sandbox cut the connection")
    await drop()
