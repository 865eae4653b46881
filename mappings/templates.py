"""Templates: text with {fact} in it."""

from __future__ import annotations

import string

import polars as pl

_BLANK = "\x00"
_SEPARATOR = r"[\s\-–—|/,;:·•]"


def placeholders(template: str) -> list[str]:
    """The facts that a template names, in order. Raises ValueError for braces that do not match."""
    names = []
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if form or conversion or not name.strip():
            raise ValueError("takes {fact} and nothing else between its braces")
        names.append(name.strip())
    return names


def fill(template: str, facts: dict[str, pl.Expr]) -> pl.Expr:
    """The template with each {fact} replaced by its text.

    Where a fact is blank, the separator that tied it to the rest goes too: "{company} – {source}"
    becomes "Acme". Where every fact is blank, nothing is left to say and the result is null.
    """
    parts: list[pl.Expr] = []
    for text, name, _, _ in string.Formatter().parse(template):
        parts.append(pl.lit(text))
        if name is not None:
            shown = facts[name.strip()].str.replace_all(_BLANK, "", literal=True)
            parts.append(shown.fill_null(_BLANK))
    filled = pl.concat_str(parts)
    names = placeholders(template)
    known = pl.any_horizontal([facts[name].is_not_null() for name in names] or [pl.lit(True)])  # noqa: FBT003 — polars takes a literal
    tidied = (
        pl.when(filled.str.contains(_BLANK, literal=True)).then(_tidy(filled)).otherwise(filled)
    )
    return pl.when(known).then(tidied)


def _tidy(filled: pl.Expr) -> pl.Expr:
    tidied = filled.str.replace_all(rf"[(\[]\s*{_BLANK}\s*[)\]]", _BLANK)
    tidied = tidied.str.replace(rf"^(?:{_BLANK}{_SEPARATOR}*)+", "")
    return tidied.str.replace_all(rf"{_SEPARATOR}*{_BLANK}", "").str.strip_chars()
