"""What is in the CRM as far as we know: read with a page, and changed by what we wrote since.

A JSON object per lead: the text of every field that we write or compare, `@owner_id`, and `@stage`,
the stage that the CRM itself named (null where it is silent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mappings.inbound import Inbound
    from mappings.outbound import Outbound

OWNER = "@owner_id"
STAGE = "@stage"


def read_there(fields: Sequence[str], owner: pl.Series, stage: pl.Series) -> pl.Expr:
    """The object of a compared page, over its difference frame (`from:F`)."""
    return _encoded(
        [
            *(pl.col(f"from:{name}").alias(name) for name in fields),
            pl.lit(owner).alias(OWNER),
            pl.lit(stage).alias(STAGE),
        ]
    )


def written_there(fields: Sequence[str], there: pl.Series, changes: pl.DataFrame) -> pl.Series:
    """The objects after changes (`to:F`, `change:F`) have landed, row for row; unknown stays so."""
    before = decoded(fields, there)
    frame = pl.concat([before, changes.select(pl.exclude(before.columns))], how="horizontal")
    after = _encoded(
        [
            *(
                pl.when(f"change:{name}").then(f"to:{name}").otherwise(name).alias(name)
                for name in fields
            ),
            pl.col(OWNER),
            pl.col(STAGE),
        ]
    )
    known = pl.lit(there.is_not_null())
    return frame.select(pl.when(known).then(after).alias("there")).to_series()


def decoded(fields: Sequence[str], there: pl.Series) -> pl.DataFrame:
    """The objects as columns: one per field, `@owner_id` and `@stage`."""
    names = [*fields, OWNER, STAGE]
    kind = pl.Struct(dict.fromkeys(names, pl.String()))
    return there.str.json_decode(kind).struct.unnest()


def said_before(inbound: Inbound, outbound: Outbound, memory: pl.DataFrame) -> pl.Series:
    """The stage that stood in the CRM when we last read or wrote each lead, row for row of a memory frame.

    What we last wrote counts where the stage is read from a field that we write. Null where the CRM
    was silent, or where nobody knows.
    """
    if "there" not in memory.columns:
        return pl.Series([None] * memory.height, dtype=pl.String)
    there = decoded(outbound.fields, memory["there"])
    sources = [each for each in inbound.sources if each.fact == "stage"]
    ours = all(each.field in outbound.fields for each in sources)
    if not sources or not ours or "stage" in inbound.defaults:
        return there[STAGE]
    return there.select(pl.coalesce([each.value for each in sources]).cast(pl.String)).to_series()


def _encoded(columns: list[pl.Expr]) -> pl.Expr:
    return pl.struct(columns).struct.json_encode()
