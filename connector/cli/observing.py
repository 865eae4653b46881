"""What a command tells of itself: log lines, traces, and metrics and health over HTTP."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli.console import err

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.jobs.service import Service
    from connector.ledger import SqlLedger

_log = logging.getLogger("leadgate.telemetry")


def observe(log_format: str | None, *, verbose: bool) -> Callable[[], None]:
    """Begin to log, and to send traces where they are asked for; what ends it."""
    from connector.settings import log_form, sends_traces
    from connector.telemetry.logs import start_logging

    start_logging(log_form(log_format), verbose=verbose)
    return _send_traces() if sends_traces() else lambda: None


def _send_traces() -> Callable[[], None]:
    from importlib.metadata import version

    from connector.engine.observer import observe_with
    from connector.errors import ConfigurationError
    from connector.telemetry.traces import open_traces

    try:
        traces = open_traces(version("leadgate"))
    except ConfigurationError as error:  # the variables may be meant for another program
        _log.warning("%s", error.message)
        return lambda: None
    observe_with(traces)

    def end() -> None:
        observe_with(None)
        traces.close()

    return end


@contextmanager
def seen_from_outside(
    service: Service, ledger: SqlLedger, host: str, port: int | None
) -> Iterator[None]:
    """Serve /health and /metrics while the block runs, if a port was given."""
    if port is None:
        yield
        return
    from connector.telemetry.health import look
    from connector.telemetry.server import Answer, health_page, serving

    def health() -> Answer:
        return health_page(lambda: look(service, ledger, service.clock))

    pages = {"/health": health}
    try:
        from connector.telemetry.metrics import metrics_page
    except ModuleNotFoundError:
        _log.warning("There is no /metrics. Install it: pip install 'leadgate[metrics]'")
    else:
        pages["/metrics"] = metrics_page(ledger, service.clock)
    with serving(pages, host, port) as found:
        err().print(f"{' and '.join(pages)} at http://{host}:{found}")
        yield
