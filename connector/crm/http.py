"""One HTTP wire for every CRM: keep-alive, timeouts, a count of calls, and errors in our own words.

Nothing of an answer's body and nothing of a query string ever enters an error: both may hold a
lead's personal data.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
import threading
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from connector.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    LostAnswerError,
    RateLimitedError,
    RequestRefusedError,
    RunAbortedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

READING = frozenset({"GET", "HEAD", "OPTIONS"})
_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], type[ConnectorError], str], ...] = (
    (
        (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError),
        TransientError,
        "no connection",
    ),
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError),
        ConfigurationError,
        "the address or a header is not valid",
    ),
    (
        (httpx.TimeoutException, httpx.NetworkError, httpx.ProtocolError, httpx.DecodingError),
        LostAnswerError,
        "no whole answer came",
    ),
    ((httpx.TooManyRedirects,), RequestRefusedError, "redirected in circles"),
)
"""The first row that holds an exception's kind decides."""
_GATEWAY = frozenset({408, 420, 425, 500, 502, 503, 504})
_TIMEOUT = httpx.Timeout(120.0, connect=15.0, pool=60.0)

for _chatty in ("httpx", "httpcore"):  # they log whole addresses, with a lead's e-mail in the query
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Http:
    """A connection pool to one CRM. Safe for many threads.

    `calls` counts the requests sent; `server_time` is the clock of the server at its last answer.
    """

    def __init__(
        self,
        crm: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._crm = crm
        self._lock = threading.Lock()
        # Plain http is for loopback only, where a proxy has nothing to do.
        mounts = None if transport else {"http://": httpx.HTTPTransport()}
        self._client = httpx.Client(
            headers=dict(headers or {}), timeout=timeout, transport=transport, mounts=mounts
        )
        self.calls = 0
        self.server_time: datetime | None = None

    def send(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Send one request and read its whole answer, whatever its status.

        `request` takes what httpx does: headers, params, json, data, content. Raises
        `TransientError` if it was not sent, `LostAnswerError` if no whole answer came.
        """
        with self._lock:
            self.calls += 1
        try:
            response = self._client.request(method, url, **request)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise translate(error, f"{self._crm}: {label(method, url)}") from None
        self._note_time(response)
        return response

    def close(self) -> None:
        """Give the connections back. Closing twice does nothing."""
        self._client.close()

    def _note_time(self, response: httpx.Response) -> None:
        try:
            self.server_time = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):  # a gateway's answer may lack it; the last one known stays
            return


def label(method: str, url: str) -> str:
    """A request as errors name it: the method and the path, never the query."""
    return f"{method} {urlsplit(url).path}"


def translate(error: Exception, what: str) -> ConnectorError:
    """Any exception of httpx as one of ours; `what` says which request it was."""
    if isinstance(error, httpx.HTTPStatusError):
        return error_for_status(error.response, what)
    if _certificate_failed(error):
        return ConfigurationError(f"{what}: the server's certificate is not trusted.")
    for kinds, make, words in _TRANSLATIONS:
        if isinstance(error, kinds):
            return make(f"{what}: {words} ({type(error).__name__})")
    return RunAbortedError(f"{what}: the HTTP client failed ({type(error).__name__})")


def error_for_status(response: httpx.Response, what: str, *, code: str = "") -> ConnectorError:
    """The error that an answer's status stands for, where the CRM's `code` does not say more.

    A failure of the server is a lost answer unless the request only read: it may have been
    carried out before the gateway gave up.
    """
    status = response.status_code
    said = f"{what}: HTTP {status}" + (f" {code}" if code else "")
    seconds = retry_after_seconds(response.headers)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimitedError(said, retry_after_seconds=seconds)
    if status in _GATEWAY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _failure(status, said, seconds, reading=_method(response) in READING)
    if status == httpx.codes.UNAUTHORIZED:
        return CredentialsError(f"{said}: the credentials were refused.")
    if status == httpx.codes.GONE:
        return ConfigurationError(f"{said}: this address or API version is retired.")
    return RequestRefusedError(said, code=code or f"HTTP_{status}", status=status)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that `Retry-After` names, in seconds, or None."""
    named = headers.get("Retry-After", "").strip()
    if named.isdigit():
        return float(named)
    try:
        until = parsedate_to_datetime(named)
        return max(0.0, (until - parsedate_to_datetime(headers["Date"])).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_insecure(url: str) -> str:
    """The address without a slash at its end; `ValueError` unless https, or http on loopback."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError("must be an address that begins with https://")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError(
            "must begin with https://; plain http is accepted on this machine only (127.0.0.1)"
        )
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    return url.rstrip("/")


def _failure(status: int, said: str, seconds: float | None, *, reading: bool) -> TransientError:
    if reading or status in (408, 420, 425):
        return TransientError(said, retry_after_seconds=seconds)
    return LostAnswerError(said, retry_after_seconds=seconds)


def _method(response: httpx.Response) -> str:
    try:
        return response.request.method
    except RuntimeError:  # an answer made without a request
        return "GET"


def _certificate_failed(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
