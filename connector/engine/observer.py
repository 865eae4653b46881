"""What is going on, for whoever looks from outside: on which run a thread works, and how long it takes.

Nobody looks by default, and then a span is a comparison and an empty block. Spans stand around pages,
batches and requests, never around a lead. They carry the ids of a connection and a run, and nothing
of a lead.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.engine.ports import Progress
    from connector.engine.runs import RunKind, RunReport

_T = TypeVar("_T")

COUNTS = ("read", "judged", "unchanged", "planned", "written", "converted", "rejected", "skipped")
"""What the last line of a run counts."""


class Observer(Protocol):
    """Who is told of spans of time."""

    def span(self, name: str, attributes: dict[str, str]) -> AbstractContextManager[object]:
        """A block that is going on, within the span that this thread is in."""
        ...


@dataclass
class Working:
    """What a thread works on, and at which step it is."""

    connection: str
    run: str
    step: str = ""


_log = logging.getLogger("leadgate.run")
_working: ContextVar[Working | None] = ContextVar("working", default=None)
_observers: list[Observer] = []
_nothing = nullcontext()


def observe_with(observer: Observer | None) -> None:
    """From here on this process tells its spans to the observer; None: to nobody."""
    _observers[:] = [] if observer is None else [observer]


def span(name: str, **attributes: str) -> AbstractContextManager[object]:
    """The block is told to the observer, if there is one."""
    return _observers[0].span(name, attributes) if _observers else _nothing


def spanned(name: str, items: Iterable[_T]) -> Iterator[_T]:
    """The same items; the making of each is a span."""
    if not _observers:
        yield from items
        return
    making, end = iter(items), object()
    while True:
        with span(name):
            item = next(making, end)
        if item is end:
            return
        yield item  # type: ignore[misc]  # the end is none of them


def working() -> Working | None:
    """What this thread works on; None between runs."""
    return _working.get()


@contextmanager
def working_on(connection: str, run: str, kind: RunKind) -> Iterator[None]:
    """The block is a run of a connection: its lines are marked as such, and it is a span."""
    token = _working.set(Working(connection, run))
    try:
        with span(f"run {kind}", connection=connection, run=run):
            _log.info("%s: %s begins, run %s.", connection, kind, run)
            yield
    finally:
        _working.reset(token)


def tell_end(report: RunReport) -> None:
    """Say what a run has come to, in counts."""
    found = {name: getattr(report, name) for name in COUNTS}
    words = ", ".join(f"{count} {name}" for name, count in found.items() if count)
    counts = {**found, "api_calls": report.api_calls, "seconds": report.seconds}
    _log.info(
        "%s: %s ends, %s%s, run %s.",
        report.connection,
        report.kind,
        report.state,
        f": {words}" if words else "",
        report.run,
        extra={"counts": counts, "state": report.state},
    )


class Stepping:
    """Progress that notes the step for log lines, and passes all on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def begin(self, step: str, total: int | None) -> None:
        """A step begins."""
        here = _working.get()
        if here is not None and here.step != step:
            here.step = step
            _log.info("%s: %s.", here.connection, step)
        self._progress.begin(step, total)

    def advance(self, rows: int) -> None:
        """So many rows more are through."""
        self._progress.advance(rows)
