"""A conversion stays: Salesforce has no way back, so it is said what there is to do by hand."""

from __future__ import annotations

import polars as pl

from connector.engine.ports import CONVERSION_OUTCOMES

_WORDS = (
    "Salesforce cannot undo a conversion: the lead stays converted, its opportunity, contact and "
    "account stay."
)


def kept(conversions: pl.DataFrame, instance_url: str) -> pl.DataFrame:
    """The outcome frame of `Crm.retract`: everything is skipped, with the opportunity's address."""
    opportunity = pl.col("@opportunity_id")
    link = pl.concat_str(
        pl.lit("Close or delete it by hand if it is not wanted: "),
        pl.lit(f"{instance_url}/lightning/r/Opportunity/"),
        opportunity,
        pl.lit("/view"),
    )
    said = {
        "outcome": pl.lit("skipped"),
        "code": pl.lit("CONVERSION_STAYS"),
        "field": pl.lit(None, pl.String),
        "message": pl.lit(_WORDS),
        "remedy": link,
    }
    return conversions.with_columns(**said).select(list(CONVERSION_OUTCOMES))
