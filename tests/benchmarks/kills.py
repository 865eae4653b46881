"""Kill syncs by SIGKILL at every write and at random moments, then audit CRM and ledger: prints JSON.

    python -m tests.benchmarks.kills salesforce hubspot --random 200 --seed 7

Between two kills a person plants a lead that is ready to be converted, edits another, and moves the
stage of a third. After each kill one sync follows; after that the CRM must hold one opportunity for
each planted lead, all values that the ledger says were written, and the people's edits; a third
sync must have nothing to do, nor a full plan. `faults` lists what was wrong: none is the aim.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.killing import Audited, Zygote, counted, zygote
from tests.support import WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import World

LEADS = 12
MOST = 40
"""Kills in one world; after that a new one begins, because planted leads gather."""


def settled(crm: str) -> World:
    """A world whose leads are all judged and written."""
    world: World = WORLDS[crm](Path(tempfile.mkdtemp()), LEADS)
    world.run("setup", crm, "--yes")
    for _ in range(2):
        world.sync("--release", "test")
    return world


def kill(forks: Zygote, audited: Audited, **moment: Any) -> dict[str, Any]:
    """Kill one sync, make it good, and say what is wrong then."""
    world = audited.world
    audited.people_work()
    died = forks.run(world, "sync", world.crm, "--release", "test", **moment)
    again = forks.run(world, "sync", world.crm, "--release", "test")
    faults = audited.faults() if again.code in (0, 3) else [f"exit {again.code}: {again.err}"]
    last = died.events[-1] if died.events else "nothing yet"
    return {"killed": died.code < 0, "last": last, "faults": faults}


def moments(forks: Zygote, crm: str, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """When to kill: at the events of a whole run, then so many times at random."""
    world = settled(crm)
    audited = Audited(world)
    audited.people_work()
    forks.run(world, "sync", crm, "--release", "test")
    audited.people_work()
    began = time.perf_counter()
    whole = forks.run(world, "sync", crm, "--release", "test")
    seconds = time.perf_counter() - began
    world.close()
    yield from ({"die_at": event} for event in counted(whole.events)[:: given.every])
    chance = random.Random(given.seed)
    yield from ({"after": chance.uniform(0.0, seconds)} for _ in range(given.random))


def measure(crm: str, given: argparse.Namespace) -> dict[str, Any]:
    """All kills of one CRM, counted."""
    result: dict[str, Any] = {"crm": crm, "kills": 0, "died": 0, "faults": []}
    with zygote() as forks:
        audited: Audited | None = None
        for count, moment in enumerate(moments(forks, crm, given)):
            if audited is None or count % MOST == 0:
                if audited is not None:
                    audited.world.close()
                audited = Audited(settled(crm))
            found = kill(forks, audited, **moment)
            result["kills"] += 1
            result["died"] += found["killed"]
            if found["faults"]:
                result["faults"].append(moment | found)
                audited.world.close()
                audited = None
            if sys.stderr.isatty():
                print(f"\r{crm} {count} {found['last']:<60}", end="", file=sys.stderr)
        if audited is not None:
            audited.world.close()
    return result


def main() -> None:
    """Read the arguments, and print one JSON object per CRM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crm", nargs="+", choices=sorted(WORLDS))
    parser.add_argument("--random", type=int, default=200, help="kills at random moments")
    parser.add_argument("--every", type=int, default=1, help="of the writes only every nth")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    results = [measure(crm, given) for crm in given.crm]
    for result in results:
        print(json.dumps(result))
    sys.exit(any(result["faults"] for result in results))


if __name__ == "__main__":
    main()
