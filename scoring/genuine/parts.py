"""The evidence of a lead in parts that are summed each for itself.

A judged frame keeps the sums, so that a lead of which one more thing becomes known is judged again
without its names and addresses being read again. Sums are whole thousandths: in whatever order
they are added, the result is the same to the last digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.genuine.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring.genuine.checks import Check

READ = "genuine:read"
"""Evidence read off names, companies, addresses and numbers, and of data problems."""
WRITTEN = "genuine:written"
"""Evidence of what the lead wrote."""
TOLD = "genuine:told"
"""Evidence of facts as they are: what the lead did, what reps said."""

FED = {"copies": "copies", "too_fast": "form_seconds", "same_second": "same_second"}
"""Checks on facts that the model names, by the key that names the fact."""
MESSAGES = ("links_in_message", "pitch_in_message", "empty_message")
"""Checks on what the lead wrote."""

_IN_THOUSANDTHS = 1_000


def part_of(check: Check) -> str:
    """The part that the check's evidence belongs to: what its strength looks at decides."""
    if check.key in MESSAGES:
        return WRITTEN
    as_they_are = {*check.facts, *([FED[check.key]] if check.key in FED else [])}
    return TOLD if as_they_are.issuperset(check.strength.meta.root_names()) else READ


def keys_by_part(keys: Iterable[str]) -> dict[str, list[str]]:
    """The keys of checks by their parts; every part is there."""
    found: dict[str, list[str]] = {READ: [], WRITTEN: [], TOLD: []}
    for key in keys:
        found[part_of(CHECKS[key])].append(key)
    return found


def summed(part: str, keys: Iterable[str]) -> pl.Expr:
    """The sum of a part's evidence, in thousandths of log-odds (Int32)."""
    total = pl.sum_horizontal(pl.lit(0.0), *keys)
    return (total * _IN_THOUSANDTHS).round().cast(pl.Int32).alias(part)


def whole() -> pl.Expr:
    """The log-odds of all parts together (Float64)."""
    return pl.sum_horizontal(READ, WRITTEN, TOLD).cast(pl.Float64) / _IN_THOUSANDTHS
