"""One run per connection: the lease is taken first, kept by a heartbeat, and given back last.

A heartbeat renews it from a thread of its own, also during long calls and long judging, so that a
lease may be short: a run that died blocks its connection for a minute at most. Where the holder was
a process of this machine and is provably gone, the next run begins at once.

A run that was only asleep (a suspended machine, a stopped process) does not know that it was taken
for dead. It is fenced: each of its writing transactions and each call to the CRM looks first whether
the lease still is its own, and raises `LeaseLostError` if it is not.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.engine.process import is_gone, this_process
from connector.errors import ConnectorError, RunAbortedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from connector.engine.ledger import Ledger

LEASE_SECONDS = 60
"""A run that gives no sign of life for so long is taken for dead, and another may begin."""

HEARTBEAT_SECONDS = 15.0
"""How often a run renews its lease: three beats may fail before it is lost."""


@contextmanager
def leased(
    ledger: Ledger,
    connection: str,
    run: str,
    clock: Callable[[], datetime],
    *,
    every: float = HEARTBEAT_SECONDS,
) -> Iterator[None]:
    """Hold the connection's lease while the block runs; raises `RunAbortedError` if it is taken.

    In the block this thread writes only as long as the lease is its own. `every` so many seconds
    the lease is renewed.
    """

    def prolong() -> bool:
        return ledger.prolong_lease(connection, run, clock() + timedelta(seconds=LEASE_SECONDS))

    if not _take(ledger, connection, run, clock()):
        raise RunAbortedError(
            f'Another run of "{connection}" is under way. See it with: leadgate runs {connection}\n'
            f"If that run died, another may begin {LEASE_SECONDS} seconds after its last sign of life."
        )
    try:
        with ledger.fenced(connection, run), _heartbeat(prolong, every):
            yield
    finally:
        ledger.release_lease(connection, run)


def _take(ledger: Ledger, connection: str, run: str, now: datetime) -> bool:
    """Take the lease; at once, too, if its holder was a process here that has ended."""
    mine = this_process()
    if ledger.take_lease(connection, run, now, LEASE_SECONDS, process=mine):
        return True
    other = ledger.lease_process(connection)
    return is_gone(other) and ledger.take_lease(
        connection, run, now, LEASE_SECONDS, process=mine, from_dead=other
    )


@contextmanager
def _heartbeat(prolong: Callable[[], bool], every: float) -> Iterator[None]:
    """Renew the lease from a thread until the block ends, or until it is another's."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every):
            try:
                if not prolong():
                    return
            except ConnectorError:  # a busy ledger; the next beat comes before the lease runs out
                continue

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
