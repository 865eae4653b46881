"""One run of a connection in a process of its own, with the processor's time step by step: prints JSON.

    python -m tests.benchmarks.timed_run PROJECT CONNECTION sync|full|rescore|touch [--leads 500]

`steps` are seconds of processor time, each without the steps inside it; `waits` is the rest of the
wall clock. `touch` edits leads in the CRM as somebody else would. `rescore` judges as of tomorrow.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from connector import wiring
from connector.cli.progress import Silent
from connector.settings import load_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.engine.run import Runner
    from connector.ledger import SqlLedger

STEPS = (
    ("mappings.inbound", "Inbound.__call__", "map in"),
    ("connector.engine.pull", "judge_page", "judge: memory and people"),
    ("scoring.judge", "Judge.assess", "judge: score, gates, stage"),
    ("scoring.judge", "with_reasons", "judge: reasons"),
    ("scoring.questions", "Questions.evaluate", "judge: next question"),
    ("mappings.outbound", "Outbound.compare", "diff"),
    ("connector.engine.pull", "plan_page", "diff"),
    ("connector.engine.rescore", "plan_page", "diff"),
    ("connector.engine.memory", "_memory", "ledger: prepare"),
    ("connector.ledger", "SqlLedger.seen", "ledger: look up"),
    ("connector.ledger", "SqlLedger.there", "ledger: look up"),
    ("connector.ledger", "SqlLedger.lines", "ledger: look up"),
    ("connector.ledger", "SqlLedger.outdated", "ledger: look up"),
    ("connector.ledger", "SqlLedger.record_engagement", "ledger: leads"),
    ("connector.ledger", "SqlLedger.remember", "ledger: leads"),
    ("connector.ledger", "SqlLedger.record_verdicts", "ledger: verdicts"),
    ("connector.ledger", "SqlLedger.record_problems", "ledger: verdicts"),
    ("connector.ledger", "SqlLedger.save_lines", "ledger: lines"),
    ("connector.ledger", "SqlLedger.record_outcomes", "ledger: lines"),
    ("connector.ledger.database", "Database.together", "ledger: commit"),
    ("connector.engine.apply", "remember_written", "apply: what was written"),
    ("connector.engine.apply", "changes_of", "apply: what was written"),
    ("connector.engine.rescore", "rescore_and_plan", "rescore: the rest"),
)
"""Where the way of the data passes from one step to the next: module, name, step."""

OURS = ("map in", "judge: ", "diff")
"""The steps between a parsed page and its plan."""


class StepClock:
    """Processor time by step; a step inside another one stops the outer one's clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open = ["other"]
        self._since = time.process_time()

    def turn(self) -> None:
        """Charge the time since the last turn to the step in hand."""
        now = time.process_time()
        step = self._open[-1]
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._since
        self._since = now

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What happens in the block belongs to this step."""
        self.turn()
        self._open.append(name)
        try:
            yield
        finally:
            self.turn()
            self._open.pop()

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The function with its time in a step; of a generator, the time between its values."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.step(name):
                found = function(*args, **kwargs)
            if hasattr(found, "__next__"):
                return self._each(found, name)
            return self._entered(found, name) if hasattr(found, "__enter__") else found

        return call

    def _each(self, values: Iterator[Any], name: str) -> Iterator[Any]:
        while True:
            with self.step(name):
                value = next(values, self)
            if value is self:
                return
            yield value

    @contextmanager
    def _entered(self, block: Any, name: str) -> Iterator[Any]:
        if isinstance(block, pl.DataFrame | pl.Series):
            yield block
            return
        with self.step(name), block as value:
            self.turn()
            self._open.append(self._open[-2])
            try:
                yield value
            finally:
                self.turn()
                self._open.pop()

    def watch(self) -> None:
        """Put the clock around every step."""
        for module, path, name in STEPS:
            holder: Any = importlib.import_module(module)
            *inside, last = path.split(".")
            for each in inside:
                holder = getattr(holder, each)
            setattr(holder, last, self.timed(getattr(holder, last), name))


def touch(runner: Runner, ledger: SqlLedger, leads: int) -> dict[str, Any]:
    """Edit a field of so many leads in the CRM; how many it took."""
    page = next(ledger.leads_facts(runner.connection.name, size=leads))
    field, value = runner.connection.mapping.read["employees"][0].field, str(int(time.time()) % 900)
    changes = page.select(
        pl.col("id").alias("@id"),
        pl.col("modified_at").alias("@modified_at"),
        pl.lit(None, pl.String).alias(f"from:{field}"),
        pl.lit(value).alias(f"to:{field}"),
        pl.lit(value=True).alias(f"change:{field}"),
    )
    taken = pl.concat(list(runner.connection.crm.write(changes)), how="diagonal")
    return {"touched": taken.filter(pl.col("outcome") == "applied").height}


def figures(clock: StepClock, began: float, report: Any) -> dict[str, Any]:
    """What a run came to and what it took."""
    clock.turn()
    wall, used = time.perf_counter() - began, sum(clock.seconds.values())
    judged = report.judged + report.rescored
    ours = sum(s for step, s in clock.seconds.items() if step.startswith(OURS))
    ordered = sorted(clock.seconds.items(), key=lambda each: -each[1])
    return {
        **{k: getattr(report, k) for k in ("state", "read", "rescored", "planned", "written")},
        "rejected": report.rejected,
        "api_calls": report.api_calls,
        "seconds": round(wall, 2),
        "processor_seconds": round(used, 2),
        "waits": round(max(0.0, wall - used), 2),
        "map_judge_diff_leads_per_second": round(judged / ours) if judged else None,
        "steps": {step: round(seconds, 2) for step, seconds in ordered if seconds >= 0.01},
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def done(runner: Runner, ledger: SqlLedger, what: str, leads: int) -> dict[str, Any]:
    """Do one thing, timed. Where pages are fetched meanwhile, their parsing is counted with the rest."""
    if what == "touch":
        return touch(runner, ledger, leads)
    clock, began = StepClock(), time.perf_counter()
    clock.watch()
    crm: Any = type(runner.connection.crm)
    crm.pull, crm.write = clock.timed(crm.pull, "read"), clock.timed(crm.write, "write")
    runner = replace(runner, release="a benchmark")
    if what == "rescore":
        tomorrow = wiring.clock().date() + timedelta(days=1)
        return figures(clock, began, replace(runner, as_of=tomorrow).rescore())
    return figures(clock, began, runner.sync(full=what == "full"))


def main() -> None:
    """Do it and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("connection")
    parser.add_argument("what", choices=("sync", "full", "rescore", "touch"))
    parser.add_argument("--leads", type=int, default=500)
    parser.add_argument("--in-turn", action="store_true", help="fetch no page ahead of its turn")
    given = parser.parse_args()
    if given.in_turn:
        for module in ("pull", "rescore", "apply"):
            vars(importlib.import_module(f"connector.engine.{module}"))["one_ahead"] = iter
    project = load_project(given.project)
    files = wiring.load_files(project, given.connection)
    with (
        closing(wiring.open_ledger(project)) as ledger,
        wiring.ready(project, ledger, files, Silent()) as runner,
    ):
        print(json.dumps(done(runner, ledger, given.what, given.leads)))


if __name__ == "__main__":
    main()
