"""SIGKILL at every kind of write: whatever dies and whenever, the next sync makes it good.

All points, one by one, and random moments: tests/benchmarks/kills.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.killing import Audited, Zygote, counted, zygote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import World

LEADS = 8
POINTS = (
    "keep_position committed",
    "together written",
    "together committed",
    "update sent",
    "update answered",
    "intend_conversions committed",
    "convert sent",
    "convert answered",
    "together written last",
    "release_lease written",
)
"""Where a sync is killed, in the order of a run; `update` and `convert` are calls to the CRM."""

CALLS = {
    "salesforce": {"update": "composite/sobjects", "convert": "/Soap/"},
    "hubspot": {"update": "contacts/batch/update", "convert": "deals/batch/create"},
}


@pytest.fixture(scope="module")
def forks() -> Iterator[Zygote]:
    """Runs commands in forks, and kills them."""
    with zygote() as made:
        yield made


def place(point: str, crm: str, events: list[str]) -> tuple[str, int]:
    """The event that a point names, and which of its kind, in a run that had these events."""
    what, when, *rest = point.split()
    sought = CALLS[crm].get(what, what)
    found = [each for each in counted(events) if sought in each[0] and each[0].endswith(when)]
    assert found, f"{point} is not among {events}"
    return found[-1 if rest else 0]


@pytest.fixture
def world(request: pytest.FixtureRequest, make_world) -> World:
    """A world that has settled."""
    made = make_world(request.param, LEADS)
    for _ in range(2):
        made.sync("--release", "test")
    return made


@pytest.mark.parametrize("world", ["salesforce", "hubspot"], indirect=True)
def test_killed_at_each_kind_of_write(world: World, forks: Zygote) -> None:
    """One opportunity per lead, no lost update, people's edits kept, ledger and CRM of one mind."""
    audited = Audited(world)
    audited.people_work()
    whole = forks.run(world, "sync", world.crm, "--json")
    assert whole.code == 0, whole.err
    for point in POINTS:
        audited.people_work()
        killed = forks.run(world, "sync", world.crm, die_at=place(point, world.crm, whole.events))
        assert killed.code == -9, (point, killed.err)
        world.sync("--release", "test")
        assert audited.faults(whole=point == POINTS[-1]) == [], point
