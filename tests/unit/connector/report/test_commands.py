"""`leadgate funnel` and `leadgate parity` as a user runs them, over two files of the same people."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support import leadgate

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
ledger: sqlite:///leadgate.db
connections:
  first: {crm: csv, path: first.csv, id: id, model: model.yaml}
  second: {crm: csv, path: second.csv, id: id, model: MODEL}
"""
MODEL = """
name: small
version: VERSION
segments:
  firm: {company: {known: true}}
groups:
  who: {side: fit}
rules:
  - {id: big, group: who, when: {employees: {at_least: 100}}, points: 12, reason: big}
  - {id: vp, group: who, when: {seniority: vp}, points: 50, reason: decides}
cycles:
  - name: all
    gates:
      mql: {criteria: [{score: {at_least: 50}}]}
"""
FIRST = """id,email,last_name,company,employees,seniority,source,owner,created_at
1,ann@firm.example,Lee,Firm,180,vp,Web,Rita Rep,2020-01-05T10:00:00Z
2,bob@firm.example,Ray,Firm,20,staff,Web,Rita Rep,2020-01-06T10:00:00Z
3,cy@home.example,Sun,,,,Fair,rep7,2020-02-07T10:00:00Z
4,alone@home.example,Fox,,,,,rep7,2020-02-08T10:00:00Z
"""
SECOND = """id,email,last_name,company,employees,seniority,source,owner,created_at
71,ANN@firm.example,Lee,Firm,,vp,WEB,r,2021-01-05T10:00:00Z
72,bob@firm.example,Ray,Firm,20,staff,WEB,r,2021-01-05T10:00:00Z
73,cy@home.example,Sun,,,,FAIR,r,2021-01-05T10:00:00Z
74,cy+news@home.example,Sun,,,,FAIR,r,2021-01-05T10:00:00Z
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A synced project: three persons are in both files, one of them with other facts."""
    files = {
        "leadgate.yaml": PROJECT.replace("MODEL", "model.yaml"),
        "model.yaml": MODEL.replace("VERSION", "1"),
        "first.csv": FIRST,
        "second.csv": SECOND,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ran = leadgate(tmp_path, "sync")
    assert ran.code == 0, ran.err
    return tmp_path


def test_parity_names_the_fact_that_moves_the_score(project: Path) -> None:
    """The copy without employees scores less, and the fact is named with what it does."""
    ran = leadgate(project, "parity", "first", "second", "--json")
    summary, person = ran.lines

    assert (summary["persons"], summary["same_verdict"], summary["same_model"]) == (3, 2, True)
    assert summary["facts"] == [{"fact": "employees", "differs": 1, "decides": 1, "points": 12.0}]
    assert {"fact": "source", "differs": 3} in summary["not_asked"]
    assert person["records"] == {"first": "1", "second": "71"}
    assert person["facts"] == [
        {
            "fact": "employees",
            "decides": True,
            "moves": {"score": [62.0, 50.0]},
            "blank_in": ["second"],
        }
    ]


def test_parity_shows_values_only_when_asked_and_addresses_never(project: Path) -> None:
    """Record ids stand for persons; facts have values with --with-values alone."""
    plain = leadgate(project, "parity")
    told = leadgate(project, "parity", "--with-values")

    assert "employees (blank in second) moves the score 62 → 50" in plain.out
    assert "employees (180 vs blank) moves the score 62 → 50" in told.out
    for ran in (plain, told, leadgate(project, "parity", "--json", "--with-values")):
        assert ran.code == 0
        assert "@" not in ran.out
        assert "Lee" not in ran.out


def test_parity_says_first_that_models_differ(project: Path) -> None:
    """Two models are told before any figure, with how many persons they alone set apart."""
    other = MODEL.replace("VERSION", "2").replace("points: 50", "points: 30")
    (project / "other.yaml").write_text(other, encoding="utf-8")
    (project / "leadgate.yaml").write_text(PROJECT.replace("MODEL", "other.yaml"), encoding="utf-8")
    ran = leadgate(project, "parity")

    assert ran.out.startswith(
        "The models differ: first by small version 1 and second by small version 2"
    )
    assert "For 1 persons that alone makes another verdict in second" in ran.out


@pytest.mark.parametrize("arguments", [("first",), ("first", "first"), ("first", "thrid")])
def test_parity_needs_two_known_connections(project: Path, arguments: tuple[str, ...]) -> None:
    """One name, one name twice and an unknown name are usage errors that name the known ones."""
    ran = leadgate(project, "parity", *arguments)

    assert ran.code == 2
    assert "second" in ran.err or "first" in ran.err


def test_the_file_has_the_figures_of_the_json(project: Path) -> None:
    """One computation: what --json prints is what the file holds; persons are named in neither."""
    ran = leadgate(
        project, "funnel", "first", "--json", "--by", "segment", "--by", "month", "--html", "f.html"
    )
    text = (project / "f.html").read_text(encoding="utf-8")
    found = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    (kept,) = json.loads(found[1])
    printed = ran.json

    assert {name: kept["by"][name] for name in ("segment", "month")} == printed["by"]
    assert {k: v for k, v in kept.items() if k != "by"} == {
        k: v for k, v in printed.items() if k != "by"
    }
    assert {g["value"]: g["leads"] for g in kept["by"]["segment"]} == {"firm": 2, "other": 2}
    assert [g["value"] for g in kept["by"]["month"]] == ["2020-01", "2020-02"]
    for secret in ("Lee", "Rita", "ann@firm"):
        assert secret not in text
    leadgate(project, "funnel", "--html", "f.html", "--with-names")
    text = (project / "f.html").read_text(encoding="utf-8")
    assert "Lee" in text
    assert "Rita Rep" in text


def test_the_terminal_shows_the_window(project: Path) -> None:
    """A window is stated, with who was seen too late for it."""
    ran = leadgate(project, "funnel", "first", "--window", "90d", "--by", "owner")

    assert (
        "within 90 days of each lead's beginning: 4 leads are old enough, 0 are too young"
        in ran.out
    )
    assert "4 were first read after their 90 days had ended" in ran.out
    assert "Rita Rep" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "sorce"), 'Did you mean "source"?'),
        (("--window", "soon"), "is not a number of days"),
        (("--window", "0"), "is not a number of days"),
        (("nobody",), "nobody"),
        (("--html", "no/such/folder/f.html"), "Cannot write"),
    ],
)
def test_misuse_is_told(project: Path, arguments: tuple[str, ...], words: str) -> None:
    """Each wrong option ends with code 2 and says what was meant."""
    ran = leadgate(project, "funnel", *arguments)

    assert ran.code == 2
    assert words in ran.err.replace("\n", " ")
