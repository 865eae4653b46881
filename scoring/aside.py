"""Who belongs beside the ladder, and why: what reps and opportunities say, spam, and the rules.

Won is a customer, whatever else is said. Then: a rep's disqualification, spam that no rep has
accepted, the cycle's own rules. An opportunity that is lost recycles its lead. Who is beside the
ladder stays there until a `return` rule of the cycle, a new opportunity or a person moves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from scoring.criteria import Form
from scoring.gates import RANK
from scoring.verdict import ASIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.gates import CompiledCycle

DISQUALIFIED, RECYCLED = ASIDE
OPPORTUNITY = RANK["opportunity"]
TEXT = pl.String()

STATE_FORMS = (
    Form("stage", "text", "folded"),
    Form("opportunity_state", "text", "folded"),
    Form("converted", "boolean", "plain"),
    Form("disqualified", "boolean", "plain"),
    Form("disqualified_reason", "text", "plain"),
    Form("accepted", "boolean", "plain"),
)
"""What every cycle looks at, whatever its gates say."""


def start(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """The rank from which a lead climbs: where it is, or where it returns to."""
    there = pl.col("stage.folded").replace_strict(RANK, default=0, return_dtype=pl.Int8())
    least = pl.when(_live()).then(OPPORTUNITY).otherwise(0)
    return pl.max_horizontal(pl.coalesce(*_ways_back(cycles), there), least).cast(pl.Int8())


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
        pl.when(stays).then(pl.coalesce("disqualified_reason", pl.lit(""))),
    )


def _recycled(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    """Why a lead is recycled (blank: it has been so before); null if it is not."""
    # A lost lead that has come back to the ladder must not be put aside again for the same loss.
    known_since = pl.col("stage.folded").is_in(["opportunity", "customer"]).fill_null(value=True)
    lost = _is("opportunity_state", "lost") & known_since
    stays = _is("stage", RECYCLED) & ~_returns(cycles) & ~_live()
    return pl.coalesce(
        pl.when(lost).then(pl.lit("its opportunity was lost")),
        *_rules(cycles, "recycle"),
        pl.when(stays).then(pl.lit("")),
    )


def _rules(
    cycles: Sequence[CompiledCycle], kind: Literal["disqualify", "recycle"]
) -> list[pl.Expr]:
    return [
        pl.when(cycle.applies & rule.criterion.holds & _before_sales()).then(pl.lit(rule.reason))
        for cycle in cycles
        for rule in (cycle.disqualify if kind == "disqualify" else cycle.recycle)
    ]


def _ways_back(cycles: Sequence[CompiledCycle]) -> list[pl.Expr]:
    """The rank that each return rule brings the lead back to; null where it does not."""
    return [
        pl.when(
            cycle.applies & rule.criterion.holds & pl.col("stage.folded").is_in(rule.origins)
        ).then(pl.lit(rule.rank, dtype=pl.Int8()))
        for cycle in cycles
        for rule in cycle.returns
    ]


def _returns(cycles: Sequence[CompiledCycle]) -> pl.Expr:
    ways = [way.is_not_null() for way in _ways_back(cycles)]
    return pl.any_horizontal(*ways) if ways else pl.lit(value=False)


def _live() -> pl.Expr:
    """Whether the lead is an opportunity that is not lost."""
    return _true("converted") & ~_is("opportunity_state", "lost")


def _before_sales() -> pl.Expr:
    """Once a lead is an opportunity, its sales process decides, not the rules of the cycle."""
    there = pl.col("stage.folded").is_in(["opportunity", "customer"]).fill_null(value=False)
    return ~(_live() | there)


def _is(fact: str, text: str) -> pl.Expr:
    return pl.col(f"{fact}.folded").eq_missing(pl.lit(text))


def _true(fact: str) -> pl.Expr:
    return pl.col(fact).fill_null(value=False)
