"""What HubSpot says is wrong, without the values it says it about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

_NAMED_IN = ("propertyName", "properties", "name")


@dataclass(frozen=True, slots=True)
class Fault:
    """One complaint of HubSpot: an error answer, or one entry of a 207's errors.

    `code` is HubSpot's most precise word; `field` the property it is about; `ids` and `traces` the
    records that it names. HubSpot's sentences are left behind: they quote values.
    """

    code: str
    field: str = ""
    ids: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    policy: str = ""


def parse_fault(entry: object) -> Fault:
    """An error entry as a fault; every part of it may be missing."""
    said = entry if isinstance(entry, dict) else {}
    details = [item for item in said.get("errors") or () if isinstance(item, dict)]
    details = details or _quoted_details(said.get("message"))
    detail = details[0] if details else {}
    contexts = [_context(said), _context(detail)]
    code = detail.get("code") or detail.get("error") or said.get("subCategory")
    return Fault(
        code=str(code or _category(said)),
        field=str(detail.get("name") or _first(contexts, *_NAMED_IN)),
        ids=_all(contexts, "ids", "id", "fromObjectId"),
        traces=_all(contexts, "objectWriteTraceId"),
        scopes=_all(contexts, "requiredGranularScopes", "requiredScopes"),
        policy=str(said.get("policyName") or ""),
    )


def parse_body(body: object) -> Fault:
    """The body of an error answer (bytes, text or nothing; HTML too) as a fault."""
    try:
        return parse_fault(orjson.loads(body if isinstance(body, (bytes, str)) else b""))
    except orjson.JSONDecodeError:
        return Fault(code="UNKNOWN")


def _category(said: dict[str, Any]) -> str:
    """HubSpot's general word; OAuth answers put it into `status`, or into `error`."""
    status = said.get("status") if said.get("status") != "error" else None
    found = said.get("category") or said.get("errorType") or status or said.get("error")
    return str(found or "UNKNOWN")


def _quoted_details(message: object) -> list[dict[str, Any]]:
    """The JSON array that HubSpot writes into the sentence of a property error."""
    text = str(message or "")
    start, end = text.find("[{"), text.rfind("}]")
    if start < 0 or end < start:
        return []
    try:
        found = orjson.loads(text[start : end + 2])
    except orjson.JSONDecodeError:
        return []
    return [item for item in found if isinstance(item, dict)]


def _context(said: dict[str, Any]) -> dict[str, Any]:
    context = said.get("context")
    return context if isinstance(context, dict) else {}


def _all(contexts: list[dict[str, Any]], *keys: str) -> tuple[str, ...]:
    for context in contexts:
        for key in keys:
            value = context.get(key)
            if value:
                return tuple(map(str, value if isinstance(value, list) else [value]))
    return ()


def _first(contexts: list[dict[str, Any]], *keys: str) -> str:
    return next(iter(_all(contexts, *keys)), "")
