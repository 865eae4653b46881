"""Spans: a run with its pages, batches and requests, and nothing at all when nobody looks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connector.crm.http import Http, template
from connector.engine import observer
from connector.engine.observer import observe_with, span, spanned, working_on
from connector.telemetry.traces import open_traces
from tests.support import leadgate
from tests.unit.connector.telemetry.receiving import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "rosa@person.example"


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    """Spans are kept in memory while the test runs."""
    kept = InMemorySpanExporter()
    traces = open_traces("1.0", SimpleSpanProcessor(kept))
    observe_with(traces)
    yield kept
    observe_with(None)
    traces.close()


def test_requests_and_pages_are_spans_within_their_run(exported) -> None:
    """Only the ids of the run and the connection are attributes; a failure is marked by its type."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    http = Http("salesforce", transport=transport)

    def run_and_fail() -> None:
        with working_on("acme", "r1", "sync"):
            assert list(spanned("pull page", iter("ab"))) == ["a", "b"]
            http.send("GET", f"https://crm.example/services/data/v62.0/jobs/query/750A1?q={SECRET}")
            raise KeyError(SECRET)

    with pytest.raises(KeyError):
        run_and_fail()
    http.close()
    *inner, run = exported.get_finished_spans()
    assert (run.name, dict(run.attributes or {})) == (
        "run sync",
        {"leadgate.connection": "acme", "leadgate.run": "r1", "error.type": "KeyError"},
    )
    request = "GET /services/data/v62.0/jobs/query/{}"
    assert [each.name for each in inner] == ["pull page"] * 3 + [request]
    assert {each.parent.span_id for each in inner if each.parent} == {run.context.span_id}
    assert SECRET not in "".join(each.to_json() for each in (*inner, run))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x/crm/v3/objects/contacts/search", "/crm/v3/objects/contacts/search"),
        ("https://x/crm/v3/objects/contacts/5501", "/crm/v3/objects/contacts/{}"),
        ("https://x/services/data/v62.0/sobjects/Lead/00Q5e000001", "/services/data/v62.0/sobjects/Lead/{}"),
        (f"https://x/contacts/{SECRET}", "/contacts/{}"),
        ("https://x/oauth/v1/access-tokens/CJ2x-abc", "/oauth/v1/access-tokens/{}"),
    ],
)  # fmt: skip
def test_a_path_keeps_its_words_and_loses_its_values(url, shown) -> None:
    """Ids, addresses and tokens are what a path is about, and not what it asks."""
    assert template("GET", url) == f"GET {shown}"


def test_where_nobody_looks_a_span_is_nothing() -> None:
    """The same empty block each time: nothing is made or kept."""
    assert span("a", connection="acme") is span("b")
    assert list(spanned("page", [1, 2])) == [1, 2]


def test_a_command_sends_its_spans_where_the_variables_say(tmp_path: Path) -> None:
    """The endpoint is asked for one time at least; without the variables nobody is told."""
    (tmp_path / "leads.csv").write_text("id,email\n1,ada@example.com\n", encoding="utf-8")
    assert leadgate(tmp_path, "init", "--crm", "csv").code == 0
    with receiving(HTTPStatus.OK) as (url, bodies):
        ran = leadgate(tmp_path, "sync", "csv", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    assert ran.code == 0, ran.err
    sent = b"".join(bodies)
    for name in (b"run sync", b"pull page", b"judge", b"plan", b"apply batch"):
        assert name in sent
    assert b"ada@example.com" not in sent
    assert not observer._observers
