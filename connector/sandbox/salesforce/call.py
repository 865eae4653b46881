"""A request and an answer, apart from the web server that carries them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.salesforce.errors import ApiError
from connector.sandbox.salesforce.state import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from connector.sandbox.salesforce.state import State

    Handler = Callable[[State, "Call"], "Answer"]


@dataclass(frozen=True)
class Answer:
    """What goes back. A body of bytes goes out as it is, anything else as JSON, None as nothing."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json;charset=UTF-8"

    def payload(self) -> bytes:
        """The bytes of the body."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass(frozen=True)
class Call:
    """One request: `path` begins after the version, `place` holds the parts named by the route."""

    method: str
    path: str
    version: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    host: str = ""
    user_id: str = ""
    place: Mapping[str, str] = field(default_factory=dict)
    dispatch: Callable[[State, Call], Answer] | None = None

    @property
    def base(self) -> str:
        """The address of this version of the REST API, without the host."""
        return f"/services/data/v{self.version}"

    @property
    def actor(self) -> Actor:
        """Who writes through this call; assignment rules run unless the call says not to."""
        assign = self.headers.get("sforce-auto-assign", "TRUE").upper() != "FALSE"
        request = f"{self.method} {self.base}{self.path}"
        return Actor(self.user_id, auto_assign=assign, request=request)

    def json(self) -> Any:
        """The JSON body; raises JSON_PARSER_ERROR."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            message = "Unexpected character at [line:1, column:1]"
            raise ApiError("JSON_PARSER_ERROR", message) from None

    def json_object(self) -> dict[str, Any]:
        """The JSON body, which has to be an object."""
        found = self.json()
        if not isinstance(found, dict):
            message = "Cannot deserialize instance of object at [line:1, column:1]"
            raise ApiError("JSON_PARSER_ERROR", message)
        return found

    def moment(self, header: str) -> datetime | None:
        """The HTTP date of a header; None when there is none or it is not a date."""
        text = self.headers.get(header)
        try:
            return parsedate_to_datetime(text) if text else None
        except ValueError:
            return None

    def at(self, place: Mapping[str, str]) -> Call:
        """The same call with the parts of its path."""
        return replace(self, place=place)
