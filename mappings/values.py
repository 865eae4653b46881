"""Value maps: a CRM's words for a fact's values, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from mappings.entries import scalar_text
from mappings.transforms import natural
from mappings.transforms.base import Options, stripped
from scoring.lead import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.entries import Entry, Scalar
    from scoring.lead import Kind

KEEP = "keep"
"""`otherwise: keep` lets text that is in no value map pass as it is."""


def typed_literal(name: str, kind: Kind, value: Scalar | None) -> Any:
    """A value of the mapping file as the fact `name` holds it; None when it cannot be one.

    Country, e-mail and the like are brought to their normal form, as values read from a CRM are.
    """
    if value is None:
        return None
    text = pl.Series([scalar_text(value)], dtype=pl.String)
    transform = natural(name, kind)
    read = transform.read(pl.lit(text), Options()).cast(DTYPES[kind])
    return pl.select(read).to_series().to_list()[0]


def read_values(text: pl.Expr, entry: Entry, name: str, kind: Kind) -> pl.Expr:
    """Text as the fact that the entry's value map gives it; null for a value that it does not know."""
    if kind == "list":
        mapped = _parts(text, entry).list.eval(_mapped(pl.element(), entry, name, "text"))
        known = mapped.list.drop_nulls()
        return pl.when(known.list.len() > 0).then(known)
    return _mapped(text, entry, name, kind)


def unknown_words(text: pl.Expr, entry: Entry) -> pl.Expr:
    """Whether a list of words has one that its value map does not know."""
    if entry.otherwise is not None:
        return pl.lit(False)  # noqa: FBT003 — polars takes a literal
    words = pl.lit(pl.Series([[word.strip().lower() for word in entry.values]])).first()
    unknown = _parts(text.str.to_lowercase(), entry).list.set_difference(words)
    return (unknown.list.len() > 0).fill_null(value=False)


def _parts(text: pl.Expr, entry: Entry) -> pl.Expr:
    parts = text.str.split(entry.separator or ";")
    return parts.list.eval(stripped(pl.element())).list.drop_nulls()


def _mapped(text: pl.Expr, entry: Entry, name: str, kind: Kind) -> pl.Expr:
    keys = [key.strip().lower() for key in entry.values]
    facts = [typed_literal(name, kind, value) for value in entry.values.values()]
    dtype = DTYPES[kind]
    found = text.str.to_lowercase().replace_strict(
        pl.Series(keys, dtype=pl.String),
        pl.Series(range(len(keys)), dtype=pl.UInt32),
        default=None,
        return_dtype=pl.UInt32,
    )
    fact = pl.lit(pl.Series(facts, dtype=dtype)).gather(found)
    rest = text if entry.otherwise == KEEP else _otherwise(entry, name, kind)
    return pl.when(found.is_not_null()).then(fact).when(text.is_not_null()).then(rest)


def _otherwise(entry: Entry, name: str, kind: Kind) -> pl.Expr:
    if entry.otherwise is None:
        return pl.lit(None, DTYPES[kind])
    fact = typed_literal(name, kind, entry.otherwise)
    return pl.lit(pl.Series([fact], dtype=DTYPES[kind])).first()


def silent_words(entry: Entry) -> list[str]:
    """The words, in lower case, that are known to say nothing."""
    return [word.strip().lower() for word, value in entry.values.items() if value is None]


def write_values(
    text: pl.Expr, values: Mapping[str, Scalar | None], otherwise: Scalar | None
) -> pl.Expr:
    """A fact's text as the CRM's word for it; null where the map has none, "" for a clear."""
    keys = pl.Series([key.strip() for key in values], dtype=pl.String)
    words = pl.Series(
        ["" if word is None else scalar_text(word) for word in values.values()], dtype=pl.String
    )
    rest = text if otherwise == KEEP else None if otherwise is None else scalar_text(otherwise)
    default = rest if isinstance(rest, pl.Expr) else pl.lit(rest, pl.String)
    found = text.replace_strict(keys, words, default=None, return_dtype=pl.String)
    return pl.when(text.is_not_null()).then(pl.coalesce(found, default))


def inverse(entry: Entry, name: str, kind: Kind) -> dict[str, str]:
    """A read value map the other way: the fact's text → the CRM's first word for it."""
    words: dict[str, str] = {}
    transform = natural(name, kind)
    for word, value in entry.values.items():
        if value is None:
            continue
        fact = typed_literal(name, kind, value)
        text = pl.select(
            transform.write(pl.lit(pl.Series([fact], dtype=DTYPES[kind])), Options())
        ).to_series()[0]
        words.setdefault(str(text), word)
    return words
