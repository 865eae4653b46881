"""Finished answers and how they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from starlette.types import Send

    from connector.sandbox.hubspot.http import Answer

_JSON = "application/json;charset=utf-8"
_PAGE = (
    "<!DOCTYPE html><html><head><title>{status}: error</title></head>"
    "<body><h1>Error {status}</h1><p>The server returned an error. Try again later.</p></body></html>"
)


class Response:
    """A finished answer."""

    def __init__(self, status: int, payload: bytes, headers: dict[str, str]) -> None:
        self.status = status
        self.payload = payload
        self.headers = headers

    async def send(self, send: Send, *, cut: bool = False) -> None:
        """Send it; a cut one ends in the middle of the body."""
        headers = self.headers | {"content-length": str(len(self.payload))}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        payload = self.payload[: len(self.payload) // 2] if cut else self.payload
        await send({"type": "http.response.body", "body": payload, "more_body": cut})


def finished(answer: Answer, headers: dict[str, str]) -> Response:
    """Make the answer of a call."""
    if answer.body is None:
        return Response(answer.status, b"", headers)
    return json_response(answer.status, answer.body, headers)


def json_response(status: int, body: Any, headers: dict[str, str]) -> Response:
    """Make a JSON answer."""
    return Response(status, orjson.dumps(body), headers | {"content-type": _JSON})


def html_response(status: int, body: str = "") -> Response:
    """Make the page that a proxy in front of the API shows, or one of this text."""
    page = (body or _PAGE.format(status=status)).encode()
    return Response(status, page, {"content-type": "text/html; charset=UTF-8"})
