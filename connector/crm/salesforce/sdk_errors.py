"""Every exception of simple-salesforce and of requests below it, as one of `connector.errors`.

Messages of the SDK quote addresses and bodies, so only the kind of exception passes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from requests import exceptions as wire
from simple_salesforce import exceptions as sdk

from connector.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    LostAnswerError,
    RequestRefusedError,
    RunAbortedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED = (
    sdk.SalesforceMoreThanOneRecord,
    sdk.SalesforceMalformedRequest,
    sdk.SalesforceRefusedRequest,
    sdk.SalesforceResourceNotFound,
    wire.TooManyRedirects,
)
_NOT_SENT = (wire.ConnectTimeout, wire.ProxyError)
_MISUSED = (
    wire.InvalidURL,
    wire.InvalidSchema,
    wire.MissingSchema,
    wire.InvalidHeader,
    wire.URLRequired,
)
_LOST = (
    wire.Timeout,
    wire.ConnectionError,
    wire.ChunkedEncodingError,
    wire.ContentDecodingError,
    wire.JSONDecodeError,
    wire.RetryError,
    wire.HTTPError,
    sdk.SalesforceOperationError,
    OSError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Exceptions of the SDK in the block as ours; `what` says which request it was."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 — the SDK's exceptions have no common base
        raise translate(error, what) from None


def translate(error: Exception, what: str) -> ConnectorError:
    """The error that the caller should see."""
    if isinstance(error, ConnectorError):
        return error
    kind = type(error).__name__
    if isinstance(error, sdk.SalesforceExpiredSession | sdk.SalesforceAuthenticationFailed):
        return CredentialsError(f"{what}: Salesforce refuses the session ({kind}).")
    if isinstance(error, _REFUSED):
        status = getattr(error, "status", 0)
        return RequestRefusedError(f"{what}: refused ({kind})", code=kind, status=_number(status))
    if isinstance(error, sdk.SalesforceError):
        return _general(error, what)
    return _for_wire(error, what)


def _general(error: sdk.SalesforceError, what: str) -> ConnectorError:
    """A status that the SDK has no class for: the server's failure, or a refusal."""
    kind, status = type(error).__name__, _number(getattr(error, "status", 0))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or not status:
        return LostAnswerError(
            f"{what}: no whole answer came ({kind} {status or 'without status'})"
        )
    return RequestRefusedError(f"{what}: HTTP {status} ({kind})", code=kind, status=status)


def _for_wire(error: Exception, what: str) -> ConnectorError:
    kind = type(error).__name__
    if isinstance(error, wire.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigurationError(f"{what}: the server's certificate is not trusted.")
    if isinstance(error, _NOT_SENT):
        return TransientError(f"{what}: no connection ({kind})")
    if isinstance(error, _MISUSED):
        return ConfigurationError(f"{what}: the address or a header is not valid ({kind}).")
    if isinstance(error, wire.InvalidJSONError) and not isinstance(error, wire.JSONDecodeError):
        return RunAbortedError(f"{what}: the request could not be written ({kind})")
    if isinstance(error, _LOST):
        return LostAnswerError(f"{what}: no whole answer came ({kind})")
    return RunAbortedError(f"{what}: the Salesforce client failed ({kind})")


def _number(status: object) -> int:
    return status if isinstance(status, int) else 0
