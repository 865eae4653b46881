"""Who is the same person, and which leads work for one company, whatever CRM they are in."""

from __future__ import annotations

import hashlib

import polars as pl

from scoring.address import address_key
from scoring.genuine.lists import lists

TREATED, HELD_OUT = "treated", "held_out"
_STEPS = 1 << 32


def persons(leads: pl.DataFrame) -> pl.Series:
    """A key per lead that is the same for one person in every connection.

    The normalised e-mail address; without one a telephone number; without that the record itself.
    """
    email = address_key(_text(leads, "email")).alias("email")
    phone = pl.coalesce(_blank_to_null("phone"), _blank_to_null("mobile"))
    numbers = pl.DataFrame([_text(leads, "phone"), _text(leads, "mobile")]).select(phone.alias("p"))
    keys = pl.DataFrame([email, numbers["p"], leads["id"]])
    return keys.select(
        pl.coalesce("email", pl.lit("tel:") + pl.col("p"), pl.lit("id:") + pl.col("id")).alias(
            "person"
        )
    ).to_series()


def companies(leads: pl.DataFrame) -> pl.Series:
    """A key per lead that is the same for all who work for one company; null where nothing says.

    The domain of the e-mail address unless it is free mail, else the company's own domain, else its
    name without regard to case and blanks.
    """
    free = lists().free_mail | lists().disposable
    email = address_key(_text(leads, "email")).str.extract(r"@(.+)$").alias("email")
    own = _text(leads, "domain").str.to_lowercase().str.strip_chars().str.strip_prefix("www.")
    name = _text(leads, "company").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    keys = pl.DataFrame([email, own.alias("domain"), name.alias("name")])
    of_mail = pl.when(~pl.col("email").is_in(list(free))).then("email")
    own_domain = pl.when((pl.col("domain") != "") & ~pl.col("domain").is_in(list(free)))
    named = pl.when(pl.col("name") != "").then(pl.lit("name:") + pl.col("name"))
    return keys.select(
        pl.coalesce(of_mail, own_domain.then("domain"), named).alias("company_key")
    ).to_series()


def arms(keys: pl.Series, cadence: str, share: float, salt: str) -> pl.Series:
    """The arm of each person in a cadence: the same wherever and whenever it is asked.

    The first four bytes of SHA-256 over salt, cadence and person, as a share of one.
    """
    below = int(share * _STEPS)
    known = {
        key: HELD_OUT if _number(f"{salt}\0{cadence}\0{key}") < below else TREATED
        for key in keys.drop_nulls().unique().to_list()
    }
    return keys.replace_strict(known, default=None, return_dtype=pl.String()).alias("arm")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _text(leads: pl.DataFrame, name: str) -> pl.Series:
    if name in leads.columns:
        return leads[name].cast(pl.String)
    return pl.Series(name, [None] * leads.height, dtype=pl.String)


def _blank_to_null(name: str) -> pl.Expr:
    bare = pl.col(name).str.strip_chars()
    return pl.when(bare != "").then(bare)
