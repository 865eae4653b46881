"""Figures that are asked for again and again, and read from the ledger only now and then."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

SHORTEST_SECONDS = 5.0
"""What was read stands for so long at least."""

SHARE = 0.05
"""The part of the time that may be spent on reading: what takes long is read less often."""


class Kept(Generic[_T]):
    """What `read` says, no older than a few seconds or twenty times what it takes to read it.

    Safe for many threads; whoever comes while another one reads waits for that answer.
    """

    def __init__(
        self,
        read: Callable[[], _T],
        *,
        seconds: float = SHORTEST_SECONDS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._timer = timer
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._found: _T

    def __call__(self) -> _T:
        """The figures; raises what `read` raises, and then asks again the next time."""
        with self._lock:
            began = self._timer()
            if began >= self._until:
                self._found = self._read()
                ended = self._timer()
                self._until = ended + max(self._seconds, (ended - began) / SHARE)
            return self._found
