"""From nothing to a project that fits its CRM, as a new user goes about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support import World


def installed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "connector", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_demo_syncs_both_crms_in_a_process_of_its_own(tmp_path: Path) -> None:
    """`leadgate demo` works from nothing: both CRMs are synced, the second sync plans nothing."""
    ran = installed("demo", "--leads", "60", "--json", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    salesforce, hubspot, together = (json.loads(line) for line in ran.stdout.splitlines())
    assert (salesforce["crm"], hubspot["crm"]) == ("salesforce", "hubspot")
    for one in (salesforce, hubspot):
        assert one["first"]["written"] > 40
        assert one["second"]["planned"] == one["second"]["written"] == 0
        assert one["second"]["read"] == one["first"]["read"]
        assert one["hottest"][0]["score"] >= one["hottest"][-1]["score"]
    calls = [one[run]["api_calls"] for one in (salesforce, hubspot) for run in ("first", "second")]
    assert together["api_calls"] == sum(calls)
    assert list(tmp_path.iterdir()) == []


def test_help_answers_at_once_and_names_every_command(tmp_path: Path) -> None:
    """`leadgate --help` lists the commands and does not import what it does not need."""
    code = (
        "import sys; sys.argv=['leadgate','--help']\n"
        "from connector.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('polars','simple_salesforce','hubspot','sqlalchemy') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[]"
    commands = ("init", "check", "setup", "plan", "apply", "sync", "explain", "convert", "funnel",
                "runs", "rejects", "demo", "sandbox", "fields")  # fmt: skip
    for command in commands:
        assert f" {command} " in ran.stdout


def test_init_makes_a_project_for_git(tmp_path: Path) -> None:
    """The files of a project are there, secrets and state are not meant for Git."""
    ran = leadgate(tmp_path, "init", "acme", "--crm", "salesforce", "--crm", "csv")
    assert ran.code == 0, ran.err
    made = sorted(str(p.relative_to(tmp_path / "acme")) for p in (tmp_path / "acme").rglob("*.*"))
    assert made == [
        ".gitignore", "leadgate.yaml", "mappings/csv.yaml", "mappings/salesforce.yaml",
        "scoring/model.yaml",
    ]  # fmt: skip
    ignored = (tmp_path / "acme" / ".gitignore").read_text().split()
    assert {"leadgate.db*", ".leadgate/", ".env"} <= set(ignored)


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    """A second `init` is refused and leaves every file as it was."""
    assert leadgate(tmp_path, "init", "--crm", "csv").code == 0
    path = tmp_path / "leadgate.yaml"
    path.write_text("# mine\n")
    again = leadgate(tmp_path, "init", "--crm", "csv")
    assert again.code == 2
    assert "exists already" in again.err
    assert path.read_text() == "# mine\n"


def test_init_names_the_nearest_crm(tmp_path: Path) -> None:
    """A misspelt CRM is refused with the name that was meant, and nothing is made."""
    ran = leadgate(tmp_path, "init", "--crm", "salesfroce")
    assert ran.code == 2
    assert 'Did you mean "salesforce"?' in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_check_setup_check(make_world: Callable[..., World], crm: str) -> None:
    """A fresh CRM lacks our fields: check says so, setup shows and creates them, check is content."""
    world = make_world(crm, 20, ready=False)
    before = world.run("check", crm, "--json")
    assert before.code == 2
    assert {p["fix"] for p in before.json["errors"]} == {
        f"Create it with: leadgate setup {crm} --yes"
    }
    shown = world.run("setup", crm, "--json")
    assert shown.code == 0
    assert {one["outcome"] for one in shown.lines} == {"missing"}
    assert world.run("check", crm).code == 2
    created = world.run("setup", crm, "--yes", "--json")
    assert [one["field"] for one in created.lines] == [one["field"] for one in shown.lines]
    assert {one["outcome"] for one in created.lines} == {"applied"}
    assert world.mapped <= {one["field"] for one in created.lines}
    after = world.run("check", crm, "--json")
    assert (after.code, after.json["errors"]) == (0, [])
    again = world.run("setup", crm, "--yes")
    assert (again.code, "nothing is missing" in again.out) == (0, True)


def test_fields_lists_what_the_crm_has(world: World) -> None:
    """Fields can be looked up by a part of their name, with type and rights."""
    ran = world.run("fields", world.crm, "--matching", "leadgate_score", "--json")
    field = ran.json
    assert (field["name"], field["type"], field["writable"]) == (world.score, "number", True)
    table = world.run("fields", world.crm, "--matching", "leadgate_stage")
    assert (table.code, world.stage in table.out) == (0, True)


def test_csv_from_a_file_to_opportunities(tmp_path: Path) -> None:
    """A CSV file needs no account: init, check, sync; verdicts and opportunities are files."""
    assert leadgate(tmp_path, "init", "--crm", "csv").code == 0
    header = (
        "id,email,company,title,employees,industry,source,visits,page_views,last_visit_at,forms,"
    )
    header += "budget,budget_approved,authority,need,timeline,ready_to_buy,accepted\n"
    hot = "1,ada@planted.example,Planted Works,CFO,400,Software,Partner,14,60,{day},3,"
    hot += "80000,true,true,true,60,true,true\n"
    day = datetime.now(UTC).isoformat(timespec="seconds")
    cold = "2,bob@planted.example,Planted Shop,,,,,,,,,,,,,,,\n"
    source = header + hot.format(day=day) + cold
    (tmp_path / "leads.csv").write_text(source)
    assert leadgate(tmp_path, "check").code == 0
    first = leadgate(tmp_path, "sync", "--json")
    assert first.code == 0, first.err
    assert (first.json["read"], first.json["written"], first.json["converted"]) == (2, 2, 1)
    assert (tmp_path / "leads.csv").read_text() == source
    judged = (tmp_path / "judged.csv").read_text(encoding="utf-8-sig").splitlines()
    assert judged[0].startswith(header.strip())
    assert (tmp_path / "judged.opportunities.csv").read_text().count("Planted Works") == 1
    again = leadgate(tmp_path, "sync", "--full", "--json").json
    assert (again["planned"], again["written"], again["converted"]) == (0, 0, 0)
