"""Broken files: each is refused before anything happens, with its place, its cause and its remedy."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import SalesforceWorld, leadgate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS, MAPPING, MODEL = "leadgate.yaml", "mappings/salesforce.yaml", "scoring/model.yaml"

BROKEN = {
    "key of a connection": (
        SETTINGS, "    auth: client_credentials", "    auht: client_credentials",
        'leadgate.yaml:8: connections.salesforce.auht', 'Did you mean "auth"?',
    ),
    "name of a CRM": (
        SETTINGS, "    crm: salesforce", "    crm: salesfroce",
        "leadgate.yaml:6: connections.salesforce.crm", 'Did you mean "salesforce"?',
    ),
    "address without encryption": (
        SETTINGS, "http://127.0.0.1", "http://10.0.0.1",
        "leadgate.yaml:7: connections.salesforce.login_url", "must begin with https://",
    ),
    "variable that is not set": (
        SETTINGS, "${SALESFORCE_CLIENT_SECRET}", "${SALESFORCE_CLIENT_SECERT}",
        "leadgate.yaml:10: connections.salesforce.client_secret", "SALESFORCE_CLIENT_SECERT_FILE",
    ),
    "mapping file that is not there": (
        SETTINGS, "mapping: mappings/salesforce.yaml", "mapping: mappings/salesfroce.yaml",
        "leadgate.yaml", "mappings/salesfroce.yaml does not exist",
    ),
    "lead field": (
        MAPPING, "  email: Email\n", "  emial: Email\n",
        "read.emial", 'Did you mean "email"?',
    ),
    "field that the CRM does not have": (
        MAPPING, "  crm_status: Status\n", "  crm_status: Statsu\n",
        "read.crm_status", 'Did you mean "Status"?',
    ),
    "rule": (
        MAPPING, "rule: unless_edited", "rule: unless_editd",
        "write.stage.rule", "unless_edited",
    ),
    "transform": (
        MAPPING, "transform: integer", "transform: intger",
        "read.employees.transform", 'Did you mean "integer"?',
    ),
    "key given twice": (
        MAPPING, "  first_name: FirstName\n", "  email: FirstName\n",
        "mappings/salesforce.yaml:", "email",
    ),
    "YAML": (
        MAPPING, "write:\n", "write: [\n",
        "mappings/salesforce.yaml:", "not valid YAML",
    ),
    "key of a model": (
        MODEL, "\nsegments:", "\nsegmnets:",
        "scoring/model.yaml:", 'Did you mean "segments"?',
    ),
    "fact in a model": (
        MODEL, "when: {seniority:", "when: {senority:",
        "scoring/model.yaml:", 'Did you mean "seniority"?',
    ),
    "points in a model": (
        MODEL, "points: 16", "points: many",
        "scoring/model.yaml:", "points",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SalesforceWorld]:
    """One org for all the broken projects."""
    folder = tmp_path_factory.mktemp("refusals") / "project"
    folder.mkdir()
    world = SalesforceWorld(folder, 20)
    assert world.run("setup", "salesforce", "--yes").code == 0
    yield world
    world.close()


@pytest.fixture
def project(shared: SalesforceWorld, tmp_path: Path) -> Path:
    """A copy of the project to break."""
    return shutil.copytree(shared.folder, tmp_path / "project")


@pytest.mark.parametrize("command", ["sync", "check"])
@pytest.mark.parametrize("case", list(BROKEN))
def test_broken_file_is_refused(
    shared: SalesforceWorld, project: Path, case: str, command: str
) -> None:
    """Exit 2 after less than two seconds of work, with file, line, key and remedy; no traceback, nothing written."""
    name, old, new, where, fix = BROKEN[case]
    text = (project / name).read_text(encoding="utf-8")
    assert old in text
    (project / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    started = (time.monotonic(), time.process_time())
    ran = leadgate(project, command, environment=shared.environment)
    assert time.process_time() - started[1] < 2
    assert time.monotonic() - started[0] < 10, "waited, and not only for a busy machine"
    assert ran.code == 2
    assert where in ran.err
    assert fix in ran.err
    assert "Traceback" not in ran.err
    assert "defect" not in ran.err
    assert ran.out == ""
    assert shared.writes() == 0


def test_line_is_the_line_of_the_mistake(shared: SalesforceWorld, project: Path) -> None:
    """The line that a message names is the one that was broken, counted from 1."""
    path = project / MAPPING
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(n for n, row in enumerate(rows, 1) if row.startswith("  city:"))
    rows[number - 1] = "  ctiy: City\n"
    path.write_text("".join(rows), encoding="utf-8")
    ran = leadgate(project, "sync", environment=shared.environment)
    assert f"mappings/salesforce.yaml:{number}: read.ctiy" in ran.err


def test_all_mistakes_are_told_at_once(shared: SalesforceWorld, project: Path) -> None:
    """Mistakes in settings, mapping and model are in one message, so that one round mends them."""
    for case in ("variable that is not set", "lead field", "key of a model"):
        name, old, new, *_ = BROKEN[case]
        text = (project / name).read_text(encoding="utf-8")
        (project / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    ran = leadgate(project, "sync", environment=shared.environment)
    assert ran.code == 2
    for word in ("SALESFORCE_CLIENT_SECERT", "read.emial", 'Did you mean "segments"?'):
        assert word in ran.err
    assert shared.writes() == 0


def test_unknown_connection_is_refused_with_the_nearest_name(
    shared: SalesforceWorld, project: Path
) -> None:
    """A misspelt connection on the command line is exit 2 with the name that was meant."""
    for command in ("sync", "plan", "check", "setup", "funnel", "runs", "rejects"):
        ran = leadgate(project, command, "salesfroce", environment=shared.environment)
        assert (ran.code, 'Did you mean "salesforce"?' in ran.err) == (2, True)


def test_unknown_option_is_a_usage_error(shared: SalesforceWorld, project: Path) -> None:
    """Options that do not exist are exit 2, too."""
    assert leadgate(project, "sync", "--fulll", environment=shared.environment).code == 2
