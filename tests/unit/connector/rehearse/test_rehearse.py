"""A rehearsal shows what a sync would do, and the live CRM and the project's ledger never notice."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.connector.rehearse.conftest import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import World

CRMS = ("salesforce", "hubspot")
READING = re.compile(
    r"GET .*|POST /services/oauth2/token|POST oauth/v1/token"
    r"|POST /composite/sobjects/\{object\}|POST objects/\{type\}/(search|batch/read)"
)
"""Requests that only read: records by id are asked for by POST in both CRMs."""


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def everything(live: World) -> Any:
    """All that the live CRM holds, as its own people see it."""
    if live.crm == "salesforce":
        tables = live.org._state.store.tables  # type: ignore[attr-defined]
        rows = {name: dict(table.rows) for name, table in tables.items()}
        return rows, {name: list(table.fields) for name, table in tables.items()}
    records = live.portal.records  # type: ignore[attr-defined]
    found = {
        name: {key: (dict(r.properties), r.archived) for key, r in store.records.items()}
        for name, store in records.stores.items()
    }
    return found, {name: list(each.properties) for name, each in records.catalogs.items()}


@pytest.mark.parametrize("crm", CRMS)
def test_live_crm_is_only_read_and_the_project_stays_as_it_is(crm: str, tmp_path: Path) -> None:
    """With faults and conversions on the copy, the live org has got nothing but reading requests."""
    with world(crm, tmp_path, 12) as live:
        live.plant("ready@planted.example")
        live.tick()
        files, held, before = files_in(tmp_path), everything(live), Counter(live.calls())

        ran = live.run("rehearse", crm, "--sample", "13", "--faults", "lost-answer", "--json")
        asked = Counter(live.calls()) - before

        assert ran.code == 0, ran.err
        assert ran.json["conversions"] >= 1
        assert sum(asked.values()) == ran.json["live_calls"]
        assert [call for call in asked if not READING.fullmatch(call)] == []
        assert everything(live) == held
        assert live.writes() == 0
        assert files_in(tmp_path) == files


@pytest.mark.parametrize("crm", CRMS)
def test_rehearsal_foretells_the_real_sync(crm: str, tmp_path: Path) -> None:
    """On all leads with their real values it ends in the stages, and the conversions, of the sync."""
    with world(crm, tmp_path / "live", 15) as live:
        live.plant("ready@planted.example")
        live.tick()
        kept, options = tmp_path / "kept", ("--keep-values", "--faults", "none", "--json")
        told = live.run("rehearse", crm, "--sample", "50", "--keep", str(kept), *options).json
        live.run("setup", crm, "--yes", "--json")

        real = live.sync()

        assert real["stages"] == told["after"]
        assert real["converted"] == told["conversions"]
        assert real["written"] == told["runs"][0]["written"]
        assert b"ready@planted.example" in (kept / "leadgate.db").read_bytes()


@pytest.mark.parametrize("crm", CRMS)
def test_faults_are_survived_and_told(crm: str, tmp_path: Path) -> None:
    """Every chosen fault strikes; nothing is lost or doubled, and the last sync has nothing to do."""
    with world(crm, tmp_path, 12) as live:
        live.plant("ready@planted.example")
        live.tick()

        ran = live.run(
            "rehearse", crm, "--faults", "timeout,row-lock,bad-value,expired-token", "--json"
        )
        found = ran.json

    struck = {each["name"]: each["times"] for each in found["faults"] if each["possible"]}
    assert found["second"] == 0, found
    assert (found["doubled"], found["lost"]) == ([], 0)
    assert all(struck.values()), struck
    assert ("expired-token" in struck) == (crm == "salesforce")
    assert [each["fault"] for each in found["rejects"]] == ["bad-value"]
    assert ran.code == 3


@pytest.mark.parametrize("crm", CRMS)
def test_no_real_person_is_left_in_the_copy(crm: str, tmp_path: Path) -> None:
    """The kept ledger holds stand-ins for the lead's name, company and address."""
    with world(crm, tmp_path / "live", 2) as live:
        live.plant("zebedee.quux@quuxworks.example", **_named(crm))
        live.tick()

        ran = live.run("rehearse", crm, "--faults", "none", "--keep", str(tmp_path / "kept"))

    content = b"".join(files_in(tmp_path / "kept").values())
    assert ran.code == 0, ran.err
    assert b"example" in content
    assert b"quux" not in content.lower()
    assert "Rehearsal of" in ran.out


def test_brake_that_would_stop_the_sync_is_told(tmp_path: Path) -> None:
    """The reason is the brake's own, and the rehearsal goes on to show the rest."""
    with world("hubspot", tmp_path, 3) as live:
        live.edit("leadgate.yaml", "connections:", "brake: {first_run_share: 10%}\nconnections:")

        ran = live.run("rehearse", "hubspot", "--faults", "none", "--json")

    assert ran.code == 3
    assert "first_run_share is 10%" in ran.json["brake"]
    assert [run["state"] for run in ran.json["runs"]] == ["stopped", "done", "done"]
    assert ran.json["writes"]["leadgate_score"] == 3


def test_too_few_calls_left_pause_the_copy_as_they_would_the_live_sync(tmp_path: Path) -> None:
    """The copy has the calls that the live portal has left today, and no more."""
    with world("hubspot", tmp_path, 5, daily=23) as live:
        ran = live.run("rehearse", "hubspot", "--faults", "none")

    assert ran.code == 3, ran.err
    assert "the sync would pause until more are back" in ran.out


def _named(crm: str) -> dict[str, str]:
    if crm == "salesforce":
        return {"FirstName": "Zebedee", "LastName": "Quux", "Company": "Quuxworks Ltd"}
    return {"firstname": "Zebedee", "lastname": "Quux", "company": "Quuxworks Ltd"}
