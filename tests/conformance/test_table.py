"""The table of symptoms names every symptom, and there is a test for each."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance import symptoms


def test_every_symptom_has_a_test() -> None:
    """The numbers in the names of the tests, ranges with them, are all thirty."""
    files = sorted(Path(__file__).parent.glob("test_symptoms_*.py"))
    names = re.findall(
        r"^def test_(\d\d)(?:_(and|to)_(\d\d))?_", "".join(f.read_text() for f in files), re.M
    )
    covered = set()
    for first, how, last in names:
        span = range(int(first), int(last or first) + 1)
        covered |= set(span) if how == "to" else {int(first), int(last or first)}

    assert covered == set(symptoms.SYMPTOMS)
    rows = [int(n) for n in re.findall(r"^(\d+) ", symptoms.__doc__ or "", re.M)]
    assert rows == list(symptoms.SYMPTOMS)
