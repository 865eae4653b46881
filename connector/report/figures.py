"""The figures of a funnel report: computed once, printed as JSON and drawn as pictures."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.funnel import USUAL_SHARE_LOST, aside, funnel, left_out, never_moved

if TYPE_CHECKING:
    from datetime import datetime

DIMENSIONS = ("source", "owner", "segment", "month")
"""By what a funnel can be told apart."""

UNKNOWN = "(unknown)"
HIDDEN = "(hidden)"

_AN_ID = re.compile(r"(?=.*\d)[A-Za-z0-9_-]+")
"""Owners that are ids of the CRM; others are names of persons."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a funnel: by which dimensions, and within how many days, if any.

    With `names`, owners that are not ids and other values that name persons are shown.
    """

    by: tuple[str, ...] = ()
    window_days: float | None = None
    names: bool = True


def funnel_figures(
    connection: str, history: pl.DataFrame, as_of: datetime, asked: Asked
) -> dict[str, Any]:
    """The funnel of one connection as plain values.

    `by` has, for each dimension, its groups: `value`, `leads` and `stages`; the largest group
    first, months in order.
    """
    window = asked.window_days
    rows = funnel(history, as_of, window_days=window)
    stages = rows.to_dicts()
    shown = history if asked.names else _without_names(history)
    return {
        "connection": connection,
        "as_of": as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window_days": window,
        "leads": stages[0]["reached"],
        "counted": asdict(left_out(history, as_of, window)),
        "stages": stages,
        "aside": aside(history, as_of, window_days=window),
        "never_moved": never_moved(rows),
        "never_moved_leads": stages[0]["reached"] - stages[1]["reached"],
        "usual_never_moved": USUAL_SHARE_LOST,
        "by": {
            name: _groups(name, funnel(shown, as_of, by=name, window_days=window))
            for name in asked.by
        },
    }


def hottest_figures(hottest: pl.DataFrame, *, names: bool) -> list[dict[str, Any]]:
    """The hottest leads by id, score, stage, priority and grade; persons only with `names`."""
    columns = ["id", "score", "stage", "priority", "grade"]
    if names:
        for name in ("first_name", "last_name", "company"):
            fact = pl.col("facts").str.json_path_match(f"$.{name}").alias(name)
            hottest = hottest.with_columns(fact)
            columns.append(name)
    return hottest.select(columns).to_dicts()


def _groups(name: str, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of each value of a dimension, together."""
    groups = [
        {
            "value": UNKNOWN if value is None else value,
            "leads": part["reached"][0],
            "stages": part.drop(name).to_dicts(),
        }
        for (value,), part in rows.group_by(name, maintain_order=True)
    ]
    return groups if name == "month" else sorted(groups, key=lambda each: -each["leads"])


def _without_names(history: pl.DataFrame) -> pl.DataFrame:
    """The history with owners who are not ids, and addresses anywhere, hidden."""
    hidden = pl.lit(HIDDEN)
    columns: list[pl.Expr] = []
    if "owner" in history.columns:
        # Distinct owners are few: one look at each.
        owners = history["owner"].unique().drop_nulls()
        ids = [owner for owner in owners if _AN_ID.fullmatch(owner)]
        known = pl.col("owner").is_null() | pl.col("owner").is_in(ids)
        columns.append(pl.when(known).then("owner").otherwise(hidden).alias("owner"))
    if "source" in history.columns:
        address = pl.col("source").str.contains("@", literal=True)
        columns.append(pl.when(address).then(hidden).otherwise("source").alias("source"))
    return history.with_columns(columns)
