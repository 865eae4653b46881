"""The facts that the ledger keeps, as columns again: whole pages at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mappings.inbound import PROBLEM
from scoring.lead import DTYPES
from scoring.sharing import SHARED, as_seen_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.lead import Kind


def decoded_facts(
    facts: pl.Series,
    kinds: Mapping[str, Kind],
    *,
    problems: bool = False,
    seen_here: bool = False,
) -> pl.DataFrame:
    """The facts of these kinds from JSON objects, row for row; what an object lacks is unknown.

    With `problems` there is a column of the data problems that stood beside them, a list per lead.
    With `seen_here` what came from other connections is left out (see scoring/sharing.py).
    """
    wanted: dict[str, pl.DataType] = {name: DTYPES[kind] for name, kind in kinds.items()}
    wanted |= {"problems": pl.List(PROBLEM)} if problems else {}
    wanted |= {"shared": SHARED} if seen_here else {}
    decoded = facts.str.json_decode(pl.Struct(wanted)).struct.unnest()
    if seen_here:
        decoded = as_seen_here(decoded).drop("shared")
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
