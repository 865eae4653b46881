"""Worlds to work in: a project on each local CRM, set up but not yet synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import WORLDS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LEADS = 90


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds by the CRM's name; they end with the test."""
    made: list[World] = []

    def build(crm: str, leads: int = LEADS, *, ready: bool = True, **config: object) -> World:
        folder = tmp_path / f"{crm}-{len(made)}"
        folder.mkdir()
        world: World = WORLDS[crm](folder, leads, **config)
        made.append(world)
        if ready:
            assert world.run("setup", crm, "--yes").code == 0
        return world

    yield build
    for world in made:
        world.close()


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A world of either CRM, with the fields that leadgate writes."""
    return make_world(request.param)
