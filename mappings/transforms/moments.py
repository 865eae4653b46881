"""Dates and instants. A date is never an instant: the time zone between them is always named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mappings.transforms.base import Options, Transform

if TYPE_CHECKING:
    from collections.abc import Callable

INSTANT = pl.Datetime("us", "UTC")
_NAIVE = pl.Datetime("us")
_WITH_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
_WITHOUT_OFFSET = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)
_EPOCH_MILLISECONDS = r"^-?[0-9]{9,14}$"


def read_instant(text: pl.Expr, time_zone: str = "UTC", form: str | None = None) -> pl.Expr:
    """Text as an instant: ISO 8601, epoch milliseconds, or `form`; null for anything else.

    Times without an offset, and bare dates (their first moment), are of `time_zone`.
    """
    parsers = _custom(form, time_zone) if form else _standard(time_zone)
    return text.map_batches(lambda series: _first(series, parsers), return_dtype=INSTANT)


def read_date(text: pl.Expr, time_zone: str = "UTC", form: str | None = None) -> pl.Expr:
    """Text as a date; an instant is the date that it has in `time_zone`."""
    plain = text.str.to_date(form or "%Y-%m-%d", strict=False)
    there = read_instant(text, time_zone, form).dt.convert_time_zone(time_zone).dt.date()
    return pl.coalesce(plain, there)


def instant_text(instant: pl.Expr) -> pl.Expr:
    """An instant as `2026-01-31T12:00:00Z`, with milliseconds where there are any."""
    milliseconds = instant.dt.truncate("1ms")
    whole = milliseconds.dt.millisecond() == 0
    return (
        pl.when(whole)
        .then(milliseconds.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        .otherwise(milliseconds.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    )


def local_start(day: pl.Expr, time_zone: str) -> pl.Expr:
    """The first moment of a date in a time zone."""
    return _localised(day.cast(_NAIVE), time_zone)


def _localised(naive: pl.Expr, time_zone: str) -> pl.Expr:
    """A wall-clock time as an instant: the first of two in autumn, an hour on in the spring gap."""
    at = naive.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    later = (naive + pl.duration(hours=1)).dt.replace_time_zone(
        time_zone, ambiguous="earliest", non_existent="null"
    )
    return pl.coalesce(at, later).dt.convert_time_zone("UTC")


_Parser = "Callable[[pl.Expr], pl.Expr]"


def _standard(time_zone: str) -> list[Callable[[pl.Expr], pl.Expr]]:
    return [
        *(_offset(form) for form in _WITH_OFFSET),
        lambda text: local_start(text.str.to_date("%Y-%m-%d", strict=False), time_zone),
        *(_wall_clock(form, time_zone) for form in _WITHOUT_OFFSET),
        _epoch,
    ]


def _custom(form: str, time_zone: str) -> list[Callable[[pl.Expr], pl.Expr]]:
    if "%z" in form or "%#z" in form or "%:z" in form:
        return [_offset(form)]
    if any(code in form for code in ("%H", "%I", "%T", "%R", "%X", "%c", "%s")):
        return [_wall_clock(form, time_zone)]
    return [lambda text: local_start(text.str.to_date(form, strict=False), time_zone)]


def _offset(form: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: text.str.to_datetime(form, strict=False, time_unit="us").cast(INSTANT)


def _wall_clock(form: str, time_zone: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: _localised(
        text.str.to_datetime(form, strict=False, time_unit="us"), time_zone
    )


def _epoch(text: pl.Expr) -> pl.Expr:
    digits = pl.when(text.str.contains(_EPOCH_MILLISECONDS)).then(text)
    milliseconds = digits.cast(pl.Int64, strict=False)
    return (milliseconds * 1000).cast(_NAIVE).dt.replace_time_zone("UTC")


def _first(series: pl.Series, parsers: list[Callable[[pl.Expr], pl.Expr]]) -> pl.Series:
    """What the first parser that can reads of each text; each sees only what is still unread."""
    frame = series.to_frame("text")
    done: pl.Series | None = None
    for parser in parsers:
        if done is not None and not _unread(series, done).any():
            break
        if done is None:
            done = frame.select(parser(pl.col("text"))).to_series()
            continue
        left = _unread(series, done)
        more = frame.filter(left).select(parser(pl.col("text"))).to_series()
        done = done.scatter(left.arg_true(), more) if more.is_not_null().any() else done
    return pl.Series([], dtype=INSTANT) if done is None else done


def _unread(series: pl.Series, done: pl.Series) -> pl.Series:
    return series.is_not_null() & done.is_null()


def _date(text: pl.Expr, options: Options) -> pl.Expr:
    return read_date(text, options.time_zone, options.format)


def _date_text(day: pl.Expr, options: Options) -> pl.Expr:
    return day.dt.strftime(options.format or "%Y-%m-%d")


def _datetime(text: pl.Expr, options: Options) -> pl.Expr:
    return read_instant(text, options.time_zone, options.format)


def _datetime_text(instant: pl.Expr, options: Options) -> pl.Expr:
    if options.format:
        return instant.dt.convert_time_zone(options.time_zone).dt.strftime(options.format)
    return instant_text(instant)


DATE = Transform("date", "date", _date, _date_text, "is not a date")
DATETIME = Transform("datetime", "datetime", _datetime, _datetime_text, "is not a date and time")
