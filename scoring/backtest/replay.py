"""A page of history under two models side by side: where each lead stood when, and when they parted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring.backtest.parting import LINE, reasons
from scoring.backtest.walk import RANK, Walk
from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from scoring.backtest.past import PastPage
    from scoring.judge import Judge

SIDES = ("old", "new")
STAGE = pl.Enum([*STAGES, *ASIDE])
PRIORITY = pl.Enum(["hot", "warm", "cold"])
PASSED = ("mql", "sal", "sql", "opportunity")
"""The stages that leads can come to by the rules alone."""

SEEN: dict[str, pl.DataType] = {
    "id": pl.String(), "day": pl.Date(), "step": pl.UInt32(),
    "stage:old": STAGE, "stage:new": STAGE, "priority:old": PRIORITY, "priority:new": PRIORITY,
    "score:old": pl.Float32(), "score:new": pl.Float32(), "recorded": pl.String(),
}  # fmt: skip
"""What is kept of every judgement; `step` orders them."""

WHY: dict[str, pl.DataType] = {
    "id": pl.String(), "since": pl.Date(), "step": pl.UInt32(), "score_then:old": pl.Float64(),
    "score_then:new": pl.Float64(), "model": pl.String(), "criteria": pl.String(),
    "bands": pl.String(), "lines": pl.List(LINE),
}  # fmt: skip

_DECIDED = ("stage", "priority")


@dataclass(frozen=True)
class Replayed:
    """What two models made of one page.

    ends: per lead what it came to (the last judgement: `SEEN` columns and `first` day, `score_first`,
        the day on which each model first let it pass each stage (`sql_on:old`) and ranked it hot
        (`hot_on:old`), and `peak:old`, the highest rank), with the page's ended, won, won_on; and
        where stage or priority differ at the end, since when and why (`WHY`; null elsewhere)
    reviews: day, stage, old, new: how many leads stood where on the review days
    entries: week, kind (a stage passed, or hot), old, new; backlog (at first sight) apart
    recorded: of so many judgements the old model's stage was kept; so many come out the same
    """

    ends: pl.DataFrame
    reviews: pl.DataFrame
    entries: pl.DataFrame
    recorded: tuple[int, int]
    apart_for_a_while: int


def replay(
    page: PastPage, judges: tuple[Judge, Judge], reviews: Sequence[date], *, backlog: date | None
) -> Replayed:
    """Walk a page's leads through their days under both models.

    Leads first judged on the day `backlog` were there already: they are no new work of that week.
    """
    seen, why = _walked(page, judges, frozenset(reviews))
    log = seen.sort("id", "step")
    differ = _differs()
    apart_once = log.filter(differ)["id"].n_unique()
    ends = _ends(log).join(page.leads, on="id", how="left", maintain_order="left")
    last = why.sort("step").unique("id", keep="last", maintain_order=True).drop("step")
    ends = ends.with_columns(differs=differ).join(last, on="id", how="left", maintain_order="left")
    kept = log.filter(pl.col("recorded").is_not_null())
    same = int((kept["recorded"] == kept["stage:old"].cast(pl.String)).sum())
    return Replayed(
        ends,
        _reviewed(log, reviews),
        _entries(log, backlog),
        (kept.height, same),
        apart_once - int(ends["differs"].sum()),
    )


def _differs() -> pl.Expr:
    return pl.any_horizontal(
        pl.col(f"{name}:old").ne_missing(pl.col(f"{name}:new")) for name in _DECIDED
    )


def _walked(
    page: PastPage, judges: tuple[Judge, Judge], reviews: frozenset[date]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every judgement under both models, and why they parted each time that they parted anew."""
    walks = tuple(Walk(judge) for judge in judges)
    seen = [pl.DataFrame(schema=SEEN)]
    why = [pl.DataFrame(schema=WHY)]
    before = pl.DataFrame(schema={"id": pl.String(), "was": pl.String()})
    for number, (day, leads) in enumerate(page.steps(reviews)):
        old, new = (walk.step(leads, day) for walk in walks)
        both = _side_by_side(old, new).with_columns(
            pl.lit(day).alias("day"), pl.lit(number).alias("step")
        )
        seen.append(both.select(pl.col(n).cast(t) for n, t in SEEN.items()))
        now = both.select("id", was=_pair())
        fresh = _parted_anew(both, before)
        why.append(_why(judges, (old, new), both, fresh))
        before = pl.concat([before.join(now, on="id", how="anti"), now])
    return pl.concat(seen), pl.concat(why)


def _side_by_side(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    frames = [
        frame.select(
            pl.col("stage:new").alias(f"stage:{side}"),
            pl.col("priority").alias(f"priority:{side}"),
            pl.col("score").alias(f"score:{side}"),
        )
        for side, frame in zip(SIDES, (old, new), strict=True)
    ]
    about = old.select("id", pl.col("@recorded").alias("recorded"))
    return pl.concat([about, *frames], how="horizontal")


def _pair() -> pl.Expr:
    """How two verdicts differ, as one text; null where they do not."""
    names = [f"{name}:{side}" for name in _DECIDED for side in SIDES]
    return pl.when(_differs()).then(pl.concat_str(names, separator="|", ignore_nulls=True))


def _parted_anew(both: pl.DataFrame, before: pl.DataFrame) -> pl.Series:
    """Which rows differ now, and otherwise than they did at the lead's last judgement."""
    known = both.join(before, on="id", how="left", maintain_order="left")
    return known.select(
        (_pair().is_not_null() & _pair().ne_missing(pl.col("was"))).alias("fresh")
    ).to_series()


def _why(
    judges: tuple[Judge, Judge],
    judged: tuple[pl.DataFrame, pl.DataFrame],
    both: pl.DataFrame,
    fresh: pl.Series,
) -> pl.DataFrame:
    if not fresh.any():
        return pl.DataFrame(schema=WHY)
    rows = both.filter(fresh)
    found = reasons(judges, (judged[0].filter(fresh), judged[1].filter(fresh)))
    named = rows.select(
        "id",
        pl.col("day").alias("since"),
        "step",
        *(pl.col(f"score:{side}").alias(f"score_then:{side}") for side in SIDES),
    ).hstack(found)
    return named.select(pl.col(n).cast(t) for n, t in WHY.items())


def _ends(log: pl.DataFrame) -> pl.DataFrame:
    """One row per lead from its judgements in order."""
    columns = [name for name in SEEN if name not in ("id", "step", "recorded")]
    return log.group_by("id", maintain_order=True).agg(
        pl.col("day").first().alias("first"),
        *(pl.col(name).last() for name in columns),
        *(pl.col(f"score:{side}").first().alias(f"score_first:{side}") for side in SIDES),
        *(_rank(side).max().alias(f"peak:{side}") for side in SIDES),
        *(
            pl.col("day").filter(_rank(side) >= RANK[stage]).first().alias(f"{stage}_on:{side}")
            for stage in PASSED
            for side in SIDES
        ),
        *(
            pl.col("day")
            .filter(pl.col(f"priority:{side}") == "hot")
            .first()
            .alias(f"hot_on:{side}")
            for side in SIDES
        ),
    )


def _rank(side: str) -> pl.Expr:
    return pl.col(f"stage:{side}").cast(pl.String).replace_strict(RANK, return_dtype=pl.Int8())


def _reviewed(log: pl.DataFrame, reviews: Sequence[date]) -> pl.DataFrame:
    """How many leads stood in each stage at the end of each review day: day, stage, old, new."""
    days = log.filter(pl.col("day").is_in(list(reviews))).unique(["id", "day"], keep="last")
    counts = [
        days.group_by("day", pl.col(f"stage:{side}").cast(pl.String).alias("stage"))
        .len(side)
        .cast({side: pl.Int64})
        for side in SIDES
    ]
    both = counts[0].join(counts[1], on=("day", "stage"), how="full", coalesce=True)
    return both.with_columns(pl.col(SIDES).fill_null(0)).sort("day", "stage")


def _entries(log: pl.DataFrame, backlog: date | None) -> pl.DataFrame:
    """How many leads came to each stage or became hot, by week: week, kind, backlog, old, new."""
    first = pl.col("step") == pl.col("step").min().over("id")
    backlog_day = (pl.col("day") == backlog) if backlog is not None else pl.lit(value=False)
    about = log.select(
        "id",
        pl.col("day").dt.truncate("1w").alias("week"),
        (first & backlog_day).alias("backlog"),
        *(_rank(side).alias(f"rank:{side}") for side in SIDES),
        *(pl.col(f"priority:{side}").cast(pl.String) for side in SIDES),
    )
    parts = [_came(about, kind) for kind in (*PASSED, "hot")]
    return pl.concat(parts).sort("week", "kind", "backlog")


def _came(about: pl.DataFrame, kind: str) -> pl.DataFrame:
    def here(side: str) -> pl.Expr:
        if kind == "hot":
            return (pl.col(f"priority:{side}") == "hot").fill_null(value=False)
        return pl.col(f"rank:{side}") >= RANK[kind]

    came = [
        (here(side) & ~here(side).shift(1, fill_value=False).over("id")).alias(side)
        for side in SIDES
    ]
    counted = (
        about.with_columns(came)
        .group_by("week", "backlog")
        .agg(pl.col(side).sum().cast(pl.Int64) for side in SIDES)
    )
    return counted.select("week", pl.lit(kind).alias("kind"), "backlog", *SIDES)
