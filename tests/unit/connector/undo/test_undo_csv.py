"""Undo of a run over a file: our columns are blank again, and our opportunity rows are gone."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = (
    "id,email,company,title,employees,industry,source,visits,page_views,last_visit_at,forms,"
    "budget,budget_approved,authority,need,timeline,ready_to_buy,accepted\n"
    "L1,ada@planted.example,Planted Works,CFO,400,Software,Partner,14,60,{day},3,"
    "80000,true,true,true,60,true,true\n"
    "L2,bob@planted.example,Planted Shop,,,,,,,,,,,,,,,\n"
)


@pytest.fixture
def synced(tmp_path: Path) -> tuple[Path, str]:
    """A project on a file that has synced once, and the run."""
    assert leadgate(tmp_path, "init", "--crm", "csv").code == 0
    day = datetime.now(UTC).isoformat(timespec="seconds")
    (tmp_path / "leads.csv").write_text(SOURCE.format(day=day), encoding="utf-8")
    ran = leadgate(tmp_path, "sync", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["converted"] == 1
    return tmp_path, ran.json["run"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_file_is_as_it_was(synced: tuple[Path, str]) -> None:
    """No verdict and no opportunity is left, and the next sync does not bring them back."""
    folder, run = synced
    assert leadgate(folder, "undo", run).code == 0

    again = leadgate(folder, "sync", "--full", "--json").json

    ours = [v for row in _rows(folder / "judged.csv") for k, v in row.items() if "leadgate" in k]
    assert not any(ours)
    assert _rows(folder / "judged.opportunities.csv") == []
    assert (again["written"], again["converted"]) == (0, 0)


def test_an_edited_opportunity_stays(synced: tuple[Path, str]) -> None:
    """A row that somebody has edited is kept, and the undo says so."""
    folder, run = synced
    path = folder / "judged.opportunities.csv"
    path.write_text(
        path.read_text().replace("Planted Works", "Planted Works Ltd"), encoding="utf-8"
    )

    ran = leadgate(folder, "undo", run, "--json")

    (told,) = [line for line in ran.lines if line.get("kind") == "retract"]
    assert (told["outcome"], told["code"]) == ("skipped", "TOUCHED")
    assert len(_rows(path)) == 1


def test_a_removed_opportunity_is_gone_already(synced: tuple[Path, str]) -> None:
    """A row that somebody has removed needs nothing."""
    folder, run = synced
    path = folder / "judged.opportunities.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n", encoding="utf-8")

    ran = leadgate(folder, "undo", run, "--json")

    (told,) = [line for line in ran.lines if line.get("kind") == "retract"]
    assert told["code"] == "OPPORTUNITY_GONE"
