"""A request and its answer as the portal's own code sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.hubspot.failures import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller; `body` of None sends nothing."""

    status: int = 200
    body: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `params` come from the path; repeated query values are joined by commas.

    `authorization` is the header of that name.
    """

    method: str
    path: str
    query: Mapping[str, str]
    payload: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)
    authorization: str = ""
    url_length: int = 0

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; raises `ApiFailure` 400."""
        found = self.any_json()
        if not isinstance(found, dict):
            raise invalid("Invalid input JSON on line 1, column 1: an object was expected")
        return found

    def any_json(self) -> Any:
        """Read the body as JSON; raises `ApiFailure` 400."""
        try:
            return orjson.loads(self.payload)
        except orjson.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise invalid(f"Invalid input JSON on {where}: {error.msg}") from None

    def listed(self, name: str) -> list[str]:
        """Read a query parameter as names parted by commas."""
        return [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        """Read a query parameter as true or false."""
        return self.query.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        """Read a query parameter as a whole number; raises `ApiFailure` 400."""
        text = self.query.get(name) or str(default)
        if not text.isdigit():
            raise invalid(f"Invalid query parameter {name}: it must be a number")
        return int(text)


def names(given: object) -> list[str]:
    """Read a list of names from a JSON body; raises `ApiFailure` 400."""
    if given is None:
        return []
    if not isinstance(given, list):
        raise invalid("Invalid input JSON on line 1, column 1: a list was expected")
    return [str(item) for item in given]


def inputs(body: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """Read the inputs of a batch; raises `ApiFailure` 400 for none, too many or no objects."""
    found: Sequence[Any] = body.get("inputs") or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise invalid("Invalid input JSON on line 1, column 1: inputs must be a list of objects")
    if not found:
        raise invalid("Invalid input JSON: inputs must not be empty")
    if len(found) > most:
        raise invalid(
            f"The maximum number of inputs supported in a batch request is {most}. "
            f"Received {len(found)}."
        )
    return found
