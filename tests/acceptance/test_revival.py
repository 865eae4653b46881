"""Revival from end to end: shown, planned, applied, seen in the CRM, and never done twice."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.support import SalesforceWorld

MODEL = "scoring/model.yaml"


def test_stalled_leads_get_a_task_once(tmp_path):
    """A saved plan touches whom it names; `revive` finds nothing left to do; the CRM has the tasks."""
    with closing(SalesforceWorld(tmp_path, 24)) as world:
        _make_ready(world)
        world.sync()

        shown = world.run("revive", world.crm, "--plan", "--all", "--json").lines
        wanted = {row["id"] for row in shown[:-1] if row["decision"] == "touch"}
        world.edit(MODEL, "run: by_command", "run: with_sync")
        planned = world.run("plan", world.crm, "--out", "plan.jsonl", "--json").lines
        before = {row["Id"] for row in world.org.rows("SELECT Id FROM Task")}
        applied = world.run("apply", "plan.jsonl", "--json").json
        again = world.run("revive", world.crm, "--json").json
        tasks = world.org.rows("SELECT Id, WhoId FROM Task")
        tasked = sorted(row["WhoId"] for row in tasks if row["Id"] not in before)
        explained = world.run("explain", tasked[0], "--json").json
        lift = world.run("revive", world.crm, "--lift", "--json").lines

    assert wanted
    assert {row["id"] for row in planned if row["kind"] == "touch"} == wanted
    assert shown[-1]["touch"] == applied["touched"] + applied["rejected"] == len(wanted)
    assert (again["touched"], again["rejected"]) == (0, 0)
    assert len(set(tasked)) == len(tasked) == applied["touched"] > applied["rejected"]
    assert set(tasked) <= wanted  # a queue's leads have nobody who could do the task
    assert [(t["step"], t["channel"], t["state"]) for t in explained["touches"]] == [
        (1, "task", "applied")
    ]
    assert (lift[0]["treated"], lift[0]["treated_back"]) == (len(wanted), 0)


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_sync_carries_its_touches(make_world, crm):
    """With `run: with_sync` a sync makes the tasks, the next one none, and too many stop it."""
    world = make_world(crm, leads=24)
    _make_ready(world)
    world.sync()
    wanted = world.run("revive", crm, "--plan", "--json").lines[-1]["touch"]
    world.edit(MODEL, "run: by_command", "run: with_sync")
    before = _tasks(world)

    world.edit("leadgate.yaml", "connections:", "brake: {first_run_share: 1%}\nconnections:")
    braked = world.run("sync", "--json")
    stopped = _tasks(world)
    world.edit("leadgate.yaml", "first_run_share: 1%", "first_run_share: 100%")
    first = world.run("sync", "--json").json
    made = _tasks(world)
    again = world.run("sync", "--json").json

    assert (braked.code, braked.json["state"], stopped) == (3, "stopped", before)
    assert first["touched"] + first["rejected"] == wanted > 0
    assert made - before == first["touched"] > 0
    assert (again["touched"], again["planned"], _tasks(world)) == (0, 0, made)


def _tasks(world):
    """How many tasks there are in the CRM."""
    if world.crm == "salesforce":
        return len(world.org.rows("SELECT Id FROM Task"))
    with world.portal.lock:
        return len(world.portal.records.stores["tasks"].records)


def test_a_model_without_revival_says_so(tmp_path):
    """The command names the section that is missing."""
    with closing(SalesforceWorld(tmp_path, 1)) as world:
        path = tmp_path / MODEL
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: text.index("revival:")], encoding="utf-8")
        ran = world.run("revive", world.crm, "--plan")

    assert ran.code == 2
    assert "revival:" in ran.err


def _make_ready(world):
    """Fields to write to, and a model in which leads stall soon and no hour is quiet."""
    world.run("setup", world.crm, "--yes")
    path = world.folder / MODEL
    text = path.read_text(encoding="utf-8")
    head, _, _ = text.partition("  cadences:")
    for old, new in (
        ('{from: "18:00", to: "09:00", days: [saturday, sunday]}', '{from: "00:00", to: "00:00", days: []}'),
        ("{lead: 90, mql: 60, sal: 21, sql: 21, recycled: 180}", "{lead: 5, mql: 5, sal: 5, sql: 5}"),
        ("rep_active_days: 14", "rep_active_days: 1"),
        ("hold_out: 10%", "hold_out: 0"),
    ):  # fmt: skip
        assert old in head
        head = head.replace(old, new)
    cadences = "  cadences: [{name: any, steps: [{channel: task}]}]\n"
    path.write_text(head + cadences, encoding="utf-8")
