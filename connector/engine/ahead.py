"""The next page is fetched and parsed while the last one is judged and written: one ahead, no more."""

from __future__ import annotations

import threading
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_T = TypeVar("_T")


def one_ahead(values: Iterable[_T]) -> Generator[_T, None, None]:
    """The values in their order, each made by a thread while the one before it is in use.

    An error of the thread is raised in its place, after the values before it. Whoever leaves early
    does not wait: the value that is being made is dropped.
    """
    wanted, left = threading.Semaphore(1), threading.Event()
    made: SimpleQueue[tuple[list[_T], BaseException | None]] = SimpleQueue()

    def work() -> None:
        source = iter(values)
        while wanted.acquire() and not left.is_set():
            try:
                made.put(([next(source)], None))
            except BaseException as error:  # noqa: BLE001 — it is raised where the value is awaited
                made.put(([], error))
                return

    # What observes a run finds it by the context; a thread begins with an empty one.
    threading.Thread(target=copy_context().run, args=(work,), name="pages", daemon=True).start()
    try:
        while True:
            found, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            wanted.release()
            yield from found
    finally:
        left.set()
        wanted.release()
