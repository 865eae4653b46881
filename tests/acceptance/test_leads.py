"""Looking at leads, converting one, the funnel, rejects and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from tests.support import World


def explained(world: World, lead: str) -> dict[str, Any]:
    """A lead's explanation."""
    return world.run("explain", lead, "--json").json["explanation"]


def test_explanation_sums_up_to_the_score(world: World) -> None:
    """The lines add up to the score that stands in the CRM, for hot, cold and odd leads alike."""
    leads = [world.plant("ada@planted.example"), world.plant("bob@planted.example", **_cold(world))]
    changed = world.run("plan", world.crm, "--json").lines[:5]
    world.sync()
    for lead in [*leads, *(line["id"] for line in changed)]:
        why = explained(world, lead)
        assert sum(line["points"] for line in why["lines"]) == pytest.approx(why["score"], abs=1e-9)
        if why["stage"] != "opportunity":
            assert float(world.values(lead, world.score)[world.score]) == why["score"]


def test_explanation_says_what_is_missing_and_what_to_ask(world: World) -> None:
    """By e-mail address, for people: score, gates, missing criteria and the next question."""
    world.plant("bob@planted.example", **_cold(world))
    world.sync()
    ran = world.run("explain", "bob@planted.example")
    assert ran.code == 0, ran.err
    for word in ("together", "MQL", "Missing", "Ask next:"):
        assert word in ran.out


def test_unknown_lead_is_refused_with_the_next_command(world: World) -> None:
    """A lead that was never read is exit 2, and the message says how to read it."""
    ran = world.run("explain", "nobody@nowhere.example")
    assert ran.code == 2
    assert "leadgate sync" in ran.err
    assert "nobody@nowhere.example" not in ran.err


def test_one_lead_is_converted_by_hand(world: World) -> None:
    """Without --yes only the fields are shown; with it one opportunity is made; then it is refused."""
    lead = world.plant("bob@planted.example", **_cold(world))
    world.sync()
    before = world.opportunities()
    shown = world.run("convert", "bob@planted.example", "--json")
    assert (shown.code, world.opportunities()) == (0, before)
    assert any("Planted Works" in str(v) for v in shown.json["opportunity"].values())
    done = world.run("convert", lead, "--yes", "--json")
    assert (done.code, done.json["kind"], done.json["converted"]) == (0, "convert", 1), done.err
    assert world.opportunities() == before | {lead: 1}
    world.sync()
    again = world.run("convert", lead, "--yes")
    assert again.code == 2
    assert "converted already" in again.err
    assert world.opportunities() == before | {lead: 1}


def test_converted_lead_is_left_alone(world: World) -> None:
    """What was converted is neither converted nor written again, however often it is synced."""
    lead = world.plant("ada@planted.example")
    world.sync()
    writes = world.writes()
    world.sync("--full")
    assert world.opportunities()[lead] == 1
    assert world.writes() == writes


def test_funnel_counts_every_lead(world: World) -> None:
    """Reached numbers fall from stage to stage; the sources add up to the whole."""
    world.plant("ada@planted.example")
    report = world.sync()
    ran = world.run("funnel", "--json", "--by", "source")
    found = ran.json
    reached = [row["reached"] for row in found["stages"]]
    assert reached[0] == report["judged"]
    assert reached == sorted(reached, reverse=True)
    now = {row["stage"]: row["now"] for row in found["stages"]} | found["aside"]
    assert {stage: n for stage, n in now.items() if n} == report["stages"]
    for place, count in enumerate(reached):
        parts = [group["stages"][place]["reached"] for group in found["by"]["source"]]
        assert sum(parts) == count
    table = world.run("funnel")
    assert (table.code, "opportunity" in table.out) == (0, True)


def test_runs_lists_what_was_done(world: World) -> None:
    """Every run is listed, newest first, with the figures of its own report."""
    first = world.sync()
    world.run("plan", world.crm)
    second = world.sync()
    listed = world.run("runs", "--json").lines
    assert [run["kind"] for run in listed] == ["sync", "plan", "sync"]
    assert listed[0] == second
    assert listed[2] == first
    assert len(world.run("runs", "--json", "--limit", "1").lines) == 1
    assert first["run"] in world.run("runs", world.crm).out


def test_command_outside_of_a_project_says_how_to_make_one(tmp_path: Any) -> None:
    """In a folder without leadgate.yaml every command is exit 2 and names `leadgate init`."""
    for command in ("sync", "check", "runs", "funnel", "rejects"):
        ran = leadgate(tmp_path, command)
        assert ran.code == 2
        assert "leadgate init" in ran.err


def _cold(world: World) -> dict[str, Any]:
    """What makes the planted lead one that nobody has spoken to yet."""
    if world.crm == "salesforce":
        return {"Status": "Open - Not Contacted", "Need_Fit__c": None, "Budget_Approved__c": None}
    return {"hs_lead_status": "NEW", "need_fit": "", "budget_approved": ""}
