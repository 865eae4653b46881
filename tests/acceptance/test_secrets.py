"""No secret and no person in what leadgate says or keeps about errors."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from connector.crm.salesforce.adapter import SalesforceCrm
from tests.support import HubSpotWorld, leadgate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


ANSWERS = {
    "401 that repeats the token": (
        401,
        '[{{"errorCode": "INVALID_SESSION_ID", "message": "{0} {1}"}}]',
    ),
    "400 that repeats the body": (
        400,
        '[{{"errorCode": "MALFORMED_QUERY", "message": "{0} {1}"}}]',
    ),
    "403 in other words": (
        403,
        '{{"status": "error", "category": "MISSING_SCOPES", "message": "{0} {1}"}}',
    ),
    "409 with a record": (
        409,
        '{{"status": "error", "message": "{0}", "context": {{"id": ["{1}"]}}}}',
    ),
    "page of a proxy": (500, "<html><h1>{0}</h1>{1}</html>"),
    "no JSON": (404, "{0} {1}"),
}


def refuse(world: World, status: int, body: str, path: str) -> None:
    """Answer every call to a path with this."""
    rule = {"kind": "status", "status": status, "body": body, "path": path}
    rule |= {"times": 1 if status >= 500 else None}  # such calls are made again, after a while
    if world.crm == "salesforce":
        world.org.faults([rule])
    else:
        world.portal.faults.read(rule)


PATHS = {
    "salesforce": ("/query", "composite/sobjects", "/describe", "oauth2/token"),
    "hubspot": ("contacts/search", "contacts/batch/update", "properties/contacts"),
}


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_refusals_of_every_kind_are_not_repeated(
    make_world: Callable[..., World], crm: str
) -> None:
    """Whatever a CRM answers to whichever call: its words, our secrets and people stay out of ours."""
    world = make_world(crm, 8)
    world.sync()
    for number, (status, body) in enumerate(ANSWERS.values()):
        path = PATHS[crm][number % len(PATHS[crm])]
        world.plant(f"{number}.{ADDRESS}")
        refuse(world, status, body.format(ADDRESS, secrets(world)[0]), path)
        ran = [world.run("-v", "sync", "--json")]
        world.unslow()
        ran += (
            [world.run("rejects"), world.run("runs", "--json")]
            if number == len(ANSWERS) - 1
            else []
        )
        said = everything(world, *ran)
        assert ran[0].code in ((0,) if status >= 500 else (1, 2, 3)), (status, path, ran[0].out)
        assert "defect" not in ran[0].err
        assert ADDRESS not in said, (status, path)
        for secret in secrets(world):
            assert secret not in said, (status, path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("base_url: http://127.0.0.1", "base_url: http://user:pl4nted-s3cret-0123456789@127.0.0.1"),
        ("token: ${HUBSPOT_ACCESS_TOKEN}", "token: {key: pl4nted-s3cret-0123456789}"),
        ("token: ${HUBSPOT_ACCESS_TOKEN}", "tokne: pl4nted-s3cret-0123456789"),
        ("quota: 40%", "quota: pl4nted-s3cret-0123456789"),
        ("object: contacts", "object: pl4nted-s3cret-0123456789"),
        (
            "ledger: sqlite:///leadgate.db",
            "ledger: postgresql://leadgate:pl4nted-s3cret-0123456789@127.0.0.1:1/leadgate?connect_timeout=1",
        ),
        ("ledger: sqlite:///leadgate.db", "ledger: oracle://x:pl4nted-s3cret-0123456789@h/d"),
        (
            "connections:",
            "outreach:\n  webhook: {url: 'http://h.example', secret: pl4nted-s3cret-0123456789}\nconnections:",
        ),
    ],
)
def test_broken_settings_do_not_repeat_secrets(
    refused: World, tmp_path: Path, old: str, new: str
) -> None:
    """A secret in a wrong place, under a wrong key or in an address is complained of without it."""
    text = (refused.folder / "leadgate.yaml").read_text(encoding="utf-8")
    assert old in text
    broken = shutil.copytree(refused.folder, tmp_path / "broken")
    (broken / "leadgate.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    for command in (("-v", "sync"), ("check", "--json"), ("runs",)):
        ran = leadgate(broken, *command, environment=refused.environment)
        assert "defect" not in ran.err
        assert SECRET not in ran.out + ran.err
    assert leadgate(broken, "sync", environment=refused.environment).code in (1, 2)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal for settings that are wrong."""
    world = HubSpotWorld(tmp_path_factory.mktemp("refused"), 4)
    yield world
    world.close()


def test_plan_files_hold_no_secret_and_are_private(world: World) -> None:
    """A plan holds values of leads, and nothing that opens the CRM; only its owner may read it."""
    world.plant(ADDRESS)
    assert world.run("plan", world.crm, "--out", "a.plan").code == 0
    files = [world.folder / "a.plan", world.folder / "leadgate.db"]
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for secret in secrets(world):
            assert secret.encode() not in path.read_bytes()
