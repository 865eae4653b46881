"""Forgetting over HTTP: nothing of the person is left, not even in the database's own files."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from connector.ledger.traces import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import World

CRMS = ("hubspot", "salesforce")
ADDRESS = "quintessa.vanterpool@forgettable.example"
NUMBER = {"hubspot": "+49 30 7654321", "salesforce": "+49 30 7654321"}
NAMES = {
    "hubspot": {"firstname": "Quintessa", "lastname": "Vanterpool"},
    "salesforce": {"FirstName": "Quintessa", "LastName": "Vanterpool"},
}
PHONE = {"hubspot": "phone", "salesforce": "Phone"}
SECRETS = (ADDRESS, "Quintessa", "Vanterpool", "49307654321")


@pytest.fixture(params=CRMS)
def known(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> tuple[World, str]:
    """A world that has synced and converted the person."""
    crm = request.param
    world = make_world(crm, leads=25)
    lead = world.plant(ADDRESS, **NAMES[crm], **{PHONE[crm]: NUMBER[crm]})
    world.sync()
    assert world.opportunities()[lead] == 1
    return world, lead


def _in_files(world: World) -> set[str]:
    """Which of the person's values stand anywhere in the raw files of the ledger."""
    raw = b"".join(path.read_bytes() for path in sorted(world.folder.glob("leadgate.db*")))
    return {secret for secret in SECRETS if secret.lower().encode() in raw.lower()}


def test_no_value_is_left_in_the_files(known: tuple[World, str]) -> None:
    """Address, name and number stood in the raw files before, and stand in none afterwards."""
    world, lead = known
    assert _in_files(world) == set(SECRETS)

    ran = world.run("forget", ADDRESS, "--json")

    assert ran.code == 0, ran.err
    assert _in_files(world) == set()
    raw = b"".join(path.read_bytes() for path in sorted(world.folder.glob("leadgate.db*")))
    assert lead.encode() not in raw


def test_the_report_counts_and_proves(known: tuple[World, str]) -> None:
    """What was erased is counted by table, nothing is left, and no value is printed."""
    world, _ = known

    ran = world.run("forget", ADDRESS.upper(), "--json")

    told = ran.json
    assert (told["clean"], told["left"], told["files"]) == (True, {}, 0)
    assert told["leads"] == 1
    assert {"leads", "verdicts", "lines", "conversions"} <= told["erased"].keys()
    assert told["looked_for"] == ["address", "phone", "name"]
    assert not any(secret.lower() in ran.out.lower() for secret in SECRETS)


def test_words_for_people_hold_no_value(known: tuple[World, str]) -> None:
    """The printed report says what is left and what to do, and names nobody."""
    world, _ = known

    ran = world.run("forget", ADDRESS)

    assert "Rows left: 0" in ran.out
    assert "delete it there, too" in ran.out
    assert not any(secret.lower() in (ran.out + ran.err).lower() for secret in SECRETS)


def test_the_next_sync_takes_the_person_for_a_stranger(known: tuple[World, str]) -> None:
    """The lead is read anew without a crash, and is never converted a second time."""
    world, lead = known
    assert world.run("forget", ADDRESS).code == 0

    report = world.sync("--full")

    assert report["state"] == "done"
    assert (report["converted"], world.opportunities()[lead]) == (0, 1)
    assert world.sync("--full")["planned"] == 0


def test_a_deleted_opportunity_is_not_made_again(make_world: Callable[..., World]) -> None:
    """HubSpot, which knows no converted leads: the salted hash alone keeps it at one deal."""
    world = make_world("hubspot", leads=15)
    lead = world.plant(ADDRESS, **NAMES["hubspot"])
    world.sync()
    with world.portal.lock:
        deals = world.portal.records.stores["deals"].records.values()
        (deal,) = [d.id for d in deals if int(lead) in d.linked("contacts")]
    world.portal.admin.archive("deals", deal)
    assert world.run("forget", ADDRESS).code == 0

    assert world.sync("--full")["converted"] == 0
    assert lead not in world.opportunities()


def test_others_stay(known: tuple[World, str]) -> None:
    """Every other lead keeps its rows; one that shares the number is told, not erased."""
    world, _ = known
    other = world.plant("somebody.else@planted.example", **{PHONE[world.crm]: NUMBER[world.crm]})
    world.sync()
    before = _ids(world)

    ran = world.run("forget", ADDRESS, "--json")

    assert len(before - _ids(world)) == 1
    assert other in _ids(world)
    assert ran.json["clean"]
    assert ran.json["others"]["leads"] == 1


def test_a_longer_address_is_another_persons(known: tuple[World, str]) -> None:
    """The end of somebody else's address is not the person."""
    world, _ = known
    other = world.plant(f"not.{ADDRESS}")
    world.sync()

    assert world.run("forget", ADDRESS).code == 0
    assert other in _ids(world)


def test_a_stranger_is_told(make_world: Callable[..., World]) -> None:
    """An address that nobody has erases nothing and ends well; something else is refused."""
    world = make_world("hubspot", leads=10)
    world.sync()
    before = _ids(world)

    ran = world.run("forget", "nobody@nowhere.example")

    assert ran.code == 0
    assert "knows nobody" in ran.out
    assert _ids(world) == before
    assert world.run("forget", "nobody").code == 2


def test_a_running_sync_is_not_disturbed(known: tuple[World, str]) -> None:
    """While a run holds the connection nothing is erased, and the exit code is 1."""
    world, _ = known
    with sqlite3.connect(world.folder / "leadgate.db") as database:
        database.execute("UPDATE leases SET holder = 'a run', until = 9000000000000000")
    database.close()

    ran = world.run("forget", ADDRESS)

    assert ran.code == 1
    assert "nothing was erased" in ran.err
    assert _in_files(world) == set(SECRETS)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ann@x.org", True),
        ('{"email":"Ann@X.org"}', True),
        ("mail ann@x.org.", True),
        ("joann@x.org", False),
        ("ann@x.org.uk", False),
        ("ann@x.orgy", False),
        ("j.ann@x.org", False),
    ],
)
def test_an_address_stands_by_itself(value: str, found: bool) -> None:
    """An address is found where it stands alone, whatever surrounds it."""
    assert Trace("address", ("ann@x.org",)).found_in(value) is found


def _ids(world: World) -> set[str]:
    with sqlite3.connect(world.folder / "leadgate.db") as database:
        found = {row[0] for row in database.execute("SELECT id FROM leads")}
    database.close()
    return found
