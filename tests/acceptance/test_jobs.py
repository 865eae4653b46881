"""Unattended runs as a user has them: `run` in a process of its own, stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from connector import wiring
from connector.settings import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import World

NEVER = "0 0 29 2 *"
"""A schedule that is not due while a test runs."""


@contextmanager
def serving(world: World) -> Iterator[subprocess.Popen[str]]:
    """`leadgate run` in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "connector", "run"],
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


def due_now(world: World) -> None:
    """Have the connection run as soon as somebody looks."""
    with closing(wiring.open_ledger(load_project(world.folder, world.environment))) as ledger:
        ledger.go_on(world.crm)


def wait_until(world: World, state: str) -> None:
    """Wait for the latest run to be in a state."""
    deadline = time.monotonic() + 60
    while [run["state"] for run in world.run("runs", "--json", "--limit", "1").lines] != [state]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def scheduled(world: World) -> World:
    """A world with a schedule that is due only when the test says so."""
    world.edit("leadgate.yaml", "*/15 * * * *", NEVER)
    due_now(world)
    return world


@pytest.mark.parametrize("world", ["salesforce"], indirect=True)
def test_a_killed_worker_is_replaced_and_a_told_one_stops_cleanly(scheduled: World) -> None:
    """SIGKILL in the middle of a run, another worker goes on with it, SIGTERM ends that one with 0."""
    scheduled.slow("write", 3.0)
    with serving(scheduled) as first:
        while not scheduled.slowed():
            assert first.poll() is None, first.communicate()
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
    scheduled.unslow()
    with serving(scheduled) as second:
        wait_until(scheduled, "done")
        second.send_signal(signal.SIGTERM)
        out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert "its worker died" in err
    assert out == ""
    (row,) = scheduled.run("schedule", "--json").lines
    assert (row["cron"], row["paused"], row["message"]) == (NEVER, None, None)
    scheduled.sync()
    assert scheduled.run("plan", scheduled.crm, "--full", "--json").lines == []


@pytest.mark.parametrize("world", ["hubspot"], indirect=True)
def test_schedule_shows_what_comes_and_what_is_paused(scheduled: World) -> None:
    """`schedule` names the next times, and after `pause` the reason instead."""
    assert NEVER in scheduled.run("schedule").out
    assert scheduled.run("pause", "hubspot", "--why", "moving house").code == 0
    assert "moving house" in scheduled.run("schedule").out
    assert scheduled.run("schedule", "--json").json["next"] == []
    assert scheduled.run("resume", "hubspot").code == 0
    assert len(scheduled.run("schedule", "--json", "--next", "2").json["next"]) == 2
    assert scheduled.run("pause", "hubspt").code == 2
    assert 'did you mean "hubspot"' in scheduled.run("pause", "hubspt").err.lower()


@pytest.mark.parametrize("world", ["hubspot"], indirect=True)
def test_a_wrong_schedule_is_refused_with_its_place(world: World) -> None:
    """The place in the file, what is wrong, and no traceback."""
    world.edit("leadgate.yaml", "*/15 * * * *", "*/15 * *")
    ran = world.run("schedule")
    assert ran.code == 2
    assert "leadgate.yaml:" in ran.err
    assert "five fields" in ran.err
