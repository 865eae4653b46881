"""A span of numbers with soft edges: 1 inside, falling to 0 over a margin outside."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Literal

import polars as pl

from scoring.words import label, spoken

if TYPE_CHECKING:
    from scoring.lead import Kind


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high` (None: open), with the margins below and above (None: a hard edge).

    On a logarithmic scale a margin is a factor: 4 reaches from a quarter of `low` to four times
    `high`. A smooth edge falls as 3t² − 2t³, a linear one as t, t being what is left of the margin.
    """

    low: float | None
    high: float | None
    below: float | None = None
    above: float | None = None
    scale: Literal["linear", "log"] = "linear"
    edge: Literal["linear", "smooth"] = "linear"

    def closeness(self, value: pl.Expr) -> pl.Expr:
        """1 to 0; null where the value is."""
        left = pl.lit(1.0)
        if self.low is not None:
            under = pl.when(value < self.low).then(self._left(value, self.low, self.below))
            left = under.otherwise(left)
        if self.high is not None:
            over = pl.when(value > self.high).then(self._left(value, self.high, self.above))
            left = over.otherwise(left)
        left = left.clip(0.0, 1.0)
        if self.edge == "smooth":
            left = left.pow(2) * (3 - 2 * left)
        return pl.when(value.is_not_null()).then(left)

    def _left(self, value: pl.Expr, bound: float, margin: float | None) -> pl.Expr:
        if margin is None:
            return pl.lit(0.0)
        if self.scale == "linear":
            return 1 - (value - bound).abs() / margin
        ratio = (value.clip(lower_bound=0) / bound).log().abs() / log(margin)
        return (1 - ratio).fill_nan(0.0)

    @property
    def words(self) -> str:
        """The span as people write it: 50–1,000."""
        if self.low is None or self.high is None:
            return (
                f"at most {spoken(self.high)}"
                if self.low is None
                else f"at least {spoken(self.low)}"
            )
        return (
            spoken(self.low) if self.low == self.high else f"{spoken(self.low)}–{spoken(self.high)}"
        )

    def text(self, fact: str, shown: pl.Expr, value: pl.Expr) -> pl.Expr:
        """What a lead's line says: "employees 180, inside 50–1,000"."""
        open_end = self.low is None or self.high is None
        side = pl.lit(self.words if open_end else f"inside {self.words}")
        if self.low is not None:
            under = f"below {spoken(self.low) if open_end else self.words}"
            side = pl.when(value < self.low).then(pl.lit(under)).otherwise(side)
        if self.high is not None:
            over = f"above {spoken(self.high) if open_end else self.words}"
            side = pl.when(value > self.high).then(pl.lit(over)).otherwise(side)
        return pl.concat_str(pl.lit(f"{label(fact)} "), shown, pl.lit(", "), side)


def position(fact: str, kind: Kind, scale: str) -> pl.Expr:
    """Where a fact stands on the scale; of a range its middle, of an open one the known end."""
    if kind != "range":
        return pl.col(fact).fill_nan(None)
    low, high = pl.col(fact).struct.field("low"), pl.col(fact).struct.field("high")
    middle = (low + high) / 2
    if scale == "log":
        middle = pl.when((low > 0) & (high > 0)).then((low * high).sqrt()).otherwise(middle)
    # Equal ends stay exactly what they are.
    return pl.when(low == high).then(low).otherwise(pl.coalesce(middle, low, high))


def shown(fact: str, kind: Kind) -> pl.Expr:
    """A number as people write it: 1,200; of a range both ends, of an open one "1,000+"."""
    if kind != "range":
        return _number(pl.col(fact))
    low, high = pl.col(fact).struct.field("low"), pl.col(fact).struct.field("high")
    both = pl.concat_str(_number(low), pl.lit("–"), _number(high))
    return (
        pl.when(low == high)
        .then(_number(low))
        .when(high.is_null())
        .then(pl.concat_str(_number(low), pl.lit("+")))
        .when(low.is_null())
        .then(pl.concat_str(pl.lit("at most "), _number(high)))
        .otherwise(both)
    )


def _number(value: pl.Expr) -> pl.Expr:
    whole = value.abs().floor().cast(pl.Int64, strict=False)
    groups = [
        (whole // 1000**power % 1000).cast(pl.String).str.zfill(3) for power in (4, 3, 2, 1, 0)
    ]
    digits = pl.concat_str(groups, separator=",").str.replace(r"^[0,]+", "")
    digits = pl.when(whole == 0).then(pl.lit("0")).otherwise(digits)
    rest = ((value.abs() - whole) * 100).round().cast(pl.Int64, strict=False)
    decimals = (
        pl.when(rest.is_between(1, 99))
        .then(pl.concat_str(pl.lit("."), rest.cast(pl.String).str.zfill(2)))
        .otherwise(pl.lit(""))
    )
    sign = pl.when(value < 0).then(pl.lit("−")).otherwise(pl.lit(""))
    return pl.concat_str(sign, digits, decimals)
