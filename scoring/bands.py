"""From points of 0–100 to the words of the day: grade, engagement level, priority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria import Compiled, Form, Scope, always, compile_criterion, prepare
from scoring.model import Band

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Any

    from scoring.model import Bands

LOWEST_GRADE, LOWEST_LEVEL, LOWEST_PRIORITY = "D", 4, "cold"


@dataclass(frozen=True)
class CompiledBands:
    """The bands of a model with their conditions compiled."""

    grade: Mapping[Any, float]
    engagement: Mapping[Any, float]
    priority: Mapping[str, tuple[float, Compiled]]

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of facts that priorities depend on."""
        return frozenset[Form]().union(*(when.forms for _, when in self.priority.values()))

    def evaluate(self, scored: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The scored frame with `grade`, `engagement_level` and `priority`."""
        frame = scored.with_columns(
            _banded("fit", self.grade, LOWEST_GRADE).alias("grade"),
            _banded("engagement", self.engagement, LOWEST_LEVEL)
            .cast(pl.Float64)
            .alias("engagement_level"),
        )
        frame = prepare(frame, self.forms, as_of)
        choices = (
            pl.when((pl.col("score") >= least) & when.holds).then(pl.lit(name))
            for name, (least, when) in self.priority.items()
        )
        priority = pl.coalesce(*choices, pl.lit(LOWEST_PRIORITY))
        return frame.with_columns(priority.alias("priority"))


def compile_bands(bands: Bands, scope: Scope) -> CompiledBands:
    """The bands, compiled. Problems go to the scope."""
    priorities = {"hot": bands.priority.hot, "warm": bands.priority.warm}
    grades = {"A": bands.grade.A, "B": bands.grade.B, "C": bands.grade.C}
    bounds = {grade: least for grade, least in grades.items() if least is not None}
    _check_order("grade", bounds, scope)
    _check_order("engagement", bands.engagement, scope)
    return CompiledBands(
        bounds,
        bands.engagement,
        {
            name: _priority(name, band, scope)
            for name, band in priorities.items()
            if band is not None
        },
    )


def _priority(name: str, band: float | Band, scope: Scope) -> tuple[float, Compiled]:
    if isinstance(band, Band):
        path = ("bands", "priority", name, "when")
        return band.score, compile_criterion(band.when, path, scope)
    return band, always()


def _check_order(name: str, bounds: Mapping[Any, float], scope: Scope) -> None:
    """A better band must begin above a worse one, or nobody would be in the worse."""
    previous: tuple[Any, float] | None = None
    for band in sorted(bounds):
        if previous is not None and bounds[band] >= previous[1]:
            what = f"{band} begins at {bounds[band]:g}, not below {previous[0]} ({previous[1]:g})."
            scope.wrong(("bands", name, band), what)
        previous = (band, bounds[band])


def _banded(column: str, bounds: Mapping[Any, float], lowest: Any) -> pl.Expr:
    choices = (
        pl.when(pl.col(column) >= bounds[band]).then(pl.lit(band)) for band in sorted(bounds)
    )
    return pl.coalesce(*choices, pl.lit(lowest))
