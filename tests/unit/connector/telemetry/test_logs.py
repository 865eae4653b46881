"""Log lines: JSON that says which run, and never an exception's words."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING

import pytest

from connector.cli.console import err, say_problems
from connector.engine.observer import Stepping, tell_end, working, working_on
from connector.engine.runs import RunReport
from connector.telemetry.logs import start_logging, uncaught_as_lines
from scoring.problem import Problem
from tests.support import leadgate

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "rosa@person.example"


class Nobody:
    """Progress that is not shown."""

    rows = 0

    def begin(self, step: str, total: int | None) -> None:
        """Nothing happens."""

    def advance(self, rows: int) -> None:
        """Count."""
        self.rows += rows


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Logging is as it was afterwards."""
    ours, root = logging.getLogger("leadgate"), logging.getLogger()
    before = ours.handlers, ours.level, ours.propagate, root.handlers
    yield
    ours.handlers, ours.level, ours.propagate, root.handlers = before


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines of standard error as objects; each must be one."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_a_run_has_its_ids_step_and_counts(capsys) -> None:
    """From the beginning to the end of a run, and not afterwards."""
    start_logging("json", verbose=False)
    report = RunReport("r1", "acme", "csv", "sync", "done", "", "", read=7, written=2)
    with working_on("acme", "r1", "sync"):
        progress = Stepping(Nobody())
        progress.begin("pull", None)
        progress.begin("pull", 7)
        tell_end(report)
    logging.getLogger("leadgate.crm").warning("later")
    begins, step, ends, later = lines(capsys)
    assert (begins["connection"], begins["run"]) == ("acme", "r1")
    assert "step" not in begins
    assert (step["step"], ends["step"], ends["state"]) == ("pull", "pull", "done")
    assert ends["counts"]["read"] == 7
    assert ends["counts"]["written"] == 2
    assert later.keys() == {"time", "level", "logger", "message"}
    assert working() is None


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_its_type_and_place(form, capsys) -> None:
    """What it says could be a lead's data, caught or in a thread."""
    start_logging(form, verbose=False)

    def fail() -> None:
        raise KeyError(SECRET)

    try:
        fail()
    except KeyError:
        logging.getLogger("leadgate.crm").exception("It failed.")
    with uncaught_as_lines():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    said = capsys.readouterr().err
    assert said.count("KeyError") == 2
    assert said.count("fail in test_logs.py") == 2
    assert SECRET not in said
    assert "Traceback" not in said


def test_all_that_goes_to_standard_error_is_json(capsys) -> None:
    """Notices and problems as well; people get them as before."""
    start_logging("json", verbose=False)
    err().print("2 connections,\nof which one is [bold]paused[/]")
    say_problems("1 thing to mend.", [Problem("leadgate.yaml:3", "is wrong.", "Mend it.")])
    first, second, problem = lines(capsys)
    assert (first["message"], second["message"]) == ("2 connections,", "of which one is paused")
    assert problem["level"] == "error"
    assert problem["problems"] == [
        {"where": "leadgate.yaml:3", "what": "is wrong.", "fix": "Mend it."}
    ]
    start_logging("text", verbose=False)
    say_problems("1 thing to mend.", [])
    assert capsys.readouterr().err == "Error: 1 thing to mend.\n"


def test_a_command_takes_the_format_from_an_option_or_the_environment(tmp_path) -> None:
    """The option wins; a word that is none is refused with those that are."""
    asked = {"LEADGATE_LOG_FORMAT": "json"}
    found = leadgate(tmp_path, "runs", environment=asked)
    assert found.code == 2
    assert [json.loads(line)["level"] for line in found.err.splitlines()] == ["error"]
    found = leadgate(tmp_path, "--log-format", "text", "runs", environment=asked)
    assert found.err.startswith("Error: There is no leadgate.yaml")
    found = leadgate(tmp_path, "--log-format", "jsn", "runs")
    assert found.code == 2
    assert 'Did you mean "json"?' in found.err
