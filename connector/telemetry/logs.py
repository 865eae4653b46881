"""Log lines for people or as JSON, and what becomes of exceptions that nobody has caught.

A line never holds an exception's words or values, which could be a lead's: only its type and place.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.engine.observer import working

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_log = logging.getLogger("leadgate")
_FRAMES = 8


class Lines(logging.Formatter):
    """One line for people; an exception as its type and place."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802 — the base class's name
        """The type and the places, innermost last."""
        kind, _, trace = ei
        return f"{kind.__name__ if kind else ''} at {' > '.join(places(trace))}"


class JsonLines(logging.Formatter):
    """One line of JSON: time, level, logger, message; connection, run and step; counts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what is not known is left out."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        here = working()
        if here is not None:
            line |= {"connection": here.connection, "run": here.run}
            line |= {"step": here.step} if here.step else {}
        for name in ("counts", "state", "problems"):
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "at": places(record.exc_info[2])}
        return json.dumps(line, ensure_ascii=False, default=str)


def places(trace: TracebackType | None) -> list[str]:
    """Where an exception went through: function, file and line, innermost last; no values."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{each.name} in {each.filename.rsplit('/', 1)[-1]}:{each.lineno}" for each in frames]


def is_json() -> bool:
    """Whether our lines are JSON now."""
    return any(isinstance(each.formatter, JsonLines) for each in _log.handlers)


def start_logging(form: str, *, verbose: bool) -> None:
    """Our own lines go to standard error; the libraries stay silent.

    As JSON the run's own lines are always there; for people only when they ask for more.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    _log.handlers = [handler]
    _log.setLevel(logging.INFO if verbose or form == "json" else logging.WARNING)
    _log.propagate = False
    logging.getLogger().handlers = [logging.NullHandler()]


@contextmanager
def uncaught_as_lines() -> Iterator[None]:
    """In the block what a thread or a finalizer fails with becomes a line as well."""
    before = threading.excepthook, sys.unraisablehook

    def of_thread(failed: threading.ExceptHookArgs) -> None:
        _say(failed.exc_type, failed.exc_traceback)

    def of_finalizer(failed: sys.UnraisableHookArgs) -> None:
        _say(failed.exc_type, failed.exc_traceback)

    threading.excepthook, sys.unraisablehook = of_thread, of_finalizer
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def _say(kind: type[BaseException], trace: TracebackType | None) -> None:
    _log.error("A thread failed.", exc_info=(kind, kind(), trace))
