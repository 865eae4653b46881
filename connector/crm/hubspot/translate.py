"""Every exception of the SDK, of urllib3 and of parsing, as one of `connector.errors`.

The SDK has a family of exceptions per API module without a common base; they are known by their
package and by their `status`. Nothing of a body or a value enters a message.
"""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPException
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from urllib3 import exceptions as wire
from urllib3.util.ssl_match_hostname import CertificateError

from connector.crm.http import retry_after_seconds
from connector.crm.hubspot.faults import Fault, parse_body
from connector.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    LostAnswerError,
    QuotaSpentError,
    RateLimitedError,
    RequestRefusedError,
    RunAbortedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOCKED_SECONDS = 2.0
_SEARCH_SECONDS = 1.0
_BURST_SECONDS = 10.0
_GATEWAY_SECONDS = 1.0
_MOVING = 477  # the account is being moved between data centres
_NOT_SENT = (
    wire.NewConnectionError,
    wire.ConnectTimeoutError,
    wire.ProxyError,
    wire.EmptyPoolError,
    wire.ClosedPoolError,
)
_LOST = (wire.HTTPError, HTTPException, OSError, JSONDecodeError, UnicodeDecodeError)
_MISUSED = (wire.LocationValueError, wire.ProxySchemeUnsupported, CertificateError)


class RefusedError(RequestRefusedError):
    """A refusal that still knows what HubSpot complained about."""

    fault: Fault = Fault(code="UNKNOWN")


class MissingScopesError(ConfigurationError):
    """The token lacks a scope (or the portal's edition lacks the object)."""


def translate(error: BaseException, what: str) -> ConnectorError:
    """The error that the caller should see; `what` says which request it was."""
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, wire.MaxRetryError) and error.reason is not None:
        return translate(error.reason, what)
    status = getattr(error, "status", None)
    if isinstance(status, int) and type(error).__module__.startswith("hubspot."):
        return _for_answer(status, error, what)
    return _for_wire(error, what)


def _for_wire(error: BaseException, what: str) -> ConnectorError:
    kind = type(error).__name__
    if isinstance(error, wire.SSLError):
        return _for_tls(str(error), what)
    if isinstance(error, _NOT_SENT):
        return TransientError(f"{what}: no connection to HubSpot ({kind})")
    if isinstance(error, _MISUSED) or type(error) in (ValueError, UnicodeEncodeError):
        return ConfigurationError(f"{what}: the token or base_url cannot be sent ({kind}).")
    if type(error).__module__.startswith("hubspot."):
        return RequestRefusedError(f"{what}: the HubSpot client refused it ({kind})", code=kind)
    if isinstance(error, _LOST):
        return LostAnswerError(f"{what}: no whole answer came ({kind})")
    return RunAbortedError(f"{what}: the HubSpot client failed ({kind})")


def _for_tls(said: str, what: str) -> ConnectorError:
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return ConfigurationError(f"{what}: the server's certificate is not trusted.")
    return LostAnswerError(f"{what}: the encrypted connection broke")


def _for_answer(status: int, error: BaseException, what: str) -> ConnectorError:
    if status == 0:  # how the SDK reports a TLS failure
        return _for_tls(str(getattr(error, "reason", "")), what)
    fault = parse_body(getattr(error, "body", None))
    headers = _headers(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _for_limit(fault, headers, what)
    if status in (HTTPStatus.LOCKED, _MOVING) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _for_busy(status, headers, what)
    return _for_refusal(status, fault, what)


def _for_refusal(status: int, fault: Fault, what: str) -> ConnectorError:
    if status == HTTPStatus.UNAUTHORIZED:
        return CredentialsError(
            f"{what}: HubSpot refused the token ({fault.code}). Give a token that is valid for this"
            " portal, or authorise the app again."
        )
    if status == HTTPStatus.FORBIDDEN:
        needed = f" Grant one of: {', '.join(fault.scopes)}." if fault.scopes else ""
        return MissingScopesError(f"{what}: HubSpot does not permit it ({fault.code}).{needed}")
    named = f", property {fault.field}" if fault.field else ""
    refused = RefusedError(
        f"{what}: HubSpot answered {status} ({fault.code}{named})", code=fault.code, status=status
    )
    refused.fault = fault
    return refused


def _for_limit(fault: Fault, headers: Mapping[str, str], what: str) -> ConnectorError:
    if fault.policy.upper() == "DAILY":
        return QuotaSpentError(
            f"{what}: the portal's calls of today are spent; they come back at midnight in the"
            " portal's time zone."
        )
    seconds = retry_after_seconds(headers)
    if seconds is None:
        seconds = _policy_seconds(fault, headers)
    policy = fault.policy or "SECONDLY"
    return RateLimitedError(
        f"{what}: HubSpot's limit {policy} was hit", retry_after_seconds=seconds
    )


def _policy_seconds(fault: Fault, headers: Mapping[str, str]) -> float:
    if not fault.policy.upper().startswith("TEN_SECONDLY"):
        return _SEARCH_SECONDS
    interval = headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
    return int(interval) / 1000 if interval.isdecimal() else _BURST_SECONDS


def _for_busy(status: int, headers: Mapping[str, str], what: str) -> TransientError:
    seconds = retry_after_seconds(headers)
    said = f"{what}: HubSpot answered {status}"
    if status == HTTPStatus.LOCKED:
        return TransientError(said, retry_after_seconds=max(seconds or 0.0, _LOCKED_SECONDS))
    if status == _MOVING:
        return TransientError(said, retry_after_seconds=seconds)
    return LostAnswerError(said, retry_after_seconds=seconds or _GATEWAY_SECONDS)


def _headers(error: BaseException) -> Mapping[str, str]:
    given: Any = getattr(error, "headers", None)
    return given if given is not None else {}
