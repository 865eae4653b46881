"""What has become of opportunities: open, won or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.salesforce import soql
from connector.crm.salesforce.lookup import retrieve
from connector.engine.ports import OPPORTUNITIES, instant
from mappings.transforms.moments import read_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from connector.crm.salesforce.client import Client
    from mappings.schema import ObjectSchema

_STATE = ("Id", "IsClosed", "IsWon", "CloseDate")
_REASONS = ("Loss_Reason__c", "Lost_Reason__c", "Closed_Lost_Reason__c", "Reason_Lost__c")
"""Where orgs keep why an opportunity was lost; the platform has no field of its own for it."""

_ONE_CALL = 2_000


def opportunities(
    client: Client, schema: ObjectSchema | None, ids: Sequence[str], since: datetime | None
) -> pl.DataFrame:
    """The opportunities frame of these ids; more than one call takes, only what closed since.

    Nothing for a user who may not see opportunities.
    """
    if schema is None or not {"IsClosed", "IsWon"} <= schema.fields.keys():
        return pl.DataFrame(schema=OPPORTUNITIES)
    reason = next((name for name in _REASONS if name in schema.fields), None)
    names = [*(n for n in _STATE if n == "Id" or n in schema.fields), *([reason] if reason else [])]
    if since is None or len(ids) <= _ONE_CALL:
        records = retrieve(client, schema.name, ids, names)
    else:
        wanted = set(ids)
        closed = _closed_since(client, schema.name, names, since)
        records = (record for record in closed if record["Id"] in wanted)
    rows = [_row(record, reason) for record in records]
    text = pl.DataFrame(rows, schema=dict.fromkeys(OPPORTUNITIES, pl.String))
    return text.with_columns(read_instant(pl.col("closed_at")).alias("closed_at"))


def _closed_since(
    client: Client, name: str, names: Sequence[str], since: datetime
) -> Iterator[dict[str, Any]]:
    condition = f"WHERE IsClosed = true AND SystemModstamp >= {instant(since)}"
    answer = client.query(soql.select(names, name, condition))
    yield from answer["records"]
    while not answer["done"]:
        answer = client.json("GET", answer["nextRecordsUrl"])
        yield from answer["records"]


def _row(record: dict[str, Any], reason: str | None) -> dict[str, str | None]:
    closed = bool(record["IsClosed"])
    state = "open" if not closed else "won" if record["IsWon"] else "lost"
    said = record.get(reason) if reason and state == "lost" else None
    day = record.get("CloseDate") if closed else None
    return {"@opportunity_id": record["Id"], "state": state, "reason": said, "closed_at": day}
