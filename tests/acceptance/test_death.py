"""Runs that die in the middle, and runs that meet: nothing is lost and nothing is done twice."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from connector import wiring
from connector.crm.hubspot.adapter import HubSpotCrm
from connector.crm.salesforce.adapter import SalesforceCrm
from connector.engine.lease import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import World

ADAPTERS = {"salesforce": SalesforceCrm, "hubspot": HubSpotCrm}


class DiedError(Exception):
    """The end of a run that nobody foresaw."""


def plant_several(world: World, count: int = 4) -> list[str]:
    """Leads that a sync converts."""
    return [world.plant(f"ada{number}@planted.example") for number in range(count)]


def everything_landed(world: World, planted: list[str]) -> None:
    """Nothing is left to be done, and every converted lead has one opportunity."""
    world.sync()
    assert world.run("plan", world.crm, "--full", "--json").lines == []
    made = world.opportunities()
    assert set(made.values()) == {1}
    assert set(planted) <= set(made)


@pytest.mark.parametrize(("act", "answered"), [("write", True), ("convert", False)])
def test_run_that_fails_in_the_middle_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch, act: str, *, answered: bool
) -> None:
    """The CRM has done it and the program dies before, or after, it has written the answer down."""
    planted = plant_several(world)
    adapter = ADAPTERS[world.crm]
    real = getattr(adapter, act)

    def dying(*arguments: object) -> Iterator[object]:
        for outcomes in real(*arguments):
            if answered:
                yield outcomes
            raise DiedError

    monkeypatch.setattr(adapter, act, dying)
    died = world.run("sync")
    assert died.code == 1
    assert world.run("runs", "--json").lines[0]["state"] == "failed"
    monkeypatch.setattr(adapter, act, real)
    everything_landed(world, planted)


@contextmanager
def process(world: World) -> Iterator[subprocess.Popen[str]]:
    """A sync in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "connector", "sync", world.crm, "--json"],
        cwd=world.folder,
        env={**os.environ, **world.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
            running.communicate()


def wait_for(running: subprocess.Popen[str], world: World) -> None:
    """Wait until the CRM is busy with the process's slow request."""
    deadline = time.monotonic() + 60
    while not world.slowed():
        assert time.monotonic() < deadline
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("act", ["write", "convert"])
def test_killed_run_is_made_good(world: World, act: str) -> None:
    """SIGKILL while the CRM is busy with our request, which it then carries out.

    The next sync needs not wait: the process is gone for certain. It brings the dead run to its end,
    and no lead has two opportunities.
    """
    planted = plant_several(world)
    world.slow(act, 1.0)
    with process(world) as running:
        wait_for(running, world)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    time.sleep(1.2)
    world.unslow()
    (dead,) = world.run("runs", "--json").lines
    report = world.sync()
    assert report["resumed"] == [dead["run"]]
    assert world.run("runs", "--json").lines[-1]["state"] == "done"
    everything_landed(world, planted)


def test_sleeper_that_was_taken_for_dead_touches_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP in the middle of a run, another run takes over, SIGCONT: the first one only ends.

    It neither writes to the CRM nor to the ledger any more, and says why.
    """
    planted = plant_several(world)
    world.slow("write", 1.0)
    with process(world) as running:
        wait_for(running, world)
        running.send_signal(signal.SIGSTOP)
        time.sleep(1.2)
        world.unslow()
        assert "is under way" in world.run("sync").err
        real = wiring.clock
        later = dt.timedelta(seconds=LEASE_SECONDS + 1)
        monkeypatch.setattr(wiring, "clock", lambda: real() + later)
        everything_landed(world, planted)
        calls, runs = world.calls(), world.run("runs", "--json").lines
        running.send_signal(signal.SIGCONT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert f'Another run has taken the connection "{world.crm}" over' in err
    assert world.calls() == calls
    assert world.run("runs", "--json").lines == runs


def test_second_sync_of_a_connection_waits_for_the_first(world: World) -> None:
    """While one sync works, another is exit 1 with a clear word, and the first ends undisturbed."""
    planted = plant_several(world)
    world.slow("write", 3)
    with process(world) as running:
        wait_for(running, world)
        second = world.run("sync")
        out, err = running.communicate(timeout=60)
    assert second.code == 1
    assert f'Another run of "{world.crm}" is under way' in second.err
    assert f"leadgate runs {world.crm}" in second.err
    assert (running.returncode, err) == (0, "")
    assert '"state":"done"' in out
    world.unslow()
    everything_landed(world, planted)


def test_stopped_run_says_so_and_gives_the_connection_back(world: World) -> None:
    """Ctrl-C ends a sync with exit 130 and no traceback; the next one may begin at once."""
    planted = plant_several(world)
    world.slow("write", 1.0)
    with process(world) as running:
        wait_for(running, world)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    world.unslow()
    everything_landed(world, planted)
