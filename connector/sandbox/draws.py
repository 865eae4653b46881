"""Seeded draws that the sandbox's people are made with: choices, moments, telephone numbers."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draws:
    """A seeded source of chance that knows what time it is."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._random = random.Random(seed)
        self._now = now
        self.share = self._random.random

    def pick(self, pool: Sequence[T]) -> T:
        """Choose one; all are equally likely."""
        return pool[int(self.share() * len(pool))]

    def weighed(self, pool: Sequence[T], cumulative: Sequence[float]) -> T:
        """Choose one by cumulative weights."""
        return self._random.choices(pool, cum_weights=cumulative)[0]

    def chance(self, probability: float) -> bool:
        """Be true with this probability."""
        return self.share() < probability

    def noise(self, spread: float, centre: float = 0.0) -> float:
        """Draw from the normal distribution."""
        return self._random.gauss(centre, spread)

    def digits(self, template: str) -> str:
        """Put a digit for every # of the template."""
        draw = self.share
        return "".join("0123456789"[int(draw() * 10)] if c == "#" else c for c in template)

    def ago(self, days: float) -> datetime:
        """Name the moment so many days ago, strictly before now."""
        return self._now - timedelta(milliseconds=int(days * 86_400_000) + 1)

    def since(self, start: datetime, *, pull: float) -> datetime:
        """Choose a moment after `start` and before now; the higher `pull`, the later."""
        age = (self._now - start).total_seconds() * self.share() ** math.exp(pull)
        return self._now - timedelta(milliseconds=int(age * 1000) + 1)
