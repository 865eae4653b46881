"""Pages that are fetched and judged ahead come to what they come to one after the other."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.testing import assert_frame_equal

from connector.crm.salesforce.adapter import SalesforceCrm
from connector.engine import apply, pull, rescore
from connector.engine.ports import Page
from tests.unit.connector.rescore.conftest import LEADS, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

SHARED = 10
"""So many leads of each page come again on the next one, changed meanwhile."""


def overlapping(pages: Iterator[Page]) -> Iterator[Page]:
    """The pages in pieces of which each brings some leads of the one before in a later version."""
    for page in pages:
        for begin in range(0, page.leads.height, 40):
            again = page.leads.slice(max(0, begin - SHARED), min(begin, SHARED)).with_columns(
                pl.col("@modified_at") + timedelta(seconds=1),
                pl.lit("Director of Purchasing").alias("Title"),
            )
            yield Page(pl.concat([again, page.leads.slice(begin, 40)]))


def outcome(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """The leads, the lines and the figures after a sync and a month."""
    with ExitStack() as stack:
        world = World("salesforce", folder, stack)
        report = world.sync()
        world.forward(days=30)
        later = world.run(lambda runner: runner.rescore())
        leads = pl.concat(world.ledger.leads_facts("salesforce")).select(
            "id", "stage", "score", "written", "converted", "verdict_key"
        )
        lines = pl.concat([*world.ledger.lines(report.run), *world.ledger.lines(later.run)])
        figures = {
            f"{each.kind}: {name}": getattr(each, name)
            for each in (report, later)
            for name in (
                "read",
                "judged",
                "planned",
                "rescored",
                "written",
                "stages",
                "data_problems",
            )
        }
        return leads, lines.select("id", "kind", "body", "reason"), figures


def test_pages_judged_ahead_are_judged_as_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lead that comes again is judged once more, with what was written of it in between."""
    whole = SalesforceCrm.pull
    monkeypatch.setattr(
        SalesforceCrm, "pull", lambda *args, **more: overlapping(whole(*args, **more))
    )
    ahead = outcome(tmp_path / "ahead")
    for module in (pull, rescore):
        monkeypatch.setattr(module, "one_ahead", iter)
    in_turn = outcome(tmp_path / "in_turn")

    assert ahead[2] == in_turn[2]
    assert ahead[2]["sync: read"] > LEADS
    assert_frame_equal(ahead[1], in_turn[1])
    assert_frame_equal(ahead[0], in_turn[0])


def test_changes_sent_ahead_are_written_down_as_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are many changes, the next load is on its way while one is recorded."""
    monkeypatch.setitem(apply.CHUNK, "change", 30)
    ahead = outcome(tmp_path / "ahead")
    monkeypatch.setattr(apply, "one_ahead", iter)
    in_turn = outcome(tmp_path / "in_turn")

    assert ahead[2] == in_turn[2]
    assert ahead[2]["sync: written"] > 60
    assert_frame_equal(ahead[1], in_turn[1])
    assert_frame_equal(ahead[0], in_turn[0])
