"""The quota holds for the day and all commands of it, and the CRM's own words go first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from connector.crm.quota import RESERVE, DailyBudget, Quota
from connector.crm.windows import MemoryCalls, Midnight, Rolling
from connector.errors import QuotaSpentError
from tests.unit.connector.quota.clocks import START, Time

DAY = Rolling(timedelta(hours=1), timedelta(hours=24))


def budget(time: Time, quota: float = 0.4, size: int | None = 1000) -> DailyBudget:
    """One command's view of the day."""
    return DailyBudget("Acme", quota, DAY, time.now, size=size)


def spend(day: DailyBudget, calls: int) -> None:
    """Make so many calls."""
    for _ in range(calls):
        day.spend()


@pytest.mark.parametrize(
    ("written", "quota"), [("40%", 0.4), (0.4, 0.4), (1, 1), ("100%", 1), (100, 100), (25_000, 25_000)]
)  # fmt: skip
def test_quota_is_a_share_or_a_number(written: object, quota: float) -> None:
    """A percentage, a part of one, or calls a day."""
    assert TypeAdapter(Quota).validate_python(written) == pytest.approx(quota)


@pytest.mark.parametrize("written", [40, 99, 100.5, 1.5, "101%", "0%", 0, -1, "many"])
def test_quota_that_may_be_a_slip_is_refused(written: object) -> None:
    """40 without its percent sign would be forty calls a day: it is asked about."""
    with pytest.raises(ValidationError):
        TypeAdapter(Quota).validate_python(written)


def test_commands_of_a_day_share_one_quota() -> None:
    """Three commands one after the other have one share; hours later it comes back."""
    time = Time()
    store = MemoryCalls(time.now)
    for calls in (150, 150, 100):
        day = budget(time)
        spend(day, 2)  # before it knows whose day it is
        day.share_with(store, "org", DAY)
        spend(day, calls - 2)
        day.close()
    last = budget(time)
    last.share_with(store, "org", DAY)
    with pytest.raises(QuotaSpentError, match=r"the 400 calls a day .*40% of 1,000") as spent:
        last.spend()
    back = START.replace(minute=0) + timedelta(hours=25)
    assert spent.value.back_at == back
    time.seconds = (back - START).total_seconds()
    spend(last, 400)


def test_another_account_has_a_day_of_its_own() -> None:
    """Two connections to one org share its day; another org's day is untouched."""
    time = Time()
    store = MemoryCalls(time.now)
    here, there = budget(time), budget(time)
    here.share_with(store, "org", DAY)
    there.share_with(store, "other", DAY)
    spend(here, 400)
    allowance = there.allowance()
    assert allowance is not None
    assert (allowance.left, allowance.share, allowance.day) == (400, 400, 1000)


def test_what_others_have_used_is_gone_for_us() -> None:
    """Of 1,000 calls 120 are left: 70 for us, and the last 5% for the other apps."""
    day = budget(Time())
    day.note(1000, 120)
    allowance = day.allowance()
    assert allowance is not None
    assert allowance.left == 120 - 1000 * RESERVE
    day.note(1000, 49)
    with pytest.raises(QuotaSpentError, match="49 of the 1,000 calls of the day are left"):
        day.spend()


def test_crm_that_counts_far_less_is_believed() -> None:
    """A count of ours that the CRM cannot have seen does not stop us."""
    time = Time()
    store = MemoryCalls(time.now)
    store.take_calls("org", "daily", DAY, want=400)
    day = budget(time)
    day.share_with(store, "org", DAY)
    day.note(1000, 990)
    allowance = day.allowance()
    assert allowance is not None
    assert allowance.left == 390
    spend(day, 100)


def test_number_needs_no_size_of_the_day() -> None:
    """100 calls a day are 100, also before the CRM has said how many it takes."""
    day = budget(Time(), quota=100, size=None)
    assert day.allowance() is None
    spend(day, 100)
    with pytest.raises(QuotaSpentError, match="quota: 100"):
        day.spend()


def test_share_of_an_unknown_day_waits_for_its_size() -> None:
    """Before the first answer nobody can say what 1% is; then what was used counts."""
    day = budget(Time(), quota=0.01, size=None)
    spend(day, 3)
    day.note(1000, 997)
    spend(day, 7)
    with pytest.raises(QuotaSpentError):
        day.spend()


def test_refusal_of_the_crm_learns_when_calls_come_back() -> None:
    """HubSpot's day ends at the portal's midnight, and the error says so."""
    day = DailyBudget("HubSpot", 0.4, Midnight("US/Eastern"), Time().now, size=1000)
    told = day.refused(QuotaSpentError("hubspot: the portal's calls of today are spent."))
    assert told.back_at is not None
    assert told.back_at.isoformat() == "2026-11-23T05:00:00+00:00"
    assert "More come from 2026-11-23T05:00:00Z on." in str(told)
