"""What names, companies and titles say by themselves: placeholders, refusals, digits, links, scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from scoring.genuine.lists import Lists

_PERSON = ("first", "last")
_DASH, _SYMBOLS = 0.3, 0.8
"""How much a dash or a dot says where a name is required (little, firms leave it so), and how much
stars, question marks and pictures do."""
_LINK = (
    r"(?i)https?:|www\.|\w{2}\.(?:com|net|org|ru|info|biz|xyz|top)\b|\b[\w-]+\.[a-z]{2,}/|@|^=\w+\("
    r"|</?[a-z]"
)
_TWO_SCRIPTS = r"(?i)[a-z][\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][a-z]"
_NUMBERING = "0123456789 ._-#"
"""What follows a placeholder that was used before: test2, user_007."""


def name_readings(known: Lists) -> list[pl.Expr]:
    """The readings of folded (`.folded`) and plain (`.text`) names, companies and titles."""
    full_name = pl.concat_str("first.folded", "last.folded", separator=" ", ignore_nulls=True)
    often = _sure(pl.col("company.folded").is_in(known.company_placeholders))
    company = _placeholder("company", known, likely=0.7)
    title = pl.when(pl.col("title.folded").is_in(known.occupations)).then(0.0)
    return [
        _placeholder("first", known, likely=_unless_named("last", known)).alias("first.placeholder"),
        _placeholder("last", known, likely=_unless_named("first", known)).alias("last.placeholder"),
        title.otherwise(_placeholder("title", known)).alias("title.placeholder"),
        pl.when(often).then(0.3).otherwise(company).alias("company.placeholder"),
        _sure(full_name.is_in(known.famous)).alias("famous"),
        _sure(full_name.str.contains(known.refusals)).alias("refusal"),
        pl.max_horizontal(*(_mixed(name) for name in _PERSON)).alias("capitals"),
        _any_name(_LINK).alias("link_in_name"),
        _any_name(_TWO_SCRIPTS).alias("two_scripts"),
        _digits().alias("digits_in_name"),
        pl.all_horizontal(
            *(_sure(pl.col(f"{name}.text").str.contains(r"^[A-Za-z]$")) for name in _PERSON)
        ).alias("letters_for_names"),
    ]  # fmt: skip


def stem(text: pl.Expr) -> pl.Expr:
    """A text without the numbers at its end."""
    return text.str.strip_chars_end(_NUMBERING)


def _placeholder(name: str, known: Lists, *, likely: float | pl.Expr = 0.5) -> pl.Expr:
    """How surely a text stands for nothing: 1 for asdf, less for words that are also names."""
    text = pl.col(f"{name}.folded")
    blank = ~text.str.contains(r"[\p{L}\d]")
    strength = (
        pl.when(_among(text, known.certain_placeholders) | text.str.contains(known.rehearsals))
        .then(1.0)
        .when(_among(text, known.likely_placeholders))
        .then(likely)
        .when(blank & text.str.contains(r"^[\s.\-–—_]*$"))
        .then(_DASH)
        .when(blank)
        .then(_SYMBOLS)
        .otherwise(0.0)
    )
    return strength.fill_null(0.0)


def _among(text: pl.Expr, listed: frozenset[str]) -> pl.Expr:
    return text.is_in(listed) | stem(text).is_in(listed)


def _unless_named(other: str, known: Lists) -> pl.Expr:
    """Test alone is no name; Test with another name beside it may be one."""
    named = ~_among(
        pl.col(f"{other}.folded"), known.certain_placeholders | known.likely_placeholders
    )
    return pl.when(named.fill_null(value=False)).then(0.5).otherwise(0.8)


def _mixed(name: str) -> pl.Expr:
    """Capitals after small letters, more than McDonald-Smith has within one word."""
    turns = pl.col(f"{name}.text").str.count_matches(r"\p{Ll}\p{Lu}")
    words = pl.col(f"{name}.text").str.count_matches(r"[\s\p{P}]+") + 1
    return ((turns.cast(pl.Float64()) / words - 1.0) / 2.0).clip(0.0, 1.0).fill_null(0.0)


def _digits() -> pl.Expr:
    """Numbers for names and letters written as digits (J0hn); a firm in place of a name may be 3M."""
    is_company = _sure(pl.col("last.folded") == pl.col("company.folded"))
    last = pl.when(is_company).then(0.0).otherwise(_digits_of("last"))
    return (_digits_of("first") + last).clip(0.0, 1.0)


def _digits_of(name: str) -> pl.Expr:
    text = pl.col(f"{name}.text")
    strength = (
        pl.when(text.str.contains(r"^[^\p{L}]*\d[^\p{L}]*$|\p{L}\d+\p{L}"))
        .then(0.8)
        .when(text.str.contains(r"\d.*\d.*\d"))
        .then(0.6)
        .when(text.str.contains(r"\d"))
        .then(0.3)
    )
    return strength.fill_null(0.0)


def _any_name(pattern: str) -> pl.Expr:
    found = (_sure(pl.col(f"{name}.text").str.contains(pattern)) for name in _PERSON)
    return pl.any_horizontal(*found)


def _sure(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False)
