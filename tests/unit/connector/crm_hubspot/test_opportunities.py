"""What has become of deals: by id in hundreds, of many by a search of those closed since."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from connector.crm.hubspot.opportunities import opportunities

SINCE = datetime(2026, 11, 20, tzinfo=UTC)


def deal(number, *, closed="false", won="false", reason=None):
    """A deal as the API gives it."""
    properties = {"hs_is_closed": closed, "hs_is_closed_won": won, "closed_lost_reason": reason}
    return {"id": str(number), "properties": properties | {"closedate": "2026-11-21T10:00:00Z"}}


class Portal:
    """A portal with these deals, that notes how it was asked."""

    def __init__(self, deals, total=None):
        self.deals = {each["id"]: each for each in deals}
        self.total = len(deals) if total is None else total
        self.asked = []
        self.sdk = SimpleNamespace(batches=SimpleNamespace(read=None))

    def call(self, what, _function, _object, request):
        """A batch read."""
        self.asked.append(what)
        ids = [each["id"] for each in request["inputs"]]
        return {"results": [self.deals[one] for one in ids if one in self.deals]}

    def search(self, what, _object, query):
        """A search, two to a page."""
        self.asked.append((what, query["filterGroups"][0]["filters"][1]["value"]))
        start = int(query.get("after", 0))
        page = list(self.deals.values())[start : start + 2]
        following = {"next": {"after": str(start + 2)}} if start + 2 < len(self.deals) else {}
        return {"total": self.total, "results": page, "paging": following}


MANY = [str(number) for number in range(250)]


def test_states_reasons_and_days_by_id():
    """A call a hundred; only a lost deal has a reason, only a closed one a day."""
    deals = [deal(1, reason="x"), deal(2, closed="true", won="true"), deal(3, closed="true", reason="Dear")]  # fmt: skip
    portal = Portal(deals)
    found = opportunities(portal, ["1", "2", "3", "4"], SINCE)

    assert found["state"].to_list() == ["open", "won", "lost"]
    assert found["reason"].to_list() == [None, None, "Dear"]
    assert found["closed_at"].is_null().to_list() == [True, False, False]
    assert portal.asked == ["read deals"]


def test_of_many_only_those_closed_since_are_searched():
    """The search is paged, and deals of others are left out."""
    portal = Portal([deal(n, closed="true") for n in (3, 4, 999)])
    found = opportunities(portal, MANY, SINCE)

    assert found["@opportunity_id"].to_list() == ["3", "4"]
    assert portal.asked == [("search deals", "1795132800000")] * 2


def test_all_are_read_where_nothing_was_asked_before_or_too_much_has_closed():
    """Without a moment, or past what a search can give, every deal is read by id."""
    for portal, since in ((Portal([deal(3)]), None), (Portal([deal(3)], total=20_000), SINCE)):
        found = opportunities(portal, MANY, since)

        assert found["@opportunity_id"].to_list() == ["3"]
        assert portal.asked[-3:] == ["read deals"] * 3
