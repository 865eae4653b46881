"""Every address of the org, and the function behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.salesforce import (
    auth,
    bulk_ingest,
    bulk_jobs,
    bulk_query,
    composite,
    query,
    rest,
    rows,
    soap,
    tooling,
)
from connector.sandbox.salesforce.errors import ApiError, not_found

if TYPE_CHECKING:
    from connector.sandbox.salesforce.call import Answer, Call, Handler
    from connector.sandbox.salesforce.state import State

VALUES = {"kind": "query|ingest", "value": "[^/]+", "locator": r"[\w-]+"}


@dataclass(frozen=True, slots=True)
class Route:
    """A method, an address with its parts in braces, and the function that answers."""

    method: str
    address: str
    handler: Handler
    pattern: re.Pattern[str]


def _route(method: str, address: str, handler: Handler) -> Route:
    pattern = re.sub(
        r"\{(\w+)\}", lambda match: f"(?P<{match[1]}>{VALUES.get(match[1], r'[^/]+')})", address
    )
    return Route(method, address, handler, re.compile(pattern))


REST = [
    _route("GET", "", rest.resources),
    _route("GET", "/limits", rest.limits),
    _route("GET", "/query", query.query),
    _route("GET", "/queryAll", query.query_all),
    _route("GET", "/query/{locator}", query.more),
    _route("GET", "/queryAll/{locator}", query.more),
    _route("GET", "/sobjects", rest.global_describe),
    _route("GET", "/sobjects/{object}", rest.basic),
    _route("POST", "/sobjects/{object}", rest.create),
    _route("GET", "/sobjects/{object}/describe", rest.describe),
    _route("GET", "/sobjects/{object}/updated", rest.updated),
    _route("GET", "/sobjects/{object}/deleted", rest.deleted),
    _route("GET", "/sobjects/{object}/{id}", rest.read),
    _route("PATCH", "/sobjects/{object}/{id}", rest.change),
    _route("DELETE", "/sobjects/{object}/{id}", rest.remove),
    _route("GET", "/sobjects/{object}/{field}/{value}", rest.read_by_key),
    _route("PATCH", "/sobjects/{object}/{field}/{value}", rest.upsert),
    _route("DELETE", "/sobjects/{object}/{field}/{value}", rest.remove_by_key),
    _route("POST", "/composite", composite.composite),
    _route("POST", "/composite/sobjects", rows.insert),
    _route("PATCH", "/composite/sobjects", rows.update),
    _route("DELETE", "/composite/sobjects", rows.delete),
    _route("GET", "/composite/sobjects/{object}", rows.read),
    _route("POST", "/composite/sobjects/{object}", rows.read),
    _route("PATCH", "/composite/sobjects/{object}/{field}", rows.upsert),
    _route("POST", "/jobs/query", bulk_query.create),
    _route("GET", "/jobs/query/{job}/results", bulk_query.results),
    _route("POST", "/jobs/ingest", bulk_ingest.create),
    _route("PUT", "/jobs/ingest/{job}/batches", bulk_ingest.upload),
    _route("GET", "/jobs/ingest/{job}/successfulResults", bulk_ingest.successful),
    _route("GET", "/jobs/ingest/{job}/failedResults", bulk_ingest.failed),
    _route("GET", "/jobs/ingest/{job}/unprocessedrecords", bulk_ingest.unprocessed),
    _route("GET", "/jobs/{kind}", bulk_jobs.listed),
    _route("GET", "/jobs/{kind}/{job}", bulk_jobs.shown_job),
    _route("PATCH", "/jobs/{kind}/{job}", bulk_jobs.patched),
    _route("DELETE", "/jobs/{kind}/{job}", bulk_jobs.removed),
    _route("GET", "/tooling/query", tooling.query),
    _route("POST", "/tooling/sobjects/CustomField", tooling.create),
    _route("GET", "/tooling/sobjects/CustomField/{id}", tooling.read),
    _route("PATCH", "/tooling/sobjects/CustomField/{id}", tooling.change),
    _route("DELETE", "/tooling/sobjects/CustomField/{id}", tooling.remove),
]
"""Addresses below /services/data/vXX.X; all of them need a session."""

OPEN = [
    _route("GET", "/services/data", rest.versions),
    _route("POST", "/services/oauth2/token", auth.token),
    _route("POST", "/services/oauth2/revoke", auth.revoke),
    _route("GET", "/services/oauth2/userinfo", auth.userinfo),
    _route("GET", "/id/{organization}/{user}", auth.userinfo),
    _route("POST", r"/services/Soap/(?P<kind>[uc])/(?P<version>\d+\.0)(?:/\w+)?", soap.soap),
]
"""Addresses that look after their own sessions."""


def matched(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request and the named parts of its path; raises 404 or 405."""
    allowed = False
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route, match.groupdict()
        allowed = allowed or match is not None
    if allowed:
        message = f"HTTP Method '{method}' not allowed."
        raise ApiError("METHOD_NOT_ALLOWED", message, status=405)
    raise not_found()


def dispatch(state: State, call: Call) -> Answer:
    """Answer a call of the REST API whose session is known to be good."""
    route, place = matched(REST, call.method, call.path.rstrip("/"))
    return route.handler(state, call.at(place))
