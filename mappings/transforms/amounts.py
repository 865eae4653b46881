"""Numbers: plain, whole, of money, in per cent, and ranges of employees."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import polars as pl

from mappings.transforms.base import Options, Transform, by_value

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’_")
_SIGNS = {"$": "dollar", "€": "EUR", "£": "GBP", "¥": "yen", "₹": "INR", "₣": "CHF", "₽": "RUB"}
_SIGNS |= {"₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "zł": "PLN", "kč": "CZK", "r$": "BRL"}
_DOLLARS = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "CLP", "COP", "ARS"}
_YENS = {"JPY", "CNY"}
_SCALES = {"": 1.0, "k": 1e3, "t": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6}
_SCALES |= {"mio": 1e6, "million": 1e6, "millions": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}


def number_text(number: pl.Expr, scale: int | None = None) -> pl.Expr:
    """A number as text: `87`, `87.5`; no exponent, no trailing zeros, halves rounded away from 0."""
    rounded = number if scale is None else number.round(scale, mode="half_away_from_zero")
    short = rounded.cast(pl.String).str.strip_suffix(".0")
    return short.map_batches(_written_out, return_dtype=pl.String()).replace("-0", "0")


def _written_out(numbers: pl.Series) -> pl.Series:
    """Very large and very small numbers without their exponents."""
    short = numbers.filter(numbers.str.contains("e", literal=True)).unique()
    if short.is_empty():
        return numbers
    return numbers.replace(short, [format(Decimal(text), "f") for text in short.to_list()])


def plain_number(text: pl.Expr) -> pl.Expr:
    """Text as machines write numbers (`87.0`, `1.0E7`); null for anything else."""
    value = text.cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _number(text: pl.Expr, options: Options) -> pl.Expr:
    fast = plain_number if options.decimal == "." else None
    return by_value(text, lambda value: grouped(value, options.decimal), pl.Float64(), fast)


def grouped(text: str, decimal: str) -> float | None:
    """A number with thousands separators in their places; None if it is anything else."""
    group = "," if decimal == "." else "."
    bare = text.translate(_SPACES).replace("−", "-")
    integer, point, fraction = bare.partition(decimal)
    grouping = re.escape(group)
    if not re.fullmatch(rf"[+-]?(?:\d{{1,3}}(?:{grouping}\d{{3}})+|\d*)", integer):
        return None
    if not re.fullmatch(r"\d*", fraction) or not re.search(r"\d", integer + fraction):
        return None
    value = float(integer.replace(group, "") + ("." + fraction if point and fraction else ""))
    return value if math.isfinite(value) else None


def _integer(text: pl.Expr, options: Options) -> pl.Expr:
    number = _number(text, options)
    return pl.when(number == number.floor()).then(number)


def _money(text: pl.Expr, options: Options) -> pl.Expr:
    return by_value(text, lambda value: _amount(value, options), pl.Float64(), _unmistakable)


def _unmistakable(text: pl.Expr) -> pl.Expr:
    """Digits with no more than two decimal places, which mean the same everywhere."""
    return pl.when(text.str.contains(r"^[0-9]+(\.[0-9]{1,2})?$")).then(plain_number(text))


def _amount(text: str, options: Options) -> float | None:
    """An amount; None when it is not one, or in another currency than the mapping's."""
    found = re.fullmatch(
        r"(?P<minus>[-−(]?)\s*(?P<before>[^\d\s.,+-]*)\s*(?P<number>[+-]?[\d.,][\d.,\s'’]*)"
        r"\s*(?P<after>[^\d]*?)\s*\)?",
        text.replace("\u00a0", " ").replace("\u202f", " ").strip(),
    )
    if not found:
        return None
    words = re.findall(r"[^\s.]+", f"{found['before']} {found['after']}".lower())
    scale, currencies = 1.0, []
    for word in words:
        if word in _SCALES:
            scale *= _SCALES[word]
        elif currency := _currency(word):
            currencies.append(currency)
        else:
            return None
    if options.currency and not all(_same(each, options.currency) for each in currencies):
        return None
    value = _either_way(found["number"].strip(), options.decimal)
    sign = -1.0 if found["minus"] else 1.0
    return None if value is None else sign * value * scale


def _currency(word: str) -> str | None:
    if word in _SIGNS:
        return _SIGNS[word]
    if word.endswith("$"):  # US$, A$, CA$
        return "dollar"
    return word.upper() if re.fullmatch(r"[a-z]{3}", word) else None


def _same(found: str, wanted: str) -> bool:
    families = {"dollar": _DOLLARS, "yen": _YENS}
    return wanted.upper() in families.get(found, {found})


def _either_way(text: str, decimal: str) -> float | None:
    """A number whose decimal sign shows itself: `1,200.50` and `1.200,50` are both 1200.5.

    One separator before exactly three digits says nothing; then the mapping's `decimal` decides.
    """
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return grouped(text, ".")
    sign, other = (text[last], "," if text[last] == "." else ".")
    if text.count(sign) > 1:
        return grouped(text, other)
    if other in text or not _may_group(text, last):
        return grouped(text, sign)
    if sign == decimal == ".":
        return None  # "1.200 €" may be 1200 or 1.2: say so instead of guessing
    return grouped(text, decimal)


def _may_group(text: str, at: int) -> bool:
    """Whether the separator at this place may be one of thousands: `1,200`, but not `0,125`."""
    before, after = (re.sub(r"\D", "", part) for part in (text[:at], text[at + 1 :]))
    return len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0"  # noqa: PLR2004 — thousands


def _percent(text: pl.Expr, options: Options) -> pl.Expr:
    return _number(text.str.strip_suffix("%").str.strip_chars(), options)


def _employees(text: pl.Expr, options: Options) -> pl.Expr:
    low = by_value(text, lambda value: _bounds(value, options)[0], pl.Float64(), plain_number)
    high = by_value(text, lambda value: _bounds(value, options)[1], pl.Float64(), plain_number)
    return pl.when(low >= 0).then(pl.struct(low=low, high=high))


def _bounds(text: str, options: Options) -> tuple[float | None, float | None]:
    """Lowest and highest number of employees; (None, None) if it says neither."""
    bare = re.sub(r"employees?|people|staff|mitarbeiter|fte", "", text.lower()).strip()
    if bare in ("self-employed", "self employed", "just me"):
        return 1.0, 1.0
    if match := re.fullmatch(r"(?:<|under|less than|fewer than)\s*(.+)", bare):
        most = _count(match[1], options)
        return (None, None) if most is None or most <= 1 else (1.0, most - 1)
    if match := re.fullmatch(r"(?:>|over|more than)\s*(.+)", bare):
        least = _count(match[1], options)
        return (None, None) if least is None else (least + 1, None)
    if match := re.fullmatch(r"(.+?)\s*(?:\+|and more|or more)", bare):
        return _count(match[1], options), None
    if match := re.fullmatch(r"(.+?)\s*(?:-|–|—|to|bis|\.\.)\s*(.+)", bare):
        least, most = _count(match[1], options), _count(match[2], options)
        return (
            (least, most)
            if least is not None and most is not None and least <= most
            else (None, None)
        )
    exact = _count(bare, options)
    return exact, exact


def _count(text: str, options: Options) -> float | None:
    thousands = 1000.0 if text.endswith("k") else 1.0
    value = grouped(text.removesuffix("k"), options.decimal)
    return None if value is None or value < 0 else value * thousands


def _range_text(value: pl.Expr, _: Options) -> pl.Expr:
    low, high = value.struct.field("low"), value.struct.field("high")
    least, most = number_text(low), number_text(high)
    return (
        pl.when(high.is_null())
        .then(least + "+")
        .when(low == high)
        .then(least)
        .otherwise(least + "-" + most)
    )


def _number_out(number: pl.Expr, _: Options) -> pl.Expr:
    return number_text(number)


def _localised_out(number: pl.Expr, options: Options) -> pl.Expr:
    text = number_text(number)
    return text if options.decimal == "." else text.str.replace(".", ",", literal=True)


def _money_out(number: pl.Expr, options: Options) -> pl.Expr:
    text = number_text(number, 2)
    return text if options.decimal == "." else text.str.replace(".", ",", literal=True)


def _integer_out(number: pl.Expr, _: Options) -> pl.Expr:
    return number_text(number, 0)


NUMBER = Transform("number", "number", _number, _localised_out, "is not a number")
INTEGER = Transform("integer", "number", _integer, _integer_out, "is not a whole number")
MONEY = Transform("money", "number", _money, _money_out, "is not an amount in this currency")
PERCENT = Transform("percent", "number", _percent, _localised_out, "is not a percentage")
EMPLOYEE_RANGE = Transform(
    "employee_range", "range", _employees, _range_text, "is not a number or range of employees"
)
