"""Learning an ideal customer profile: what customers have more often than other leads.

Pure: a lead frame with its outcomes in, a proposal out, which a person reads and edits. Only leads
whose fact is known are compared with one another, so that a fact that is filled in for customers
alone says nothing. Leads that are too young to have become customers count as leads all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING, Literal

import polars as pl

from scoring.profile.places import PLACES
from scoring.training.bands import Band, bands, joined_band
from scoring.training.lift import Lift, judged, lift, supported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.lead import Kind

Outcome = Literal["won", "converted"]

FACTS = (
    "country", "region", "language", "age", "seniority", "industry", "employees", "annual_revenue",
)  # fmt: skip
"""Who they are: what is looked at unless other facts are named."""

LEAST = 40
"""Customers, and other leads, below which nothing is learned."""

STRONGEST = 10
"""The weight of the strongest attribute."""


@dataclass(frozen=True, slots=True)
class Learned:
    """One attribute: its weight, and the values with their closeness, or the band."""

    fact: str
    weight: int
    values: tuple[tuple[Lift, float], ...] = ()
    band: tuple[Band, Lift] | None = None


@dataclass(frozen=True)
class Proposal:
    """A profile as the evidence has it. `tested` are all values looked at, kept or not."""

    outcome: Outcome
    leads: int
    customers: int
    attributes: tuple[Learned, ...]
    tested: tuple[Lift, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NothingLearned:
    """Why there is no profile to propose, in plain words."""

    reason: str
    outcome: Outcome
    leads: int
    customers: int


def outcome_of(leads: pl.DataFrame) -> tuple[Outcome, pl.Series]:
    """Who is a customer: who was won, or, where too few wins are known, who was converted.

    The frame has `converted`, `stage` and `opportunity_state`.
    """
    won = leads.select(
        ((pl.col("opportunity_state") == "won") | (pl.col("stage") == "customer")).fill_null(
            value=False
        )
    ).to_series()
    if won.sum() >= LEAST:
        return "won", won
    return "converted", won | leads["converted"].fill_null(value=False)


def learn_profile(leads: pl.DataFrame, kinds: Mapping[str, Kind]) -> Proposal | NothingLearned:
    """Propose a profile from leads (with `converted`, `stage`, `opportunity_state` and facts).

    `kinds` names the facts to look at; texts, lists, numbers, ranges and yes or no are understood.
    """
    outcome, customer = outcome_of(leads)
    customers = int(customer.sum())
    if min(customers, leads.height - customers) < LEAST:
        reason = _too_few(outcome, leads.height, customers)
        return NothingLearned(reason, outcome, leads.height, customers)
    marked = leads.with_columns(customer.alias("@customer"))
    found = {fact: bands(marked, fact, kind) for fact, kind in kinds.items() if kind in _NUMBERS}
    lifts = [band.lift for cut in found.values() for band in cut if band.lift is not None]
    for fact, kind in kinds.items():
        lifts += _values(marked, fact, kind) if fact not in found else ()
    tested = judged(supported(lifts))
    attributes = _attributes(marked, tested, found, kinds)
    if not attributes:
        reason = (
            f"{len(tested)} values of {len(kinds)} facts were looked at, and none is surely more "
            "frequent among customers than among other leads."
        )
        return NothingLearned(reason, outcome, leads.height, customers)
    return Proposal(outcome, leads.height, customers, attributes, tuple(tested))


_NUMBERS = ("number", "range")


def _too_few(outcome: Outcome, leads: int, customers: int) -> str:
    named = "won customers" if outcome == "won" else "converted leads"
    return (
        f"{customers:,} {named} among {leads:,} leads are too few to learn from: "
        f"at least {LEAST} of them and {LEAST} others are needed."
    )


def _values(leads: pl.DataFrame, fact: str, kind: Kind) -> Iterator[Lift]:
    """The lift of every value of a fact, and of the regions of countries."""
    if kind in ("date", "datetime"):
        return
    column = pl.col(fact)
    if kind == "boolean":
        column = pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    each = leads.select(pl.int_range(pl.len()).alias("row"), "@customer", column.alias("value"))
    if kind == "list":
        each = each.explode("value", empty_as_null=True, keep_nulls=True)
    each = each.with_columns(pl.col("value").str.strip_chars()).filter(pl.col("value") != "")
    folded = pl.col("value").str.to_lowercase()
    each = each.with_columns(folded.alias("folded")).unique(["row", "folded"])
    known = each.unique("row")
    everyone = (int(known["@customer"].sum()), known.height)
    yield from _counted(fact, each, everyone)
    if fact == "country":
        regions = {
            code.lower(): name
            for parts in PLACES.values()
            for name, codes in parts.items()
            for code in codes
        }
        located = each.with_columns(pl.col("folded").replace_strict(regions, default=None))
        named = located.drop_nulls("folded").with_columns(pl.col("folded").alias("value"))
        yield from _counted(fact, named, everyone)


def _counted(fact: str, each: pl.DataFrame, everyone: tuple[int, int]) -> Iterator[Lift]:
    counts = each.group_by("folded").agg(
        pl.col("value").mode().sort().first(),
        pl.col("@customer").sum().alias("customers"),
        pl.len().alias("leads"),
    )
    for row in counts.sort("leads", "folded", descending=[True, False]).iter_rows(named=True):
        inside = (int(row["customers"]), int(row["leads"]))
        outside = (everyone[0] - inside[0], everyone[1] - inside[1])
        found = lift(fact, row["value"], inside=inside, outside=outside)
        if found is not None:
            yield found


def _attributes(
    leads: pl.DataFrame,
    tested: Sequence[Lift],
    found: Mapping[str, Sequence[Band]],
    kinds: Mapping[str, Kind],
) -> tuple[Learned, ...]:
    """An attribute per fact with kept values, strongest first."""
    strengths: dict[str, float] = {}
    parts: dict[str, Learned] = {}
    for fact, kind in kinds.items():
        kept = [each for each in tested if each.fact == fact and each.kept]
        if not kept:
            continue
        if fact in found:
            chosen = joined_band(leads, fact, kind, found[fact], {each.value for each in kept})
            if chosen is None:
                continue
            strengths[fact] = log(chosen[1].low)
            parts[fact] = Learned(fact, 0, band=chosen)
        else:
            values = _chosen(kept)
            strengths[fact] = max(log(each.low) for each, _ in values)
            parts[fact] = Learned(fact, 0, values=values)
    most = max(strengths.values(), default=1.0)
    weighed = [
        Learned(fact, max(1, round(STRONGEST * strengths[fact] / most)), part.values, part.band)
        for fact, part in parts.items()
    ]
    return tuple(sorted(weighed, key=lambda part: (-part.weight, part.fact)))


def _chosen(kept: Sequence[Lift]) -> tuple[tuple[Lift, float], ...]:
    """The kept values with their closeness; a region only where none of its countries is kept."""
    covered = {
        name
        for parts in PLACES.values()
        for name, codes in parts.items()
        if any(each.value.upper() in codes for each in kept if each.fact == "country")
    }
    left = [each for each in kept if not (each.fact == "country" and each.value in covered)]
    best = max(log(each.lift) for each in left)
    near = [(each, max(0.1, round(log(each.lift) / best, 2))) for each in left]
    return tuple(sorted(near, key=lambda pair: (-pair[1], pair[0].value)))
