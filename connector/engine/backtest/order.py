"""What is asked of a backtest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.errors import ConfigurationError
from scoring.backtest import Span

if TYPE_CHECKING:
    from datetime import date

    from scoring.judge import Judge

MOST_REVIEWS = 1_000
"""Days of review beyond which the days asked for are a slip."""


@dataclass(frozen=True)
class Order:
    """Two models (old, new) on one connection's history.

    `first` and `last` bound it (None: all that is recorded, until `today`); every open lead is
    judged each `every` days. `window` are the days within which an outcome counts; `target` says
    which outcome (None: the usual one); `allow` names facts that may speak though they look as if
    they were written after the outcome. `page` is how many leads are replayed at a time.
    """

    connection: str
    judges: tuple[Judge, Judge]
    today: date
    first: date | None = None
    last: date | None = None
    every: int = 7
    window: int = 90
    target: str | None = None
    allow: tuple[str, ...] = ()
    seed: int = 0
    page: int = 5_000

    def span(self, recorded: date) -> Span:
        """The days of the backtest, where the history begins on the day `recorded`.

        Raises `ConfigurationError` where nothing lies between them.
        """
        first = max(self.first or recorded, recorded)
        last = self.last or self.today
        if last < first:
            raise ConfigurationError(
                f"Nothing lies between {first} and {last}: the history of {self.connection} begins "
                f"on {recorded}. Choose --from and --to so that days of it lie between them."
            )
        count = (last - first).days // self.every + 1
        if count > MOST_REVIEWS:
            raise ConfigurationError(
                f"--every {self.every}: from {first} to {last} that is {count:,} days of review, "
                f"more than {MOST_REVIEWS:,}. Review less often, or choose --from."
            )
        days = {first + timedelta(days=self.every * n) for n in range(count)} | {last}
        return Span(first, last, tuple(sorted(days)), self.window)

    @property
    def facts(self) -> frozenset[str]:
        """The facts that either model looks at."""
        return self.judges[0].facts | self.judges[1].facts
