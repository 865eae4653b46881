"""What has become of deals: open, won or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.objects import DEALS
from connector.crm.hubspot.reading import BATCH, hundreds
from connector.engine.ports import OPPORTUNITIES
from mappings.transforms.moments import read_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from connector.crm.hubspot.api import Api

_PROPERTIES = ["hs_is_closed", "hs_is_closed_won", "closed_lost_reason", "closedate"]
"""HubSpot sets the first two by its pipeline's stages: won is a probability of 1, lost of 0."""

_SEARCH_PAGE = 200
_MOST_FOUND = 10_000


def opportunities(api: Api, ids: Sequence[str], since: datetime | None) -> pl.DataFrame:
    """The opportunities frame of these deals; of more than a batch, only what closed since."""
    if since is None or len(ids) <= BATCH:
        deals = list(_by_id(api, ids))
    else:
        deals = _closed_since(api, ids, since)
    rows = [_row(deal) for deal in deals]
    text = pl.DataFrame(rows, schema=dict.fromkeys(OPPORTUNITIES, pl.String))
    return text.with_columns(read_instant(pl.col("closed_at")).alias("closed_at"))


def _by_id(api: Api, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for chunk in hundreds(ids):
        request = {"inputs": [{"id": one} for one in chunk], "properties": _PROPERTIES}
        yield from results(api.call("read deals", api.sdk.batches.read, DEALS.name, request))


def _closed_since(api: Api, ids: Sequence[str], since: datetime) -> list[dict[str, Any]]:
    """Closed deals by search; where too many closed for a search, or reading costs less, by id."""
    wanted, found, after = set(ids), [], None
    while True:
        answer = api.search("search deals", DEALS.name, _query(since, after))
        if int(answer.get("total") or 0) > min(_MOST_FOUND, 2 * len(ids)):
            return list(_by_id(api, ids))
        found += [deal for deal in results(answer) if deal["id"] in wanted]
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return found


def _query(since: datetime, after: str | None) -> dict[str, Any]:
    filters = [
        {"propertyName": "hs_is_closed", "operator": "EQ", "value": "true"},
        {
            "propertyName": DEALS.modified,
            "operator": "GTE",
            "value": str(int(since.timestamp() * 1000)),
        },
    ]
    query = {
        "filterGroups": [{"filters": filters}],
        "properties": _PROPERTIES,
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": _SEARCH_PAGE,
    }
    return query if after is None else query | {"after": after}


def _row(deal: dict[str, Any]) -> dict[str, str | None]:
    said = deal["properties"]
    closed = said.get("hs_is_closed") == "true"
    state = "open" if not closed else "won" if said.get("hs_is_closed_won") == "true" else "lost"
    return {
        "@opportunity_id": deal["id"],
        "state": state,
        "reason": said.get("closed_lost_reason") if state == "lost" else None,
        "closed_at": said.get("closedate") if closed else None,
    }
