"""A ledger, and worlds of few leads on the local CRMs."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from connector import wiring
from connector.ledger import SqlLedger, open_ledger
from connector.settings import load_project
from tests.support import WORLDS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LEADS = 40
CRMS = ("salesforce", "hubspot")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger whose clock stands still."""
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: NOW)) as opened:
        yield opened


@pytest.fixture(params=CRMS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A project on a local CRM, set up and synced once."""
    folder = tmp_path / request.param
    folder.mkdir()
    made: World = WORLDS[request.param](folder, LEADS)
    with closing(made):
        assert made.run("setup", request.param, "--yes").code == 0
        made.sync()
        yield made


@pytest.fixture
def ledger_of() -> Iterator[Callable[[World], tuple[SqlLedger, wiring.Files]]]:
    """Opens the ledger of a world, with the files of its connection."""
    opened: list[SqlLedger] = []

    def open_(world: World) -> tuple[SqlLedger, wiring.Files]:
        project = load_project(world.folder, world.environment)
        opened.append(wiring.open_ledger(project))
        return opened[-1], wiring.load_files(project, world.crm)

    yield open_
    for each in opened:
        each.close()
