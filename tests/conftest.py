"""What all tests share: hypothesis profiles without deadlines, since machines are noisy.

Where a change is accepted or refused (`CI`), the examples are the same every time; everywhere else
they are new ones, and what they find is written down as a test of its own.

The files named in EXHAUSTIVE try every case of something that other tests try a sample of. `pytest` leaves
them out, so that it stays short; `pytest -m exhaustive` runs them alone, and `.ci/run` runs both.
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # each of the suite's processes has one core

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "leadgate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("accept", settings.get_profile("leadgate"), derandomize=True)
settings.load_profile("accept" if os.environ.get("CI") else "leadgate")

EXHAUSTIVE = (
    "acceptance/test_death_everywhere.py",
    "acceptance/test_death_resume.py",
    "acceptance/test_ninety_days.py",
    "unit/connector/answers/test_commands.py",
    "unit/connector/backtest/test_flips_happen.py",
    "unit/connector/backtest/test_honest.py",
    "unit/connector/ledger/test_retention.py",
    "unit/connector/quota/test_processes.py",
    "unit/scoring/lamb_or_spam/test_properties.py",
    "unit/scoring/predictive/test_leaks.py",
    "unit/scoring/predictive/test_train.py",
    "unit/scoring/questions/test_expected_value.py",
    "unit/scoring/test_judge_properties.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "exhaustive: every case of what others try a sample of")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the files that are exhaustive, before any are chosen by their marks."""
    for item in items:
        if item.path.as_posix().endswith(EXHAUSTIVE):
            item.add_marker(pytest.mark.exhaustive)
