"""One settled project per CRM for many symptoms: each test brings leads of its own."""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import make_world  # noqa: F401 — a fixture
from tests.support import WORLDS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LEADS = 12

DIRTY: set[str] = set()
"""The CRMs whose leads a test has left for the next sync to do."""


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Worlds by the CRM's name, set up and synced once, made when they are first asked for."""
    made: dict[str, World] = {}

    def find(crm: str) -> World:
        if crm not in made:
            world = WORLDS[crm](tmp_path_factory.mktemp(crm), LEADS)
            assert world.run("setup", crm, "--yes").code == 0
            world.sync()
            made[crm] = world
        return made[crm]

    yield find
    for world in made.values():
        world.close()


def _left_alone(world: World) -> World:
    """The world after what other tests may have left: no faults, and everything synced."""
    world.unslow()
    if DIRTY & {world.crm}:
        world.sync("--release", "whatever was left")
        DIRTY.discard(world.crm)
    return world


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, settled: Callable[[str], World]) -> Iterator[World]:
    """The settled world of either CRM."""
    found = _left_alone(settled(request.param))
    yield found
    found.unslow()


@pytest.fixture
def salesforce(settled: Callable[[str], World]) -> Iterator[World]:
    """The settled world of Salesforce alone."""
    found = _left_alone(settled("salesforce"))
    yield found
    found.unslow()


@pytest.fixture
def hubspot(settled: Callable[[str], World]) -> Iterator[World]:
    """The settled world of HubSpot alone."""
    found = _left_alone(settled("hubspot"))
    yield found
    found.unslow()


@pytest.fixture
def own_files(tmp_path: Path) -> Callable[[World], World]:
    """The same CRM with a copy of the project, whose files and ledger a test may change."""

    def copied(world: World) -> World:
        DIRTY.add(world.crm)
        mine = copy.copy(world)
        mine.folder = shutil.copytree(world.folder, tmp_path / "project")
        return mine

    return copied
