"""Taking opportunities back: the lines of an undo that the CRM's `retract` carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.engine.connection import Connection
    from connector.engine.ledger import Ledger

OPPORTUNITY = "@opportunity_id"
_OURS = ("@owner_id", OPPORTUNITY)


def body_keys(bodies: pl.Series) -> tuple[str, ...]:
    """Every key that any of these JSON objects has, first seen first."""
    seen: dict[str, None] = {}
    for body in bodies.unique(maintain_order=True):
        seen.update(dict.fromkeys(orjson.loads(body)))
    return tuple(seen)


def retract(
    connection: Connection, ledger: Ledger, run: str, lines: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Take the opportunities of these lines back; the ledger follows with every answer."""
    if lines.is_empty():
        return
    for outcomes in connection.crm.retract(retractions_of(lines)):
        with ledger.together():
            ledger.record_outcomes(run, "retract", outcomes)
            ledger.settle_retracted(connection.name, outcomes)
        yield outcomes


def retractions_of(lines: pl.DataFrame) -> pl.DataFrame:
    """The frame that `Crm.retract` takes, of retract lines."""
    given = [name for name in body_keys(lines["body"]) if name not in _OURS]
    kind = pl.Struct(dict.fromkeys((*_OURS, *given), pl.String()))
    body = lines["body"].str.json_decode(kind).struct.unnest()
    return pl.DataFrame(
        [
            lines["id"].alias("@id"),
            body["@owner_id"],
            lines["id"].alias("@key"),
            body[OPPORTUNITY],
            *(body[name].alias(f"to:{name}") for name in given),
        ]
    )
