"""What is ordered of a pull, and what becomes of each of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    import polars as pl

    from connector.engine.ports import Window


@dataclass(frozen=True, slots=True)
class PullOrder:
    """One pull: for which run, over which window, judged as of which day.

    `every_version` judges records again that were judged in this very version. Without `remember`
    the ledger learns nothing but the plan itself, so that looking ahead changes nothing.
    """

    run: str
    window: Window
    overlap: Window | None
    """The time before the window in which something may have turned up since it was read."""
    as_of: date
    now: datetime
    every_version: bool
    remember: bool


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """One page on its way: raw, judged and difference have the same leads in the same order.

    `memory` is what was known of them before, `lines` what is planned for them now.
    """

    raw: pl.DataFrame
    memory: pl.DataFrame
    judged: pl.DataFrame
    difference: pl.DataFrame
    lines: pl.DataFrame
