"""Salesforce's refusals as errors of the connector, by code and status, never by message.

Messages of the API quote the query and the rejected values, so only codes and field names pass.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.http import error_for_status
from connector.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    LostAnswerError,
    QuotaSpentError,
    RateLimitedError,
    RequestRefusedError,
    TransientError,
)

if TYPE_CHECKING:
    import httpx

SESSION_EXPIRED = "INVALID_SESSION_ID"
TRANSIENT_ROWS = frozenset(
    {"UNABLE_TO_LOCK_ROW", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"}
)
"""Row errors that pass by themselves."""

_CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_.]{1,79}$")
_COLUMN = re.compile(r"No such column '([\w.]+)'")
_CONCURRENT = re.compile(r"^Concurrent\w+ Limit")
_SETUP = {
    "API_DISABLED_FOR_ORG": 'API access is off for this user or edition: grant "API Enabled".',
    "API_CURRENTLY_DISABLED": 'API access is off for this user: grant "API Enabled".',
    "INSUFFICIENT_ACCESS": "the connected user lacks a permission for this.",
    "UNSUPPORTED_API_VERSION": 'this API version is retired; set a newer "api_version".',
    "TXN_SECURITY_METERING_ERROR": "a transaction security policy of the org blocks the call.",
}


def refusal(response: httpx.Response, what: str) -> ConnectorError:
    """The error for an answer of the REST API whose status is not a success."""
    code, message = parse_error(response)
    return refusal_by_code(code, message, what) or _with_column(response, message, what, code)


def refusal_by_code(code: str, message: str, what: str) -> ConnectorError | None:
    """The error that a code stands for wherever it appears (REST or SOAP), or None."""
    if code == "REQUEST_LIMIT_EXCEEDED":
        if _CONCURRENT.match(message):
            return RateLimitedError(
                f"{what}: too many long requests at once", retry_after_seconds=5
            )
        return QuotaSpentError(f"{what}: the org's API calls of the last 24 hours are spent.")
    if code in TRANSIENT_ROWS:
        return TransientError(f"{what}: {code}")
    if code == SESSION_EXPIRED:
        return CredentialsError(f"{what}: Salesforce refuses the session ({code}).")
    if code in _SETUP:
        return ConfigurationError(f"{what}: {code}: {_SETUP[code]}")
    return None


def parse_error(response: httpx.Response) -> tuple[str, str]:
    """Code and message of an answer that is a JSON list of errors (or OAuth's object), else blank."""
    try:
        found: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return "", ""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return "", ""
    code = str(first.get("errorCode") or first.get("error") or "")
    message = str(first.get("message") or first.get("error_description") or "")
    return (code if _CODE.match(code) else ""), message


def unreadable(what: str) -> LostAnswerError:
    """The error for an answer that ends too soon or is not what was asked for."""
    return LostAnswerError(f"{what}: the answer is cut short or cannot be read")


def _with_column(response: httpx.Response, message: str, what: str, code: str) -> ConnectorError:
    column = _COLUMN.search(message)
    if code == "INVALID_FIELD" and column:
        return RequestRefusedError(
            f"{what}: {code}: there is no field {column.group(1)}, or the connected user may not see it",
            code=code,
            status=response.status_code,
        )
    return error_for_status(response, what, code=code)
