"""A sync that died goes on where it was: finished pages are not read again, and nothing is missed."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from connector.crm.hubspot import pulling
from connector.crm.hubspot.adapter import HubSpotCrm
from connector.crm.salesforce.adapter import SalesforceCrm
from connector.ledger import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.engine.ports import Page
    from tests.support import World

ADAPTERS = {"salesforce": SalesforceCrm, "hubspot": HubSpotCrm}
LEADS = 450
"""Three pages of each CRM, as pages are made here."""


class DiedError(Exception):
    """The end of a run that nobody foresaw."""


class Reading:
    """Watches what is pulled: from which place, and how many leads; dies after so many pages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, crm: str) -> None:
        self.pulls: list[tuple[str | None, int]] = []
        self.die_after: int | None = None
        monkeypatch.setattr(pulling, "_ROWS", 200)
        adapter = ADAPTERS[crm]
        real = adapter.pull
        watch = self

        def pull(self: Any, *given: Any, after: str | None = None) -> Iterator[Page]:
            watch.pulls.append((after, 0))
            for number, page in enumerate(real(self, *given, after=after)):
                if number == watch.die_after:
                    raise DiedError
                watch.pulls[-1] = (after, watch.pulls[-1][1] + page.leads.height)
                yield page

        monkeypatch.setattr(adapter, "pull", pull)


@pytest.fixture(params=["salesforce", "hubspot"])
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A world of three pages that was never read."""
    return make_world(request.param, LEADS)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, world: World) -> Reading:
    """A sync that has died after its first page."""
    watch = Reading(monkeypatch, world.crm)
    watch.die_after = 1
    assert world.run("sync", "--release", "test").code == 1
    watch.die_after = None
    return watch


def test_dead_sync_goes_on_after_its_last_page(world: World, reading: Reading) -> None:
    """Its own window is read to its end under its own id; the next sync's window begins there."""
    (dead,) = world.run("runs", "--json").lines
    done = reading.pulls[0][1]
    ran = world.run("sync", "--release", "test", "--json")
    first, second = ran.lines
    assert (first["run"], first["gap"]) == (dead["run"], None)
    assert first["state"].startswith("done")
    assert second["resumed"] == [dead["run"]]
    place, left = reading.pulls[1]
    assert place is not None
    assert done > 0 < left
    assert first["read"] == first["judged"] == done + left
    others = first["converted"] + first["rejected"] + first["skipped"]
    assert first["written"] == first["planned"] - others > 0
    assert second["window_from"] == first["complete_to"]
    world.sync("--release", "test")
    plan = world.run("plan", world.crm, "--full", "--json").lines
    assert [line for line in plan if "id" in line] == []
    assert set(world.opportunities().values()) <= {1}


def test_edit_after_the_death_is_respected(world: World, reading: Reading) -> None:
    """A person who fills a field between death and resume is not overwritten with the old plan."""
    lead = world.plant("late@planted.example")
    (path,) = world.folder.rglob("*.db")
    (dead,) = world.run("runs", "--json").lines
    with closing(open_ledger(f"sqlite:///{path}", clock=lambda: datetime.now(UTC))) as ledger:
        page = next(ledger.lines(dead["run"], kind="change"))
    edited = page["id"][0]
    stage = {"salesforce": "SAL", "hubspot": "sal"}[world.crm]
    world.type(edited, **{world.stage: stage})
    first, _ = world.run("sync", "--release", "test", "--json").lines
    assert first["skipped"] >= 1
    world.sync("--release", "test")
    assert world.values(edited, world.stage)[world.stage] == stage
    assert world.opportunities()[lead] == 1


@pytest.mark.parametrize("world", ["hubspot"], indirect=True)
def test_changed_mapping_begins_anew(world: World, reading: Reading) -> None:
    """What a dead run has planned by another mapping is not carried out, and all is read again."""
    world.edit("mappings/" + world.crm + ".yaml", "rule: unless_edited", "rule: always")
    report = world.sync("--release", "test")
    assert report["resumed"] == []
    assert reading.pulls[1][0] is None
    assert report["read"] == sum(count for _, count in reading.pulls[1:])
    again = world.sync("--release", "test")
    assert again["resumed"] == []


@pytest.mark.parametrize("world", ["salesforce"], indirect=True)
def test_full_begins_anew(world: World, reading: Reading) -> None:
    """Who asks for everything gets everything, read by one run."""
    ran = world.run("sync", "--full", "--release", "test", "--json")
    (report,) = ran.lines
    assert report["resumed"] == []
    assert report["read"] == reading.pulls[1][1] > LEADS // 2
    assert world.sync("--release", "test")["resumed"] == []


def test_run_that_dies_twice_goes_on_twice(world: World, reading: Reading) -> None:
    """A resumed run that dies again goes on from where it came to."""
    reading.die_after = 1
    assert world.run("sync", "--release", "test").code == 1
    reading.die_after = None
    first, _ = world.run("sync", "--release", "test", "--json").lines
    assert [place is None for place, _ in reading.pulls[:3]] == [True, False, False]
    assert first["read"] == sum(count for _, count in reading.pulls[:3])
    assert first["gap"] is None
