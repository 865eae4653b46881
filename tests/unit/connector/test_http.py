"""The wire: every failure of the HTTP client and every status has a meaning, and no body leaks."""

from __future__ import annotations

import inspect
import ssl
from datetime import UTC, datetime

import httpx
import pytest

from connector import errors
from connector.crm import http
from connector.crm.http import Http

REQUEST = httpx.Request("POST", "https://crm.example/path?q=secret@person.example")
BODY = b"Rosa Ibrahim, rosa@person.example"


def every_exception() -> list[type[Exception]]:
    """All exception classes that httpx has."""
    found = [value for _, value in inspect.getmembers(httpx, inspect.isclass)]
    return [kind for kind in found if issubclass(kind, Exception) and kind is not Exception]


def made(kind: type[Exception]) -> Exception:
    """An instance of an httpx exception, whatever its constructor wants."""
    if kind is httpx.HTTPStatusError:
        return kind("x", request=REQUEST, response=httpx.Response(503, request=REQUEST))
    if kind in (
        httpx.StreamConsumed,
        httpx.StreamClosed,
        httpx.ResponseNotRead,
        httpx.RequestNotRead,
    ):
        return kind()
    return kind(BODY.decode())


@pytest.mark.parametrize("kind", every_exception(), ids=lambda kind: kind.__name__)
def test_every_exception_is_translated(kind):
    """Each httpx exception becomes one of ours, and its own words stay behind."""
    told = http.translate(made(kind), "Salesforce: GET /x")

    assert isinstance(told, errors.ConnectorError)
    assert "rosa" not in str(told).lower()


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        (httpx.ConnectError, errors.TransientError),
        (httpx.ConnectTimeout, errors.TransientError),
        (httpx.ReadTimeout, errors.LostAnswerError),
        (httpx.WriteError, errors.LostAnswerError),
        (httpx.RemoteProtocolError, errors.LostAnswerError),
        (httpx.DecodingError, errors.LostAnswerError),
        (httpx.LocalProtocolError, errors.ConfigurationError),
        (httpx.UnsupportedProtocol, errors.ConfigurationError),
        (httpx.TooManyRedirects, errors.RequestRefusedError),
    ],
)
def test_the_kind_of_failure_decides(kind, meaning):
    """What was never sent may be sent again; what may have arrived counts as lost."""
    assert type(http.translate(kind("x"), "w")) is meaning


def test_an_untrusted_certificate_is_not_retried():
    """A certificate that fails today fails tomorrow: it is configuration, not bad luck."""
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("expired")

    assert isinstance(http.translate(error, "w"), errors.ConfigurationError)


@pytest.mark.parametrize(
    ("status", "method", "meaning"),
    [
        (429, "POST", errors.RateLimitedError),
        (401, "GET", errors.CredentialsError),
        (410, "GET", errors.ConfigurationError),
        (400, "POST", errors.RequestRefusedError),
        (302, "GET", errors.RequestRefusedError),
        (503, "GET", errors.TransientError),
        (502, "PATCH", errors.LostAnswerError),
        (500, "POST", errors.LostAnswerError),
        (408, "POST", errors.TransientError),
    ],
)
def test_every_status_has_a_meaning(status, method, meaning):
    """A server's failure is a lost answer when the request was to change something."""
    request = httpx.Request(method, "https://crm.example/path")
    response = httpx.Response(status, content=BODY, request=request)

    told = http.error_for_status(response, "w", code="SOME_CODE")

    assert type(told) is meaning
    assert "rosa" not in str(told).lower()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 08:00:30 GMT",
                "Date": "Sun, 22 Nov 2026 08:00:00 GMT",
            },
            30.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers, seconds):
    """Seconds and dates both name a wait; nonsense names none."""
    assert http.retry_after_seconds(httpx.Headers(headers)) == seconds


def test_calls_are_counted_and_the_servers_clock_is_kept():
    """Each request counts, also one that fails; the Date of the last answer is remembered."""
    answers = iter(
        [
            httpx.Response(200, headers={"Date": "Sun, 22 Nov 2026 08:00:00 GMT"}),
            httpx.Response(204),
        ]
    )

    def answer(request):
        found = next(answers, None)
        if found is None:
            raise httpx.ReadTimeout("slow")
        return found

    wire = Http("Test", transport=httpx.MockTransport(answer))
    wire.send("GET", "https://crm.example/a")
    wire.send("GET", "https://crm.example/b")
    with pytest.raises(errors.LostAnswerError, match=r"^Test: PUT /c: "):
        wire.send("PUT", "https://crm.example/c?email=rosa@person.example")
    wire.close()
    wire.close()

    assert (wire.calls, wire.server_time) == (3, datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example",
        "ftp://crm.example",
        "crm.example",
        "https://",
        "https://a:b@crm.example",
    ],
)
def test_insecure_addresses_are_refused(url):
    """Only https passes; a password in an address never does."""
    with pytest.raises(ValueError, match="must"):
        http.refuse_insecure(url)


@pytest.mark.parametrize(
    "url", ["https://crm.example/", "http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:2"]
)
def test_https_and_loopback_pass(url):
    """Plain http is accepted on this machine only; a slash at the end goes."""
    assert http.refuse_insecure(url) == url.rstrip("/")
