"""The history as training sees it: the outcome as 0 and 1, oldest lead first, the day it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from scoring.problem import Problem, did_you_mean, refuse
from scoring.training.wording import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from scoring.training.settings import TrainingSettings

YES = frozenset(("1", "1.0", "true", "yes", "y", "t", "converted", "won", "closed won", "customer"))
_CAME_IN = frozenset(("created", "entered", "registered", "added", "captured", "inbound"))
_A_ROW_OR_TWO = 3
_SHOWN = 10
NO = frozenset(
    ("0", "0.0", "false", "no", "n", "f", "not converted", "lost", "closed lost", "open")
)


@dataclass(frozen=True, slots=True)
class History:
    """Leads with a known outcome, oldest first if an order is known.

    `order` is the column that says so (None: no order is known); `moment` is that column as days
    since 1970 where it holds dates. `as_of` is the day that the values show.
    """

    frame: pl.DataFrame
    outcome: NDArray[np.float64]
    order: str | None
    moment: NDArray[np.float64] | None
    as_of: date | None
    first: str
    last: str
    without_outcome: int


def read_history(history: pl.DataFrame, settings: TrainingSettings) -> History:
    """The history in order. Raises `ProblemsError` for columns or outcomes that do not make sense."""
    refuse(_problems(history, settings))
    refuse([*_no_order(history, settings), *_never_positive(history, settings)])
    outcome = _outcome(history[settings.target], settings.positive)
    refuse(_unreadable(history[settings.target], outcome, settings))
    order = settings.time or _order(history.drop(settings.target))
    known = history.with_columns(outcome.alias(settings.target)).filter(outcome.is_not_null())
    time = _time(known, order)
    if time is not None and order is not None:
        rows = time.arg_sort(nulls_last=False)
        known = known[rows]
    return History(
        frame=known.drop(settings.target),
        outcome=known[settings.target].cast(pl.Float64).to_numpy(),
        order=order,
        moment=as_days(known[order]) if order is not None else None,
        as_of=settings.as_of or _newest_day(known),
        first=_said(known, order, 0),
        last=_said(known, order, -1),
        without_outcome=history.height - known.height,
    )


def _problems(history: pl.DataFrame, settings: TrainingSettings) -> Iterator[Problem]:
    named: dict[str, tuple[str, ...]] = {
        "target": (settings.target,),
        "time": (settings.time,) if settings.time else (),
    }
    named |= {"include": settings.include, "exclude": settings.exclude, "allow": settings.allow}
    for key, columns in named.items():
        for column in columns:
            if column not in history.columns:
                hint = did_you_mean(column, history.columns)
                yield Problem(
                    f"training: {key}", f'"{column}" is not a column of the history.', hint
                )


def _no_order(history: pl.DataFrame, settings: TrainingSettings) -> Iterator[Problem]:
    """A column that is to order the leads must hold dates or numbers."""
    if settings.time is None:
        return
    values = history[settings.time].drop_nulls()
    if values.is_empty() or values.dtype.is_numeric() or as_days(values) is not None:
        return
    if values.dtype != pl.String or values.cast(pl.Float64, strict=False).null_count():
        yield Problem(
            f"training: time {settings.time}",
            "must hold dates (2026-03-31), moments or numbers, so that leads can be put in order.",
            "Name another column, or none.",
        )


def _never_positive(history: pl.DataFrame, settings: TrainingSettings) -> Iterator[Problem]:
    """The value that means converted must be there at all."""
    if settings.positive is None:
        return
    said = history[settings.target].drop_nulls().cast(pl.String).str.strip_chars()
    values = said.value_counts(sort=True)[settings.target].to_list()[:_SHOWN]
    if said.str.to_lowercase().eq(settings.positive.strip().lower()).any() or not values:
        return
    hint = did_you_mean(settings.positive, values)
    listed = ", ".join(f'"{value}"' for value in values)
    yield Problem(
        "training: positive",
        f'"{settings.positive}" is no value of {settings.target}.',
        f"{hint} Its values: {listed}.".strip(),
    )


def _outcome(target: pl.Series, positive: str | None) -> pl.Series:
    """The outcome as 0 and 1; null where it is not known."""
    if target.dtype == pl.Boolean and positive is None:
        return target.cast(pl.Int8)
    text = target.cast(pl.String).str.strip_chars().str.to_lowercase()
    text = text.set(text == "", None)
    if positive is not None:
        return (text == positive.strip().lower()).cast(pl.Int8)
    yes, no = text.is_in(list(YES)), text.is_in(list(NO))
    table = pl.DataFrame({"yes": yes, "no": no})
    return table.select(pl.when("yes").then(1).when("no").then(0).cast(pl.Int8)).to_series()


def _unreadable(
    target: pl.Series, outcome: pl.Series, settings: TrainingSettings
) -> Iterator[Problem]:
    filled = target.drop_nulls().len()
    if filled and outcome.drop_nulls().len() < 0.9 * filled:
        yield Problem(
            f"training: target {settings.target}",
            "must be true or false, 1 or 0, yes or no, won or lost.",
            "Name the value that means converted with `positive`.",
        )


def _order(history: pl.DataFrame) -> str | None:
    return _first_date(history) or _rising_number(history)


def _rising_number(history: pl.DataFrame) -> str | None:
    """A column of distinct whole numbers that rises, or falls, down the whole history."""
    for column in history.columns:
        values = history[column]
        if not values.dtype.is_integer() or values.null_count() or values.len() < _A_ROW_OR_TWO:
            continue
        rising = np.mean(np.diff(values.cast(pl.Int64).to_numpy()) > 0)
        if values.n_unique() == values.len() and max(rising, 1 - rising) > 0.99:  # noqa: PLR2004
            return column
    return None


def _time(known: pl.DataFrame, order: str | None) -> pl.Series | None:
    """What to sort by: dates and numbers as they are, ISO texts as texts, other texts as numbers."""
    if order is None:
        return None
    values = known[order]
    if values.dtype == pl.String and as_days(values) is None:
        return values.cast(pl.Float64, strict=False)
    return values


def as_days(values: pl.Series) -> NDArray[np.float64] | None:
    """A column of dates, moments or ISO texts as days since 1970; None if it is none."""
    if values.dtype == pl.String:
        head = values.drop_nulls().head(20).str.slice(0, 10)
        if head.is_empty() or head.str.to_date("%Y-%m-%d", strict=False).null_count():
            return None
        values = values.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if values.dtype not in (pl.Date, pl.Datetime):
        return None
    days = values.cast(pl.Date).to_physical().cast(pl.Float64)
    return np.asarray(days.to_numpy(), dtype=np.float64)


def _first_date(history: pl.DataFrame) -> str | None:
    """The column of dates that tells when a lead came in: never blank, no birthday, and either
    called created or before all the others on nearly every lead.
    """  # noqa: D205 — one sentence
    dates = {name: days for name in history.columns if (days := as_days(history[name])) is not None}
    lately = {name: days for name, days in dates.items() if _within_ten_years(days)}
    for name in lately:
        if words(name) & _CAME_IN:
            return name
    for name, days in lately.items():
        before = [np.mean(~(lately[other] < days)) for other in lately if other != name]
        if min(before, default=1.0) >= 0.95:  # noqa: PLR2004 — clerical slips aside
            return name
    return None


def _within_ten_years(days: NDArray[np.float64]) -> bool:
    return (
        bool(len(days))
        and not np.isnan(days).any()
        and bool(np.quantile(days, 0.1) > days.max() - 3653)
    )


def _newest_day(known: pl.DataFrame) -> date | None:
    """The newest day in any column of dates; of each, the last hundredth may be plans or slips."""
    columns = (as_days(known[name]) for name in known.columns)
    filled = [days[~np.isnan(days)] for days in columns if days is not None]
    newest = [np.quantile(days, 0.99, method="lower") for days in filled if len(days)]
    return date(1970, 1, 1) + timedelta(days=int(max(newest))) if newest else None


def _said(known: pl.DataFrame, order: str | None, row: int) -> str:
    if order is None or not known.height:
        return ""
    value = known[order][row]
    return "" if value is None else str(value)[:19]
