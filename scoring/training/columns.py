"""The history's columns: of which kind each is, and which of them cannot help anyone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from scoring.training.features import Feature, is_placeholder, is_range
from scoring.training.settings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from numpy.typing import NDArray

    from scoring.training.features import FeatureKind

_STEPS = 64
_ITEMS = 20
_MANY = 200
_FEW = 20
_EPOCH = 719_163  # the proleptic ordinal of 1 January 1970, from which polars counts days
_TELEPHONE = r"^[+0][\d ()/-]{6,}$"
_NAMES_A_PERSON = frozenset(("email", "first_name", "last_name", "phone", "mobile"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the history: where it is blank, and the features made of it.

    `useless` says why it makes none (an identifier, free text, one value); its being filled in at
    all may still give the outcome away. `placeholders` are the texts taken as blank.
    """

    name: str
    kind: FeatureKind
    blank: NDArray[np.bool_]
    features: tuple[Feature, ...]
    useless: str = ""
    placeholders: tuple[str, ...] = ()


def describe(
    frame: pl.DataFrame, names: Iterable[str], *, as_of: date | None, merge_blank: bool
) -> list[Column]:
    """Every named column as features, or with the reason why it makes none."""
    return [_describe(frame[name], as_of, merge_blank=merge_blank) for name in names]


def dropped(columns: Iterable[Column]) -> Iterator[Finding]:
    """A finding for every column that cannot help."""
    for column in columns:
        if column.useless:
            yield Finding(column.name, "dropped", column.useless)


def _describe(values: pl.Series, as_of: date | None, *, merge_blank: bool) -> Column:
    if values.dtype == pl.Boolean or values.dtype in (pl.Categorical, pl.Enum):
        values = _plain_text(values)
    if values.dtype == pl.String:
        return _text_column(values, as_of, merge_blank=merge_blank)
    if isinstance(values.dtype, pl.List):
        return _list_column(values)
    if values.dtype in (pl.Date, pl.Datetime):
        return _days_column(values, as_of)
    if values.dtype.is_numeric() or is_range(values.dtype):
        return _number_column(
            values.name, _numbers(values), "number", whole=values.dtype.is_integer()
        )
    blank = values.is_null().to_numpy()
    why = f"Its type ({values.dtype}) cannot be learned from."
    return Column(
        values.name, "text", blank, (), "It is blank on every lead." if blank.all() else why
    )


def _plain_text(values: pl.Series) -> pl.Series:
    if values.dtype != pl.Boolean:
        return values.cast(pl.String)
    said = (
        pl.when(pl.col(values.name))
        .then(pl.lit("yes"))
        .when(~pl.col(values.name))
        .then(pl.lit("no"))
    )
    return values.to_frame().select(said.alias(values.name)).to_series()


def _text_column(values: pl.Series, as_of: date | None, *, merge_blank: bool) -> Column:
    name = values.name
    bare = values.str.strip_chars()
    said = values.to_frame().select(is_placeholder(name).fill_null(value=True)).to_series()
    filled = bare.filter(~said)
    if why := _names_a_person(filled):
        return Column(name, "text", said.to_numpy(), (), why)
    if _reads_as_date(filled):
        day = values.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        return _days_column(day, as_of)
    if _reads_as_number(filled):
        return _number_column(name, _numbers(bare.cast(pl.Float64, strict=False)), "number")
    nothing = said if merge_blank else (bare == "").fill_null(value=True)
    filled = bare.filter(~nothing)
    counts = filled.str.to_lowercase().value_counts(sort=True)
    nowhere = "It is blank on every lead."
    useless = _useless_text(filled, counts, values.len()) if filled.len() else nowhere
    feature = Feature(
        name, name, "text", _values(filled, counts, values.len()), merge_blank=merge_blank
    )
    held = bare.filter(said & bare.is_not_null() & (bare != "")).unique().sort().to_list()
    made = () if useless else (feature,)
    return Column(name, "text", nothing.to_numpy(), made, useless, tuple(held))


def _days_column(values: pl.Series, as_of: date | None) -> Column:
    moment = _numbers(values)
    today = float("nan") if as_of is None else float(as_of.toordinal() - _EPOCH)
    days = today - moment
    return _number_column(values.name, np.where(days >= 0, days, np.nan), "days")


def _number_column(
    name: str, numbers: NDArray[np.float64], kind: FeatureKind, *, whole: bool = False
) -> Column:
    blank = np.isnan(numbers)
    filled = numbers[~blank]
    useless = _useless_number(filled, blank, whole=whole)
    feature = Feature(name, name, kind, edges=edges(filled))
    return Column(name, kind, blank, () if useless else (feature,), useless)


def _list_column(values: pl.Series) -> Column:
    """One feature for each of the items that enough leads have."""
    name, lists = values.name, values.cast(pl.List(pl.String))
    blank = (lists.list.len().fill_null(0) == 0).to_numpy()
    counts = lists.list.unique().explode().drop_nulls().value_counts(sort=True)
    enough = counts.filter(pl.col("count") >= rare(values.len()))[name].to_list()[:_ITEMS]
    made = tuple(
        Feature(f"{name}: {item}", name, "item", ("no", "yes"), item=item) for item in enough
    )
    return Column(
        name, "item", blank, made, "" if made else "No item of its lists is held by enough leads."
    )


def edges(filled: NDArray[np.float64]) -> tuple[float, ...]:
    """The upper ends of a number's steps: quantiles, so that each step holds about as many leads."""
    if not len(filled):
        return ()
    found = np.unique(
        np.quantile(filled, np.linspace(0, 1, _STEPS + 1)[1:-1], method="inverted_cdf")
    )
    return tuple(float(edge) for edge in found if edge < filled.max())


def rare(leads: int) -> int:
    """How many leads must share a value before it counts on its own."""
    return int(np.clip(leads // 300, 5, 20))


def _values(filled: pl.Series, counts: pl.DataFrame, leads: int) -> tuple[str, ...]:
    """The values that are not rare, the most frequent first, written as most leads write them."""
    kept = counts.filter(pl.col("count") >= rare(leads))
    kept = kept.sort(["count", filled.name], descending=[True, False])
    spelled = filled.value_counts().sort(["count", filled.name])[filled.name]
    shown = dict(zip(spelled.str.to_lowercase(), spelled, strict=True))
    return tuple(shown[value] for value in kept[filled.name])


def _useless_text(filled: pl.Series, counts: pl.DataFrame, every: int) -> str:
    distinct, leads = counts.height, filled.len()
    if distinct == 1 and leads == every:
        return f'It is "{filled[0]}" on every lead.'
    words = cast("float", filled.str.count_matches(r"\S+").mean())
    if words > 5 and distinct > 0.3 * leads:  # noqa: PLR2004 — sentences, mostly of their own
        return f"It is free text ({words:.0f} words on average)."
    if distinct > 0.9 * leads and leads > _FEW:
        return f"It is an identifier: {distinct:,} different values on {leads:,} leads."
    common = int(counts.filter(pl.col("count") >= rare(every))["count"].sum())
    if distinct > _MANY and common < leads / 2:
        return f"It has too many different values to learn from: {distinct:,} on {leads:,} leads."
    return ""


def _names_a_person(filled: pl.Series) -> str:
    """Why a column may not be learned from, down to the steps of its numbers; empty if it may."""
    telephone = filled.str.contains(_TELEPHONE)
    if filled.name in _NAMES_A_PERSON or (len(filled) and telephone.sum() > len(filled) / 2):
        return "It names a person; a model must not learn persons by heart."
    return ""


def _useless_number(filled: NDArray[np.float64], blank: NDArray[np.bool_], *, whole: bool) -> str:
    distinct = len(np.unique(filled))
    if not len(filled):
        return "It is blank on every lead."
    if distinct == 1 and not blank.any():
        return f"It is {filled[0]:g} on every lead."
    if whole and distinct == len(filled) > _FEW:
        return f"It is an identifier: a different whole number on each of {len(filled):,} leads."
    return ""


def _numbers(values: pl.Series) -> NDArray[np.float64]:
    if is_range(values.dtype):
        low, high = (values.struct.field(part) for part in ("low", "high"))
        table = pl.DataFrame({"low": low, "high": high})
        values = table.select(
            pl.coalesce((pl.col("low") + pl.col("high")) / 2, "low", "high")
        ).to_series()
    if values.dtype.is_temporal():
        values = values.cast(pl.Date).to_physical()
    return np.asarray(values.cast(pl.Float64).to_numpy(), dtype=np.float64)


def _reads_as_number(filled: pl.Series) -> bool:
    if filled.n_unique() < 12:  # noqa: PLR2004 — a few numbers are as good as words
        return False
    return filled.cast(pl.Float64, strict=False).null_count() <= 0.02 * filled.len()


def _reads_as_date(filled: pl.Series) -> bool:
    if filled.is_empty():
        return False
    days = filled.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return days.null_count() <= 0.02 * filled.len()
