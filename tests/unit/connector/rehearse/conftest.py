"""Live orgs that are peculiar, and how a rehearsal reads them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connector import wiring
from connector.rehearsal.folder import write_rehearsal
from connector.rehearsal.local import open_local
from connector.rehearsal.snapshot import take_snapshot
from connector.settings import load_project
from tests.support import WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.rehearsal.snapshot import Taken
    from mappings.schema import CrmSchema
    from tests.support import World


class Quiet:
    """Progress that nobody watches."""

    def begin(self, step: str, total: int | None) -> None:
        """Nothing happens."""

    def advance(self, rows: int) -> None:
        """Nothing happens."""


@contextmanager
def world(crm: str, folder: Path, leads: int, **config: Any) -> Iterator[World]:
    """A project and its live (local) CRM, stopped afterwards."""
    made: World = WORLDS[crm](folder, leads, **config)
    try:
        yield made
    finally:
        made.close()


def taken_of(live: World, wanted: int) -> Taken:
    """What a rehearsal reads of this CRM."""
    project = load_project(live.folder, live.environment)
    return take_snapshot(project, wiring.load_files(project, live.crm), wanted, Quiet())


def copied_schema(live: World, taken: Taken, folder: Path) -> CrmSchema:
    """How the copy of what was taken describes itself to the ordinary adapter."""
    project = load_project(live.folder, live.environment)
    local = open_local(taken.snapshot, {}, seed=1)
    with local.served:
        made = write_rehearsal(
            project, live.crm, folder, keys=local.keys, environment=local.environment
        )
        crm = wiring.open_crm(made, wiring.load_files(made, live.crm).settings)
        try:
            return crm.describe()
        finally:
            crm.close()
