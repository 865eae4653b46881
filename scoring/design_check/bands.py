"""Grades, levels and priorities that no lead can get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.criteria.tree import Comparison
from scoring.model import Band

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from scoring.design_check.design import Design
    from scoring.design_check.finding import Finding
    from scoring.document import Path


def check_bands(design: Design) -> Iterator[Finding]:
    """Every band that the file names, and the order of priorities."""
    bands = design.model.file.bands
    given = design.model.document.data.get("bands") or {}
    named: list[tuple[str, Any, str, Any]] = [
        *(
            ("grade", name, "grade", name.lower())
            for name in "ABC"
            if getattr(bands.grade, name) is not None
        ),
        *(("engagement", level, "engagement_level", float(level)) for level in bands.engagement),
    ]
    for section, name, fact, value in named:
        if section in given:
            yield from _never(design, ("bands", section, name), fact, value)
    if "priority" in given:
        for name in ("hot", "warm"):
            if getattr(bands.priority, name) is not None:
                yield from _never(design, ("bands", "priority", name), "priority", name)


def _never(design: Design, path: Path, fact: str, value: Any) -> Iterator[Finding]:
    """A band that the score does not reach, or that a better one takes every lead from."""
    wanted = Comparison(fact, "is", value, ())
    band = getattr(design.model.file.bands.priority, str(path[-1]), None)
    when = band.when if isinstance(band, Band) else None
    goals = [(wanted, "true")] if when is None else [(wanted, "true"), (when, "true")]
    if any(
        design.solver.satisfiable([*goals, *design.segment_goals(s)]) for s in design.model.segments
    ):
        return
    other = pl.col(fact).cast(pl.String()).str.to_lowercase() != str(value)
    leads = [
        lead
        for s in design.model.segments
        for lead in design.leads(design.solver.some(design.segment_goals(s)))
    ]
    witness = design.highest(leads, other)
    if witness is None:
        return
    low, high = design.scores([])
    reached = f": scores go from {low:g} to {high:g}" if fact == "priority" else ""
    what = f"no lead is ever {path[-1]}{reached}, or a better band takes them all."
    yield design.finding(
        "error", path, what, "Lower it, or put the bands in order.", witness=witness
    )
