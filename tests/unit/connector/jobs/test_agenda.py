"""Ten thousand schedules are not asked every second, and nobody waits longer for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.schedule import ScheduleKeys, due, next_look
from connector.errors import ConfigurationError
from connector.jobs.agenda import Agenda
from connector.jobs.fresh import Fresh
from connector.ledger import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 5, 1, 9, 0, 1, tzinfo=UTC)
SCHEDULES = st.builds(
    lambda cron, zone, jitter: ScheduleKeys(cron=cron, time_zone=zone, jitter_seconds=jitter),
    st.sampled_from(["*/15 * * * *", "*/2 * * * *", "30 2 * * *", "0 1-3 * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.integers(0, 600),
)
AROUND_CHANGES = st.sampled_from(
    [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC), START]
)


@given(keys=SCHEDULES, start=AROUND_CHANGES, minutes=st.integers(0, 400))
@settings(max_examples=40, deadline=None)
def test_between_two_looks_the_answer_does_not_change(keys, start, minutes) -> None:
    """Whoever looks only when told to misses no time, also where clocks are changed."""
    last = start + timedelta(minutes=minutes)
    coming = next_look(keys, "acme", last, last)
    assert coming is not None
    before = coming - timedelta(seconds=1)
    for moment in (last, last + (before - last) / 2, before):
        if moment < coming:
            assert due(keys, "acme", last, moment) == (last, None)


def test_a_schedule_is_read_only_when_its_time_may_have_come(tmp_path) -> None:
    """A thousand ticks in which nobody is due ask for no schedule; a time that comes is found."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: START)
    keys = {f"c{n}": ScheduleKeys.model_validate("*/15 * * * *") for n in range(250)}
    agenda = Agenda(lambda: keys, ledger)
    found = list(agenda.ripe(START))
    assert len(found) == 250
    for state, _ in found:
        agenda.look_again(state.connection, state.since, START)
    assert [list(agenda.ripe(START + timedelta(seconds=n))) for n in range(0, 590, 10)] == [[]] * 59
    later = START + timedelta(minutes=15)
    assert {state.connection for state, _ in agenda.ripe(later)} == set(keys)
    ledger.go_on("c7")
    assert [state.again for state, _ in agenda.ripe(START)] == [True]
    ledger.close()


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    """The same object until then; a slip of the pen is told once, and what was said before holds."""
    path = tmp_path / "file"
    path.write_text("good")

    def read() -> list[str]:
        if path.read_text() == "wrong":
            raise ConfigurationError("wrong")
        return [path.read_text()]

    fresh = Fresh(path, read)
    first = fresh()
    assert fresh() is first
    path.write_text("wrong")
    with pytest.raises(ConfigurationError):
        fresh()
    assert fresh() is first
    path.write_text("better")
    assert fresh() == ["better"]
