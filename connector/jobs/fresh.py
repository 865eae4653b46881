"""What a file says, read again only when the file has changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")


class Fresh(Generic[_T]):
    """What `read` makes of a file: the same object until the file has changed. Safe for many threads.

    A file that has become wrong raises what `read` raises, once; until it changes again what it
    said before holds, so that a slip of the pen stops nobody's runs.
    """

    def __init__(self, path: Path, read: Callable[[], _T]) -> None:
        self._path = path
        self._read = read
        self._lock = threading.Lock()
        self._stamp = self._look()
        self._found = read()

    def __call__(self) -> _T:
        """What the file says."""
        with self._lock:
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._found = self._read()
            return self._found

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
