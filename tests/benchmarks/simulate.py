"""Ten thousand connections on paper: a discrete-event simulation that prints JSON.

    python tests/benchmarks/simulate.py                      # sweep over 1 to 32 workers, PostgreSQL
    python tests/benchmarks/simulate.py --database sqlite
    python tests/benchmarks/simulate.py --check              # a minute that reality was measured in

Every connection is due at its own moment of each interval. A run waits in the queue until a worker
with a free slot looks, talks to its CRM as fast as its limits allow, takes a core to judge and a lane
of the database to write. At midnight (UTC) the first run of each connection judges all of its leads
again from the ledger. `staleness` is now − "complete to", in seconds, over connections and time.
The costs are arguments; `Costs` says where their defaults come from.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import random
import time
from collections import deque
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

DAY = 86_400.0
HOLDS = 2.0
"""Intervals that the 99th percentile of staleness may come to."""


@dataclass(frozen=True)
class Costs:
    """What things take. Seconds are of one core of the machine that everything was measured on."""

    run_cpu: float = 0.06  # a sync that finds nothing, files read: 0.043 measured without a network
    judge: float = 20_000.0  # leads/s of a core through map, judge and diff; assumed
    rejudge: float = 16_700.0  # leads/s from the ledger after midnight: the target, 1 M in 60 s
    changed_a_day: float = 0.05  # of a connection's leads; assumed, as is the next
    written: float = 0.5  # of the changed leads
    rows_per_lead: float = 3.0  # lead, verdict, line
    poll: float = 0.2  # seconds between two looks of a worker at the queue
    dispatch: float = 0.1  # until a run that was taken begins: 200 empty ones in 2 slots took 30 s
    latency: float = 0.15  # seconds a CRM takes to answer a call; assumed
    calls: int = 8  # of an incremental run that finds nothing, sign-in and describe included
    transactions: int = 34  # 28 of the ledger where nothing is found (9 write), 6 of the queue
    enqueue: float = 80.0  # runs a second: 78 on SQLite, 280 to 800 on PostgreSQL


@dataclass(frozen=True)
class Store:
    """A database: what it can do at once and in a second; rows as measured, the rest assumed."""

    lanes: int
    transactions: float  # a second and lane
    rows_written: float
    rows_read: float
    gigabytes: float = 1.2e-6  # a lead


STORES = {
    # One writer, which other writers wait for.
    "sqlite": Store(1, 600.0, 110_000.0, 550_000.0),
    "postgresql": Store(8, 400.0, 55_000.0, 590_000.0),
}


@dataclass(frozen=True)
class Edition:
    """An account of a CRM: its share of the customers and its limits."""

    name: str
    share: float
    a_day: float  # calls
    a_second: float  # calls
    page: int  # leads that one call of an incremental run reads
    bulk: float  # leads/s of a first sync in and out; 0: by calls, 100 leads each


EDITIONS = (
    Edition("salesforce developer", 0.05, 15_000, 25.0, 2_000, 5_000.0),
    Edition("salesforce enterprise", 0.40, 120_000, 25.0, 2_000, 5_000.0),
    Edition("salesforce unlimited", 0.15, 200_000, 25.0, 2_000, 5_000.0),
    Edition("hubspot starter", 0.10, 250_000, 10.0, 200, 0.0),
    Edition("hubspot professional", 0.20, 625_000, 19.0, 200, 0.0),
    Edition("hubspot enterprise", 0.10, 1_000_000, 19.0, 200, 0.0),
)
QUOTA = 0.4
"""Of the account's day."""

CHECK: dict[str, Any] = {
    "connections": 60,
    "median": 200,
    "largest": 200,
    "interval": 60.0,
    "jitter": 0.0,
    "minutes": 1.0,
    "workers": [2],
    "slots": 2,
    "database": "sqlite",
    "calls": 0,
    "changed_a_day": 0.0,
    "no_midnight": True,
}
"""Sixty files of 200 leads, all due at the same second, a `leadgate run` and a `leadgate worker`.

Measured 3.8 s where little else ran, 12 to 15 s where other work kept both cores busy. With
`--run-cpu 0.043`, which is a file's, the simulation says 5.0 s."""

ADVICE = {
    "slots": "More --slots while cores are idle, else more workers.",
    "cores": "More workers; and spread the judging after midnight over the night.",
    "database": "A larger PostgreSQL; longer intervals for connections where little changes.",
    "scheduler": "More jitter; several `leadgate run`, each with a part of the connections.",
    "crm limits": "A higher quota or fewer runs for these connections; no worker helps.",
}


@dataclass
class World:
    """The connections: how many leads, which account, when in the interval they are due."""

    leads: np.ndarray
    edition: np.ndarray
    offset: np.ndarray

    @classmethod
    def drawn(cls, asked: argparse.Namespace) -> World:
        """Log-normal numbers of leads, cut at both ends; jitter spreads the moments evenly."""
        chance = np.random.default_rng(asked.seed)
        count = asked.connections
        leads = np.exp(chance.normal(np.log(asked.median), asked.sigma, count))
        shares = [each.share for each in EDITIONS]
        return cls(
            np.clip(leads, 1, asked.largest).astype(int),
            chance.choice(len(EDITIONS), count, p=shares),
            chance.uniform(0, 1, count) * asked.jitter,
        )


@dataclass
class Run:
    """One run on its way."""

    connection: int
    worker: int = -1
    began: float = 0.0
    network: float = 0.0
    cpu: float = 0.0
    database: float = 0.0


@dataclass
class Simulation:
    """`workers` machines with `slots` and `cores` each, one database, one scheduler."""

    world: World
    costs: Costs
    store: Store
    asked: argparse.Namespace
    workers: int
    first: bool = False
    now: float = 0.0
    done: list[tuple[int, float, float]] = field(default_factory=list)
    left_out: int = 0
    refused: int = 0
    busy: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.asked.seed)
        self.numbers = itertools.count()
        self.events: list[tuple[float, int, Any, Any]] = []
        self.waiting: deque[Run] = deque()
        self.at_work: set[int] = set()
        self.free = [self.asked.slots] * self.workers
        self.idle = list(range(self.workers))
        self.cores = [[0.0] * self.asked.cores for _ in range(self.workers)]
        self.lanes = [0.0] * self.store.lanes
        self.queueing = 0.0
        self.calls = np.zeros(len(self.world.leads))
        self.judged = np.zeros(len(self.world.leads), dtype=bool)
        self.busy = dict.fromkeys(("slots", "cores", "database", "scheduler"), 0.0)
        self.transactions = self.rows = 0.0

    def simulate(self, seconds: float, midnight: float | None) -> None:
        """Let so much time pass; at `midnight` a day begins."""
        self.until, self.midnight = seconds, midnight
        for connection, offset in enumerate(self.world.offset):
            self.at(float(offset), self.due, connection)
        while self.events and self.events[0][0] <= seconds:
            self.now, _, act, what = heapq.heappop(self.events)
            act(what)

    def at(self, moment: float, act: Any, what: Any) -> None:
        """Something will happen."""
        heapq.heappush(self.events, (moment, next(self.numbers), act, what))

    def due(self, connection: int) -> None:
        """The connection is due; the scheduler queues one after the other."""
        if not self.first:
            self.at(self.now + self.asked.interval, self.due, connection)
        if connection in self.at_work:
            self.left_out += 1
            return
        self.at_work.add(connection)
        takes = 1 / self.costs.enqueue
        self.queueing = max(self.queueing, self.now) + takes
        self.busy["scheduler"] += takes
        self.at(self.queueing, self.queued, Run(connection))

    def queued(self, run: Run) -> None:
        """The next worker with a free slot that looks at the queue takes it."""
        self.waiting.append(run)
        if self.idle:
            sooner = self.chance.betavariate(1, len(self.idle))
            worker = self.idle.pop(self.chance.randrange(len(self.idle)))
            self.at(self.now + self.costs.poll * sooner, self.look, worker)

    def look(self, worker: int) -> None:
        """A worker looks and fills its slots, and looks again while there is something to do."""
        while self.free[worker] and self.waiting:
            self.free[worker] -= 1
            self.start(self.waiting.popleft(), worker)
        if self.free[worker] and not self.waiting:
            self.idle.append(worker)
        elif self.free[worker]:
            self.at(self.now + self.costs.poll, self.look, worker)

    def start(self, run: Run, worker: int) -> None:
        """A run begins to talk to its CRM, unless its calls are spent."""
        run.worker, run.began = worker, self.now
        calls = self.cost(run)
        allowed = EDITIONS[self.world.edition[run.connection]].a_day * QUOTA
        passed = DAY if self.first else max(self.until, self.asked.interval)
        if not self.first and self.calls[run.connection] + calls > allowed * passed / DAY:
            self.refused += 1
            run.network, run.cpu, run.database = self.costs.latency, 0.0, 0.0
            run.connection = -1 - run.connection
        else:
            self.calls[run.connection] += calls
        self.at(self.now + self.costs.dispatch + run.network, self.read, run)

    def cost(self, run: Run) -> float:
        """What the run will take of everything; its calls."""
        leads, costs = float(self.world.leads[run.connection]), self.costs
        edition = EDITIONS[self.world.edition[run.connection]]
        changed = leads if self.first else self._changed(leads)
        again = self._again(run.connection) * leads
        written = changed * (1.0 if self.first else costs.written) + again * 0.02
        calls = costs.calls + changed // edition.page + written // (200 if edition.bulk else 100)
        run.network = max(calls * costs.latency, calls / edition.a_second)
        if self.first and edition.bulk:
            calls = costs.calls + 2 * changed // 50_000
            run.network = calls * costs.latency + 2 * changed / edition.bulk
        elif self.first:
            calls = costs.calls + 2 * changed // 100
            run.network = max(calls / edition.a_second, calls / (edition.a_day * QUOTA) * DAY - DAY)
        run.cpu = costs.run_cpu + changed / costs.judge + again / costs.rejudge
        rows = changed * costs.rows_per_lead + again * 0.2
        store = self.store
        run.database = (
            (costs.transactions + (changed + again) // 10_000) / store.transactions
            + rows / store.rows_written
            + (changed + again) / store.rows_read
        )
        self.rows += rows
        self.transactions += costs.transactions
        return calls

    def _changed(self, leads: float) -> float:
        mean = leads * self.costs.changed_a_day * self.asked.interval / DAY
        spread = self.chance.gauss(0, 1) * mean**0.5
        return max(0.0, round(mean + spread)) if mean > 5 else float(self.chance.random() < mean)

    def _again(self, connection: int) -> bool:
        """Whether this is the first run of the new day."""
        if self.midnight is None or self.now < self.midnight or self.judged[connection]:
            return False
        self.judged[connection] = True
        return True

    def read(self, run: Run) -> None:
        """The CRM has answered: a core of the worker is wanted."""
        self.at(self._served("cores", self.cores[run.worker], run.cpu), self.judge, run)

    def judge(self, run: Run) -> None:
        """All is judged: a lane of the database is wanted."""
        self.at(self._served("database", self.lanes, run.database), self.end, run)

    def _served(self, name: str, servers: list[float], takes: float) -> float:
        ready = max(self.now, heapq.heappop(servers)) + takes
        heapq.heappush(servers, ready)
        self.busy[name] += takes
        return ready

    def end(self, run: Run) -> None:
        """The slot is free for whoever waits."""
        self.busy["slots"] += self.now - run.began
        if run.connection >= 0:
            self.done.append((run.connection, run.began, self.now))
        self.at_work.discard(run.connection if run.connection >= 0 else -1 - run.connection)
        self.free[run.worker] += 1
        if self.free[run.worker] == 1 and run.worker not in self.idle:
            self.at(self.now + self.costs.poll * self.chance.random(), self.look, run.worker)

    def first_wave(self) -> float:
        """When the last of the runs had ended that began in the first interval."""
        first = (end for _, began, end in self.done if began < self.asked.interval)
        return round(max(first, default=0.0), 1)

    def utilisation(self) -> dict[str, float]:
        """The share of each resource that was in use."""
        servers = {
            "slots": self.workers * self.asked.slots,
            "cores": self.workers * self.asked.cores,
            "database": self.store.lanes,
            "scheduler": 1,
        }
        return {
            name: round(used / servers[name] / self.until, 3) for name, used in self.busy.items()
        }

    def staleness(self, since: float, until: float) -> np.ndarray:
        """Now − "complete to" of every connection, sampled; a connection never read is as old as all."""
        found = []
        times = np.linspace(since, until, 60)
        order = np.array(sorted((c, e, b) for c, b, e in self.done)).reshape(-1, 3)
        owner, ended, began = order.T
        span = 4 * DAY
        keys = owner * span + ended
        for connection in range(len(self.world.leads)):
            places = np.searchsorted(keys, connection * span + times, side="right") - 1
            known = (places >= 0) & (owner[places] == connection)
            found.append(np.where(known, times - began[places], times))
        return np.concatenate(found)


def percentiles(values: np.ndarray) -> dict[str, float]:
    """The middle and the end of a distribution."""
    return {f"p{n}": round(float(np.percentile(values, n)), 1) for n in (50, 95, 99)}


def steady(asked: argparse.Namespace, costs: Costs, world: World, workers: int) -> dict[str, Any]:
    """Runs as they come, an hour before midnight and the hours after it."""
    made = Simulation(world, costs, STORES[asked.database], asked, workers)
    seconds = asked.minutes * 60.0
    midnight = None if asked.no_midnight else seconds / 2
    made.simulate(seconds, midnight)
    settled = min(2 * asked.interval, seconds / 4)
    found = {
        "workers": workers,
        "runs_per_second": round(len(made.done) / seconds, 2),
        "wanted_per_second": round(len(world.leads) / asked.interval, 2),
        "first_wave_seconds": made.first_wave(),
        "times_left_out": made.left_out,
        "runs_without_calls": made.refused,
        "staleness": percentiles(made.staleness(settled, midnight or seconds)),
        "seconds_per_run": percentiles(np.array([e - b for _, b, e in made.done] or [0.0])),
        "utilisation": made.utilisation(),
        "transactions_per_second": round(made.transactions / seconds, 1),
        "rows_per_second": round(made.rows / seconds),
    }
    if midnight is not None:
        found["staleness_after_midnight"] = percentiles(made.staleness(midnight, seconds))
    used = found["utilisation"]
    found["busiest"] = max(used, key=used.get)
    found["holds"] = found["staleness"]["p99"] <= HOLDS * asked.interval
    found["holds_after_midnight"] = (
        midnight is None or found["staleness_after_midnight"]["p99"] <= HOLDS * asked.interval
    )
    return found


def first_sync(asked: argparse.Namespace, costs: Costs, world: World, workers: int) -> Any:
    """Everything is read and written once: the hours until so many connections are complete."""
    made = Simulation(world, costs, STORES[asked.database], asked, workers, first=True)
    made.simulate(60 * DAY, None)
    hours = np.array([e for _, _, e in made.done]) / 3600
    made.until = float(hours.max()) * 3600
    at = {**percentiles(hours), "all": round(float(hours.max()), 1)}
    return {"workers": workers, "hours": at, "utilisation": made.utilisation()}


def verdict(sweep: list[dict[str, Any]]) -> dict[str, Any]:
    """How many workers it takes, what gives way before that, and what to do."""
    enough = next((each for each in sweep if each["holds"]), None)
    calm = next((each for each in sweep if each["holds"] and each["holds_after_midnight"]), None)
    alone, most = sweep[0]["busiest"], sweep[-1]
    used = {name: most["utilisation"][name] for name in ("database", "scheduler")}
    shared = max(used, key=lambda name: used[name])
    return {
        "workers_needed": enough and enough["workers"],
        "workers_needed_after_midnight_too": calm and calm["workers"],
        "breaks_first": alone,
        "then": ADVICE[alone],
        "breaks_first_however_many_workers": shared,
        "at_times_this_load": round(1 / max(used[shared], 0.001), 1),
        "then_too": ADVICE[shared],
        "runs_without_calls": most["runs_without_calls"],
        "where_calls_are_spent": ADVICE["crm limits"],
    }


def arguments() -> argparse.Namespace:
    """What is simulated."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--median", type=float, default=10_000, help="leads of a connection")
    parser.add_argument("--sigma", type=float, default=2.0)
    parser.add_argument("--largest", type=int, default=5_000_000)
    parser.add_argument("--interval", type=float, default=900.0, help="seconds")
    parser.add_argument("--jitter", type=float, default=600.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=240.0)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--cores", type=int, default=1, help="of a worker; a process fills one")
    parser.add_argument("--database", choices=sorted(STORES), default="postgresql")
    parser.add_argument("--no-midnight", action="store_true")
    parser.add_argument("--check", action="store_true", help="the minute that CHECK describes")
    parser.add_argument("--seed", type=int, default=1)
    for each in fields(Costs):
        parser.add_argument(
            f"--{each.name.replace('_', '-')}", type=type(each.default), default=each.default
        )
    asked = parser.parse_args()
    if asked.check:
        vars(asked).update(CHECK)
    return asked


def main() -> None:
    """Simulate, and print what came of it."""
    asked, began = arguments(), time.perf_counter()
    costs = Costs(**{each.name: getattr(asked, each.name) for each in fields(Costs)})
    world = World.drawn(asked)
    leads = int(world.leads.sum())
    about = {"connections": len(world.leads), "leads": leads, "database": asked.database}
    size = round(leads * STORES[asked.database].gigabytes, 1)
    print(json.dumps(about | {"ledger_gigabytes": size, "costs": asdict(costs)}))
    sweep = [steady(asked, costs, world, workers) for workers in asked.workers]
    for each in sweep:
        print(json.dumps(each))
    if not asked.no_midnight:
        for workers in asked.workers[-2:]:
            print(json.dumps({"first_sync": first_sync(asked, costs, world, workers)}))
    took = round(time.perf_counter() - began, 1)
    print(json.dumps({"verdict": verdict(sweep), "simulated_in_seconds": took}))


if __name__ == "__main__":
    main()
