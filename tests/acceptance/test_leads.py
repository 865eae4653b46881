"""Looking at leads, converting one, the funnel, rejects and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World


@pytest.fixture
def rejecting(make_world: Callable[..., World]) -> World:
    """A Salesforce org with a validation rule that refuses three of our writes, each time."""
    world = make_world("salesforce")
    rule = {"kind": "validation", "object": "Lead", "field": world.score, "times": 3}
    world.org.faults([rule | {"message": "Ask planted.person@private.example first"}])
    return world


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


def test_rejects_end_with_exit_code_3_and_a_remedy(rejecting: World) -> None:
    """What the CRM refuses is exit 3; rejects names code, field, remedy and record, no address."""
    ran = rejecting.run("sync", "--json")
    assert (ran.code, ran.json["rejected"], ran.json["state"]) == (3, 3, "done with rejects")
    listed = rejecting.run("rejects", "--json")
    rejected = [line for line in listed.lines if line.get("outcome") != "data problem"]
    assert len(rejected) == 3
    for line in rejected:
        assert line["code"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        assert line["remedy"]
        assert line["id"].startswith("00Q")
    assert "planted.person" not in listed.out
    table = rejecting.run("rejects")
    assert "3 × FIELD_CUSTOM_VALIDATION_EXCEPTION" in table.out
    assert "→" in table.out


def test_rejected_record_is_left_alone_until_it_changes(rejecting: World) -> None:
    """The next sync does not try a rejected record again; after an edit it does, and it lands."""
    rejecting.run("sync", "--json")
    listed = rejecting.run("rejects", "--json").lines
    lead = next(line["id"] for line in listed if line.get("outcome") != "data problem")
    again = rejecting.run("sync", "--json")
    assert (again.code, again.json["written"], again.json["rejected"]) == (0, 0, 0)
    rejecting.type(lead, Title="Director")
    mended = rejecting.run("sync", "--json")
    assert (mended.code, mended.json["written"], mended.json["rejected"]) == (0, 1, 0)
    assert rejecting.values(lead, rejecting.score)[rejecting.score] is not None


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
