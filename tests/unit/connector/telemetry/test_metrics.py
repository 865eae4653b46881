"""Metrics: what a scraper is told is what stands in the ledger, in either database."""

from __future__ import annotations

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families

from connector.telemetry.figures import Kept
from connector.telemetry.metrics import metrics_page
from tests.unit.connector.telemetry.conftest import NOW


def samples(page) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of their names."""
    _, _, body = page()
    return {
        (each.name, *(value for _, value in sorted(each.labels.items()))): each.value
        for family in text_string_to_metric_families(body.decode())
        for each in family.samples
    }


def test_every_figure_is_the_ledgers(ledger) -> None:
    """Leads that are gone, calls of the day before and workers of yesterday do not count."""
    found = samples(metrics_page(ledger, lambda: NOW))
    wanted = {
        ("leadgate_leads", "acme", "mql"): 2,
        ("leadgate_rejected_lines", "acme"): 1,
        ("leadgate_lag_seconds", "acme"): 600,
        ("leadgate_paused", "acme"): 0,
        ("leadgate_paused", "beta"): 1,
        ("leadgate_kept_from_running", "acme"): 1,
        ("leadgate_workers",): 1,
        ("leadgate_runs_running",): 1,
        ("leadgate_quota_used_calls", "org"): 30,
        ("leadgate_quota_calls", "acme", "left for us"): 9,
        ("leadgate_last_run", "acme", "sync", "done"): 1,
        ("leadgate_last_run_seconds", "acme"): 40,
        ("leadgate_last_run_leads", "acme", "read"): 7,
        ("leadgate_last_run_leads", "acme", "rejected"): 1,
        ("leadgate_runs_total", "sync", "done"): 2,
        ("leadgate_run_seconds_bucket", "sync", "30.0", "done"): 0,
        ("leadgate_run_seconds_bucket", "sync", "60.0", "done"): 1,
        ("leadgate_run_seconds_bucket", "sync", "+Inf", "done"): 2,
        ("leadgate_run_seconds_count", "sync", "done"): 2,
        ("leadgate_run_seconds_sum", "sync", "done"): 40 + 9 * 3600,
    }
    assert {key: found.get(key) for key in wanted} == wanted


def test_figures_that_take_long_are_read_seldom() -> None:
    """Twenty times as long as the reading took they stand, five seconds at least."""
    clock = {"now": 0.0, "takes": 0.0, "reads": 0}

    def read() -> int:
        clock["now"] += clock["takes"]
        clock["reads"] += 1
        return clock["reads"]

    kept = Kept(read, timer=lambda: clock["now"])

    def after(seconds: float) -> int:
        clock["now"] += seconds
        return kept()

    assert [after(0), after(4.9), after(0.2)] == [1, 1, 2]
    clock["takes"] = 2.0
    assert [after(5), after(39), after(2)] == [3, 3, 4]
