"""Facts as features: defined once, used to learn from history and to score today's leads.

A feature is one column of codes: 0 is blank; then, of a text, 1 is any rare or never seen value
and the others are the known values, the most frequent first; of a number, its steps upwards. Trees
see the codes' order, so that an unknown value is judged much like a blank or a frequent one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

FeatureKind = Literal["text", "number", "days", "item"]
Codes = Any  # numpy.typing.NDArray[numpy.int16], rows × features

PLACEHOLDERS = frozenset(
    (
        "select", "please select", "choose", "please choose", "n/a", "na", "n.a.", "#n/a", "none",
        "null", "nil", "nan", "unknown", "undefined", "not specified", "unspecified",
        "not provided", "not available", "not set", "not applicable", "tbd", "empty", "blank",
    )
)  # fmt: skip
"""Texts that forms and imports store where nothing was said, in lower case."""

_UNKNOWN, _RARE = -1, 1
_NO_WORD = r"^[\s\p{P}\p{S}]*$"


@dataclass(frozen=True, slots=True)
class Feature:
    """How one column becomes codes.

    `kind` is text (values), number (steps between `edges`), days (whole days before the day of
    scoring, then like a number) or item (does the list hold `item`?). `values` are matched without
    regard to case. `merge_blank` says whether placeholders such as "Select" count as blank.
    """

    name: str
    column: str
    kind: FeatureKind
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    item: str = ""
    merge_blank: bool = True

    @property
    def size(self) -> int:
        """How many codes there are: blank, the values or steps, and other values."""
        return len(self.values) + 2 if self.kind in ("text", "item") else len(self.edges) + 2

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON-able data."""
        return asdict(self) | {"values": list(self.values), "edges": list(self.edges)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Feature:
        """The feature of `as_dict`."""
        return cls(**{**stored, "values": tuple(stored["values"]), "edges": tuple(stored["edges"])})

    def words(self) -> list[str]:
        """What each code says of a lead, in words."""
        if self.kind == "item":
            return ["", "", "", f"{self.column} includes {self.item}"]
        blank = f"{self.column} is blank"
        if self.kind == "text":
            said = [f"{self.column} is {value}" for value in self.values]
            return [blank, f"{self.column} is a value seldom seen", *said]
        return [blank, *self._steps()]

    def _steps(self) -> list[str]:
        unit = " days ago" if self.kind == "days" else ""
        if not self.edges:
            return [f"{self.column} is known"]
        between = [_between(low, high) for low, high in pairwise(self.edges)]
        steps = (f"up to {_number(self.edges[0])}", *between, f"above {_number(self.edges[-1])}")
        return [f"{self.column} {step}{unit}" for step in steps]


def features(frame: pl.DataFrame, as_of: date | None, spec: Sequence[Feature]) -> pl.DataFrame:
    """One column per feature: String for text and items, Float64 for numbers and days.

    A column that the frame does not have is blank. Moments after `as_of` have not happened yet and
    are blank, so that a lead is seen as things stood on that day.
    """
    schema = frame.schema
    return frame.select(
        _expression(schema.get(feature.column), feature, as_of).alias(feature.name)
        for feature in spec
    )


def codes(frame: pl.DataFrame, as_of: date | None, spec: Sequence[Feature]) -> NDArray[np.int16]:
    """The leads as codes, one row per lead and one column per feature."""
    schema = frame.schema
    matched = frame.select(_matched(schema.get(feature.column), feature, as_of) for feature in spec)
    found = np.empty((len(spec), frame.height), dtype=np.int16)
    for position, feature in enumerate(spec):
        values = matched.to_series(position).to_numpy()
        if feature.kind in ("number", "days"):
            found[position] = _steps(values, feature)
        else:
            found[position] = np.asarray(_usual_spellings(feature)[1])[values]
            other = found[position] == _UNKNOWN
            if other.any():
                found[position, other] = _settle(frame[feature.column].filter(other), feature)
    return found.T


def is_range(dtype: pl.DataType) -> bool:
    """Whether values are ranges from `low` to `high`."""
    if not isinstance(dtype, pl.Struct):
        return False
    return {"low", "high"} <= {part.name for part in dtype.fields}


def is_placeholder(column: str) -> pl.Expr:
    """True where a text column holds nothing but a placeholder ("Select", "N/A", "-")."""
    text = pl.col(column).str.strip_chars(" -–—<>[]()*.:").str.to_lowercase()
    return text.is_in(list(PLACEHOLDERS)) | pl.col(column).str.contains(_NO_WORD)


def _expression(dtype: pl.DataType | None, feature: Feature, as_of: date | None) -> pl.Expr:
    if dtype is None or dtype == pl.Null:
        empty = pl.Float64 if feature.kind in ("number", "days") else pl.String
        return pl.lit(None, dtype=empty)
    if feature.kind == "item":
        return _item(feature, dtype)
    if feature.kind == "days":
        return _days(feature.column, dtype, as_of)
    if feature.kind == "number":
        return _as_number(feature.column, dtype)
    return _written(feature.column, dtype).str.strip_chars().str.to_lowercase()


def _written(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text, letter for letter as it came."""
    column = pl.col(name)
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))
    if dtype.is_nested():
        return pl.lit(None, dtype=pl.String)
    return column.cast(pl.String)


def _as_number(column: str, dtype: pl.DataType) -> pl.Expr:
    """A number; of a range its middle, or its lower end when it is open above."""
    if is_range(dtype):
        low, high = (pl.col(column).struct.field(name) for name in ("low", "high"))
        value = pl.coalesce((low + high) / 2, low, high)
    elif dtype.is_nested() or dtype.is_temporal():
        return pl.lit(None, dtype=pl.Float64)
    else:
        value = pl.col(column)
    return value.cast(pl.Float64, strict=False).fill_nan(None)


def _days(column: str, dtype: pl.DataType, as_of: date | None) -> pl.Expr:
    if as_of is None:
        return pl.lit(None, dtype=pl.Float64)
    if dtype == pl.String:
        moment = pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    elif dtype in (pl.Date, pl.Datetime):
        moment = pl.col(column).cast(pl.Date)
    else:
        return pl.lit(None, dtype=pl.Float64)
    days = (pl.lit(as_of) - moment).dt.total_days().cast(pl.Float64)
    return pl.when(days >= 0).then(days)


def _item(feature: Feature, dtype: pl.DataType) -> pl.Expr:
    """The item's name where the list holds it, "no" where it does not; no list is an empty one."""
    if not isinstance(dtype, pl.List):
        return pl.lit(None, dtype=pl.String)
    held = pl.col(feature.column).cast(pl.List(pl.String)).list.contains(feature.item)
    return pl.when(held.fill_null(value=False)).then(pl.lit("yes")).otherwise(pl.lit("no"))


@lru_cache(maxsize=4_096)
def _matched(dtype: pl.DataType | None, feature: Feature, as_of: date | None) -> pl.Expr:
    """Kept: on a page of leads, making the expression takes longer than running it."""
    return _match(dtype, feature, as_of).alias(feature.name)


def _match(dtype: pl.DataType | None, feature: Feature, as_of: date | None) -> pl.Expr:
    """Texts as their places among the usual spellings; numbers as they are.

    Looking up what most leads write is several times as fast as folding every text; what is left is
    folded by `_settle`.
    """
    if feature.kind in ("number", "days"):
        return _expression(dtype, feature, as_of)
    if dtype is None or dtype == pl.Null or feature.kind == "item":
        column = _expression(dtype, feature, as_of)
    else:
        column = _written(feature.column, dtype)
    spellings = _usual_spellings(feature)[0]
    place = column.fill_null("").cast(pl.Enum(spellings), strict=False).to_physical()
    return place.fill_null(len(spellings)).cast(pl.Int64)


@lru_cache(maxsize=4_096)
def _usual_spellings(feature: Feature) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Nothing, placeholders as forms write them, values as most leads write them; and their codes,
    with −1 at the end for any other text.
    """  # noqa: D205 — one sentence
    values = {value: code for code, value in enumerate(feature.values, start=2)}
    taken = {value.lower() for value in values}
    silent = PLACEHOLDERS - taken if feature.merge_blank else frozenset[str]()
    spelled = (way(text) for text in sorted(silent) for way in (str, str.capitalize, str.upper))
    known = dict.fromkeys(("", *spelled), 0) | values
    return tuple(known), (*known.values(), _UNKNOWN)


def _steps(numbers: NDArray[np.float64], feature: Feature) -> NDArray[np.int16]:
    found = np.searchsorted(np.asarray(feature.edges), numbers, side="left") + 1
    return np.where(np.isnan(numbers), 0, found).astype(np.int16)


def _settle(others: pl.Series, feature: Feature) -> NDArray[np.int16]:
    """The codes of texts in other spellings; each distinct text is looked at once."""
    written = others
    if others.dtype != pl.String:
        written = others.to_frame().select(_written(others.name, others.dtype)).to_series()
    known = {value.lower(): code for code, value in enumerate(feature.values, start=2)}
    distinct = written.unique()
    found = [_settled(text.strip().lower(), feature, known) for text in distinct.to_list()]
    places = written.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return np.asarray(np.asarray(found)[places], dtype=np.int16)


def _settled(bare: str, feature: Feature, known: Mapping[str, int]) -> int:
    if bare in known:
        return known[bare]
    return 0 if not bare or (feature.merge_blank and _says_nothing(bare)) else _RARE


def _says_nothing(value: str) -> bool:
    bare = value.strip(" -–—<>[]()*.:")
    return bare in PLACEHOLDERS or not any(sign.isalnum() for sign in bare)


def _between(low: float, high: float) -> str:
    if low.is_integer() and high == low + 1:
        return _number(high)
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 — thousands
