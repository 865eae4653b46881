"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import io
import logging
import re
import sys
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from scoring.problem import Problem

DONE, FAILED, MISUSED, REJECTS = 0, 1, 2, 3
"""Exit codes: done, failed, usage or configuration, done with rejects."""

WIDE = 200
"""Columns of a table that goes into a file or a pipe."""

CHANGES = 2
"""Exit code of `plan --detailed-exitcode` when there is something to do."""


_log = logging.getLogger("leadgate.cli")


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""All control characters but tab and line feed, and those that override the direction of writing."""


def out() -> Console:
    """The console for results; honours NO_COLOR, and is plain where it is not a terminal."""
    return _console(sys.stdout)


def err() -> Console:
    """The console for progress, warnings and errors; where the log is JSON, its lines are too."""
    return _console(_Logged() if _logs_json() else sys.stderr)


class _Logged(io.StringIO):
    """Each whole line that is written becomes a line of the log."""

    _begun = ""

    def write(self, text: str) -> int:
        """Keep what is not a whole line yet."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                _log.info("%s", line.rstrip())
        return len(text)


def _logs_json() -> bool:
    """Whether this process has begun to log as JSON."""
    logs = sys.modules.get("connector.telemetry.logs")
    return logs is not None and logs.is_json()


def _console(stream: TextIO) -> Console:
    """A terminal sets its own width; into a file or pipe, nothing is cut or wrapped."""
    from rich.console import Console

    class Guarded(Console):
        """Obeys our styles, and no control character of the texts that it shows."""

        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(harmless(text), **options)

    if stream.isatty():
        return Guarded(file=stream, highlight=False, emoji=False)  # "model.yaml:100:" is a line
    return Guarded(file=stream, highlight=False, emoji=False, soft_wrap=True, width=WIDE)


def harmless(text: str) -> str:
    """The text with the characters that would steer a terminal, or turn its lines round, shown as �."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def emit(value: Any) -> None:
    """Print one value as one line of JSON."""
    import orjson

    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    # The keys of a database's rows are texts of a kind of their own, which orjson takes only so.
    line = orjson.dumps(plain, default=str, option=orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(line.decode() + "\n")


def say_problems(headline: str, problems: Iterable[Problem]) -> None:
    """Print problems for people: place, what is wrong, how to mend it."""
    if _logs_json():
        found = [{"where": each.where, "what": each.what, "fix": each.fix} for each in problems]
        _log.error("%s", headline, extra={"problems": found})
        return
    from rich.markup import escape

    console = err()
    if headline:
        console.print(f"[bold red]Error[/]: {escape(headline)}")
    for problem in problems:
        console.print(f"  [bold]{escape(problem.where)}[/]")
        console.print(f"    {escape(problem.what)}")
        if problem.fix:
            console.print(f"    [green]→[/] {escape(problem.fix)}")


def table(*headings: str, right: Iterable[str] = ()) -> Table:
    """An empty table in the house's style; the headings named in `right` are for numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    numbers = set(right)
    for heading in headings:
        made.add_column(heading, justify="right" if heading in numbers else "left")
    return made
