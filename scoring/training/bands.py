"""Numbers in bands of about equally many leads, and the band that customers are in."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING

import polars as pl

from scoring.profile.edges import position
from scoring.training.lift import Lift, lift

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scoring.lead import Kind

BANDS = 6
"""Into how many bands a number is cut."""

WIDE = 20
"""From this ratio of the 90th to the 10th percentile a number is on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` (included) to `high` (excluded); None is open. `log`: on a logarithmic scale."""

    number: int
    low: float | None
    high: float | None
    log: bool
    lift: Lift | None = None


def bands(leads: pl.DataFrame, fact: str, kind: Kind) -> list[Band]:
    """The bands of a fact with their lifts; none if it hardly varies. Needs `@customer`."""
    wide = _wide(_values(leads, fact, kind, log=True)["value"])
    values = _values(leads, fact, kind, log=wide)
    edges = _edges(values["value"])
    if not edges:
        return []
    limits = [None, *edges, None]
    cut = [Band(n, limits[n], limits[n + 1], wide) for n in range(len(edges) + 1)]
    return [_measured(values, fact, band) for band in cut]


def joined_band(
    leads: pl.DataFrame, fact: str, kind: Kind, cut: Sequence[Band], kept: Collection[str]
) -> tuple[Band, Lift] | None:
    """The run of neighbouring kept bands that is surest, as one band; None if it is not sure."""
    values = _values(leads, fact, kind, log=cut[0].log)
    best: tuple[Band, Lift] | None = None
    for run in _runs([band for band in cut if str(band.number) in kept]):
        whole = Band(run[0].number, run[0].low, run[-1].high, run[0].log)
        found = _measured(values, fact, whole).lift
        if found is not None and found.low > 1 and (best is None or found.low > best[1].low):
            best = (whole, found)
    return best


def _values(leads: pl.DataFrame, fact: str, kind: Kind, *, log: bool) -> pl.DataFrame:
    """The known numbers with `@customer`; of a range its middle."""
    value = position(fact, kind, "log" if log else "linear").alias("value")
    return leads.select("@customer", value).drop_nulls("value")


def _wide(values: pl.Series) -> bool:
    low, high = values.quantile(0.1), values.quantile(0.9)
    return low is not None and high is not None and low > 0 and high / low >= WIDE


def _edges(values: pl.Series) -> list[float]:
    cuts = [values.quantile(n / BANDS, "nearest") for n in range(1, BANDS)]
    lowest = values.min()
    rounded = dict.fromkeys(_plain(cut) for cut in cuts if cut is not None)
    return [edge for edge in sorted(rounded) if isinstance(lowest, float) and edge > lowest]


def _plain(value: float) -> float:
    """Two digits that count: 53.4 → 53, 1,234,567 → 1,200,000."""
    if value == 0:
        return 0.0
    return float(round(value, 1 - floor(log10(abs(value)))))


def _measured(values: pl.DataFrame, fact: str, band: Band) -> Band:
    inside = pl.lit(value=True)
    if band.low is not None:
        inside &= pl.col("value") >= band.low
    if band.high is not None:
        inside &= pl.col("value") < band.high
    counts = values.select(
        inside.sum().alias("leads"), (inside & pl.col("@customer")).sum().alias("customers")
    ).row(0)
    leads, customers = int(counts[0]), int(counts[1])
    everyone = int(values["@customer"].sum())
    found = lift(
        fact,
        str(band.number),
        inside=(customers, leads),
        outside=(everyone - customers, values.height - leads),
    )
    return Band(band.number, band.low, band.high, band.log, found)


def _runs(kept: Sequence[Band]) -> list[list[Band]]:
    runs: list[list[Band]] = []
    for band in kept:
        if runs and band.number == runs[-1][-1].number + 1:
            runs[-1].append(band)
        else:
            runs.append([band])
    return runs
