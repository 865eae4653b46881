"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from scoring.problem import Problem

DONE, FAILED, MISUSED, REJECTS = 0, 1, 2, 3
"""Exit codes: done, failed, usage or configuration, done with rejects."""

WIDE = 200
"""Columns of a table that goes into a file or a pipe."""

CHANGES = 2
"""Exit code of `plan --detailed-exitcode` when there is something to do."""


def out() -> Console:
    """The console for results; honours NO_COLOR, and is plain where it is not a terminal."""
    return _console(sys.stdout)


def err() -> Console:
    """The console for progress, warnings and errors."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    """A terminal sets its own width; into a file or pipe, nothing is cut or wrapped."""
    from rich.console import Console

    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, soft_wrap=True, width=WIDE)


def emit(value: Any) -> None:
    """Print one value as one line of JSON."""
    import orjson

    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    # The keys of a database's rows are texts of a kind of their own, which orjson takes only so.
    line = orjson.dumps(plain, default=str, option=orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(line.decode() + "\n")


def say_problems(headline: str, problems: Iterable[Problem]) -> None:
    """Print problems for people: place, what is wrong, how to mend it."""
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


def start_logging(*, verbose: bool) -> None:
    """Our own log lines go to standard error; the vendors' libraries stay silent."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("leadgate")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO if verbose else logging.WARNING)
    ours.propagate = False
    logging.getLogger().handlers = [logging.NullHandler()]
