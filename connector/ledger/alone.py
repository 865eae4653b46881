"""Work on connections while no run of theirs may begin."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.errors import RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from connector.ledger.runs import Leases

LEASE = timedelta(minutes=15)


@contextmanager
def alone(
    ledger: Leases,
    connections: Sequence[str],
    holder: str,
    clock: Callable[[], datetime],
    *,
    otherwise: str,
) -> Iterator[Callable[[], None]]:
    """Hold the leases of these connections; gives a function that prolongs them.

    `otherwise` says what was not done, where a run is under way: that raises RunAbortedError.
    """
    taken: list[str] = []

    def take(connection: str) -> None:
        if not ledger.take_lease(connection, holder, clock(), int(LEASE.total_seconds())):
            raise RunAbortedError(f'A run of "{connection}" is under way; {otherwise}')

    def prolong() -> None:
        for connection in connections:
            take(connection)

    try:
        for connection in connections:
            take(connection)
            taken.append(connection)
        yield prolong
    finally:
        for connection in taken:
            ledger.release_lease(connection, holder)
