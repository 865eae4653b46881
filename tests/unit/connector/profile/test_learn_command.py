"""`leadgate profile learn`: from the leads in the ledger to a section that a person edits."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from typer.testing import CliRunner

from connector import wiring
from connector.cli.app import app
from connector.errors import ConfigurationError
from connector.settings import load_project
from connector.template import write_project
from scoring.document import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one connection and no leads yet."""
    write_project(tmp_path, ["csv"])
    return tmp_path


def remember(project: Path, number: int) -> None:
    """Put leads into the ledger of whom Austrians were converted more often."""
    chance = random.Random(1)
    rows = []
    for n in range(number):
        country = chance.choice(["AT", "DE", "US"])
        facts = {"country": country, "employees": {"low": 10.0 * n, "high": None}}
        converted = chance.random() < (0.5 if country == "AT" else 0.1)
        rows.append({"id": str(n), "facts": json.dumps(facts), "converted": converted})
    found = load_project(project)
    with closing(wiring.open_ledger(found)) as ledger:
        ledger.remember("csv", "run1", pl.DataFrame(rows))


def run(project: Path, *arguments: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(app, ["profile", "learn", *arguments, "-C", str(project)])


def test_it_prints_a_section_with_its_evidence(project: Path) -> None:
    """The output is YAML with the evidence beside each value, and says what stands for customers."""
    remember(project, 900)

    done = run(project)

    assert done.exit_code == 0, done.output
    attributes = parse_yaml(done.stdout, "out").data["profile"]["attributes"]
    assert attributes == [{"fact": "country", "weight": 10, "in": {"AT": 1}}]
    assert "leads that became opportunities" in done.stdout
    assert "leads, lift" in done.stdout


def test_json_and_a_file(project: Path) -> None:
    """With --json the evidence is data; with --out the section is a new file, never an old one."""
    remember(project, 900)
    path = project / "profile.yaml"

    done = run(project, "csv", "--json", "--out", str(path))
    again = run(project, "csv", "--out", str(path))

    told = json.loads(done.stdout)
    assert told["learned"] is True
    assert told["yaml"] == path.read_text(encoding="utf-8")
    assert {each["value"] for each in told["tested"] if each["kept"]} == {"AT", "Western Europe"}
    assert isinstance(again.exception, ConfigurationError)
    assert "exists already" in str(again.exception)


@pytest.mark.parametrize("as_json", [False, True])
def test_too_few_customers_is_exit_code_1(project: Path, as_json: bool) -> None:
    """The reason is told in plain words, as data where that is asked for."""
    remember(project, 60)

    done = run(project, *(["--json"] if as_json else []))

    assert done.exit_code == 1
    assert "too few to learn from" in done.output
    assert not as_json or json.loads(done.stdout)["learned"] is False


def test_an_empty_ledger(project: Path) -> None:
    """Before the first sync there is nothing to learn from, and no traceback."""
    done = run(project)

    assert done.exit_code == 1
    assert "0 converted leads among 0 leads" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cvs"], 'no connection "cvs". Did you mean "csv"?'),
        (["--fact", "industri"], '"industri" is not a fact. Did you mean "industry"?'),
    ],
)
def test_wrong_names(project: Path, arguments: list[str], said: str) -> None:
    """Unknown connections and facts are refused with the nearest name."""
    done = run(project, *arguments)

    assert isinstance(done.exception, ConfigurationError)
    assert said in str(done.exception)
