"""The leads that two models leave in different places, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.backtest.walk import RANK

if TYPE_CHECKING:
    from collections.abc import Iterable

_PRIORITY = {"hot": 2, "warm": 1, "cold": 0}


def flip_figures(ends: pl.DataFrame, *, for_a_while: int = 0) -> dict[str, Any]:
    """How many leads flip, which way, and each of them with its reasons.

    A flip is another stage or another priority; `up` are those that the new model puts further (by
    the stage, else by the priority). A score that differs alone moves nobody; it is only counted.
    """
    told = _with_distances(ends)
    flips = told.filter("differs").sort(
        pl.col("won").fill_null(value=False),
        pl.col("ranks").abs(),
        pl.col("priorities").abs(),
        (pl.col("score:new") - pl.col("score:old")).abs(),
        "id",
        descending=[True, True, True, True, False],
    )
    way = pl.when(pl.col("ranks") != 0).then("ranks").otherwise("priorities")
    score = (pl.col("score:old") - pl.col("score:new")).abs() > 1e-6  # noqa: PLR2004 — not the same number
    return {
        "leads": flips.height,
        "of": ends.height,
        "share": round(100 * flips.height / ends.height, 1) if ends.height else None,
        "stage": int((flips["stage:old"] != flips["stage:new"]).sum()),
        "priority": int((flips["priority:old"] != flips["priority:new"]).sum()),
        "up": flips.filter(way > 0).height,
        "down": flips.filter(way < 0).height,
        "for_a_while": for_a_while,
        "score_only": told.filter(~pl.col("differs") & score).height,
        "list": as_flips(flips),
    }


def as_flips(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Each row as a plain value: from where to where, since when, and why."""
    return [_flip(row) for row in rows.iter_rows(named=True)]


def _flip(row: dict[str, Any]) -> dict[str, Any]:
    since = row["since"]
    return {
        "id": row["id"],
        "since": since.isoformat() if since else None,
        "stage": _sides(row, "stage"),
        "priority": _sides(row, "priority"),
        "score": {side: _rounded(row[f"score_then:{side}"]) for side in ("old", "new")},
        "score_at_end": {side: _rounded(row[f"score:{side}"]) for side in ("old", "new")},
        "won": row["won"],
        "won_on": row["won_on"].isoformat() if row["won_on"] else None,
        "why": {
            "model": row["model"],
            "criteria": row["criteria"],
            "bands": row["bands"],
            "lines": [
                {"text": each["text"], "old": _rounded(each["old"]), "new": _rounded(each["new"])}
                for each in row["lines"] or ()
            ],
        },
    }


def why_words(flip: dict[str, Any]) -> list[str]:
    """The reasons of a flip as short sentences."""
    why = flip["why"]
    said = []
    if why["criteria"]:
        said.append(f"the {why['model']} model says: {why['criteria']}")
    if why["bands"]:
        said.append(why["bands"])
    said += [
        f"{signed(each['new'] - each['old'])} {each['text']} "
        f"({signed(each['old'])} → {signed(each['new'])})"
        for each in why["lines"]
    ]
    return said


def signed(points: float) -> str:
    """Points as people read them: +6, −10, 0."""
    return f"{points:+g}".replace("-", "−") if points else "0"


def counted_moves(ends: pl.DataFrame) -> list[dict[str, Any]]:
    """How many leads stand where under both models: old, new, leads."""
    pairs = ends.group_by(
        pl.col("stage:old").cast(pl.String).alias("old"),
        pl.col("stage:new").cast(pl.String).alias("new"),
    ).len("leads")
    return pairs.sort(_ordered("old"), _ordered("new")).to_dicts()


def _ordered(name: str) -> pl.Expr:
    order: Iterable[str] = RANK
    return pl.col(name).replace_strict({s: n for n, s in enumerate(order)}, return_dtype=pl.Int8())


def _with_distances(ends: pl.DataFrame) -> pl.DataFrame:
    return ends.with_columns(
        _distance("stage", RANK).alias("ranks"),
        _distance("priority", _PRIORITY).alias("priorities"),
    )


def _distance(name: str, order: dict[str, int]) -> pl.Expr:
    new, old = (
        pl.col(f"{name}:{side}").cast(pl.String).replace_strict(order, return_dtype=pl.Int8())
        for side in ("new", "old")
    )
    return new - old


def _sides(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {side: row[f"{name}:{side}"] for side in ("old", "new")}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
