"""What a backtest comes to: every figure once, as plain values, for the terminal, JSON and the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring.backtest import measures
from scoring.backtest.flips import as_flips, counted_moves, flip_figures
from scoring.backtest.replay import PASSED, SIDES
from scoring.backtest.walk import RANK
from scoring.verdict import ASIDE, STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from scoring.backtest.replay import Replayed

KINDS = (*PASSED, "hot")
"""What the reps' load is counted by: stages that leads come to, and leads that become hot."""

BARS = ("sql", "sal", "mql")
"""The stage that a won deal must have reached to count as caught: the first that anybody reaches."""


@dataclass(frozen=True)
class Span:
    """From when to when, and the days in between on which every open lead is judged.

    With `window_days`, precision, recall and lift look only at leads that began so long ago, and at
    what became of them within that time.
    """

    first: date
    last: date
    reviews: tuple[date, ...] = ()
    window_days: int | None = None


@dataclass
class Summary:
    """Takes the replayed pages of one backtest and keeps what its figures need."""

    span: Span
    seed: int = 0
    _ends: list[pl.DataFrame] = field(default_factory=list)
    _reviews: list[pl.DataFrame] = field(default_factory=list)
    _entries: list[pl.DataFrame] = field(default_factory=list)
    _recorded: list[int] = field(default_factory=lambda: [0, 0])
    _for_a_while: int = 0

    def add(self, page: Replayed) -> None:
        """Count one page."""
        self._ends.append(page.ends)
        self._reviews.append(page.reviews)
        self._entries.append(page.entries)
        for place, count in enumerate(page.recorded):
            self._recorded[place] += count
        self._for_a_while += page.apart_for_a_while

    def figures(self) -> dict[str, Any]:
        """All figures. Raises ValueError if no page has a lead."""
        ends = pl.concat(self._ends)
        bar = _bar(ends)
        return {
            "first": self.span.first.isoformat(),
            "last": self.span.last.isoformat(),
            "reviews": [day.isoformat() for day in self.span.reviews],
            "window_days": self.span.window_days,
            "seed": self.seed,
            "leads": ends.height,
            "as_recorded": dict(zip(("judgements", "same"), self._recorded, strict=True)),
            "flips": flip_figures(ends, for_a_while=self._for_a_while),
            "stages": _stages(ends),
            "moves": counted_moves(ends),
            "timeline": _timeline(_summed(self._reviews, ("day", "stage")), self.span.reviews),
            "load": _load(_summed(self._entries, ("week", "kind", "backlog")), self.span),
            "won": _won(ends, bar),
            "measures": _measures(ends, bar, self.span, self.seed),
        }


def _summed(parts: Sequence[pl.DataFrame], keys: tuple[str, ...]) -> pl.DataFrame:
    return pl.concat(parts).group_by(keys).agg(pl.col(SIDES).sum()).sort(keys)


def _stages(ends: pl.DataFrame) -> list[dict[str, Any]]:
    """Per stage how many leads end in it, and how many ever came as far, under both models."""
    rows = []
    for stage in (*STAGES, *ASIDE):
        now = {side: int((ends[f"stage:{side}"] == stage).sum()) for side in SIDES}
        reached = {side: int((ends[f"peak:{side}"] >= RANK[stage]).sum()) for side in SIDES}
        rows.append({"stage": stage, "now": now, "reached": reached if stage in STAGES else None})
    return rows


def _timeline(counts: pl.DataFrame, reviews: Sequence[date]) -> list[dict[str, Any]]:
    """Per review day how many open leads stood in each stage under both models."""
    rows: dict[date, dict[str, Any]] = {day: {} for day in reviews}
    for day, stage, old, new in counts.iter_rows():
        rows[day][stage] = {"old": old, "new": new}
    none = {"old": 0, "new": 0}
    return [
        {"day": day.isoformat(), "stages": {s: found.get(s, none) for s in (*STAGES, *ASIDE)}}
        for day, found in rows.items()
    ]


def _load(entries: pl.DataFrame, span: Span) -> dict[str, Any]:
    """How many leads a week come to each stage, and how many stood there at first sight."""
    monday = span.first - timedelta(days=span.first.weekday())
    count = ((span.last - monday).days // 7) + 1
    weeks = [monday + timedelta(days=7 * n) for n in range(count)]
    found: dict[tuple[Any, ...], dict[str, int]] = {
        (week, kind, backlog): {"old": old, "new": new}
        for week, kind, backlog, old, new in entries.iter_rows()
    }
    none = {"old": 0, "new": 0}
    rows = [
        {"week": w.isoformat(), **{k: found.get((w, k, False), none) for k in KINDS}} for w in weeks
    ]
    per_week = {
        k: {side: round(sum(row[k][side] for row in rows) / count, 1) for side in SIDES}  # type: ignore[index]
        for k in KINDS
    }
    backlog = {k: found.get((monday, k, True), none) for k in KINDS}
    silent = None
    if span.first == span.last:
        silent = "the history is of one day only, so nobody came in the meantime"
    return {"weeks": rows, "per_week": per_week, "backlog": backlog, "silent": silent}


def _bar(ends: pl.DataFrame) -> str | None:
    """The stage that counts as caught: the highest of `BARS` that any lead reaches."""
    for stage in BARS:
        if any((ends[f"peak:{side}"] >= RANK[stage]).any() for side in SIDES):
            return stage
    return None


def _caught(bar: str | None, side: str) -> pl.Expr:
    """Whether a model let the lead come so far before its outcome, and did not rank it cold then."""
    warm = (pl.col(f"priority:{side}") != "cold").fill_null(value=False)
    return warm if bar is None else warm & (pl.col(f"peak:{side}") >= RANK[bar])


def _opportunity(side: str) -> pl.Expr:
    return pl.col(f"peak:{side}") >= RANK["opportunity"]


def _won(ends: pl.DataFrame, bar: str | None) -> dict[str, Any]:
    """The leads that were won: whom each model would have caught; missed and newly caught by name.

    Held back are those that only the old model made opportunities by the day on which they were one.
    """
    won = ends.filter(pl.col("won").fill_null(value=False)).with_columns(
        _caught(bar, side).alias(f"caught:{side}") for side in SIDES
    )
    old, new = pl.col("caught:old"), pl.col("caught:new")
    return {
        "leads": won.height,
        "bar": bar,
        "caught": {side: int(won[f"caught:{side}"].sum()) for side in SIDES},
        "missed": as_flips(won.filter(old & ~new).sort("id")),
        "newly_caught": as_flips(won.filter(~old & new).sort("id")),
        "held_back": as_flips(won.filter(_opportunity("old") & ~_opportunity("new")).sort("id")),
    }


def _measures(ends: pl.DataFrame, bar: str | None, span: Span, seed: int) -> dict[str, Any]:
    """Precision, recall and lift where enough is known, else why not."""
    ripe = _ripe(ends, span)
    won = ripe["in_time"].to_numpy()
    silent = measures.silence(won)
    if silent and span.window_days is not None:
        young = ends.height - ripe.height
        silent += f"; {young:,} more began less than {span.window_days} days before the end"
    found: dict[str, Any] = {
        "leads": ripe.height,
        "won": int(won.sum()),
        "base_rate": round(float(won.mean()), 4) if ripe.height else None,
        "bar": bar,
        "silent": silent,
        "picks": {},
        "top_tenth": None,
    }
    if silent:
        return found
    for kind in [k for k in (bar, "hot") if k]:
        old, new = (_within(ripe, f"{kind}_on:{side}", span) for side in SIDES)
        picked = measures.Picked(old.to_numpy(), new.to_numpy(), won)
        found["picks"][kind] = _plain(measures.precision_and_recall(picked, seed))
    first = (ripe["score_first:old"].to_numpy(), ripe["score_first:new"].to_numpy())
    found["top_tenth"] = _plain(measures.top_tenth(first, won, seed))
    return found


def _ripe(ends: pl.DataFrame, span: Span) -> pl.DataFrame:
    """The leads whose outcome is known in time, with whether they were won within it."""
    known = ends.filter(pl.col("won").is_not_null())
    if span.window_days is None:
        return known.with_columns(in_time=pl.col("won"))
    end = pl.col("first") + pl.duration(days=span.window_days)
    in_time = pl.col("won") & (pl.col("won_on") <= end).fill_null(value=False)
    return known.filter(end <= span.last).with_columns(in_time=in_time)


def _within(ripe: pl.DataFrame, column: str, span: Span) -> pl.Series:
    """Whether something happened to each lead, within the window if there is one."""
    happened = pl.col(column).is_not_null()
    if span.window_days is not None:
        end = pl.col("first") + pl.duration(days=span.window_days)
        happened &= (pl.col(column) <= end).fill_null(value=False)
    return ripe.select(happened.alias("in_time")).to_series()


def _plain(value: Any) -> Any:
    """Shares to four places; what is not a number is none."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, float):
        return None if value != value else round(value, 4)  # noqa: PLR0124 — not a number
    return value
