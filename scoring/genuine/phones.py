"""What a telephone number in E.164 says: whether it can exist, where, and whether it is made up."""

from __future__ import annotations

from functools import cache

import phonenumbers
import polars as pl

_DIGITS = "0123456789"
_SAME = [digit * 7 for digit in _DIGITS]
_RISING = [(_DIGITS + _DIGITS)[start : start + 7] for start in range(10)]
_FALLING = [run[::-1] for run in _RISING]
MADE_UP = "|".join(dict.fromkeys([*_SAME, *_RISING, *_FALLING]))
"""Seven equal digits, or seven that count up or down."""


@cache
def plans() -> pl.DataFrame:
    """Calling codes with their regions and how many digits may follow them."""
    rows = []
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        main = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        if main is not None and main.general_desc is not None:
            rows.append((str(code), list(regions), list(main.general_desc.possible_length)))
    schema = {
        "code": pl.String(),
        "regions": pl.List(pl.String()),
        "lengths": pl.List(pl.Int64()),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def phone_facts(frame: pl.DataFrame) -> pl.DataFrame:
    """Of `phone` (or, if blank, `mobile`) and `country`: `phone_impossible`, `phone_made_up`,
    `phone_abroad` and `phone_possible`; all false without a number.
    """  # noqa: D205 — the names belong together
    codes = "|".join(sorted(plans()["code"], key=len, reverse=True))
    number = pl.coalesce(pl.col("phone"), pl.col("mobile"))
    parts = frame.select(
        number.alias("number"),
        pl.col("country").str.to_uppercase().alias("country"),
        number.str.extract(rf"^\+({codes})\d*$").alias("code"),
        number.str.extract(rf"^\+(?:{codes})(\d*)$").alias("national"),
    )
    joined = parts.join(plans(), on="code", how="left", maintain_order="left")
    long_enough = joined.select(
        pl.col("national").str.len_chars().cast(pl.Int64).alias("length"), "lengths"
    ).select(pl.col("lengths").list.contains(pl.col("length")))
    return joined.with_columns(long_enough.to_series().alias("fits")).select(
        _sure(pl.col("number").is_not_null() & ~pl.col("fits").fill_null(value=False)).alias(
            "phone_impossible"
        ),
        _sure(pl.col("national").str.contains(MADE_UP)).alias("phone_made_up"),
        _sure(
            pl.col("country").is_not_null() & ~pl.col("regions").list.contains(pl.col("country"))
        ).alias("phone_abroad"),
        _sure(
            pl.col("fits")
            & ~pl.col("national").str.contains(MADE_UP)
            & pl.col("regions").list.contains(pl.col("country"))
        ).alias("phone_possible"),
    )


def _sure(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False)
