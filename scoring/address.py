"""E-mail addresses as they are compared: two copies of one person have equal keys."""

from __future__ import annotations

import idna
import polars as pl


def address_key(emails: pl.Series) -> pl.Series:
    """The form in which two e-mail addresses of one person are equal; null if it is none.

    Without surrounding blanks, in lower case, with the domain in ASCII (IDNA). What stands behind a
    plus stays: it is another address.
    """
    text = emails.str.strip_chars().str.to_lowercase().alias("key")
    parts = pl.DataFrame(text).select(
        "key",
        local=pl.col("key").str.extract(r"^(.+)@[^@]+$"),
        domain=pl.col("key").str.extract(r"@([^@]+?)\.?$"),
    )
    # Distinct domains that are not ASCII are few: one look at each.
    foreign = parts["domain"].drop_nulls().unique()
    foreign = foreign.filter(foreign.str.contains(r"[^\x00-\x7f]"))
    ascii_ = parts["domain"].replace({each: _ascii(each) for each in foreign})
    return parts.select(pl.concat_str("local", pl.lit("@"), ascii_).alias("key")).to_series()


def _ascii(domain: str) -> str:
    """A domain in ASCII; one that cannot be a domain stays as it is."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain
