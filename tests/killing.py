"""Commands that die by SIGKILL at a chosen write, and audits of what they leave behind.

A command is run in a fork of a process that has everything imported and has computed nothing: that
is quick, and a fork of it is as good as a new one. Each write of the command is an event: a writing
transaction of the ledger just before and just after its commit, a call that may change the CRM just
before it is sent and just after its answer has come, which nobody has seen yet.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli import main
from connector.crm.http import Http
from connector.crm.hubspot.transport import VersionedPool
from connector.ledger import database, open_ledger
from connector.ledger import runs as leases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import World

READS = ("/search", "/batch/read", "/oauth", "/token", "/jobs/query")
"""Calls by POST that change nothing."""


@dataclass(frozen=True)
class Died:
    """How a command ended: its exit code (negative: the signal), its events, and what it said."""

    code: int
    events: list[str]
    err: str


def counted(events: list[str]) -> list[tuple[str, int]]:
    """Each event, and how often it had come before."""
    return [(event, events[:place].count(event)) for place, event in enumerate(events)]


class Zygote:
    """Runs commands of a world in forks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=Path(__file__).parents[1],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        world: World,
        *words: str,
        die_at: tuple[str, int] | None = None,
        after: float | None = None,
    ) -> Died:
        """Run a command, and kill it when an event comes for the nth time, or after some seconds."""
        world.tick()
        order = {
            "folder": str(world.folder),
            "environment": world.environment,
            "words": list(words),
            "die_at": die_at,
            "after": after,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Died(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process that forks."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def zygote() -> Iterator[Zygote]:
    """A process that forks, until the block ends."""
    with closing(Zygote()) as made:
        yield made


class Audited:
    """A world whose people plant and edit leads between the runs, and what must be true after."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.planted: list[str] = []
        self.held: dict[str, str] = {}
        self._people = 0

    def people_work(self) -> None:
        """One new lead that is ready, one that is edited, and one whose stage a person moves."""
        self._people += 1
        self.planted.append(self.world.plant(f"ada{self._people}@planted.example"))
        free = [lead for lead in self._leads() if lead not in (*self.planted, *self.held)]
        edited, moved = free[self._people % len(free)], free[(self._people * 7 + 3) % len(free)]
        name, values = _EDITED[self.world.crm]
        self.world.type(edited, **{name: values[self._people % len(values)]})
        if moved != edited and self._people > 1 and len(self.held) < len(free) // 2:
            self.world.type(moved, **{self.world.stage: _STAGE[self.world.crm]})
            self.held[moved] = _STAGE[self.world.crm]

    def _leads(self) -> list[str]:
        if self.world.crm == "salesforce":
            rows = self.world.org.rows(
                "SELECT Id FROM Lead WHERE IsConverted = false AND IsDeleted = false"
            )
            return sorted(row["Id"] for row in rows)
        made = self.world.opportunities()
        with self.world.portal.lock:
            records = self.world.portal.records.stores["contacts"].after(0)
            return sorted(str(record.id) for record in records if str(record.id) not in made)

    def faults(self, *, whole: bool = True) -> list[str]:
        """What is wrong after the second sync; `whole` makes a third and a full plan, too."""
        found: list[str] = []
        made = self.world.opportunities()
        found += [f"{lead} has {count} opportunities" for lead, count in made.items() if count != 1]
        found += [f"{lead} was not converted" for lead in self.planted if lead not in made]
        for lead, stage in self.held.items():
            now = self.world.values(lead, self.world.stage)[self.world.stage]
            if now != stage:
                found.append(f"a person's stage of {lead} was overwritten: {now}")
        found += self._ledger_faults(made)
        if whole:
            third = self.world.sync("--release", "test")
            if third["planned"] or third["written"] or third["converted"] or third["resumed"]:
                found.append(f"the third sync did something: {third}")
            lines = self.world.run("plan", self.world.crm, "--full", "--json").lines
            found += [f"left to do: {line['kind']} {line['id']}" for line in lines if "id" in line]
        return found

    def _ledger_faults(self, made: dict[str, int]) -> Iterator[str]:
        """Where the ledger says something else than the CRM."""
        (path,) = self.world.folder.rglob("*.db")
        crm = self.world.crm
        with closing(open_ledger(f"sqlite:///{path}", clock=lambda: datetime.now(UTC))) as ledger:
            for report in ledger.runs(crm, 500):
                if report.state == "running":
                    yield f"{report.run} is said to be running"
            if ledger.unfinished_run(crm) is not None:
                yield "a run has not come to its end"
            if not ledger.unfinished_conversions(crm).is_empty():
                yield "a conversion is said to be unfinished"
            done = ledger.conversions(crm, list(made))
            missing = made.keys() - set(done.filter(done["state"] == "done")["id"])
            yield from (f"the ledger does not know that {lead} is converted" for lead in missing)
            for page in ledger.leads_facts(crm):
                for lead, written in page.select("id", "written").iter_rows():
                    yield from self._differences(lead, json.loads(written or "{}"))

    def _differences(self, lead: str, written: dict[str, Any]) -> Iterator[str]:
        names = [name for name in written if not (name == self.world.stage and lead in self.held)]
        if not names:
            return
        now = self.world.values(lead, *names)
        for name in names:
            if _plain(now[name]) != _plain(written[name]):
                yield f"{lead} {name}: the ledger has {written[name]!r}, the CRM {now[name]!r}"


_EDITED: dict[str, tuple[str, list[Any]]] = {
    "salesforce": ("NumberOfEmployees", [3, 40, 400, 4000]),
    "hubspot": ("numemployees", ["1-5", "25-50", "100-500", "1000+"]),
}
"""A field that people edit, and what they put there."""

_STAGE = {"salesforce": "SAL", "hubspot": "sal"}


def _plain(value: Any) -> Any:
    """A value without the accidents of its spelling."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value or None


def serve() -> None:
    """Fork a command for each line of the input, and say how it ended."""
    for line in sys.stdin:
        order = json.loads(line)
        told = Path(order["folder"]) / "died"
        child = os.fork()
        if child == 0:
            _command(order, told)
        if order["after"] is not None:
            time.sleep(order["after"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        _import_all(told / "modules")
        events = (told / "events").read_text().splitlines() if told.exists() else []
        err = (told / "err").read_text() if told.exists() else ""
        died = Died(os.waitstatus_to_exitcode(status), events, err)
        sys.stdout.write(json.dumps(vars(died)) + "\n")
        sys.stdout.flush()


def _command(order: dict[str, Any], told: Path) -> None:
    """The child: run the command with its events, and end with its exit code."""
    told.mkdir(exist_ok=True)
    os.chdir(order["folder"])
    os.environ |= order["environment"]
    sys.argv = ["leadgate", *order["words"]]
    code = 0
    with (told / "events").open("w") as events, (told / "err").open("w") as err:
        _hook(events, order["die_at"])
        with (told / "out").open("w") as out, redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 1
    (told / "modules").write_text("\n".join(sys.modules))
    os._exit(code)


def _import_all(listed: Path) -> None:
    """Import what a command has needed, so that the next one finds it there."""
    if not listed.exists():
        return
    for name in listed.read_text().splitlines():
        if name not in sys.modules:
            with suppress(Exception):
                import_module(name)
    listed.unlink()


def _hook(events: Any, die_at: list[Any] | None) -> None:
    """Make every write an event, and die at one of them."""
    came: Counter[str] = Counter()

    def event(what: str) -> None:
        events.write(f"{what}\n")
        events.flush()
        if die_at == [what, came[what]]:
            os.kill(os.getpid(), signal.SIGKILL)
        came[what] += 1

    def calls(real: Callable[..., Any]) -> Callable[..., Any]:
        def sent(self: Any, method: str, url: str, *rest: Any, **options: Any) -> Any:
            path = url.partition("?")[0].split("/", 3)[-1]
            if method == "GET" or any(each in f"/{path}" for each in READS):
                return real(self, method, url, *rest, **options)
            event(f"{method} {path} sent")
            answer = real(self, method, url, *rest, **options)
            event(f"{method} {path} answered")
            return answer

        return sent

    writer = database.writer

    @contextmanager
    def committed(engine: Any) -> Iterator[Any]:
        where = _caller()
        with writer(engine) as connection:
            yield connection
            event(f"ledger {where} written")
        event(f"ledger {where} committed")

    database.writer = leases.writer = committed
    Http.send = calls(Http.send)
    VersionedPool.urlopen = calls(VersionedPool.urlopen)


def _caller() -> str:
    """The name of the ledger's question that writes."""
    frame, names = sys._getframe(2), []
    while frame is not None and len(names) < 12:
        names.append((frame.f_code.co_filename, frame.f_code.co_name))
        frame = frame.f_back
    passed = ("writing", "_leasing", "__enter__", "inner", "enter_context")
    inside = [n for file, n in names if "connector" in file and n not in passed]
    return inside[0] if inside else "?"


if __name__ == "__main__":
    serve()
