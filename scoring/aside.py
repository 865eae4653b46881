"""Who belongs beside the ladder, and why: what reps and opportunities say, spam, and the rules.

Won is a customer, whatever else is said. Then: a rep's disqualification, spam that no rep has
accepted, the cycle's own rules. An opportunity that is lost recycles its lead unless a `lost` rule
says otherwise. Who is beside the ladder stays there until a `return` rule of the cycle, a new
opportunity or a person moves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from scoring.criteria import Form
from scoring.stage_rules import RANK
from scoring.verdict import ASIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.gates import CompiledCycle

DISQUALIFIED, RECYCLED = ASIDE
OPPORTUNITY = RANK["opportunity"]
TEXT = pl.String()
DAYS = "stage_since.days"
"""For how many whole days the lead is in the stage that it came in with."""

STATE_FORMS = (
    Form("stage", "text", "folded"),
    Form("opportunity_state", "text", "folded"),
    Form("converted", "boolean", "plain"),
    Form("disqualified", "boolean", "plain"),
    Form("disqualified_reason", "text", "plain"),
    Form("accepted", "boolean", "plain"),
    Form("lost_reason", "text", "plain"),
    Form("stage_since", "datetime", "days"),
)
"""What every cycle looks at, whatever its gates say."""


def start(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """The rank from which a lead climbs: where it is, or where a rule has taken it."""
    there = pl.col("stage.folded").replace_strict(RANK, default=0, return_dtype=pl.Int8())
    least = pl.when(_live()).then(OPPORTUNITY).otherwise(0)
    moved = (*_ways_back(cycles), *_down(cycles, pl.Int8()))
    return pl.max_horizontal(pl.coalesce(*moved, there), least).cast(pl.Int8())


def back(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Why a lead goes back to a lower stage; null if it does not."""
    return pl.coalesce(*_down(cycles, TEXT), pl.lit(None, dtype=TEXT))


def lost() -> pl.Expr:
    """Whether the lead's opportunity was lost."""
    return _is("opportunity_state", "lost")


def beside(cycles: Sequence[CompiledCycle]) -> list[pl.Expr]:
    """Whether the lead is a customer (`@won`), where else it belongs (`@aside`), why (`@why`)."""
    won = _is("opportunity_state", "won")
    won |= _is("stage", "customer") & ~_is("opportunity_state", "lost")
    disqualified = _disqualified(cycles)
    recycled = _recycled(cycles)
    aside = (
        pl.when(won)
        .then(pl.lit(None, dtype=TEXT))
        .when(disqualified.is_not_null())
        .then(pl.lit(DISQUALIFIED))
        .when(recycled.is_not_null())
        .then(pl.lit(RECYCLED))
    )
    why = pl.when(~won).then(pl.coalesce(disqualified, recycled))
    return [aside.alias("@aside"), why.alias("@why"), won.alias("@won")]


def _disqualified(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Why a lead is disqualified (blank: it has been so before); null if it is not."""
    reps = pl.coalesce("disqualified_reason", pl.lit("a rep has disqualified the lead"))
    spam = pl.col("genuine").eq_missing(pl.lit("spam")) & ~_true("accepted") & _before_sales()
    details = pl.lit(": ") + pl.col("genuine:text")
    stays = _is("stage", DISQUALIFIED) & ~_returns(cycles) & ~_live()
    return pl.coalesce(
        pl.when(_true("disqualified")).then(reps),
        pl.when(spam).then(pl.concat_str(pl.lit("spam"), details, ignore_nulls=True)),
        *_rules(cycles, "disqualify"),
        *_after_loss(cycles, DISQUALIFIED),
        pl.when(stays & lost()).then(_loss(cycles)),
        pl.when(stays).then(pl.coalesce("disqualified_reason", pl.lit(""))),
    )


def _recycled(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Why a lead is recycled (blank: it has been so before); null if it is not."""
    stays = _is("stage", RECYCLED) & ~_returns(cycles) & ~_live()
    return pl.coalesce(
        *_rules(cycles, "recycle"),
        *_after_loss(cycles, RECYCLED),
        pl.when(stays & lost()).then(_loss(cycles)),
        pl.when(stays).then(pl.lit("")),
    )


def _after_loss(cycles: Sequence[CompiledCycle], to: str) -> list[pl.Expr]:
    """Why a lead whose opportunity was lost goes there; null where it does not."""
    # A lost lead that has come back to the ladder must not be put aside again for the same loss.
    known_since = pl.col("stage.folded").is_in(["opportunity", "customer"]).fill_null(value=True)
    places = (
        pl.when(cycle.applies & rule.criterion.holds).then(pl.lit(rule.to))
        for cycle in cycles
        for rule in cycle.rules.lost
    )
    goes = pl.coalesce(*places, pl.lit(RECYCLED)) == to
    return [pl.when(lost() & known_since & goes).then(_loss(cycles))]


def _loss(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """What is said of a lost opportunity: the rule's reason, or that of the CRM."""
    details = pl.when(pl.col("lost_reason").str.strip_chars() != "").then(
        pl.lit(": ") + pl.col("lost_reason")
    )
    usual = pl.concat_str(pl.lit("its opportunity was lost"), details, ignore_nulls=True)
    reasons = (
        pl.when(cycle.applies & rule.criterion.holds).then(
            usual if rule.reason is None else pl.lit(rule.reason)
        )
        for cycle in cycles
        for rule in cycle.rules.lost
    )
    return pl.coalesce(*reasons, usual)


def _rules(
    cycles: Sequence[CompiledCycle], kind: Literal["disqualify", "recycle"]
) -> list[pl.Expr]:
    return [
        pl.when(cycle.applies & rule.criterion.holds & _before_sales()).then(pl.lit(rule.reason))
        for cycle in cycles
        for rule in (cycle.rules.disqualify if kind == "disqualify" else cycle.rules.recycle)
    ]


def _ways_back(cycles: Sequence[CompiledCycle]) -> list[pl.Expr]:
    """The rank that each return rule brings the lead back to; null where it does not."""
    return [
        pl.when(
            cycle.applies
            & rule.criterion.holds
            & pl.col("stage.folded").is_in(rule.origins)
            & _cooled_off(rule.cool_off_days)
        ).then(pl.lit(rule.rank, dtype=pl.Int8()))
        for cycle in cycles
        for rule in cycle.rules.returns
    ]


def _cooled_off(days: int | None) -> pl.Expr:
    """Whether a lead has been aside for long enough; not where nobody knows since when."""
    return pl.lit(value=True) if days is None else (pl.col(DAYS) >= days).fill_null(value=False)


def _down(cycles: Sequence[CompiledCycle], dtype: pl.DataType) -> list[pl.Expr]:
    """Per back rule the rank that it takes the lead to, or its reason as a text; else null."""
    return [
        pl.when(
            cycle.applies & rule.criterion.holds & _is("stage", rule.origin) & _before_sales()
        ).then(pl.lit(rule.reason if dtype == TEXT else rule.rank, dtype=dtype))
        for cycle in cycles
        for rule in cycle.rules.back
    ]


def _returns(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    ways = [way.is_not_null() for way in _ways_back(cycles)]
    return pl.any_horizontal(*ways) if ways else pl.lit(value=False)


def _live() -> pl.Expr:
    """Whether the lead is an opportunity that is not lost."""
    return _true("converted") & ~_is("opportunity_state", "lost")


def _before_sales() -> pl.Expr:
    """Once a lead is an opportunity, its sales process decides, not the rules; until that is lost."""
    there = pl.col("stage.folded").is_in(["opportunity", "customer"]).fill_null(value=False)
    return ~_live() & ~(there & ~lost())


def _is(fact: str, text: str) -> pl.Expr:
    return pl.col(f"{fact}.folded").eq_missing(pl.lit(text))


def _true(fact: str) -> pl.Expr:
    return pl.col(fact).fill_null(value=False)
