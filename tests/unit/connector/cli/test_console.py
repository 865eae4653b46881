"""What reaches the terminal is what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.console import err, out, say_problems
from scoring.problem import Problem

if TYPE_CHECKING:
    import pytest


def test_a_line_number_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    """Between colons 100 is a line of a file, and a lead's text is its own."""
    say_problems("1 thing to mend.", [Problem("model.yaml:100: rules.27", "is :warning: wrong.")])
    out().print(":100: points")
    err().print(":100: errors")

    said = capsys.readouterr()
    assert "model.yaml:100: rules.27" in said.err
    assert ":warning:" in said.err
    assert ":100: errors" in said.err
    assert said.out == ":100: points\n"
