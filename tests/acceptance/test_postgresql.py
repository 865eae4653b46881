"""The same on PostgreSQL: a sync of either CRM with all that follows, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.postgresql import empty_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

PASSWORD = "pl4nted-p4ssw0rd"


def _on_postgresql(make_world: Callable[..., World], crm: str) -> World:
    """A world whose ledger is on PostgreSQL."""
    made = make_world(crm, 30, ready=False)
    address = empty_postgresql().replace("leadgate@", "leadgate:${LEDGER_PASSWORD}@")
    made.edit("leadgate.yaml", "sqlite:///leadgate.db", address)
    made.environment["LEDGER_PASSWORD"] = PASSWORD
    assert made.run("setup", crm, "--yes").code == 0
    return made


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_whole_way_on_postgresql(make_world: Callable[..., World], crm: str) -> None:
    """Sync, sync again, explain, undo, forget: each does what it does on SQLite."""
    world = _on_postgresql(make_world, crm)
    lead = world.plant("ada@planted.example")
    first = world.sync()
    wrote = world.writes()
    again = world.sync("--full")
    ran = [
        world.run("explain", lead, "--json"),
        world.run("rescore", "--json"),
        world.run("undo", first["run"], "--json"),
        world.run("forget", "ada@planted.example", "--json"),
        world.run("ledger", "info"),
    ]

    assert first["written"] == wrote > 0
    assert first["converted"] > 0
    assert (again["planned"], again["written"]) == (0, 0)
    assert [one.code for one in ran] == [0, 0, 0, 0, 0], [one.err for one in ran]
    assert ran[3].json["clean"]
    assert not (world.folder / "leadgate.db").exists()
    assert PASSWORD not in "".join(one.out + one.err for one in ran)


def test_killed_run_is_made_good_on_postgresql(make_world: Callable[..., World]) -> None:
    """SIGKILL while the CRM carries out what we asked: the next sync brings it to its end."""
    world = _on_postgresql(make_world, "salesforce")
    planted = [world.plant(f"ada{number}@planted.example") for number in range(3)]
    world.slow("convert", 0.6)
    command = [sys.executable, "-m", "connector", "sync", world.crm, "--json"]
    environment = {**os.environ, **world.environment}
    with subprocess.Popen(command, cwd=world.folder, env=environment) as running:
        deadline = time.monotonic() + 60
        while not world.slowed() and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    time.sleep(0.8)
    world.unslow()
    report = world.sync()

    assert len(report["resumed"]) == 1
    assert world.run("plan", world.crm, "--full", "--json").lines == []
    assert set(world.opportunities().values()) == {1}
    assert set(planted) <= world.opportunities().keys()
