"""Progress bars on standard error, and nothing where nobody is looking."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.cli.console import err

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from connector.engine.ports import Progress

_WORDS = {
    "pull": "reading",
    "check": "checking",
    "rescore": "re-judging",
    "apply": "writing",
    "setup": "preparing",
    "describe": "describing",
}


class Silent:
    """Tells nobody."""

    def begin(self, step: str, total: int | None) -> None:
        """Nothing happens."""

    def advance(self, rows: int) -> None:
        """Nothing happens."""


class Shown:
    """One bar per step of one connection."""

    def __init__(self, bars: Bars, connection: str) -> None:
        self._bars = bars
        self._connection = connection
        self._steps: dict[str, TaskID] = {}
        self._current: TaskID | None = None

    def begin(self, step: str, total: int | None) -> None:
        """Show the step's bar, or correct its total."""
        if step not in self._steps:
            words = f"{self._connection}: {_WORDS.get(step, step)}"
            self._steps[step] = self._bars.add_task(words, total=total)
        elif total is not None:
            self._bars.update(self._steps[step], total=total)
        self._current = self._steps[step]

    def advance(self, rows: int) -> None:
        """Move the current bar."""
        if self._current is not None:
            self._bars.advance(self._current, rows)


@contextmanager
def bars(*, wanted: bool = True) -> Iterator[Bars | None]:
    """A live display while the block runs; None when standard error is not a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err(), transient=True) as live:
        yield live


def progress(live: Bars | None, connection: str) -> Progress:
    """The progress of one connection on a live display, or of nobody."""
    return Shown(live, connection) if live is not None else Silent()
