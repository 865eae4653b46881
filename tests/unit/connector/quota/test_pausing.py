"""A run whose calls of the day are spent pauses with the best done first, and goes on later."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from connector.settings import load_project
from connector.wiring import open_ledger
from tests.support import HubSpotWorld, SalesforceWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

LEADS = 420


def day_of(world: World, calls: int) -> None:
    """Let the CRM take so many calls a day from now on."""
    if isinstance(world, SalesforceWorld):
        world.org.limit(most=calls)
    elif isinstance(world, HubSpotWorld):
        world.portal.config.daily = calls


def written_to(world: World) -> int:
    """How many leads bear a score of ours."""
    if isinstance(world, SalesforceWorld):
        there = world.org.rows(f"SELECT Id, {world.score} FROM Lead")  # noqa: S608 — our own names
        return sum(row[world.score] is not None for row in there)
    assert isinstance(world, HubSpotWorld)
    with world.portal.lock:
        contacts = world.portal.records.stores["contacts"].records.values()
        return sum(bool(one.properties.get(world.score)) for one in contacts)


def open_day(world: World, share: int) -> None:
    """A day that has so many calls for us, and of which nobody has used any yet."""
    day_of(world, share * 10 // 4)
    if isinstance(world, SalesforceWorld):
        world.org.limit(used=0)
    elif isinstance(world, HubSpotWorld):
        world.portal.limits.clear()


def lines_of(world: World, run: str) -> pl.DataFrame:
    """The lines of a run, with whether they move a stage, and what became of them."""
    with closing(open_ledger(load_project(world.folder, world.environment))) as ledger:
        lines = pl.concat(ledger.lines(run))
    move = pl.col("body").str.json_path_match(f'$["{world.stage}"]').is_not_null()
    return lines.with_columns(move=move, done=pl.col("outcome").is_not_null())


def paused(world: World) -> dict[str, Any]:
    """The report of a sync that pauses."""
    ran = world.run("sync", "--json")
    report = ran.json
    assert (ran.code, report["state"], report["complete_to"]) == (3, "paused: quota", None)
    assert report["quota"]["needs"] > report["quota"]["left"]
    assert f"More come from {report['quota']['back_at']} on." in report["message"]
    return report


@pytest.mark.parametrize(("crm", "share"), [("hubspot", 16), ("salesforce", 10)])
def test_spent_quota_pauses_and_the_next_run_goes_on(
    make_world: Callable[..., World], crm: str, share: int
) -> None:
    """Conversions are all done, then stage moves; the rest waits, and is done once on the next day."""
    world = make_world(crm, LEADS)
    planted = world.plant("ada@planted.example")
    open_day(world, share)
    first = paused(world)
    assert first["read"] == first["judged"] > LEADS * 0.9
    lines = lines_of(world, first["run"])
    conversions = lines.filter(kind="convert")
    assert conversions["done"].all()
    made = conversions.filter(outcome="applied").height  # the CRM may refuse one for its owner
    assert first["converted"] == made == len(world.opportunities()) > 1
    changes = lines.filter(kind="change").join(conversions, on="id", how="anti")
    assert not changes["done"].all()
    if not changes.filter("move")["done"].all():
        assert changes.filter("done")["move"].all()
    assert first["written"] == lines.filter(kind="change")["done"].sum() == written_to(world)
    waiting = lines.filter(~pl.col("done")).height
    assert f"Planned and not yet done: {waiting} changes" in first["message"]
    assert f"go on later with: leadgate sync {crm}" in first["message"]

    assert world.run("sync").code == 3  # the day is as spent as before
    assert written_to(world) == first["written"]

    day_of(world, 100_000)
    second = world.sync()
    assert (second["state"], second["resumed"]) == ("done", [first["run"]])
    assert lines_of(world, first["run"])["done"].all()
    assert written_to(world) == lines.filter(kind="change").height
    assert set(world.opportunities().values()) == {1}
    assert planted in world.opportunities()
    assert world.no_op_writes() == 0


READING = {
    "hubspot": ("GET",),
    "salesforce": ("GET /sobjects", "GET /queryAll", "GET /query/", "POST /services/oauth2"),
}
"""Calls that a sync makes before it writes."""


@pytest.mark.parametrize("crm", sorted(READING))
def test_forecast_is_what_it_takes(make_world: Callable[..., World], crm: str) -> None:
    """`plan` says how many calls its plan needs; the sync after it makes just as many."""
    world = make_world(crm)
    world.plant("ada@planted.example")
    plan = world.run("plan", crm)
    (said,) = re.findall(
        r"This plan needs about (\d+) calls; [\d,]+ of [\d,]+ left today", plan.out
    )
    before = world.calls()
    report = world.sync()
    made = {name: count - before.get(name, 0) for name, count in world.calls().items()}
    writing = sum(n for name, n in made.items() if not name.startswith(READING[crm]))
    assert report["quota"]["needs"] == writing
    assert int(said) == writing + 1  # applied from a file, the records are read again
    assert report["quota"]["left"] < report["quota"]["of"] < report["quota"]["day"]
