"""How long a sync takes, how many API calls it makes, and how much memory: prints JSON lines.

    python tests/benchmarks/sync_calls.py salesforce --leads 20000
    python tests/benchmarks/sync_calls.py hubspot --leads 5000

A local CRM runs in a process of its own. `budget` is the number of calls that pages, full batches
and conversions make necessary, and six more; `ratio` is what was used of it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LEADGATE = [sys.executable, "-m", "connector"]
PAGE = {"salesforce": 2_000, "hubspot": 100}
BATCH = {"salesforce": 200, "hubspot": 100}


def command(project: Path, *words: str, environment: dict[str, str]) -> list[dict[str, Any]]:
    """Run one leadgate command; the JSON lines that it prints."""
    done = subprocess.run(
        [*LEADGATE, *words],
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 3):
        sys.exit(f"leadgate {' '.join(words)} exited with {done.returncode}:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def figures(crm: str, what: str, report: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run beside its budget of calls."""
    pages = max(1, math.ceil(report["read"] / PAGE[crm]))
    needed = (
        pages + math.ceil(report["written"] / BATCH[crm]) + math.ceil(report["converted"] / 100) + 6
    )
    return {
        "crm": crm,
        "run": what,
        **{
            k: report[k]
            for k in ("read", "written", "converted", "planned", "seconds", "api_calls")
        },
        "budget": needed,
        "ratio": round(report["api_calls"] / needed, 2),
        "leads_per_second": round(report["read"] / max(report["seconds"], 0.01)),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main() -> None:
    """Start the local CRM, sync it three times, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crm", choices=sorted(PAGE))
    parser.add_argument("--leads", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sandbox = subprocess.Popen(
        [
            *LEADGATE,
            "sandbox",
            asked.crm,
            "--leads",
            str(asked.leads),
            "--seed",
            str(asked.seed),
            "--json",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sandbox.stdout is not None
        served = json.loads(sandbox.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            project, environment = Path(folder), served["environment"]
            command(
                project, "init", "--url", f"{asked.crm}={served['url']}", environment=environment
            )
            command(project, "setup", asked.crm, "--yes", "--json", environment=environment)
            for what, words in (("first", ()), ("again", ("--full",)), ("third", ())):
                report = command(
                    project, "sync", asked.crm, "--json", *words, environment=environment
                )[-1]
                print(json.dumps(figures(asked.crm, what, report)))
    finally:
        sandbox.terminate()
        sandbox.wait()


if __name__ == "__main__":
    main()
