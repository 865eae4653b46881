"""Every exception of every client library is one of ours, on the branch that says what to do next.

The libraries' modules are walked, so that an exception that a new release brings fails here until
somebody has decided what it means.
"""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import hubspot
import pytest
import requests
import simple_salesforce
import urllib3

from connector.crm import http
from connector.crm.hubspot.translate import translate as hubspot_error
from connector.crm.salesforce.sdk_errors import translate as salesforce_error
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
    from collections.abc import Callable, Iterator
    from types import ModuleType

PERSON = "ada@lovelace.example"

OURS: dict[type[ConnectorError], str] = {
    TransientError: """
        httpx.ConnectError httpx.ConnectTimeout httpx.PoolTimeout httpx.ProxyError
        requests.ConnectTimeout requests.ProxyError
        urllib3.ConnectTimeoutError urllib3.NameResolutionError urllib3.NewConnectionError
        urllib3.ProxyError urllib3.EmptyPoolError urllib3.ClosedPoolError
        """,
    LostAnswerError: """
        httpx.CloseError httpx.DecodingError httpx.HTTPStatusError httpx.NetworkError
        httpx.ProtocolError httpx.ReadError httpx.ReadTimeout httpx.RemoteProtocolError
        httpx.TimeoutException httpx.WriteError httpx.WriteTimeout
        requests.ChunkedEncodingError requests.ConnectionError requests.ContentDecodingError
        requests.HTTPError requests.JSONDecodeError requests.ReadTimeout requests.RequestException
        requests.RetryError requests.SSLError requests.StreamConsumedError requests.Timeout
        requests.UnrewindableBodyError
        simple_salesforce.SalesforceBulkV2ExtractError simple_salesforce.SalesforceBulkV2LoadError
        simple_salesforce.SalesforceError simple_salesforce.SalesforceGeneralError
        simple_salesforce.SalesforceOperationError
        urllib3.BodyNotHttplibCompatible urllib3.DecodeError urllib3.HTTPError
        urllib3.FullPoolError urllib3.HeaderParsingError urllib3.HostChangedError
        urllib3.IncompleteRead urllib3.InvalidChunkLength urllib3.InvalidHeader urllib3.MaxRetryError urllib3.PoolError urllib3.ProtocolError
        urllib3.ReadTimeoutError urllib3.RequestError urllib3.ResponseError
        urllib3.ResponseNotChunked urllib3.SSLError urllib3.TimeoutError urllib3.TimeoutStateError
        urllib3.UnrewindableBodyError
        hubspot.ApiException hubspot.ServiceException
        """,
    ConfigurationError: """
        httpx.InvalidURL httpx.LocalProtocolError httpx.UnsupportedProtocol
        requests.InvalidHeader requests.InvalidProxyURL requests.InvalidSchema requests.InvalidURL
        requests.MissingSchema requests.URLRequired
        urllib3.CertificateError urllib3.LocationParseError
        urllib3.LocationValueError urllib3.ProxySchemeUnknown urllib3.ProxySchemeUnsupported
        urllib3.URLSchemeUnknown hubspot.ForbiddenException
        """,
    CredentialsError: """
        simple_salesforce.SalesforceAuthenticationFailed simple_salesforce.SalesforceExpiredSession
        hubspot.UnauthorizedException
        """,
    RequestRefusedError: """
        httpx.TooManyRedirects requests.TooManyRedirects
        simple_salesforce.SalesforceMalformedRequest simple_salesforce.SalesforceMoreThanOneRecord
        simple_salesforce.SalesforceRefusedRequest simple_salesforce.SalesforceResourceNotFound
        hubspot.ApiAttributeError hubspot.ApiKeyError hubspot.ApiTypeError hubspot.ApiValueError
        hubspot.OpenApiException hubspot.NotFoundException
        hubspot.InvalidSignatureTimestampError hubspot.InvalidSignatureVersionError
        """,
    RunAbortedError: """
        httpx.CookieConflict httpx.HTTPError httpx.RequestError httpx.RequestNotRead
        httpx.ResponseNotRead httpx.StreamClosed httpx.StreamConsumed httpx.StreamError
        httpx.TransportError
        requests.CookieConflictError requests.InvalidJSONError
        """,
}
"""By what the caller should do next; warnings are no failures and are left out."""

BRANCH = {name: kind for kind, names in OURS.items() for name in names.split()}

STATUS = {
    "ApiException": 503, "ServiceException": 503, "UnauthorizedException": 401,
    "ForbiddenException": 403, "NotFoundException": 404,
}  # fmt: skip
"""With which status the HubSpot SDK raises them."""


def branch(error: ConnectorError) -> type:
    """The branch of the tree on which an error is."""
    return next(kind for kind in type(error).__mro__ if kind in OURS)


def classes(package: ModuleType) -> Iterator[type[Exception]]:
    """Every exception class that any module of a package defines."""
    found: dict[type[Exception], None] = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if any(part in module.name for part in ("contrib", "http2", "__main__", "._main")):
            continue  # for browsers, command lines and HTTP/2, with needs of their own
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        found |= {kind: None for _, kind in members if _is_failure(kind, package.__name__)}
    return iter(found)


def _is_failure(kind: type, package: str) -> bool:
    home = kind.__module__.partition(".")[0]
    return issubclass(kind, Exception) and home == package and not issubclass(kind, Warning)


def families() -> Iterator[type[Exception]]:
    """Every exception class of every API family of the HubSpot SDK, which are too many to import."""
    root = Path(inspect.getfile(hubspot)).parent
    for path in sorted(root.rglob("exceptions.py")):
        name = ".".join(("hubspot", *path.relative_to(root).with_suffix("").parts))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == name:
                yield kind


def made(kind: type[Exception]) -> Exception:
    """An instance whatever its constructor wants, as it is when a server failed while we wrote."""
    error = kind.__new__(kind)
    error.args = (f"POST /contacts {PERSON}",)
    request = httpx.Request("POST", "https://crm.example/contacts")
    answer = httpx.Response(503, request=request, content=PERSON.encode())
    error.__dict__.update(reason=None)
    if kind.__name__ in STATUS or kind.__name__.startswith("Salesforce"):
        status = STATUS.get(kind.__name__, 503)
        error.__dict__.update(status=status, body=PERSON, headers={}, content=PERSON)
    if kind is httpx.HTTPStatusError:
        error.__dict__.update(response=answer, _request=request)
    return error


LIBRARIES: list[tuple[ModuleType, Callable[[Exception, str], ConnectorError]]] = [
    (httpx, http.translate),
    (requests, salesforce_error),
    (simple_salesforce, salesforce_error),
    (urllib3, hubspot_error),
]


@pytest.mark.parametrize(
    ("package", "translate"), LIBRARIES, ids=[package.__name__ for package, _ in LIBRARIES]
)
def test_every_exception_has_its_branch(
    package: ModuleType, translate: Callable[[Exception, str], ConnectorError]
) -> None:
    """No class is forgotten, none lands elsewhere, and none tells what was sent."""
    found = {f"{package.__name__}.{kind.__name__}": kind for kind in classes(package)}
    told = {name: translate(made(kind), "read") for name, kind in found.items()}
    assert {name: branch(error) for name, error in told.items()} == {
        name: kind for name, kind in BRANCH.items() if name.startswith(f"{package.__name__}.")
    }
    assert not [name for name, error in told.items() if PERSON in str(error)]


def test_every_exception_of_every_hubspot_family_has_its_branch() -> None:
    """All API families of the SDK, also those that are not in use yet."""
    found = list(families())
    assert len({kind.__module__ for kind in found}) > 50
    for kind in found:
        told = hubspot_error(made(kind), "read")
        where = f"{kind.__module__}.{kind.__name__}"
        assert (where, branch(told)) == (where, BRANCH[f"hubspot.{kind.__name__}"])
        assert PERSON not in str(told)
