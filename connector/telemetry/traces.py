"""Traces by OpenTelemetry: spans of runs, pages, batches and requests, sent by OTLP over HTTP.

The standard variables say where to (OTEL_EXPORTER_OTLP_ENDPOINT) and all the rest. A span that fails
is marked with the exception's type; its words could be a lead's data.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Tracer


class Traces:
    """An observer that sends spans; see connector/engine/observer.py."""

    def __init__(self, tracer: Tracer, provider: Any) -> None:
        self._tracer = tracer
        self._provider = provider

    @contextmanager
    def span(self, name: str, attributes: dict[str, str]) -> Iterator[None]:
        """A span within the thread's current one."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 — an extra

        marks = {f"leadgate.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(
            name, attributes=marks, record_exception=False, set_status_on_exception=False
        ) as here:
            try:
                yield
            except BaseException as error:
                here.set_attribute("error.type", type(error).__name__)
                here.set_status(Status(StatusCode.ERROR))
                raise

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def open_traces(version: str, processor: SpanProcessor | None = None) -> Traces:
    """Spans go to the endpoint of the OTEL_ variables, or to another processor.

    Raises `ConfigurationError` where the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and what sends them is not installed. "
            "Install it: pip install 'leadgate[traces]'"
        ) from None
    resource = Resource.create({"service.version": version})
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "leadgate"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider.get_tracer("leadgate", version), provider)
