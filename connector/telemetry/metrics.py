"""Metrics in Prometheus's words, from the ledger: every process that shares it answers the same.

Scrape one process, or take the maximum over several, never the sum.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from connector.engine.ledger.jobs import DEAD_SECONDS
from connector.engine.ledger.telemetry import DURATIONS
from connector.engine.observer import COUNTS
from connector.telemetry.figures import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prometheus_client import Metric

    from connector.engine.ledger.telemetry import TelemetryStore
    from connector.engine.runs import RunReport
    from connector.telemetry.server import Answer

_QUOTA = {"left": "left for us", "of": "ours", "day": "of the account"}


class Figures:
    """A collector over a ledger; counts of leads are read apart, because there may be millions."""

    def __init__(self, ledger: TelemetryStore, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._slow = Kept(lambda: list(self._counted()))
        self._quick = Kept(lambda: list(self._states()))

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._slow()
        yield from self._quick()

    def _counted(self) -> Iterator[Metric]:
        yield _by(
            "leadgate_leads",
            "Leads by connection and stage",
            ("connection", "stage"),
            (((name, stage), count) for name, stage, count in self._ledger.leads_by_stage()),
        )
        yield _by_connection(
            "leadgate_rejected_lines",
            "Planned lines that the CRM has rejected, so far back as the ledger keeps them",
            self._ledger.rejected_counts(),
        )

    def _states(self) -> Iterator[Metric]:
        now = self._clock()
        lags = {name: (now - at).total_seconds() for name, at in self._ledger.watermarks().items()}
        yield _by_connection(
            "leadgate_lag_seconds", 'Time since a connection was "complete to"', lags
        )
        yield from self._of_schedules(now)
        yield from _of_latest(self._ledger.latest_runs())
        yield _by(
            "leadgate_quota_used_calls",
            "Calls of the last day that count against an account's daily limit",
            ("account",),
            (((name,), used) for name, used in self._ledger.calls_used("daily").items()),
        )
        yield from self._of_runs(now.replace(hour=0, minute=0, second=0, microsecond=0))

    def _of_schedules(self, now: datetime) -> Iterator[Metric]:
        states = self._ledger.schedule_states().values()
        yield _by_connection(
            "leadgate_paused",
            "1 for a connection whose schedule is paused",
            {each.connection: float(each.paused is not None) for each in states},
        )
        yield _by_connection(
            "leadgate_kept_from_running",
            "1 for a connection whose last scheduled run could not begin",
            {each.connection: float(each.message is not None) for each in states},
        )
        alive = sum(
            (now - each.seen_at).total_seconds() <= DEAD_SECONDS for each in self._ledger.workers()
        )
        yield GaugeMetricFamily("leadgate_workers", "Processes that work, and live", alive)
        running = len(self._ledger.running())
        yield GaugeMetricFamily("leadgate_runs_running", "Connections that are being run", running)

    def _of_runs(self, midnight: datetime) -> Iterator[Metric]:
        """Counted from midnight (UTC) on: for Prometheus a counter that begins anew."""
        ended = self._ledger.runs_ended(midnight)
        total = CounterMetricFamily(
            "leadgate_runs", "Runs that have ended today", labels=("kind", "state")
        )
        took = HistogramMetricFamily(
            "leadgate_run_seconds", "How long today's runs took", labels=("kind", "state")
        )
        for each in ended:
            total.add_metric((each.kind, each.state), each.count)
            bounds = [
                (str(float(bound)), within)
                for bound, within in zip(DURATIONS, each.within, strict=True)
            ]
            took.add_metric((each.kind, each.state), [*bounds, ("+Inf", each.count)], each.seconds)
        yield total
        yield took


def metrics_page(ledger: TelemetryStore, clock: Callable[[], datetime]) -> Callable[[], Answer]:
    """What a scraper is answered."""
    registry = CollectorRegistry()
    figures = Figures(ledger, clock)
    registry.register(figures)
    return lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))


def _of_latest(latest: Iterable[RunReport]) -> Iterator[Metric]:
    latest = [each for each in latest if each.state != "running"]
    yield _by(
        "leadgate_last_run",
        "1 for the state in which a connection's latest run has ended",
        ("connection", "kind", "state"),
        (((each.connection, each.kind, each.state), 1) for each in latest),
    )
    yield _by_connection(
        "leadgate_last_run_seconds",
        "How long a connection's latest run took",
        {each.connection: each.seconds for each in latest},
    )
    yield _by(
        "leadgate_last_run_leads",
        "What a connection's latest run has done, in leads or planned lines",
        ("connection", "what"),
        (((each.connection, what), getattr(each, what)) for each in latest for what in COUNTS),
    )
    yield _by(
        "leadgate_quota_calls",
        "Calls a day as a connection's latest run that wrote has seen them",
        ("connection", "which"),
        (
            ((each.connection, words), each.quota[key])
            for each in latest
            for key, words in _QUOTA.items()
            if key in each.quota
        ),
    )


def _by(
    name: str,
    words: str,
    labels: tuple[str, ...],
    rows: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _by_connection(name: str, words: str, numbers: dict[str, float] | dict[str, int]) -> Metric:
    return _by(name, words, ("connection",), (((key,), each) for key, each in numbers.items()))
