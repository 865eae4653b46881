"""One command stays within its share of the day's calls."""

from __future__ import annotations

import pytest

from connector.crm.hubspot.budget import DailyBudget
from connector.errors import QuotaSpentError


def test_the_share_is_of_the_portals_own_number() -> None:
    """The portal's answer says how many calls the day has; the share is counted from it."""
    budget = DailyBudget(0.4)
    budget.note({"X-HubSpot-RateLimit-Daily": "1000"})

    budget.check(399)
    with pytest.raises(QuotaSpentError, match="40% of 1000"):
        budget.check(400)


def test_without_a_number_the_smallest_day_counts() -> None:
    """OAuth answers name no daily number; the smallest edition's is assumed."""
    budget = DailyBudget(0.01)
    budget.note({})

    budget.check(2_499)
    with pytest.raises(QuotaSpentError):
        budget.check(2_500)


def test_the_last_calls_of_the_day_are_left_to_others() -> None:
    """When the portal's day is nearly used up, by whomever, this app stops first."""
    budget = DailyBudget(0.4)
    headers = {"X-HubSpot-RateLimit-Daily": "1000"}

    budget.note(headers | {"X-HubSpot-RateLimit-Daily-Remaining": "50"})
    budget.check(1)
    budget.note(headers | {"X-HubSpot-RateLimit-Daily-Remaining": "49"})
    with pytest.raises(QuotaSpentError, match="49 of its 1000"):
        budget.check(1)
