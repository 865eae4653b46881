"""Why two models say different things of the same lead on the same day: lines, criteria, bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring.backtest.walk import RANK
from scoring.model import Band

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.judge import Judge

MOST_LINES = 4
"""So many lines of the score are named, those that make the widest difference."""

LATER = "nothing is missing, it only came to its stage later"
"""Of leads that a model lets up one gate at a time, or that had to stay somewhere for a while."""

LINE = pl.Struct({"text": pl.String(), "old": pl.Float64(), "new": pl.Float64()})


def reasons(judges: tuple[Judge, Judge], judged: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Why the verdicts of two models on the same leads differ, row for row.

    `lines`: text and points of the lines that count differently, widest difference first (List of
    `LINE`); `model`: whose words the `criteria` are ("old" or "new"): what the model that holds the
    lead back is missing, or why it puts it aside; `bands`: which priority begins elsewhere.
    """
    words = _criteria(judged).with_columns(_bands(judges, judged))
    return words.hstack(_lines(judges, judged))


def _lines(judges: tuple[Judge, Judge], judged: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    old, new = (_points(j, f, n) for j, f, n in zip(judges, judged, ("old", "new"), strict=True))
    texts = {line.key: line.text for judge in judges for line in judge.lines}
    both = old.join(new, on=("at", "key"), how="full", coalesce=True).with_columns(
        pl.col("old", "new").fill_null(0.0)
    )
    apart = both.filter((pl.col("old") - pl.col("new")).abs() > 1e-9).with_columns(  # noqa: PLR2004 — not the same number
        text=pl.col("key").replace_strict(texts, return_dtype=pl.String)
    )
    widest = apart.sort(
        "at", (pl.col("old") - pl.col("new")).abs(), "key", descending=[False, True, False]
    )
    listed = widest.group_by("at", maintain_order=True).agg(
        pl.struct("text", "old", "new").head(MOST_LINES).alias("lines")
    )
    rows = pl.DataFrame({"at": pl.int_range(judged[0].height, dtype=pl.UInt32, eager=True)})
    found = rows.join(listed, on="at", how="left", maintain_order="left")
    return found.select(pl.col("lines").cast(pl.List(LINE)).fill_null([]))


def _points(judge: Judge, frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The points of every line that counts: at (row), key, and the points under this name."""
    keys = [line.key for line in judge.lines]
    points = frame.select(pl.col(keys).cast(pl.Float64) * judge.scorer.step)
    long = points.with_row_index("at").unpivot(index="at", variable_name="key", value_name=name)
    return long.filter(pl.col(name) != 0).cast({"at": pl.UInt32})


def _criteria(judged: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """`model` and `criteria` of leads that the models leave in different stages."""
    names = ("stage:new", "unmet", "@because")
    both = pl.concat(
        [
            frame.select(pl.col(name).alias(f"{name}:{side}") for name in names)
            for side, frame in zip(("old", "new"), judged, strict=True)
        ],
        how="horizontal",
    )
    rank = {
        side: pl.col(f"stage:new:{side}").replace_strict(RANK, return_dtype=pl.Int8())
        for side in ("old", "new")
    }
    differs = pl.col("stage:new:old").ne_missing(pl.col("stage:new:new"))
    behind = pl.when(differs).then(
        pl.when(rank["new"] <= rank["old"]).then(pl.lit("new")).otherwise(pl.lit("old"))
    )
    said = {
        side: pl.when(rank[side] < 0)
        .then(pl.coalesce(f"@because:{side}", f"unmet:{side}"))
        .otherwise(pl.coalesce(f"unmet:{side}", pl.lit(LATER)))
        for side in ("old", "new")
    }
    words = pl.when(behind == "new").then(said["new"]).when(behind == "old").then(said["old"])
    return both.select(behind.alias("model"), words.alias("criteria"))


def _bands(judges: tuple[Judge, Judge], judged: tuple[pl.DataFrame, pl.DataFrame]) -> pl.Series:
    """Where a priority that sets the two apart begins elsewhere; null for the others."""
    limits = tuple(_limits(judge) for judge in judges)
    old, new = (pl.lit(frame["priority"]) for frame in judged)
    # Who is hot by one model passes both limits there; only those between the two decide.
    between = {"hot": (old == "hot") | (new == "hot"), "warm": (old == "cold") | (new == "cold")}
    said = (
        pl.when((old != new) & between[name]).then(pl.lit(_moved(name, limits)))
        for name in between
        if limits[0][name] != limits[1][name]
    )
    none = pl.when(old.is_null() & old.is_not_null()).then(pl.lit(""))
    words = pl.concat_str(none, *said, separator="; ", ignore_nulls=True)
    return pl.select(pl.when(words != "").then(words).alias("bands")).to_series()


def _moved(name: str, limits: tuple[Mapping[str, float | None], ...]) -> str:
    old, new = (_said(each[name]) for each in limits)
    return f"{name} begins at {new} instead of {old}"


def _limits(judge: Judge) -> Mapping[str, float | None]:
    priority = judge.model.file.bands.priority
    return {
        name: band.score if isinstance(band, Band) else band
        for name, band in (("hot", priority.hot), ("warm", priority.warm))
    }


def _said(limit: float | None) -> str:
    return "no score" if limit is None else f"{limit:g}"
