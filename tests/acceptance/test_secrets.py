"""No secret and no person in what leadgate says or keeps about errors."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from connector.crm.salesforce.adapter import SalesforceCrm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import Ran, World

SECRET = "pl4nted-s3cret-0123456789"
ADDRESS = "planted.person@private.example"


def kept_words(world: World) -> str:
    """Everything that the ledger keeps in words about runs and outcomes."""
    with sqlite3.connect(world.folder / "leadgate.db") as database:
        rows = database.execute("SELECT * FROM runs").fetchall()
        rows += database.execute(
            "SELECT outcome, code, field, message, remedy FROM lines"
        ).fetchall()
        rows += database.execute("SELECT quarantine FROM leads").fetchall()
    database.close()
    return str(rows)


def everything(world: World, *ran: Ran) -> str:
    """What the commands printed, and what the ledger keeps in words."""
    return "".join(one.out + one.err for one in ran) + kept_words(world)


def secrets(world: World) -> list[str]:
    """What opens the CRM."""
    return [value for name, value in world.environment.items() if "ID" not in name.split("_")]


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_refused_credentials(make_world: Callable[..., World], crm: str) -> None:
    """A wrong secret is exit 2, names what to check, and is itself nowhere."""
    world = make_world(crm, 20)
    for name in world.environment:
        if "ID" not in name.split("_"):
            world.environment[name] = SECRET
    ran = [world.run(*command) for command in (["sync"], ["check", "--json"], ["-v", "sync"])]
    assert [one.code for one in ran] == [2, 2, 2]
    assert SECRET not in everything(world, *ran)


def test_crm_that_repeats_a_value_in_its_refusal(make_world: Callable[..., World]) -> None:
    """A validation rule whose words hold an address: the address is neither shown nor kept."""
    world = make_world("salesforce", 40)
    rule = {"kind": "validation", "object": "Lead", "field": world.score, "times": 2}
    world.org.faults([rule | {"message": f"{ADDRESS} must be asked first"}])
    ran = [world.run("-v", "sync"), world.run("rejects"), world.run("rejects", "--json")]
    assert ran[0].code == 3
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in ran[1].out
    assert ADDRESS not in everything(world, *ran)


def test_server_that_refuses_everything(make_world: Callable[..., World]) -> None:
    """An error page that holds an address and a secret is not repeated."""
    world = make_world("salesforce", 20)
    page = f"<html>{ADDRESS} {SECRET}</html>"
    world.org.faults([{"kind": "status", "status": 403, "path": "/query", "body": page}])
    ran = [world.run("-v", "sync"), world.run("runs", "--json")]
    assert ran[0].code == 1
    assert "HTTP 403" in ran[0].err
    said = everything(world, *ran)
    assert ADDRESS not in said
    assert SECRET not in said
    assert ran[1].lines[0]["state"] == "failed"


def test_defect_of_our_own_tells_places_and_no_values(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen exception is exit 1 with file names and lines; its words are kept nowhere."""
    world = make_world("salesforce", 20)

    def broken(*_: object) -> None:
        raise ZeroDivisionError(f"{ADDRESS} {SECRET}")

    monkeypatch.setattr(SalesforceCrm, "write", broken)
    ran = [world.run("-v", "sync"), world.run("runs", "--json")]
    assert ran[0].code == 1
    assert "leadgate has a defect (ZeroDivisionError)" in ran[0].err
    assert "Traceback" not in ran[0].err
    assert ran[1].lines[0]["message"] == "ZeroDivisionError"
    said = everything(world, *ran)
    assert ADDRESS not in said
    assert SECRET not in said


def test_working_commands_hold_no_secret(world: World) -> None:
    """Neither the outputs of an ordinary day nor any file of the project hold what opens the CRM."""
    world.plant(ADDRESS)
    commands = (
        ["-v", "check"], ["plan", world.crm, "--out", "a.plan"], ["sync"], ["runs", "--json"],
        ["funnel"], ["explain", ADDRESS, "--json"],
    )  # fmt: skip
    ran = [world.run(*command) for command in commands]
    assert all(one.code == 0 for one in ran), [one.err for one in ran]
    said = everything(world, *ran)
    for secret in secrets(world):
        assert secret not in said
        for path in world.folder.rglob("*"):
            assert path.is_dir() or secret.encode() not in path.read_bytes()
