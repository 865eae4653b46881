"""Runs of revival: every touch exactly once, whatever dies, and nobody who has objected meanwhile."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from connector import wiring
from connector.settings import load_project
from tests.unit.connector.outreach.reviving import DiedError, FakeChannel, StalledWorld


@pytest.fixture
def world(tmp_path):
    """Three leads that have stalled."""
    made = StalledWorld(tmp_path)
    yield made
    made.close()


def test_each_step_is_touched_once_on_its_day(world):
    """The first step at once, nothing the day after, the second a month later, then nothing more."""
    channel = FakeChannel()

    reports = [world.revive(channel, world.later(day)) for day in (0, 1, 35, 36, 90)]

    assert [report.touched for report in reports] == [3, 0, 3, 0, 0]
    assert len(channel.made) == len(channel.asked) == 6
    assert set(world.states().values()) == {"applied"}
    assert {int(key.split(":")[3]) for key in channel.made} == {1, 2}


def test_who_objects_just_before_is_not_touched(world):
    """The lead is read again: an opt-out, a do-not-call or a deletion since the last sync counts."""
    out, called, gone = world.leads
    world.type(out, HasOptedOutOfEmail=True)
    world.type(called, DoNotCall=True)
    world.org.mutate({"object": "Lead", "id": gone, "delete": True})
    channel = FakeChannel()

    report = world.revive(channel, world.later())

    assert (report.touched, report.skipped, channel.asked) == (0, 3, [])
    with closing(wiring.open_ledger(load_project(world.folder))) as ledger:
        (lines,) = ledger.lines(report.run, kind="touch")
    assert set(lines["code"]) == {"OPTED_OUT", "DO_NOT_CALL", "GONE"}


def test_a_death_in_the_middle_touches_nobody_twice(world):
    """What was cut off is sent again under the same key, but not to who has objected since."""
    channel = FakeChannel(dies_after=1)
    with pytest.raises(DiedError):
        world.revive(channel, world.later())
    cut_off = sorted(world.states())
    assert set(world.states().values()) == {"intended"}
    world.type(cut_off[2].split(":")[1], HasOptedOutOfEmail=True)

    channel.dies_after = None
    world.revive(channel, world.later())

    assert channel.made == dict.fromkeys(cut_off[:2], 1)
    assert world.states() == dict(zip(cut_off, ("applied", "applied", "unknown"), strict=True))


def test_a_death_at_a_channel_that_cannot_tell_is_said_and_left(world):
    """The one touch that was under way is unknown for ever; those behind it are sent."""
    channel = FakeChannel(repeatable=False, dies_after=2)
    with pytest.raises(DiedError):
        world.revive(channel, world.later())

    channel.dies_after = None
    report = world.revive(channel, world.later())

    assert (report.touched, report.rejected, report.state) == (1, 1, "done with rejects")
    assert set(channel.made.values()) == {1}
    assert sorted(world.states().values()) == ["applied", "applied", "unknown"]
    assert world.revive(channel, world.later()).touched == 0


def test_who_unsubscribes_or_has_a_twin_that_opted_out_is_left_alone(world):
    """An unsubscription in the ledger, another record of the same address, a missing channel."""
    with closing(wiring.open_ledger(load_project(world.folder))) as ledger:
        ledger.record_opt_out("p0@c0.example", world.later(), "unsubscribe")
    world.plant("P1@C1.example", HasOptedOutOfEmail=True, Decision_Maker__c="No")
    world.sync()
    channel = FakeChannel()

    without = world.revive(FakeChannel("email"), world.later())
    world.revive(channel, world.later())

    assert (without.touched, without.skipped) == (0, 1)
    assert [key.split(":")[1] for key in channel.asked] == [world.leads[2]]


def test_held_out_leads_are_on_record_and_never_touched(tmp_path):
    """Both arms begin together; only one is touched, and the report and the audit say so."""
    world = StalledWorld(tmp_path, hold_out="50%", leads=8)
    channel = FakeChannel()
    with closing(world):
        reports = [world.revive(channel, world.later(day)) for day in (0, 35)]
        with closing(wiring.open_ledger(load_project(world.folder))) as ledger:
            arms = dict(ledger.enrolments(world.crm).select("id", "arm").iter_rows())
            held = [lead for lead, arm in arms.items() if arm == "held_out"]
            audit = ledger.touches_of(world.crm, held[0])
            erased = ledger.forget_person("p1@c1.example", holder="test")

    assert set(arms) == set(world.leads)
    assert reports[0].held_out == len(held) > 0
    assert reports[1].touched == len(world.leads) - len(held) > 0
    assert not {key.split(":")[1] for key in channel.asked} & set(held)
    assert [row["state"] for row in audit] == ["held_out"]
    assert erased.clean
    assert erased.erased["arms"] == 1


def test_a_company_is_not_touched_too_often_over_runs_and_days(tmp_path):
    """Two of ten colleagues in fourteen days, however often it runs; no hold-out is lost by that."""
    world = StalledWorld(tmp_path, hold_out="30%", leads=10, colleagues=True)
    channel = FakeChannel()
    with closing(world):
        reports = [world.revive(channel, world.later(day)) for day in (0, 0, 2, 13, 14, 15, 28)]

    assert [report.touched for report in reports] == [2, 0, 0, 0, 2, 0, 2]
    assert {report.skipped for report in reports} == {0}
    assert sum(report.held_out for report in reports) > 0


def test_far_more_touches_than_usual_are_stopped(tmp_path):
    """After runs of a touch or none a plan of six stops, and goes on when it is released."""
    world = StalledWorld(tmp_path, leads=1)
    channel = FakeChannel()
    settings = tmp_path / "leadgate.yaml"
    settings.write_text("brake: {floor: 2}\n" + settings.read_text("utf-8"), "utf-8")
    with closing(world):
        usual = [world.revive(channel, world.later(day)) for day in (0, 35, 36, 37)]
        world.come(6)
        with world.runner(channel, world.later(42)) as runner:
            stopped = runner.revive()
        made = len(channel.made)
        with world.runner(channel, world.later(42)) as runner:
            released = replace(runner, run="again", release="the list is new").revive()

    assert [report.touched for report in usual] == [1, 1, 0, 0]
    assert (stopped.state, stopped.touched, made) == ("stopped", 0, 2)
    assert "touches: 6, usual are" in stopped.message
    assert f"leadgate revive {world.crm} --plan" in stopped.message
    assert (released.touched, released.released) == (6, "the list is new")
