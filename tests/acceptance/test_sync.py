"""A sync as it runs unattended: what it reports, what it writes, and what it leaves alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

REPORTED = (
    "run", "connection", "read", "judged", "unchanged", "written", "rejected", "skipped",
    "converted", "stages", "api_calls", "complete_to", "seconds",
)  # fmt: skip


def budget(world: World, *, pages: int, writes: int, conversions: int) -> float:
    """The calls that a sync may need: its pages and batches, six for the rest, and some slack."""
    batches = math.ceil(writes / world.batch) + math.ceil(conversions / 100)
    return 1.15 * (pages + batches + 6)


def test_report_tells_what_was_done(world: World) -> None:
    """The report's figures agree with each other and with the CRM's own record."""
    lead = world.plant("ada@planted.example")
    report = world.sync()
    assert set(REPORTED) <= set(report)
    assert report["connection"] == world.crm
    assert report["read"] == report["judged"] == sum(report["stages"].values())
    assert report["written"] == world.writes()
    assert report["converted"] == len(world.opportunities())
    assert lead in world.opportunities()
    assert report["planned"] == report["written"] + report["converted"]
    assert report["complete_to"]
    assert report["gap"] is None


def test_only_what_changed_is_read_and_written(world: World) -> None:
    """After one edit an incremental sync writes that lead alone, and no value that was there."""
    lead = world.plant("ada@planted.example", **_accepted(world, accepted=False))
    world.sync()
    world.sync()
    writes = world.writes()
    _accept(world, lead)
    report = world.sync()
    assert report["read"] <= 1
    assert report["converted"] == 1
    assert world.writes() - writes <= 2
    assert world.no_op_writes() == 0


def test_nothing_outside_the_mapped_fields_is_written(world: World) -> None:
    """By the CRM's own record the API wrote our fields only; every converted lead has one opportunity."""
    for number in range(3):
        world.plant(f"ada{number}@planted.example")
    report = world.sync()
    world.sync()
    assert world.fields_written() == world.mapped
    assert set(world.opportunities().values()) == {1}
    assert len(world.opportunities()) == report["converted"] >= 3


def test_edit_of_a_field_that_people_own_survives(world: World) -> None:
    """Under `unless_edited` a person's text stays, sync after sync; under `always` ours is put back."""
    name = "next_question"
    target = next(one for one in world.mapped if one.casefold().replace("__c", "").endswith(name))
    world.edit(
        f"mappings/{world.crm}.yaml",
        f"{name}: {target}",
        f"{name}: {{field: {target}, rule: unless_edited}}",
    )
    lead = world.plant("ada@planted.example", **_accepted(world, accepted=False))
    world.sync()
    score = world.values(lead, world.score)
    world.type(lead, **{target: "Ask Bob first", world.score: 3})
    for options in ((), ("--full",)):
        world.sync(*options)
        assert world.values(lead, target) == {target: "Ask Bob first"}
        assert world.values(lead, world.score) == score


def test_stage_that_a_rep_sets_is_taken_up(world: World) -> None:
    """A rep moves a lead along: the stage stays, and the verdict starts from it.

    The rep's word stands for the acceptance that the record lacks; the next gate, which nobody has
    opened yet, stays shut.
    """
    unknown: str | None = None if world.crm == "salesforce" else ""
    need = "Need_Fit__c" if world.crm == "salesforce" else "need_fit"
    status = _accepted(world, accepted=False)
    lead = world.plant("ada@planted.example", **status, **{need: unknown})
    world.sync()
    before = world.run("explain", lead, "--json").json["explanation"]["stage"]
    moved = world.values(lead, world.stage)[world.stage]
    assert before == moved.casefold() == "mql"
    world.type(lead, **{world.stage: _spelled(world, "sal")})
    world.sync()
    world.sync("--full")
    assert world.values(lead, world.stage)[world.stage].casefold() == "sal"
    assert world.run("explain", lead, "--json").json["explanation"]["stage"] == "sal"
    assert lead not in world.opportunities()


def test_salesforce_stays_within_its_budget_of_calls(make_world: Callable[..., World]) -> None:
    """Full and incremental syncs need no more calls than their pages and batches explain."""
    world = make_world("salesforce", 300)
    for number in range(5):
        world.plant(f"ada{number}@planted.example")
    for _ in ("full", "incremental"):
        seen = sum(world.calls().values())
        report = world.sync()
        allowed = budget(
            world,
            pages=max(1, math.ceil(report["read"] / 2000)),
            writes=report["written"],
            conversions=report["converted"],
        )
        assert report["api_calls"] == sum(world.calls().values()) - seen
        assert report["api_calls"] <= allowed


def test_hubspot_stays_within_its_budget_of_calls(make_world: Callable[..., World]) -> None:
    """Full and incremental syncs need no more calls than their pages and batches explain."""
    world = make_world("hubspot", 1000)
    for page in (100, 200):
        seen = sum(world.calls().values())
        report = world.sync()
        allowed = budget(
            world,
            pages=max(1, math.ceil(report["read"] / page)),
            writes=report["written"],
            conversions=report["converted"],
        )
        assert report["api_calls"] == sum(world.calls().values()) - seen
        assert report["api_calls"] <= allowed


def test_one_connection_that_fails_holds_up_no_other(make_world: Callable[..., World]) -> None:
    """Of two connections the first is refused by its CRM: that is told, the second is synced."""
    world = make_world("salesforce", 20)
    text = (world.folder / "leadgate.yaml").read_text()
    head, block = text.split("connections:\n")
    broken = block.replace("  salesforce:\n", "  broken:\n", 1)
    broken = broken.replace("${SALESFORCE_CLIENT_SECRET}", "not-the-secret")
    (world.folder / "leadgate.yaml").write_text(f"{head}connections:\n{broken}{block}")
    ran = world.run("sync", "--json")
    assert ran.code == 2
    assert "Check client_id and client_secret" in ran.err
    assert "not-the-secret" not in ran.err
    assert (ran.json["connection"], ran.json["state"]) == ("salesforce", "done")
    assert ran.json["written"] > 10


def _accepted(world: World, *, accepted: bool) -> dict[str, str]:
    """The planted lead's status, as a rep's acceptance or the lack of it."""
    if world.crm == "salesforce":
        return {"Status": "Working - Contacted" if accepted else "Open - Not Contacted"}
    return {"hs_lead_status": "IN_PROGRESS" if accepted else "NEW"}


def _accept(world: World, lead: str) -> None:
    world.type(lead, **_accepted(world, accepted=True))


def _spelled(world: World, stage: str) -> str:
    return stage.upper() if world.crm == "salesforce" else stage
