"""One run per connection: the lease is taken first, prolonged on the way, and given back last."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from connector.engine.ledger import Ledger
    from connector.engine.ports import Progress

LEASE_SECONDS = 900
"""A run that says nothing for so long is taken for dead, and another may begin."""


class LeasedProgress:
    """Passes progress on, and prolongs the lease while there is any.

    Raises `RunAbortedError` when another run has taken the lease over: two never work at once.
    """

    def __init__(
        self, inner: Progress, prolong: Callable[[], bool], clock: Callable[[], datetime]
    ) -> None:
        self._inner = inner
        self._prolong = prolong
        self._clock = clock
        self._due = clock() + timedelta(seconds=LEASE_SECONDS / 5)

    def begin(self, step: str, total: int | None) -> None:
        """A step begins."""
        self._inner.begin(step, total)
        self._keep()

    def advance(self, rows: int) -> None:
        """So many rows more are through."""
        self._inner.advance(rows)
        self._keep()

    def _keep(self) -> None:
        if self._clock() < self._due:
            return
        if not self._prolong():
            raise RunAbortedError("Another run has taken this connection over.")
        self._due = self._clock() + timedelta(seconds=LEASE_SECONDS / 5)


@contextmanager
def leased(
    ledger: Ledger, connection: str, run: str, progress: Progress, clock: Callable[[], datetime]
) -> Iterator[LeasedProgress]:
    """Hold the connection's lease while the block runs; raises `RunAbortedError` if it is taken."""

    def take() -> bool:
        return ledger.take_lease(connection, run, clock(), LEASE_SECONDS)

    if not take():
        raise RunAbortedError(
            f'Another run of "{connection}" is under way. See it with: leadgate runs {connection}\n'
            f"If that run died, another may begin {LEASE_SECONDS // 60} minutes after its last step."
        )
    try:
        yield LeasedProgress(progress, take, clock)
    finally:
        ledger.release_lease(connection, run)
