"""Following opportunities: who is asked for, how much is asked at once, and what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from connector.engine.opportunities import NEW_AT_ONCE, follow_opportunities
from connector.engine.ports import OPPORTUNITIES
from connector.ledger import open_ledger

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Asked:
    """A CRM that knows some states and notes what it is asked."""

    overlap_seconds = 60

    def __init__(self, **states):
        self.states = states
        self.calls = []

    def opportunities(self, ids, since):
        """The states that it knows."""
        self.calls.append((list(ids), since))
        rows = [
            {"@opportunity_id": one, "state": self.states[one][0], "reason": self.states[one][1]}
            for one in ids
            if one in self.states
        ]
        return pl.DataFrame(rows, schema=OPPORTUNITIES)


@pytest.fixture
def ledger(tmp_path):
    """A ledger that knows three converted leads, one of them settled, and one that is not."""
    opened = open_ledger(f"sqlite:///{tmp_path}/l.db", clock=lambda: NOW)
    leads = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "converted": [True, True, True, False],
            "opportunity_id": ["oa", "ob", "oc", None],
            "opportunity_state": [None, "open", "won", None],
            "verdict_key": ["k"] * 4,
            "as_of": ["2026-11-22"] * 4,
            "facts": ["{}"] * 4,
            "there": ["{}"] * 4,
        }
    )
    opened.remember("acme", "r1", leads)
    opened.set_watermark("acme", NOW, "r1", "k")
    yield opened
    opened.close()


def follow(ledger, crm):
    """Follow the opportunities of the connection; how many have changed."""
    return follow_opportunities(SimpleNamespace(name="acme", crm=crm), ledger, "r2")


def test_only_unsettled_opportunities_are_asked_for(ledger):
    """What is unknown is asked in full, what was open only for changes since the last run."""
    crm = Asked()
    follow(ledger, crm)

    assert crm.calls == [(["oa"], None), (["ob"], NOW - timedelta(seconds=60))]


def test_closed_ones_are_kept_and_their_leads_judged_again(ledger):
    """The state and its reason are in memory; the lead has to be judged, as of any day."""
    crm = Asked(oa=("open", None), ob=("lost", "Price"))

    assert follow(ledger, crm) == 2
    seen = ledger.seen("acme", ["a", "b"]).sort("id")
    assert seen["opportunity_state"].to_list() == ["open", "lost"]
    assert seen["lost_reason"].to_list() == [None, "Price"]
    assert seen["verdict_key"].to_list() == ["k", None]
    again = pl.concat(ledger.outdated("acme", "r2", NOW.date()))
    assert again["id"].to_list() == ["b"]


def test_nobody_is_asked_when_all_is_settled(ledger):
    """No unsettled opportunity, no call; the same answer twice is no news."""
    crm = Asked(oa=("won", None), ob=("won", None))

    assert follow(ledger, crm) == 2
    assert follow(ledger, crm) == 0
    assert len(crm.calls) == 2


def test_many_unknown_ones_are_asked_for_over_several_runs(ledger):
    """A first run over an old org does not spend its calls on history."""
    ids = [f"x{number:05}" for number in range(NEW_AT_ONCE + 5)]
    many = pl.DataFrame({"id": ids, "opportunity_id": [f"o{i}" for i in ids]})
    ledger.remember("acme", "r1", many.with_columns(converted=pl.lit(value=True)))
    crm = Asked()
    follow(ledger, crm)

    assert [len(asked) for asked, _ in crm.calls] == [NEW_AT_ONCE, 1]
