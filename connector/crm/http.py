"""One HTTP wire for every CRM: keep-alive, timeouts, a count of calls, and errors in our own words.

Nothing of an answer's body and nothing of a query string ever enters an error: both may hold a
lead's personal data.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from connector.engine.observer import span
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
    from collections.abc import Callable, Iterator, Mapping
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
_WORD = re.compile(r"[a-z][a-z_-]*|[A-Z][A-Za-z_]{0,39}|v\d+(\.\d+)?|", re.ASCII)
"""A part of a path that says what is asked for, and not of whom."""
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_OF_THE_CLIENT = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
_GATEWAY = frozenset({408, 420, 425, 500, 502, 503, 504})
_TIMEOUT = httpx.Timeout(120.0, connect=15.0, pool=60.0)
BODY_SECONDS = 600.0
"""How long a whole answer may take once it has begun: a server that sends a byte now and then would
never run into the limit between two of them."""

for _chatty in ("httpx", "httpcore"):  # they log whole addresses, with a lead's e-mail in the query
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Http:
    """A connection pool to one CRM. Safe for many threads.

    `calls` counts the requests sent; `server_time` is the clock of the server at its last answer.
    `before_call` is called before each request; what it raises stops it.
    """

    def __init__(
        self,
        crm: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        body_seconds: float = BODY_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._crm = crm
        self._lock = threading.Lock()
        # Plain http is for loopback only, where a proxy has nothing to do.
        mounts = None if transport else {"http://": httpx.HTTPTransport()}
        self._client = httpx.Client(
            headers=dict(headers or {}), timeout=timeout, transport=transport, mounts=mounts
        )
        self._client.event_hooks = {"response": [lambda answer: _in_time(answer, body_seconds)]}
        self.calls = 0
        self.before_call: Callable[[], None] = lambda: None
        self.server_time: datetime | None = None

    def send(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Send one request and read its whole answer, whatever its status.

        `request` takes what httpx does: headers, params, json, data, content. Raises
        `TransientError` if it was not sent, `LostAnswerError` if no whole answer came.
        """
        self.before_call()
        with self._lock:
            self.calls += 1
        try:
            with span(template(method, url), crm=self._crm):
                response = self._client.request(method, url, **request)
        except _OF_THE_CLIENT as error:
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


def template(method: str, url: str) -> str:
    """A request as traces name it: the method and the path, with `{}` in place of every id or value."""
    parts = urlsplit(url).path.split("/")
    return f"{method} " + "/".join(each if _WORD.fullmatch(each) else "{}" for each in parts)


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
    if _SECONDS.fullmatch(named):
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


class _Timed(httpx.SyncByteStream):
    """A body that is given up when it takes too long as a whole."""

    def __init__(self, body: httpx.SyncByteStream, seconds: float) -> None:
        self._body = body
        self._until = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the body takes too long")
            yield part

    def close(self) -> None:
        self._body.close()


def _in_time(answer: httpx.Response, seconds: float) -> None:
    if isinstance(answer.stream, httpx.SyncByteStream):
        answer.stream = _Timed(answer.stream, seconds)


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
