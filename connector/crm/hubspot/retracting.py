"""Deals that we made go into the bin, as long as nobody has done anything with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from connector.crm.hubspot.api import results
from connector.crm.hubspot.objects import DEALS, OWNER
from connector.crm.hubspot.outcomes import APPLIED, Row
from connector.crm.hubspot.reading import BATCH
from connector.engine.ports import CONVERSION_OUTCOMES, chunks, utc
from mappings.wire import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.crm.hubspot.api import Api
    from mappings.schema import Field, ObjectSchema

SETTLING = timedelta(minutes=10)
"""So long after its creation a deal is still changed by its own making: associations, HubSpot's sums."""

_BY_ITSELF = ("createdate", "pipeline", "dealstage", OWNER, "hubspot_owner_assigneddate")
"""Writable properties that a new deal has though we gave it no value."""

_SIGNS = ("num_notes", "num_contacted_notes", "notes_last_updated")
"""What HubSpot counts when people work on a deal."""

_GONE = Row("skipped", "OPPORTUNITY_GONE", message="The deal is gone already.")
_TOUCHED_WORDS = "Somebody has worked on the deal since; it stays."
_TOUCHED_REMEDY = "Look at it, and delete it by hand if it is not wanted."


class Retractor:
    """Archives deals. HubSpot keeps archived records for 90 days, where people can restore them."""

    def __init__(self, api: Api, deals: ObjectSchema, portal: str) -> None:
        self._api = api
        self._deals = deals
        self._portal = portal

    def retract(self, conversions: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The frame of `Crm.retract`; an outcome frame per hundred deals."""
        for frame in chunks(conversions, BATCH):
            rows = frame.to_dicts()
            deals = self._read(rows)
            told = {row["@id"]: self._judge(row, deals.get(row["@opportunity_id"])) for row in rows}
            self._archive([r["@opportunity_id"] for r in rows if told[r["@id"]] is APPLIED])
            yield pl.DataFrame(
                [_outcome(row, told[row["@id"]]) for row in rows], CONVERSION_OUTCOMES
            )

    def _read(self, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        given = {name.removeprefix("to:") for name in rows[0] if name.startswith("to:")}
        theirs = {n for n, f in self._deals.fields.items() if f.writable and not f.calculated}
        wanted = sorted(given | theirs | {"createdate", DEALS.modified, *_SIGNS})
        ids = dict.fromkeys(row["@opportunity_id"] for row in rows)
        request = {"inputs": [{"id": one} for one in ids], "properties": wanted}
        answer = self._api.call("read deals", self._api.sdk.batches.read, "deals", request)
        return {str(deal["id"]): deal["properties"] for deal in results(answer)}

    def _judge(self, row: dict[str, Any], deal: dict[str, Any] | None) -> Row:
        if deal is None:
            return _GONE
        changed = self._changed(row, deal)
        late = utc(deal[DEALS.modified]) - utc(deal["createdate"]) > SETTLING
        if not (changed or late or any(_filled(deal.get(name)) for name in _SIGNS)):
            return APPLIED
        link = f" {self._link(row)}" if self._portal else ""
        return Row("skipped", "TOUCHED", changed, _TOUCHED_WORDS, f"{_TOUCHED_REMEDY}{link}")

    def _changed(self, row: dict[str, Any], deal: dict[str, Any]) -> str:
        """The first property that is not as we left it, or nothing."""
        for name, field in self._deals.fields.items():
            ours = row.get(f"to:{name}")
            if ours is not None:
                if not _same(ours, deal.get(name), field):
                    return name
            elif _by_people(name, field) and (deal.get(name) or "") != "":
                return name
        return ""

    def _archive(self, ids: list[str]) -> None:
        if ids:
            body = {"inputs": [{"id": one} for one in ids]}
            self._api.call("archive deals", self._api.sdk.batches.archive, "deals", body)

    def _link(self, row: dict[str, Any]) -> str:
        return f"{self._portal}/record/{DEALS.type_id}/{row['@opportunity_id']}"


def _by_people(name: str, field: Field) -> bool:
    """Whether a value that we did not give can only be somebody else's."""
    key = field.unique or name in _BY_ITSELF
    return field.writable and not field.calculated and not key and not name.startswith("hs_")


def _same(ours: str, there: str | None, field: Field) -> bool:
    """Whether both texts are the same value; a date may come back as its midnight."""
    frame = pl.DataFrame({"ours": [ours], "there": [there]}, schema_overrides={"there": pl.String})
    left, right = frame.select(canonical(pl.col(n), field).alias(n) for n in frame.columns).row(0)
    day = 10
    is_day = field.type in ("date", "datetime") and len(ours) == day
    return bool(left == right or (is_day and (right or "")[:day] == ours))


def _filled(value: object) -> bool:
    return value not in (None, "", "0")


def _outcome(row: dict[str, Any], told: Row) -> dict[str, str | None]:
    kept = None if told in (APPLIED, _GONE) else row["@opportunity_id"]
    return told.columns(row["@id"]) | {"@opportunity_id": kept}
