"""Whether a state agrees with what the judge finds out itself: segment, score, bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.model import Band

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scoring.design_check.reach import Reach
    from scoring.design_check.solve import Goal, Solver, State
    from scoring.design_check.values import Values
    from scoring.judge import Judge
    from scoring.methods import Side
    from scoring.model import Model

_SCORED = ("score", "fit", "engagement", "grade", "engagement_level", "priority")
_ALWAYS_KNOWN = (*_SCORED, "coverage", "segment")
_BY_METHOD = {"genuine": "lamb_or_spam", "probability": "predictive"}


@dataclass(frozen=True)
class Possible:
    """Narrows states to what the model can say of a lead; drops those that it never can."""

    model: Model
    judge: Judge
    values: Values
    reach: Callable[[str], Reach]

    def __call__(self, solver: Solver, state: State) -> Iterator[State]:
        """The state once per segment that it can belong to; itself if nothing depends on that."""
        if not self._known(state):
            return
        if not any(fact in state for fact in (*_SCORED, "segment")):
            yield state
            return
        names = self.values.of("segment")
        every = state.get("segment", self.values.all("segment"))
        for bit, segment in enumerate(names[:-1]):
            if every >> bit & 1:
                for found in solver.search(tuple(self._goals(segment)), state):
                    if self._scored(found, segment):
                        yield found | {"segment": 1 << bit}

    def _goals(self, segment: str) -> Iterator[Goal]:
        for name, node in self.model.file.segments.items():
            if name == segment:
                yield node, "true"
                return
            yield node, "not true"

    def _known(self, state: State) -> bool:
        """The judge always gives some results, and others only with their method."""
        methods = {weighted.name for weighted in self.judge.scorer.methods}
        for fact, mask in state.items():
            unknown = 1 << (len(self.values.of(fact)) - 1)
            if fact in _ALWAYS_KNOWN and mask == unknown:
                return False
            if fact in _BY_METHOD and _BY_METHOD[fact] not in methods and not mask & unknown:
                return False
        return True

    def _scored(self, state: State, segment: str) -> bool:
        asked = [fact for fact in _SCORED if fact in state]
        if not asked:
            return True
        reach = self.reach(segment)
        scores = self._between(state, "score", *reach.score(state))
        fits = self._between(state, "fit", *self._scaled(reach, state, segment, "fit"))
        level = self._between(
            state, "engagement", *self._scaled(reach, state, segment, "engagement")
        )
        bands = self.model.file.bands
        grades = {
            name.lower(): least
            for name in "ABC"
            if (least := getattr(bands.grade, name)) is not None
        }
        return (
            any(self._priority(state, score) for score in scores)
            and any(self._banded(state, "grade", fit, grades, "d") for fit in fits)
            and any(
                self._banded(state, "engagement_level", e, dict(bands.engagement), 4) for e in level
            )
        )

    def _between(self, state: State, fact: str, low: float, high: float) -> list[float]:
        chosen = self.values.chosen(fact, state.get(fact, self.values.all(fact)))
        return [
            value for value in chosen if value is not None and low - 1e-6 <= value <= high + 1e-6
        ]

    def _scaled(self, reach: Reach, state: State, segment: str, side: Side) -> tuple[float, float]:
        scorer = self.judge.scorer
        full = scorer.scale.get(side) or scorer.full(side, segment)
        low, high = reach.bounds(state, side)
        if full <= 0:
            return 0.0, 0.0
        ends = [round(min(max(end, 0.0), full) / full * 100) for end in (low, high)]
        return ends[0] - 1.0, ends[1] + 1.0  # rounding is the judge's

    def _banded(
        self, state: State, fact: str, points: float, bounds: dict[Any, float], lowest: Any
    ) -> bool:
        band = next((name for name in sorted(bounds) if points >= bounds[name]), lowest)
        chosen = self.values.chosen(fact, state.get(fact, self.values.all(fact)))
        return band in chosen

    def _priority(self, state: State, score: float) -> bool:
        """Whether a score may have one of the priorities; conditions of bands may or may not hold."""
        chosen = self.values.chosen("priority", state.get("priority", self.values.all("priority")))
        bands = self.model.file.bands.priority
        for name, band in (("hot", bands.hot), ("warm", bands.warm)):
            if band is None:
                continue
            least = band.score if isinstance(band, Band) else band
            if score >= least:
                if name in chosen:
                    return True
                if not (isinstance(band, Band) and band.when is not None):
                    return False
        return "cold" in chosen
