"""Looking first: plan, plan files, and applying exactly what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connector.wiring import default_model_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import World


def planned(world: World) -> list[dict[str, Any]]:
    """The plan's lines, without the forecast of calls that comes last."""
    *lines, forecast = world.run("plan", world.crm, "--json").lines
    assert forecast["kind"] == "forecast"
    return lines


def saved(world: World) -> Path:
    """A saved plan."""
    ran = world.run("plan", world.crm, "--out", "first.plan")
    assert ran.code == 0, ran.err
    return world.folder / "first.plan"


def same(text: str | None, found: Any) -> bool:
    """Whether a field holds what a plan line says."""
    if text is None:
        return found in (None, "")
    if isinstance(found, float):
        return float(text) == found
    return text == str(found)


def test_plan_shows_every_change_and_writes_nothing(world: World) -> None:
    """Each line names the record, every field from what to what, and the reason; nothing happens."""
    lead = world.plant("ada@planted.example")
    lines = planned(world)
    assert world.writes() == 0
    changes = {line["id"]: line for line in lines if line["kind"] == "change"}
    assert set(changes[lead]["fields"]) <= world.mapped
    assert changes[lead]["fields"][world.score]["from"] is None
    assert changes[lead]["reason"]
    (conversion,) = [x for x in lines if x["kind"] == "convert" and x["id"] == lead]
    assert any("Planted Works" in str(value) for value in conversion["opportunity"].values())


def test_detailed_exit_code_tells_changes_from_none(world: World) -> None:
    """2 while something would change, 0 once a sync has done it; without the option always 0."""
    assert world.run("plan", world.crm, "--detailed-exitcode").code == 2
    assert world.run("plan", world.crm).code == 0
    world.sync()
    after = world.run("plan", world.crm, "--detailed-exitcode", "--json")
    assert (after.code, after.lines) == (0, [])


def test_looking_leaves_no_trace_in_the_next_sync(world: World) -> None:
    """A plan moves no watermark: the sync after it does everything that the plan showed."""
    lines = planned(world)
    report = world.sync()
    assert report["written"] == sum(line["kind"] == "change" for line in lines)
    assert report["converted"] == sum(line["kind"] == "convert" for line in lines)


def test_apply_does_exactly_the_plan(world: World) -> None:
    """After `apply FILE` every planned field holds the planned value, and no other was written."""
    world.plant("ada@planted.example")
    lines = planned(world)
    path = saved(world)
    ran = world.run("apply", str(path), "--json")
    assert ran.code == 0, ran.err
    changes = [line for line in lines if line["kind"] == "change"]
    converts = [line["id"] for line in lines if line["kind"] == "convert"]
    report = ran.json
    assert (report["kind"], report["planned"]) == ("apply", len(lines))
    assert (report["written"], report["converted"]) == (len(changes), len(converts))
    for line in changes:
        found = world.values(line["id"], *line["fields"])
        wrong = [n for n, pair in line["fields"].items() if not same(pair["to"], found[n])]
        assert wrong == []
    assert world.opportunities() == dict.fromkeys(converts, 1)
    assert world.fields_written() <= world.mapped
    assert world.run("plan", world.crm, "--detailed-exitcode").code == 0


def test_plan_file_is_for_its_owner_only(world: World) -> None:
    """A plan holds values of leads, so nobody else may read it."""
    assert saved(world).stat().st_mode & 0o077 == 0


def test_record_that_a_person_has_changed_since_is_skipped(world: World) -> None:
    """A value that a line would replace was edited by hand: the line is skipped, and it is said."""
    lead = world.plant("ada@planted.example")
    path = saved(world)
    world.type(lead, **{world.score: 7})
    ran = world.run("apply", str(path), "--json")
    assert ran.json["skipped"] >= 1
    assert float(world.values(lead, world.score)[world.score]) == 7
    assert lead not in world.opportunities()


def test_applying_a_plan_twice_changes_nothing_more(world: World) -> None:
    """The second time every line is stale; no field is written again and nobody converted again."""
    world.plant("ada@planted.example")
    path = saved(world)
    first = world.run("apply", str(path), "--json").json
    writes = world.writes()
    second = world.run("apply", str(path), "--json").json
    assert (second["written"], second["converted"]) == (0, 0)
    assert second["skipped"] == first["planned"]
    assert world.writes() == writes
    assert set(world.opportunities().values()) == {1}


def test_edited_plan_file_is_refused(world: World) -> None:
    """A plan that was changed by hand is not applied at all."""
    path = saved(world)
    rows = path.read_bytes().splitlines(keepends=True)
    line = orjson.loads(rows[1])
    line["fields"][world.score]["to"] = "99"
    rows[1] = orjson.dumps(line) + b"\n"
    path.write_bytes(b"".join(rows))
    ran = world.run("apply", str(path))
    assert ran.code == 2
    assert "was changed after it was made" in ran.err
    assert world.writes() == 0


def test_plan_of_another_model_is_refused(world: World) -> None:
    """After the model has changed an older plan does not fit any more."""
    path = saved(world)
    (world.folder / "scoring/model.yaml").write_text(default_model_text("b2b"))
    ran = world.run("apply", str(path))
    assert ran.code == 2
    assert "The model has changed since this plan was made" in ran.err
    assert f"leadgate plan {world.crm} --out FILE" in ran.err
    assert world.writes() == 0


def test_plan_of_another_mapping_is_refused(world: World) -> None:
    """After the mapping has changed an older plan does not fit any more."""
    path = saved(world)
    world.edit(f"mappings/{world.crm}.yaml", "time_zone: UTC", "time_zone: Europe/Berlin")
    ran = world.run("apply", str(path))
    assert (ran.code, world.writes()) == (2, 0)
    assert "The mapping has changed since this plan was made" in ran.err


def test_file_that_is_no_plan_is_refused(world: World) -> None:
    """Any other file, and none at all, is refused with the command that makes a plan."""
    assert "leadgate plan CONNECTION --out FILE" in world.run("apply", "leadgate.yaml").err
    missing = world.run("apply", "none.plan")
    assert (missing.code, "none.plan does not exist" in missing.err) == (2, True)
