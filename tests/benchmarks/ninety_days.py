"""Ninety days of a funnel on both local CRMs, compared with a recount; prints one JSON object each.

python -m tests.benchmarks.ninety_days --leads 5000 --every 6
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.played.play import play
from tests.played.world import WORLDS


def main() -> None:
    """Play on each CRM that is named, and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crms", nargs="*", default=list(WORLDS))
    parser.add_argument("--leads", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--every", type=int, default=6, help="days from sync to sync")
    given = parser.parse_args()
    for crm in given.crms:
        began, worked = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            outcome = play(crm, Path(folder), given.leads, days=given.days, every=given.every)
        spent = {
            "seconds": round(time.perf_counter() - began, 1),
            "cpu": round(time.process_time() - worked, 1),
        }
        shown = {"crm": crm, "right": not outcome.wrong, **spent, **asdict(outcome)}
        shown["differences"] = {name: found[:5] for name, found in outcome.wrong.items()}
        print(json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
