"""Days of interest over several syncs of a HubSpot portal, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from connector.engine.lead import remembered
from connector.engine.replay import replay

if TYPE_CHECKING:
    from collections.abc import Mapping

VISITED = "hs_analytics_last_visit_timestamp"


def explained(world: Any, lead: str) -> Mapping[str, Any]:
    """What explaining the lead from the ledger says, beside its last verdict."""
    found = remembered(world.files.judge, world.files.extra, world.ledger, "hubspot", [lead])[0]
    verdict = found.known["verdict"]
    names = ("score", "stage", "unmet", "grade", "genuine")
    assert {n: getattr(found.explanation, n) for n in names} == {n: verdict[n] for n in names}
    return dict(verdict)


def test_two_visits_on_two_days_are_coming_back(world: Any) -> None:
    """Two syncs see a visit each; the counter stays at one, and yet the lead has come back."""
    world.sync()
    lead = world.quiet_lead()

    world.does(lead, hs_analytics_num_visits=1, **{VISITED: world.now().isoformat()})
    world.sync()
    assert world.active_days(lead) == 1
    assert "must come back" in str(explained(world, lead)["unmet"])

    world.forward(days=1)
    world.does(lead, **{VISITED: world.now().isoformat()})
    world.sync()

    assert world.active_days(lead) == 2
    assert "must come back" not in str(explained(world, lead)["unmet"])
    days = world.ledger.seen("hubspot", [lead])["days"].item().to_list()
    assert days == [date(2026, 11, 22), date(2026, 11, 23)]


def test_a_counter_without_a_moment_counts_the_day_of_the_sync(world: Any) -> None:
    """A form more makes the sync's day count, once, and not again on the following days."""
    world.sync()
    lead = world.quiet_lead()
    told = world.known(lead)["facts"]["forms"]
    sent = int(told or 0)

    world.does(lead, num_conversion_events=sent + 1)
    world.sync()
    before = world.active_days(lead)
    world.forward(days=1)
    world.does(lead, num_conversion_events=sent + 2)
    world.sync()
    after = world.active_days(lead)
    world.forward(days=1)
    world.does(lead, hs_email_open=9)
    world.sync()

    assert before == (1 if told is not None else 0)  # a first number is no rise
    assert after == before + 1
    assert world.active_days(lead) == after


@pytest.mark.parametrize("full", [False, True])
def test_a_second_sync_plans_nothing(world: Any, full: bool) -> None:
    """Whoever reads the same portal again, all or only what is new, counts the same."""
    assert world.sync().planned > 0

    report = world.sync(full=full)

    assert report.planned == 0
    assert report.judged > 0


def test_days_run_out(world: Any) -> None:
    """After ninety days nobody has shown interest; verdict, facts and replay agree on every day."""
    world.sync()
    lead = world.quiet_lead()
    world.does(lead, hs_analytics_num_visits=1, **{VISITED: world.now().isoformat()})
    world.sync()
    world.forward(days=1)
    world.does(lead, **{VISITED: world.now().isoformat()})
    world.sync()
    world.forward(days=89)
    world.sync()
    assert world.active_days(lead) == 1
    world.forward(days=1)
    world.sync()

    assert world.active_days(lead) == 0
    assert "must come back" in str(explained(world, lead)["unmet"])
    present = (world.files.judge, world.files.extra)
    for row in world.ledger.verdict_history("hubspot", lead):
        day = date.fromisoformat(row["as_of"])
        again = replay(world.ledger, "hubspot", lead, day, present)
        assert again.why_not is None
        assert again.differs == ()
