"""How long the first word takes: `leadgate --help`, and a sync of which nothing is new. Prints JSON.

    python -m tests.benchmarks.startup [--runs 7] [--leads 2000]

Medians over runs as whole processes, in seconds, beside the bare interpreter's. The sync is of a local
Salesforce org and of a local HubSpot portal of the usual size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

LEADGATE = [sys.executable, "-m", "connector"]


def once(command: list[str], folder: str, environment: dict[str, str]) -> tuple[float, float]:
    """Wall clock and processor time of one run, which must not fail."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, check=True
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used


def median(
    command: list[str], runs: int, folder: str = ".", environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """The medians over so many runs, after one that is not counted."""
    once(command, folder, environment or {})
    found = [once(command, folder, environment or {}) for _ in range(runs)]
    walls, used = zip(*found, strict=True)
    return {
        "seconds": round(statistics.median(walls), 3),
        "processor_seconds": round(statistics.median(used), 3),
        "best": round(min(walls), 3),
        "worst": round(max(walls), 3),
    }


def nothing_new(crm: str, leads: int, runs: int) -> dict[str, Any]:
    """A sync of a local CRM that has been synced before."""
    sandbox = subprocess.Popen(
        [*LEADGATE, "sandbox", crm, "--leads", str(leads), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sandbox.stdout is not None
        served = json.loads(sandbox.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            environment = served["environment"]
            sync = [*LEADGATE, "sync", crm, "--json", "--release", "a benchmark"]
            for words in (["init", "--url", f"{crm}={served['url']}"], ["setup", crm, "--yes"]):
                once([*LEADGATE, *words], folder, environment)
            for _ in range(2):  # the second one reads what the first has written
                once(sync, folder, environment)
            return median(sync, runs, folder, environment)
    finally:
        sandbox.terminate()
        sandbox.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--leads", type=int, default=2_000)
    given = parser.parse_args()
    found = {
        "interpreter": median([sys.executable, "-c", "pass"], given.runs),
        "--help": median([*LEADGATE, "--help"], given.runs),
        **{
            f"sync {crm}, nothing new": nothing_new(crm, given.leads, given.runs)
            for crm in ("salesforce", "hubspot")
        },
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
