"""The facts that the ledger keeps, as columns again: whole pages at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mappings.inbound import PROBLEM
from scoring.lead import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.lead import Kind


def decoded_facts(
    facts: pl.Series, kinds: Mapping[str, Kind], *, problems: bool = False
) -> pl.DataFrame:
    """The facts of these kinds from JSON objects, row for row; what an object lacks is unknown.

    With `problems` there is a column of the data problems that stood beside them, a list per lead.
    """
    kept = {name: DTYPES[kind] for name, kind in kinds.items()}
    wanted: dict[str, pl.DataType] = kept | ({"problems": pl.List(PROBLEM)} if problems else {})
    decoded = facts.str.json_decode(pl.Struct(wanted)).struct.unnest()
    none: list[object] = []
    return decoded.with_columns(pl.col("problems").fill_null(none)) if problems else decoded


def known_leads(pages: Iterable[pl.DataFrame], kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """All remembered leads with these facts, from facts frames; and what has become of them.

    Columns: id, stage, converted, opportunity_state, and the facts.
    """
    every: dict[str, Kind] = {"opportunity_state": "text", **kinds}
    parts = [
        pl.concat(
            [page.select("id", "stage", "converted"), decoded_facts(page["facts"], every)],
            how="horizontal",
        )
        for page in pages
    ]
    if parts:
        return pl.concat(parts)
    schema = {"id": pl.String(), "stage": pl.String(), "converted": pl.Boolean()}
    return pl.DataFrame(schema=schema | {name: DTYPES[kind] for name, kind in every.items()})
