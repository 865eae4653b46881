"""Every exception that can come out of a call becomes one of ours, without bodies or values."""

from __future__ import annotations

import importlib
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import urllib3.exceptions
from urllib3._collections import HTTPHeaderDict

from connector.crm.hubspot.translate import MissingScopesError, RefusedError, translate
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
    from collections.abc import Iterator

FAMILIES = ("crm.objects", "crm.properties", "crm.pipelines", "crm.associations.v4", "oauth")
STATUSES = (
    0, 301, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 423, 429, 477, 500, 502, 503, 504, 521,
    523, 524, 599,
)  # fmt: skip
PERSON = "ada@lovelace.example"


def api_error(
    status: int, body: Any = None, family: str = "crm.objects", **headers: str
) -> Exception:
    """An SDK exception as its transport raises it."""
    module = importlib.import_module(f"hubspot.{family}.exceptions")
    content = body if isinstance(body, str) else orjson.dumps(body).decode()
    sent = HTTPHeaderDict({name.replace("_", "-"): value for name, value in headers.items()})
    answer = SimpleNamespace(status=status, reason="because", data=content, getheaders=lambda: sent)
    return module.ApiException(http_resp=answer)


def sdk_exceptions() -> Iterator[type[Exception]]:
    """Every exception class of every API family in use."""
    for family in FAMILIES:
        module = importlib.import_module(f"hubspot.{family}.exceptions")
        yield from (
            found
            for _, found in inspect.getmembers(module, inspect.isclass)
            if issubclass(found, Exception)
        )


def wire_exceptions() -> Iterator[type[Exception]]:
    """Every exception class of urllib3, each once."""
    found = dict(inspect.getmembers(urllib3.exceptions, inspect.isclass)).values()
    yield from dict.fromkeys(one for one in found if issubclass(one, urllib3.exceptions.HTTPError))


@pytest.mark.parametrize(
    "kind", list(sdk_exceptions()), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_exception_of_the_sdk_is_translated(kind: type[Exception]) -> None:
    """No class of any family comes through as itself."""
    error = kind.__new__(kind)
    error.__dict__.update(status=500, reason=PERSON, body=PERSON, headers={})
    error.args = (PERSON,)

    found = translate(error, "read")

    assert isinstance(found, ConnectorError)
    assert PERSON not in str(found)


@pytest.mark.parametrize("kind", list(wire_exceptions()), ids=lambda kind: kind.__name__)
def test_every_exception_of_urllib3_is_translated(kind: type[Exception]) -> None:
    """No class of urllib3 comes through as itself, and none tells what was sent."""
    error = kind.__new__(kind)
    error.args = (f"/crm/v3/objects/contacts/{PERSON}",)
    error.__dict__.update(reason=None)

    found = translate(error, "read")

    assert isinstance(found, ConnectorError)
    assert PERSON not in str(found)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_translated_without_its_body(family: str, status: int) -> None:
    """Whatever an answer says, only codes, fields and numbers of it are told."""
    body = {"message": PERSON, "category": "VALIDATION_ERROR", "errors": [{"message": PERSON}]}

    found = translate(api_error(status, body, family), "update contacts")

    assert isinstance(found, ConnectorError)
    assert PERSON not in str(found)
    assert "update contacts" in str(found)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (urllib3.exceptions.NewConnectionError(None, "refused"), TransientError),
        (urllib3.exceptions.ConnectTimeoutError(None, "slow"), TransientError),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), LostAnswerError),
        (urllib3.exceptions.ProtocolError("aborted"), LostAnswerError),
        (urllib3.exceptions.IncompleteRead(1, 2), LostAnswerError),
        (urllib3.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), ConfigurationError),
        (urllib3.exceptions.SSLError("EOF occurred"), LostAnswerError),
        (orjson.JSONDecodeError("cut short", "{", 1), LostAnswerError),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "html"), LostAnswerError),
        (ConnectionResetError(), LostAnswerError),
        (ValueError("Invalid header value"), ConfigurationError),
        (KeyError("results"), RunAbortedError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_the_wire_does(error: Exception, expected: type[ConnectorError]) -> None:
    """What was not sent may be sent again; what got no answer may have been done."""
    found = translate(error, "read")

    assert type(found) is expected


def test_retries_that_ran_out_are_unwrapped() -> None:
    """A MaxRetryError stands for its reason."""
    reason = urllib3.exceptions.NewConnectionError(None, "refused")

    found = translate(urllib3.exceptions.MaxRetryError(None, "/", reason), "read")

    assert type(found) is TransientError


@pytest.mark.parametrize(
    ("status", "body", "expected", "seconds"),
    [
        (
            429,
            {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"},
            RateLimitedError,
            10.0,
        ),
        (429, {"category": "RATE_LIMITS"}, RateLimitedError, 1.0),
        (423, {}, TransientError, 2.0),
        (502, "<html>bad gateway</html>", LostAnswerError, 1.0),
        (524, "", LostAnswerError, 1.0),
    ],
)
def test_how_long_to_wait(
    status: int, body: Any, expected: type[TransientError], seconds: float
) -> None:
    """Each kind of refusal names the wait that HubSpot's rules ask for."""
    found = translate(api_error(status, body), "search")

    assert type(found) is expected
    assert found.retry_after_seconds == seconds


@pytest.mark.parametrize("status", [423, 429, 477, 503])
def test_a_wait_that_the_server_names_goes_first(status: int) -> None:
    """Retry-After overrules the general waits."""
    found = translate(api_error(status, {}, Retry_After="7"), "read")

    assert isinstance(found, TransientError)
    assert found.retry_after_seconds == 7.0


def test_the_daily_limit_is_no_reason_to_wait() -> None:
    """A spent day stops the run instead of keeping it waiting."""
    found = translate(api_error(429, {"policyName": "DAILY"}), "read")

    assert type(found) is QuotaSpentError


def test_missing_scopes_are_named() -> None:
    """The message names the scopes of which one would do."""
    detail = {"context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}

    found = translate(api_error(403, {"category": "MISSING_SCOPES", "errors": [detail]}), "read")

    assert type(found) is MissingScopesError
    assert "crm.objects.deals.read" in str(found)


def test_a_refused_token_is_told_with_its_code() -> None:
    """401 is a matter of credentials."""
    found = translate(api_error(401, {"category": "EXPIRED_AUTHENTICATION"}), "read")

    assert type(found) is CredentialsError
    assert "EXPIRED_AUTHENTICATION" in str(found)


def test_a_refusal_knows_its_field() -> None:
    """A refused value is told by its property and code."""
    details = '[{"message":"secret was not valid","error":"INVALID_LONG","name":"birthday"}]'
    body = {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {details}"}

    found = translate(api_error(400, body), "update contacts")

    assert isinstance(found, RefusedError)
    assert isinstance(found, RequestRefusedError)
    assert (found.code, found.status, found.fault.field) == ("INVALID_LONG", 400, "birthday")
    assert "secret" not in str(found)
