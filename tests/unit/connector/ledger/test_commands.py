"""`leadgate ledger …` as a user runs it, and what the other commands say after pruning."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector import wiring
from tests.postgresql import empty_postgresql
from tests.support import leadgate

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
ledger: sqlite:///leadgate.db
keep: 400d
connections:
  fair: {crm: csv, path: fair.csv, id: id}
"""
LEADS = "id,email,last_name,company\n1,ann@firm.example,Lee,Firm\n2,bob@firm.example,Ray,Firm\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A project that has done nothing yet."""
    (tmp_path / "leadgate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "fair.csv").write_text(LEADS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def project(files: Path) -> Path:
    """A project that has synced a file of two leads twice."""
    for options in ((), ("--full",)):
        assert leadgate(files, "sync", *options).code == 0
    return files


def test_info_says_where_and_how_much(project: Path) -> None:
    """The file, the database, the schema and the rows, for people and as JSON."""
    shown = leadgate(project, "ledger", "info")
    found = leadgate(project, "ledger", "info", "--json").json

    assert str(project / "leadgate.db") in shown.out
    assert "400 days" in shown.out
    assert (found["rows"]["leads"], found["rows"]["runs"], found["keep_days"]) == (2, 2, 400)
    assert found["size"] >= (project / "leadgate.db").stat().st_size > 0


def test_move_to_postgresql_and_back(project: Path) -> None:
    """After a copy the project goes on with the other database as if nothing had happened."""
    address = empty_postgresql().replace("leadgate@", "leadgate:${LEDGER_PASSWORD}@")
    environment = {"LEDGER_PASSWORD": "hush"}
    to = ("ledger", "copy", "--to", address)
    ran = [leadgate(project, *to, environment=environment)]
    ran.append(leadgate(project, *to, environment=environment))
    settings = project / "leadgate.yaml"
    settings.write_text(PROJECT.replace("sqlite:///leadgate.db", address), encoding="utf-8")
    ran.append(leadgate(project, "sync", "--json", environment=environment))
    back = ("ledger", "copy", "--to", "sqlite:///leadgate.db", "--json")
    ran.append(leadgate(project, *back, environment=environment))
    ran.append(leadgate(project, *back, "--replace", environment=environment))
    ran.append(leadgate(project, "ledger", "info", "--json", environment=environment))

    assert [one.code for one in ran] == [0, 2, 0, 2, 0, 0]
    assert "every table has as many there as here" in ran[0].out
    assert "--replace" in ran[1].err
    assert (ran[2].json["judged"], ran[2].json["planned"]) == (0, 0)
    assert ran[4].json["rows"]["runs"] == 3
    assert ran[4].json["to"] == str(project / "leadgate.db")
    assert ran[5].json["where"].startswith("postgresql://leadgate@")
    assert "hush" not in "".join(one.out + one.err for one in ran)


def test_copy_needs_its_variables(files: Path) -> None:
    """A variable of the address that is not set is named."""
    ran = leadgate(files, "ledger", "copy", "--to", "postgresql://a:${NOT_THERE}@host/db")

    assert ran.code == 2
    assert "--to: the environment variable NOT_THERE is not set" in ran.err


def test_prune_and_what_undo_says_then(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pruning can be looked at first; a run that was pruned cannot be undone, and says why."""
    runs = [report["run"] for report in leadgate(project, "runs", "--json").lines]
    with monkeypatch.context() as later:
        now = wiring.clock()
        later.setattr(wiring, "clock", lambda: now + timedelta(days=401))
        plan = leadgate(project, "ledger", "prune", "--plan", "--json").json
        done = leadgate(project, "ledger", "prune", "fair", "--json").json
        again = leadgate(project, "ledger", "prune")
    undo = leadgate(project, "undo", runs[-1])

    assert plan | {"until": "", "planned": False} == done | {"until": ""}
    assert (done["runs"], done["lines"] > 0, done["verdicts"]) == (1, True, 0)
    assert again.code == 0
    assert undo.code == 2
    assert f"{runs[-1]} cannot be undone any more" in " ".join(undo.err.split())
    assert [report["run"] for report in leadgate(project, "runs", "--json").lines] == runs


def test_sync_prunes_by_itself(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `keep` in leadgate.yaml a sync lets go of what is too old at its end."""
    now = wiring.clock()
    monkeypatch.setattr(wiring, "clock", lambda: now + timedelta(days=401))
    assert leadgate(project, "sync").code == 0
    found = leadgate(project, "ledger", "info", "--json").json

    assert list(found["pruned"]) == ["fair"]
    assert leadgate(project, "ledger", "prune", "--plan", "--json").json["runs"] == 0


@pytest.mark.parametrize("given", ["400", "4d", "a year", "-400d", "[400d]"])
def test_wrong_length_of_time_is_a_settings_error(files: Path, given: str) -> None:
    """Named by file, line and key, before anything is done."""
    path = files / "leadgate.yaml"
    path.write_text(PROJECT.replace("400d", given), encoding="utf-8")
    ran = leadgate(files, "ledger", "info")

    assert ran.code == 2
    assert "leadgate.yaml:3: keep" in " ".join(ran.err.split())


def test_pruning_without_a_limit_is_refused(files: Path) -> None:
    """Where nothing is said of how long to keep, nothing is deleted."""
    path = files / "leadgate.yaml"
    path.write_text(PROJECT.replace("keep: 400d\n", ""), encoding="utf-8")
    ran = leadgate(files, "ledger", "prune")

    assert ran.code == 2
    assert "keep: 400d" in ran.err
