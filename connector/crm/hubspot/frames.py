"""Records as HubSpot sends them to frames as the engine takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.objects import MERGED_IDS, OWNER
from connector.engine.ports import GONE, PAGE_META

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.crm.hubspot.objects import LeadObject

_INSTANT = "%Y-%m-%dT%H:%M:%S%.fZ"  # the fraction is missing when the milliseconds are zero


def raw_frame(
    records: Sequence[dict[str, Any]], fields: Sequence[str], lead_object: LeadObject
) -> pl.DataFrame:
    """A page of records as the raw frame of `connector.engine.ports`."""
    properties = [record.get("properties") or {} for record in records]
    columns = {
        "@id": _texts(record["id"] for record in records),
        "@modified_at": _texts(
            found.get(lead_object.modified) or record.get("updatedAt")
            for record, found in zip(records, properties, strict=True)
        ),
        "@owner_id": _texts(found.get(OWNER) for found in properties),
    } | {name: _texts(found.get(name) for found in properties) for name in fields}
    return (
        pl.DataFrame(columns)
        .with_columns(
            pl.col("@modified_at").str.to_datetime(
                _INSTANT, time_unit="us", time_zone="UTC", strict=False
            ),
            pl.lit(value=False).alias("@converted"),  # HubSpot has no such state; the ledger knows
            pl.lit(None, pl.String).alias("@opportunity_id"),
            pl.col("@owner_id", *fields).replace("", None),
        )
        .select(*PAGE_META, *fields)
    )


def merged_frame(records: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """The old ids that these records have taken over, as gone rows."""
    found = pl.DataFrame(
        {
            "@merged_into": _texts(record["id"] for record in records),
            "@id": _texts((record.get("properties") or {}).get(MERGED_IDS) for record in records),
        }
    )
    return (
        found.drop_nulls("@id")
        .with_columns(pl.col("@id").str.split(";"))
        .explode("@id", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("@id").str.strip_chars())
        .filter(pl.col("@id").str.contains(r"^\d+$") & (pl.col("@id") != pl.col("@merged_into")))
        .select(*GONE)
        .unique(maintain_order=True)
    )


def _texts(values: Iterable[Any]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.String, strict=False)
