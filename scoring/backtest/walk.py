"""One model's way through a history: judged day by day, each judgement begins where the last ended.

The stage that a lead has reached is an input of its next judgement. What people said of the stage
counts for every model; what another model wrote does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.lead import DTYPES
from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from datetime import date

    from scoring.judge import Judge

INSTANT = DTYPES["datetime"]
RANK = {**dict.fromkeys(ASIDE, -1), **{stage: rank for rank, stage in enumerate(STAGES)}}
"""How far a stage is on the ladder; who is beside it is below all."""

_STANDING = {
    "id": pl.String(), "stood": pl.String(), "stood_since": INSTANT, "@because": pl.String(),
}  # fmt: skip


class Walk:
    """Where each lead stands by one model, and since when."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._standing = pl.DataFrame(schema=_STANDING)

    def step(self, leads: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """Judge leads as of a day and remember where they stand; the rows stay in their order.

        `leads` has `id`, facts, `@said` (a person has put it into its `stage`, or nothing is known
        from before) and `@at` (the moment of the judgement). Answers all that the judge found out;
        `stage:new` and `priority` are the verdict's, `@because` why it came to its stage.
        """
        known = leads.join(self._standing, on="id", how="left", maintain_order="left")
        judged = self.judge.assess(_coming_in(known), as_of)
        put_out = pl.col("@aside").eq_missing(pl.lit("disqualified"))
        moved = pl.col("stage:new").ne_missing(pl.col("stood"))
        judged = judged.with_columns(
            pl.when(put_out).then(pl.lit("cold")).otherwise("priority").alias("priority"),
            pl.when(moved).then("stage_reason").otherwise("@because").alias("@because"),
        )
        self._keep(judged)
        return judged

    def _keep(self, judged: pl.DataFrame) -> None:
        stays = (pl.col("stage:new") == pl.col("stood")) & pl.col("stood_since").is_not_null()
        since = pl.when(stays).then("stood_since").otherwise("@at")
        now = judged.select(
            "id", pl.col("stage:new").alias("stood"), since.alias("stood_since"), "@because"
        )
        before = self._standing.join(now, on="id", how="anti")
        self._standing = pl.concat([before, now.cast(dict(_STANDING))])  # type: ignore[arg-type]


def _coming_in(known: pl.DataFrame) -> pl.DataFrame:
    """The leads with the stage in which they come into the judgement, and since when they are there."""
    first = pl.col("stood").is_null()
    came_in = (
        pl.when(pl.col("@said") | first).then(pl.coalesce("stage", "stood")).otherwise("stood")
    )
    remembered = known.with_columns(
        pl.when(first).then("stage").otherwise("stood").alias("stood"),
        pl.when(first).then("stage_since").otherwise("stood_since").alias("stood_since"),
        came_in.alias("stage"),
    )
    same = pl.col("stood").eq_missing(pl.col("stage"))
    return remembered.with_columns(pl.when(same).then("stood_since").alias("stage_since"))
