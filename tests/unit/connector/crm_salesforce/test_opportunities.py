"""What has become of opportunities, in one call for up to two thousand."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from connector.crm.salesforce.opportunities import opportunities

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
FIELDS = dict.fromkeys(("Id", "IsClosed", "IsWon", "CloseDate", "Loss_Reason__c"))


def record(number, *, closed=False, won=False, reason=None):
    """An opportunity as the API gives it."""
    close = {"CloseDate": "2026-11-21", "Loss_Reason__c": reason}
    return {"Id": f"006{number}", "IsClosed": closed, "IsWon": won, **close}


class Org:
    """An org that answers from given records and notes how it was asked."""

    def __init__(self, *pages):
        self.pages = list(pages)
        self.asked = []

    def json(self, method, path, json=None):
        """A retrieve by id, or the next page of a query."""
        self.asked.append((method, path, json))
        if method == "POST":
            return [*self.pages[0], None]
        return self._page()

    def query(self, soql):
        """The first page of a query."""
        self.asked.append(("QUERY", soql, None))
        return self._page()

    def _page(self):
        page = self.pages.pop(0)
        return {"records": page, "done": not self.pages, "nextRecordsUrl": "query/next"}


def schema(fields=FIELDS):
    """An object with these fields."""
    return SimpleNamespace(name="Opportunity", fields=fields)


def test_states_reasons_and_days_by_id():
    """One POST tells all; only a lost one has a reason, only a closed one a day."""
    org = Org([record(1, reason="x"), record(2, closed=True, won=True), record(3, closed=True, reason="Price")])  # fmt: skip
    found = opportunities(org, schema(), ["0061", "0062", "0063", "0064"], SINCE)

    assert found["state"].to_list() == ["open", "won", "lost"]
    assert found["reason"].to_list() == [None, None, "Price"]
    assert [day and f"{day:%Y-%m-%d}" for day in found["closed_at"]] == [
        None,
        "2026-11-21",
        "2026-11-21",
    ]
    assert [method for method, _, _ in org.asked] == ["POST"]


def test_of_very_many_only_those_closed_since_are_read():
    """A query by time replaces a call per two thousand; opportunities of others are left out."""
    org = Org([record(1, closed=True, won=True)], [record(9, closed=True), record(2, closed=True)])
    ids = [f"006{number}" for number in (1, 2, *range(100, 2200))]
    found = opportunities(org, schema(), ids, SINCE)

    assert found["@opportunity_id"].to_list() == ["0061", "0062"]
    assert len(org.asked) == 2
    assert "IsClosed = true AND SystemModstamp >= 2026-11-20T00:00:00Z" in org.asked[0][1]


@pytest.mark.parametrize("seen", [None, schema({"Id": None})])
def test_who_may_not_see_opportunities_asks_for_none(seen):
    """Without the object or its state there is nothing to know, and no call."""
    org = Org()

    assert opportunities(org, seen, ["0061"], None).is_empty()
    assert org.asked == []
