"""How much likelier customers are among the leads with one value, and how sure that is.

The lift is a risk ratio: the share of customers among the leads with the value over the share among
the other leads whose fact is known. Its interval is the log interval of Katz, Baptista, Azen and Pike
(1978): Obtaining confidence intervals for the risk ratio in cohort studies, Biometrics 34, with half
a customer added to both sides where one of them has none (Walter, 1975). Many values are looked at,
so those kept are chosen by Benjamini and Hochberg (1995): Controlling the false discovery rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erfc, exp, log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CONFIDENCE = 1.959963984540054
"""Standard errors on each side of a 95 % interval."""

FALSE_DISCOVERIES = 0.05
"""The share of kept values that may be kept by chance."""

LEAST_LEADS = 30
LEAST_CUSTOMERS = 8


@dataclass(frozen=True, slots=True)
class Lift:
    """One value (or band) of a fact: its support, its lift with the 95 % interval, its p-value.

    `value` is the text, or the number of the band. `kept` says that the evidence is sufficient.
    """

    fact: str
    value: str
    leads: int
    customers: int
    lift: float
    low: float
    high: float
    p: float
    kept: bool = False

    @property
    def words(self) -> str:
        """The evidence in one phrase: 40 of 120 leads, lift 1.9 (1.3–2.6)."""
        return (
            f"{self.customers:,} of {self.leads:,} leads, "
            f"lift {self.lift:.1f} ({self.low:.1f}–{self.high:.1f})"
        )


def lift(
    fact: str, value: str, *, inside: tuple[int, int], outside: tuple[int, int]
) -> Lift | None:
    """The lift of a value from (customers, leads) with it and without; None if one side is empty."""
    (a, n), (c, m) = inside, outside
    if n == 0 or m == 0 or a + c == 0:
        return None
    half = 0.5 if a == 0 or c == 0 else 0.0
    with_value, without = (a + half) / (n + half), (c + half) / (m + half)
    ratio = log(with_value / without)
    variance = 1 / (a + half) - 1 / (n + half) + 1 / (c + half) - 1 / (m + half)
    error = sqrt(max(variance, 1e-12))
    return Lift(
        fact,
        value,
        leads=n,
        customers=a,
        lift=exp(ratio),
        low=exp(ratio - CONFIDENCE * error),
        high=exp(ratio + CONFIDENCE * error),
        p=erfc(ratio / error / sqrt(2)) / 2,
    )


def supported(lifts: Iterable[Lift]) -> list[Lift]:
    """Those with enough leads to be tested at all, whatever their outcome."""
    return [each for each in lifts if each.leads >= LEAST_LEADS]


def judged(lifts: Sequence[Lift]) -> list[Lift]:
    """The same lifts, each with whether it is kept.

    Kept are those found by Benjamini–Hochberg over all of them whose interval lies above 1 and that
    have customers enough.
    """
    ordered = sorted(lifts, key=lambda each: each.p)
    passed = [
        each.p
        for rank, each in enumerate(ordered, start=1)
        if each.p <= FALSE_DISCOVERIES * rank / len(ordered)
    ]
    limit = max(passed, default=-1.0)
    return [
        replace(
            each,
            kept=each.p <= limit and each.low > 1 and each.customers >= LEAST_CUSTOMERS,
        )
        for each in lifts
    ]
