"""What can be said of a text by its letters alone: a name, a company, the local part of an e-mail.

Texts are judged once each, however many leads share them, and all at once.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from scoring.genuine.runs import keyboard_runs, repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scoring.genuine.characters import Characters

COMPANY = "company"
LOCAL = "local"

_LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d", "æ": "ae",
            "œ": "oe", "ə": "e", "ŋ": "ng", "ħ": "h", "’": "'", "ʼ": "'", "`": "'"}  # fmt: skip
_SPELLED = {ord(letter): spelled for letter, spelled in _LETTERS.items()}
_MARKS = r"[\u0300-\u036f]"
_WORD = r"[\p{L}\p{M}]+"
_LEAST_LETTERS = 3
"""Words shorter than this say nothing: Ng, Wu, Ó."""
_ACRONYM = 4
"""Companies have names of consonants up to this length: KPMG, BMW."""
_WITH_INITIAL = 5
"""From this length a local part may be an initial and a name: jsmith, smithj."""


def folded(text: pl.Expr) -> pl.Expr:
    """A text in lower case, without blanks around it and without diacritics."""
    lower = text.str.strip_chars().str.to_lowercase()
    spelled = lower.str.replace_many(list(_LETTERS), list(_LETTERS.values()))
    return spelled.str.normalize("NFKD").str.replace_all(_MARKS, "")


def fold_word(text: str) -> str:
    """The same for one text."""
    spelled = text.strip().lower().translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", spelled)
    return "".join(letter for letter in plain if not "\u0300" <= letter <= "\u036f")


def judged(texts: pl.DataFrame, characters: Characters) -> pl.DataFrame:
    """What the words of folded texts say; one row per distinct `text` and `kind`.

    Adds `odd`, the log-odds of random typing of the oddest word, null where no word was judged, and
    `repeated` and `keys`, 0 to 1: how far a word is one thing over and over, or a walk along the
    keyboard. Of a company all words must be so ("AAAAA Plumbing" is one). Kinds are COMPANY, LOCAL
    and any other, which is a name.
    """
    unique = texts.drop_nulls("text").unique(maintain_order=True).with_row_index("at")
    words = unique.select(
        "at", "kind", pl.col("text").str.extract_all(_WORD).alias("word")
    ).explode("word")
    words = words.drop_nulls("word")
    distinct = words.select("word", pl.col("kind") == LOCAL).unique(maintain_order=True)
    found = distinct.with_columns(
        _found(distinct["word"].to_list(), distinct["kind"].to_numpy(), characters)
    )
    spoken = words.with_columns(pl.col("kind") == LOCAL, (pl.col("kind") == COMPANY).alias("all"))
    by_text = (
        spoken.join(found, on=["word", "kind"], how="left", maintain_order="left")
        .with_columns(_judgeable().alias("odd"))
        .group_by("at")
        .agg(
            pl.when(pl.col("all").first()).then(pl.col(name).min()).otherwise(pl.col(name).max())
            for name in ("odd", "repeated", "keys")
        )
    )
    return unique.join(by_text, on="at", how="left", maintain_order="left").drop("at")


def _judgeable() -> pl.Expr:
    least = pl.when(pl.col("all")).then(_ACRONYM + 1).otherwise(_LEAST_LETTERS)
    return pl.when(pl.col("word").str.len_chars() >= least).then(pl.col("odd"))


def _found(
    words: Sequence[str], local: NDArray[np.bool_], characters: Characters
) -> list[pl.Series]:
    evidence = characters.evidence(words)
    shortened = [
        index for index in np.flatnonzero(local).tolist() if len(words[index]) >= _WITH_INITIAL
    ]
    if shortened:
        for cut in (slice(1, None), slice(None, -1)):
            reading = characters.evidence([words[index][cut] for index in shortened])
            evidence[shortened] = np.fmax(evidence[shortened], reading)
    return [
        pl.Series("odd", -evidence).fill_nan(None),
        pl.Series("repeated", repeats(words)),
        pl.Series("keys", keyboard_runs(words)),
    ]
