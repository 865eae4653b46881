"""What is ordered of a pull, and what becomes of each of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    import polars as pl

    from connector.engine.ports import Page, Window
    from connector.engine.sharing import Sharing


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
    resumed: bool = False
    """Whether the run goes on with pages of which some may have been taken before."""
    news: pl.DataFrame | None = None
    """What has become of opportunities, where the ledger does not learn of it: id, state, reason."""
    despite_hold: bool = False
    """Whether lines are planned although they are held back: somebody asks for them by name."""
    sharing: Sharing | None = None
    """Where the same persons are found in other connections, if the model shares anything."""


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


@dataclass(frozen=True, slots=True)
class Looked:
    """What one page comes to, before anything of it is kept.

    `again` are the versions that were judged before, `held` the lines that are held back; `judged`
    is None where nothing is news.
    """

    page: Page
    again: int
    held: int
    judged: JudgedPage | None

    def joins(self, other: Page) -> bool:
        """Whether the other page has a lead of this one."""
        return self.page.leads["@id"].is_in(other.leads["@id"].implode()).any()
